//! The DaemonSet of calico-node.

use calico_policy::intent::AutoscalingMode;
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::api::core::v1::{PodSecurityContext, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{NAME, calico_node, init_containers, sidecars, volumes};
use crate::names::{
    APP, CRITICAL_COMPONENT, PRESERVE_RESOURCES, SYSTEM_COMPONENT, TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS, labelled,
    labels, selects_app,
};
use crate::object::RenderError;
use crate::plan::Plan;
use crate::pods::{runtime_default_seccomp, tolerates_everything};
use crate::{checksum, cni};

pub(super) fn daemon_set(plan: &Plan) -> Result<DaemonSet, RenderError> {
    let own_labels = [SYSTEM_COMPONENT, (APP, NAME), CRITICAL_COMPONENT];
    let mut metadata = labelled(NAME, own_labels);
    if plan.dataplane.autoscaling != AutoscalingMode::Static {
        metadata.annotations = Some(labels([PRESERVE_RESOURCES]));
    }
    let ways_out = [TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS];
    let pod_metadata = ObjectMeta {
        // The name of the annotation is the Go extension's; the content of its own name would do as well.
        annotations: Some(checksum::annotation("calico", &cni::config_map(&plan.dataplane)?)?),
        labels: Some(labels(own_labels.into_iter().chain(ways_out))),
        ..ObjectMeta::default()
    };
    let spec = DaemonSetSpec {
        revision_history_limit: Some(2),
        selector: selects_app(NAME),
        template: PodTemplateSpec { metadata: Some(pod_metadata), spec: Some(pod(plan)) },
        update_strategy: Some(DaemonSetUpdateStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDaemonSet {
                max_unavailable: Some(IntOrString::Int(2)),
                ..RollingUpdateDaemonSet::default()
            }),
        }),
        ..DaemonSetSpec::default()
    };
    Ok(DaemonSet { metadata, spec, ..DaemonSet::default() })
}

fn pod(plan: &Plan) -> PodSpec {
    let mut containers = sidecars::before_calico_node(plan);
    containers.push(calico_node::container_of(plan));
    containers.extend(sidecars::bird_exporter(plan));
    PodSpec {
        containers,
        host_network: Some(true),
        init_containers: Some(init_containers::init_containers(plan)),
        node_selector: Some(labels([("kubernetes.io/os", "linux")])),
        priority_class_name: Some("system-node-critical".to_owned()),
        security_context: Some(PodSecurityContext {
            seccomp_profile: Some(runtime_default_seccomp()),
            ..PodSecurityContext::default()
        }),
        service_account_name: Some(NAME.to_owned()),
        // kubelet makes one second of it: the network must not be without its agent for longer than a restart takes.
        termination_grace_period_seconds: Some(0),
        tolerations: Some(tolerates_everything()),
        volumes: Some(volumes::volumes(&plan.dataplane)),
        ..PodSpec::default()
    }
}
