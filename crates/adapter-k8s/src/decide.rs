//! Facts to both decisions and to what may be written: the first half of the chain that `decide`, `render`, `diff` and the
//! controller share. The second half is [`crate::bundle`].

use calico_manifests::{Plan, RenderError};
use calico_policy::dataplane::Dataplane;
use calico_policy::decision::Bundle;
use calico_policy::in_effect::{InEffect, ObservedDataplane, what_is_in_effect};
use calico_policy::resolve::ResolveError;
use calico_policy::shoot::ShootFacts;
use calico_policy::time::Timestamp;
use calico_policy::{Action, Decision, Observed};
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::{ImageVector, ImageVectorError};

use crate::bundle::{self, Inexpressible};
use crate::facts::network::NetworkFacts;
use crate::plan::{self, Release};
use crate::settings::{self, UnobservedGuard};

/// What the decisions rest on.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The landscape operator's configuration.
    pub configuration: &'a ControllerConfiguration,
    /// Where images come from.
    pub images: &'a ImageVector,
    /// The Network.
    pub network: &'a NetworkFacts,
    /// The shoot.
    pub shoot: &'a ShootFacts,
    /// Everything else that was read.
    pub observed: &'a Observed,
    /// Whether a guard that nobody looked for holds a switch.
    pub unobserved_guard: UnobservedGuard,
    /// The time of the decision.
    pub now: Timestamp,
}

/// Both decisions, and what they are carried out with.
#[derive(Debug)]
pub struct Decided {
    /// The decisions. Never says that a bundle is held which could not really be kept.
    pub decision: Decision,
    /// What runs in the shoot.
    pub release: Release,
    /// Why a held bundle cannot be rendered; the decision says `Frozen` then.
    pub inexpressible: Option<Inexpressible>,
}

