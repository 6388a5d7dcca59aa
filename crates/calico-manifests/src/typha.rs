//! Typha: reads the cluster's state once for many calico-nodes.

mod deployment;
mod network;

use calico_policy::dataplane::Dataplane;
use calico_policy::intent::AutoscalingMode;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::access::service_account;
use crate::names::{APP, labelled, selects_app};
use crate::object::{Objects, RenderError};
use crate::plan::{Images, ResourceRequests};

/// The label value of its pods, the name of its disruption budget and of its autoscaler.
pub(crate) const APP_NAME: &str = "calico-typha";
/// The Deployment.
pub(crate) const DEPLOYMENT: &str = "calico-typha-deploy";
/// The Service that calico-node connects to.
pub(crate) const SERVICE: &str = "calico-typha";
/// Its account, which has the rights of calico-node.
pub(crate) const SERVICE_ACCOUNT: &str = "calico-typha";
/// Its port.
const PORT: i32 = 5473;

pub(crate) fn add(
    objects: &mut Objects,
    dataplane: &Dataplane,
    images: &Images,
    wanted: &ResourceRequests,
) -> Result<(), RenderError> {
    // Stands without Typha too, as the label selects no pod then.
    objects.add(&network::allow_from_calico_node())?;
    if !dataplane.typha {
        return Ok(());
    }
    // Of the wish only fixed requests reach the pods; with a vertical pod autoscaler it is a lower bound there.
    let nothing = ResourceRequests::default();
    let wanted = if dataplane.autoscaling == AutoscalingMode::Static { wanted } else { &nothing };
    objects.add(&service_account(SERVICE_ACCOUNT))?;
    objects.add(&network::service())?;
    objects.add(&disruption_budget(APP_NAME))?;
    objects.add(&deployment::deployment(dataplane, &images.calico_typha, wanted))
}

/// One pod at a time may be evicted; a pod that is not ready anyway never stands in the way.
pub(crate) fn disruption_budget(app: &str) -> PodDisruptionBudget {
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        selector: Some(selects_app(app)),
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget { metadata: labelled(app, [(APP, app)]), spec: Some(spec), ..PodDisruptionBudget::default() }
}
