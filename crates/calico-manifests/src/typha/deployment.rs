//! The Deployment of Typha.

use calico_policy::dataplane::Dataplane;
use calico_policy::intent::AutoscalingMode;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{
    Container, EnvVar, HTTPGetAction, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{APP_NAME, DEPLOYMENT, PORT, SERVICE_ACCOUNT};
use crate::names::{
    APP, ORIGIN, PRESERVE_RESOURCES, SYSTEM_COMPONENT, TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS, labelled, labels,
    selects_app,
};
use crate::plan::ResourceRequests;
use crate::pods::{
    container, no_escalation, requests_or, runtime_default_seccomp, tcp_port, tolerates_everything, variable,
};
use crate::{cni, monitoring};

/// The user `nobody`.
const NOBODY: i64 = 65534;
/// Where Typha reports its health, on the node's loopback device only.
const HEALTH_PORT: i32 = 9098;
/// How long Typha drains its connections on shutdown; Kubernetes waits as long.
const SHUTDOWN_SECONDS: i64 = 300;

pub(super) fn deployment(dataplane: &Dataplane, image: &str, wanted: &ResourceRequests) -> Deployment {
    let mut metadata = labelled(DEPLOYMENT, [SYSTEM_COMPONENT, (APP, APP_NAME)]);
    if dataplane.autoscaling != AutoscalingMode::Static {
        metadata.annotations = Some(labels([PRESERVE_RESOURCES]));
    }
    let spec = DeploymentSpec {
        revision_history_limit: Some(2),
        selector: selects_app(APP_NAME),
        strategy: Some(DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDeployment {
                max_surge: Some(IntOrString::String("100%".to_owned())),
                max_unavailable: Some(IntOrString::Int(1)),
            }),
        }),
        template: PodTemplateSpec { metadata: Some(pod_metadata()), spec: Some(pod(dataplane, image, wanted)) },
        ..DeploymentSpec::default()
    };
    Deployment { metadata, spec, ..Deployment::default() }
}

fn pod_metadata() -> ObjectMeta {
    ObjectMeta {
        annotations: Some(labels([("cluster-autoscaler.kubernetes.io/safe-to-evict", "true")])),
        labels: Some(labels([SYSTEM_COMPONENT, (APP, APP_NAME), TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS, ORIGIN])),
        ..ObjectMeta::default()
    }
}

fn pod(dataplane: &Dataplane, image: &str, wanted: &ResourceRequests) -> PodSpec {
    PodSpec {
        containers: vec![typha(dataplane, image, wanted)],
        host_network: Some(true),
        priority_class_name: Some("system-cluster-critical".to_owned()),
        security_context: Some(PodSecurityContext {
            fs_group: Some(NOBODY),
            run_as_user: Some(NOBODY),
            seccomp_profile: Some(runtime_default_seccomp()),
            supplemental_groups: Some(vec![1]),
            ..PodSecurityContext::default()
        }),
        service_account_name: Some(SERVICE_ACCOUNT.to_owned()),
        termination_grace_period_seconds: Some(SHUTDOWN_SECONDS),
        tolerations: Some(tolerates_everything()),
        ..PodSpec::default()
    }
}

fn typha(dataplane: &Dataplane, image: &str, wanted: &ResourceRequests) -> Container {
    Container {
        env: Some(environment(dataplane)),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        liveness_probe: Some(Probe {
            initial_delay_seconds: Some(30),
            period_seconds: Some(30),
            ..health("/liveness")
        }),
        ports: Some(vec![tcp_port(APP_NAME, PORT), tcp_port("metrics", monitoring::TYPHA_PORT)]),
        readiness_probe: Some(Probe { period_seconds: Some(10), ..health("/readiness") }),
        resources: Some(requests_or(wanted, "200m", "100Mi")),
        security_context: Some(SecurityContext { run_as_non_root: Some(true), ..no_escalation() }),
        ..container(APP_NAME, image)
    }
}

fn environment(dataplane: &Dataplane) -> Vec<EnvVar> {
    let mut environment = Vec::new();
    if cni::uses_pod_cidr(dataplane) {
        environment.push(variable("USE_POD_CIDR", "true"));
    }
    environment.extend([
        variable("TYPHA_PROMETHEUSMETRICSENABLED", "true"),
        variable("TYPHA_PROMETHEUSMETRICSPORT", monitoring::TYPHA_PORT.to_string()),
        variable("TYPHA_LOGSEVERITYSCREEN", "info"),
        variable("TYPHA_LOGFILEPATH", "none"),
        variable("TYPHA_LOGSEVERITYSYS", "none"),
        variable("TYPHA_CONNECTIONREBALANCINGMODE", "kubernetes"),
        variable("TYPHA_DATASTORETYPE", "kubernetes"),
        variable("TYPHA_HEALTHENABLED", "true"),
        variable("TYPHA_SHUTDOWNTIMEOUTSECS", SHUTDOWN_SECONDS.to_string()),
    ]);
    environment
}

fn health(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            host: Some("localhost".to_owned()),
            path: Some(path.to_owned()),
            port: IntOrString::Int(HEALTH_PORT),
            ..HTTPGetAction::default()
        }),
        timeout_seconds: Some(10),
        ..Probe::default()
    }
}