/// Why there is no decision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// The landscape operator must complete the image vector.
    #[error(transparent)]
    Image(#[from] ImageVectorError),
    /// The configuration yields no dataplane.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A defect of the renderer.
    #[error("render the held bundle: {0}")]
    Render(#[from] RenderError),
}

/// Decides. Where a switch is held, the held bundle is rendered and read back: if it would not keep exactly what is in effect,
/// the bundle is frozen. Reads nothing and writes nothing, so calling it twice is harmless.
///
/// # Errors
/// [`DecideError`].
pub fn decide(given: &Given<'_>) -> Result<Decided, DecideError> {
    let Given { configuration, images, network, shoot, observed, unobserved_guard, now } = *given;
    let release = plan::release(images, shoot.kubernetes_version)?;
    let settings =
        settings::settings(configuration, &shoot.provider_type, release.calico_version.clone(), unobserved_guard);
    let decision = calico_policy::decide(&settings, shoot, &network.intent, observed, &network.previous, now)?;
    let mut decided = Decided { decision, release, inexpressible: None };
    if decided.decision.bundle == Bundle::Held {
        decided.freeze_what_cannot_be_kept(given)?;
    }
    Ok(decided)
}

impl Decided {
    /// The dataplane that may be written now; `None` where the bundle stays as it is.
    #[must_use]
    pub fn dataplane(&self) -> Option<&Dataplane> {
        self.decision.actions.iter().find_map(|action| match action {
            Action::WriteBundle(dataplane) => Some(&**dataplane),
            _ => None,
        })
    }

    /// What to render for a dataplane: [`dataplane`](Self::dataplane), or another one to show.
    #[must_use]
    pub fn plan(&self, dataplane: &Dataplane, network: &NetworkFacts, shoot: &ShootFacts) -> Plan {
        plan::plan(dataplane.clone(), network, shoot, self.release.clone())
    }

    fn freeze_what_cannot_be_kept(&mut self, given: &Given<'_>) -> Result<(), DecideError> {
        let in_effect = what_is_in_effect(&self.decision.target, &given.observed.sources);
        let (Some(held), InEffect::Known { dataplane: Some(current), .. }) = (self.dataplane(), &in_effect) else {
            return Ok(());
        };
        let Err(inexpressible) = self.kept(held, current, given)? else { return Ok(()) };
        self.decision.bundle = Bundle::Frozen;
        for action in &mut self.decision.actions {
            if let Action::WriteBundle(_) = action {
                *action = Action::KeepBundle;
            }
        }
        self.inexpressible = Some(inexpressible);
        Ok(())
    }

    fn kept(
        &self,
        held: &Dataplane,
        current: &ObservedDataplane,
        given: &Given<'_>,
    ) -> Result<Result<(), Inexpressible>, DecideError> {
        let objects = calico_manifests::render(&self.plan(held, given.network, given.shoot))?;
        Ok(bundle::kept(&objects, current, &self.decision.target))
    }
}

#[cfg(test)]
mod tests {
    use calico_policy::Reading;
    use calico_policy::dataplane::PoolSource;
    use calico_policy::decision::NodeList;
    use calico_policy::encapsulation::{Backend, Pool, PoolMode};
    use calico_policy::guard::GuardObservation;
    use calico_policy::in_effect::{History, ObservedIpam, ObservedPool, Sources};
    use calico_policy::intent::IpamType;
    use calico_policy::phase::Rollout;
    use gardener_api::cluster::Cluster;
    use gardener_api::network::Network;
    use gardener_api::node::Node;
    use serde_json::json;

    use super::*;
    use crate::facts;

    fn in_effect() -> ObservedDataplane {
        ObservedDataplane {
            backend: Some(Backend::Bird),
            ipv4: Some(ObservedPool { pool: Pool::Ipip, mode: PoolMode::Always, source: PoolSource::Object }),
            ipv6: None,
            felix_ipip: Some(true),
            felix_vxlan: None,
            ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_owned()] }),
            veth_mtu: Some("1440".to_owned()),
            kube_controllers: Some(true),
        }
    }

    /// A shoot with one node without a route, whose overlay is to be turned off.
    fn decided(in_effect: ObservedDataplane) -> Decided {
        let network: Network = serde_json::from_value(json!({
            "metadata": {"namespace": "shoot--foo--bar", "name": "bar"},
            "spec": {"type": "calico", "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13", "providerConfig": {
                "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1",
                "kind": "NetworkConfig",
                "overlay": {"enabled": false},
            }},
        }))
        .unwrap();
        let cluster: Cluster =
            serde_json::from_value(json!({"spec": {"shoot": {"spec": {"kubernetes": {"version": "1.36.2"}}}}}))
                .unwrap();
        let node: Node = serde_json::from_value(json!({"metadata": {"name": "node"}})).unwrap();
        decide(&Given {
            configuration: &ControllerConfiguration::default(),
            images: &ImageVector::built_in("0.1.0"),
            network: &facts::network::facts(&network).unwrap(),
            shoot: &facts::shoot::facts(&cluster.spec.shoot.unwrap()).unwrap(),
            observed: &Observed {
                sources: Sources {
                    bundle: Reading::Known(in_effect),
                    live: Reading::Absent,
                    record: Reading::Absent,
                    history: History::Installed,
                },
                nodes: Reading::Known(vec![facts::node::facts(&node).unwrap()]),
                node_list: NodeList::Complete,
                guard: GuardObservation::NotObserved,
                rollout: Rollout::NotObserved,
                operation_requested: None,
            },
            unobserved_guard: UnobservedGuard::Reported,
            now: Timestamp(0),
        })
        .unwrap()
    }

    #[test]
    fn what_is_in_effect_is_held_where_it_can_be_rendered() {
        let decided = decided(in_effect());
        assert_eq!((decided.decision.bundle, &decided.inexpressible), (Bundle::Held, &None));
        let held = decided.dataplane().unwrap();
        assert_eq!((held.backend, held.felix.ipip, held.veth_mtu.as_str()), (Backend::Bird, true, "1440"));
        assert_eq!(decided.decision.target.backend, Backend::None);
    }

    #[test]
    fn a_held_set_that_cannot_be_rendered_freezes_the_bundle() {
        // Nothing says whether Felix keeps IP in IP, and our own objects always say it.
        let current = ObservedDataplane { felix_ipip: None, ..in_effect() };
        let decided = decided(current);
        assert_eq!((decided.decision.bundle, decided.dataplane()), (Bundle::Frozen, None));
        assert_eq!(decided.inexpressible.unwrap().to_string(), "`FELIX_IPINIPENABLED` would change");
        assert!(decided.decision.actions.contains(&Action::KeepBundle));
    }
}
