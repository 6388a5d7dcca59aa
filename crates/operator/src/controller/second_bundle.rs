//! The second bundle of a switch: without what was kept for the first, once the switch is verified.
//!
//! The operation has succeeded long before, so that this is done while it is followed up: nothing but what vanishes with the overlay may
//! change then.

use adapter_k8s::bundle::{self as bundles, Bundle};
use adapter_k8s::facts::network::NetworkFacts;
use adapter_k8s::read::bundle::LiveBundle;
use adapter_k8s::write::bundle::{self, Removal, is_there};
use calico_manifests::Plan;
use calico_policy::dataplane::Dataplane;
use calico_policy::shoot::ShootFacts;

use super::Controller;
use super::evidence::Evidence;
use super::failure::Failure;
use super::memory::Rendered;
use super::pass::Pass;

/// A second bundle to write, and what it was rendered from.
pub(super) struct Second(Plan, Bundle);

impl Controller {
    /// The second bundle where it is due in a look that follows an operation up, and the first is there exactly as it would be written
    /// now. Where anything else has changed since, the next operation does it.
    pub(super) fn second_bundle(
        &self,
        pass: &Pass<'_>,
        look: &Evidence,
        network: &NetworkFacts,
        shoot: &ShootFacts,
    ) -> Result<Option<Second>, Failure> {
        let network_object = &pass.live.object;
        let asked_since = network_object.metadata.generation != network_object.status.observed_generation;
        let (Some(first), Some(due)) = (&look.decided.decision.first, look.decided.dataplane()) else {
            return Ok(None);
        };
        if pass.operation().is_some() || asked_since {
            return Ok(None);
        }
        let render = |dataplane: &Dataplane| -> Result<_, Failure> {
            let plan = look.decided.plan(dataplane, network, shoot);
            let objects = bundles::objects(&plan, &self.definitions)?;
            let bundle = Bundle::new(&pass.key.namespace, &objects, &self.definitions)?;
            Ok(Second(plan, bundle))
        };
        let Second(_, written) = render(first)?;
        if is_there(&look.bundle, &written.managed_resource, written.secret.name()) {
            render(due).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Writes it. What is there already is not written again, so calling it twice is harmless.
    pub(super) async fn write_second(
        &self,
        pass: &mut Pass<'_>,
        live: &LiveBundle,
        Second(plan, wanted): Second,
    ) -> Result<(), Failure> {
        pass.prove().await?;
        let written = bundle::write(&self.seed, &pass.key.namespace, live, &wanted, Removal::None).await?;
        pass.memory.saw(&written.managed_resource.slice.metadata);
        pass.memory.rendered = Some(Box::new(Rendered::new(plan, &wanted)));
        pass.memory.secret = Some(written.secret);
        Ok(())
    }
}
