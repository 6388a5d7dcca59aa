//! Who sizes the components: cluster-proportional autoscalers, the vertical pod autoscaler, or nobody.

mod cluster_proportional;
mod vertical_pod_autoscaler;

use calico_policy::dataplane::Dataplane;
use calico_policy::intent::AutoscalingMode;

use crate::object::{Objects, RenderError};
use crate::plan::{Images, Requests, VerticalPodAutoscaling};

pub(crate) fn add(
    objects: &mut Objects,
    dataplane: &Dataplane,
    images: &Images,
    requests: &Requests,
    vertical_pod_autoscaling: VerticalPodAutoscaling,
) -> Result<(), RenderError> {
    // The number of Typhas always follows the size of the cluster.
    if dataplane.typha {
        cluster_proportional::add_typha_replicas(objects, &images.calico_cpa)?;
    }
    match dataplane.autoscaling {
        AutoscalingMode::ClusterProportional => {
            cluster_proportional::add_node_requests(objects, &images.calico_cpva)?;
            if dataplane.typha {
                cluster_proportional::add_typha_requests(objects, &images.calico_cpva)?;
            }
        }
        AutoscalingMode::Vpa => {
            objects.add(&vertical_pod_autoscaler::of_node(&requests.node))?;
            if dataplane.typha {
                objects.add(&vertical_pod_autoscaler::of_typha(&requests.typha))?;
            }
        }
        AutoscalingMode::Static => {}
    }
    if dataplane.kube_controllers && vertical_pod_autoscaling == VerticalPodAutoscaling::Available {
        objects.add(&vertical_pod_autoscaler::of_kube_controllers())?;
    }
    Ok(())
}
