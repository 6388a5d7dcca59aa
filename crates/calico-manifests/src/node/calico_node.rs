//! The container `calico-node`.

use calico_policy::dataplane::Dataplane;
use calico_policy::intent::AutoscalingMode;
use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, Container, EnvFromSource, ExecAction, Lifecycle, LifecycleHandler, Probe,
};

use super::{NAME, environment, privilege, volumes};
use crate::plan::{Plan, ResourceRequests};
use crate::pods::{container, exec_probe, requests_or, tcp_port, texts};
use crate::{commands, monitoring};

pub(super) fn container_of(plan: &Plan) -> Container {
    let Plan { dataplane, images, networks, requests, calico_version, vertical_pod_autoscaling: _ } = plan;
    let commands = commands::for_version(calico_version);
    Container {
        env: Some(environment::of_calico_node(dataplane, networks)),
        env_from: Some(vec![services_endpoint()]),
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: Some(ExecAction { command: Some(texts(commands.shutdown.iter().copied())) }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        liveness_probe: Some(Probe {
            failure_threshold: Some(6),
            initial_delay_seconds: Some(10),
            ..probe(commands.liveness(dataplane.backend))
        }),
        ports: Some(vec![tcp_port("metrics", monitoring::FELIX_PORT)]),
        readiness_probe: Some(probe(commands.readiness(dataplane.backend))),
        resources: Some(requests_or(wanted(dataplane, &requests.node), "250m", "100Mi")),
        security_context: Some(privilege::calico_node(dataplane.privilege)),
        volume_mounts: Some(volumes::mounts(dataplane)),
        ..container(NAME, &images.calico_node)
    }
}

/// Where the API server is reached before Services work; Gardener writes the ConfigMap where it is needed.
pub(super) fn services_endpoint() -> EnvFromSource {
    EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource {
            name: "kubernetes-services-endpoint".to_owned(),
            optional: Some(true),
        }),
        ..EnvFromSource::default()
    }
}

/// The wish of the shoot owner counts unless the cluster-proportional autoscaler sizes calico-node.
fn wanted<'a>(dataplane: &Dataplane, wish: &'a ResourceRequests) -> &'a ResourceRequests {
    const NOTHING: &ResourceRequests = &ResourceRequests { cpu: None, memory: None };
    match dataplane.autoscaling {
        AutoscalingMode::Static | AutoscalingMode::Vpa => wish,
        AutoscalingMode::ClusterProportional => NOTHING,
    }
}

fn probe(command: Vec<&'static str>) -> Probe {
    Probe { period_seconds: Some(10), timeout_seconds: Some(10), ..exec_probe(command) }
}
