//! calico-kube-controllers: removes from Calico what left the cluster. Runs wherever Calico programs routes.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{Container, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, SecurityContext};
use k8s_openapi::api::rbac::v1::PolicyRule;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::access::{CALICO, CORE, cluster_role, cluster_role_binding, rule, service_account};
use crate::names::{
    APP, ORIGIN, SYSTEM_COMPONENT, TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS, labelled, labels, selects_app,
};
use crate::object::{Objects, RenderError};
use crate::pods::{container, exec_probe, no_escalation, requests, runtime_default_seccomp, tolerates, variable};
use crate::typha::disruption_budget;

/// The name of all its objects.
pub(crate) const NAME: &str = "calico-kube-controllers";

pub(crate) fn add(objects: &mut Objects, image: &str) -> Result<(), RenderError> {
    objects.add(&service_account(NAME))?;
    objects.add(&cluster_role(NAME, rules()))?;
    objects.add(&cluster_role_binding(NAME, &[NAME]))?;
    objects.add(&disruption_budget(NAME))?;
    objects.add(&deployment(image))
}

fn rules() -> Vec<PolicyRule> {
    vec![
        rule(CORE, &["nodes"], &["watch", "list", "get"]),
        rule(CORE, &["pods"], &["get", "list", "watch"]),
        rule(CORE, &["namespaces"], &["get", "list", "watch"]),
        rule(CORE, &["services", "services/status"], &["get", "list", "update", "watch"]),
        rule(CALICO, &["ipreservations"], &["list"]),
        rule(
            CALICO,
            &["blockaffinities", "ipamblocks", "ipamhandles", "ipamconfigs", "tiers"],
            &["get", "list", "create", "update", "delete", "watch"],
        ),
        rule(CALICO, &["ippools"], &["list", "watch"]),
        rule(CALICO, &["hostendpoints"], &["get", "list", "create", "update", "delete", "watch"]),
        rule(CALICO, &["clusterinformations"], &["get", "list", "create", "update", "watch"]),
        rule(CALICO, &["kubecontrollersconfigurations"], &["get", "list", "create", "update", "watch"]),
    ]
}

fn deployment(image: &str) -> Deployment {
    let pod_labels = [SYSTEM_COMPONENT, (APP, NAME), TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS, ORIGIN];
    let pod = PodSpec {
        containers: vec![controllers(image)],
        dns_policy: Some("Default".to_owned()),
        priority_class_name: Some("system-cluster-critical".to_owned()),
        security_context: Some(PodSecurityContext {
            seccomp_profile: Some(runtime_default_seccomp()),
            ..PodSecurityContext::default()
        }),
        service_account_name: Some(NAME.to_owned()),
        tolerations: Some(vec![tolerates("NoSchedule")]),
        ..PodSpec::default()
    };
    // Two instances would fight over the same addresses, so the old one goes first.
    let spec = DeploymentSpec {
        replicas: Some(1),
        revision_history_limit: Some(2),
        selector: selects_app(NAME),
        strategy: Some(DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta { labels: Some(labels(pod_labels)), ..crate::names::namespaced(NAME) }),
            spec: Some(pod),
        },
        ..DeploymentSpec::default()
    };
    Deployment { metadata: labelled(NAME, [SYSTEM_COMPONENT, (APP, NAME)]), spec, ..Deployment::default() }
}

fn controllers(image: &str) -> Container {
    let status = |flag| Probe {
        period_seconds: Some(10),
        timeout_seconds: Some(10),
        ..exec_probe(["/usr/bin/check-status", flag])
    };
    Container {
        env: Some(vec![variable("ENABLED_CONTROLLERS", "node,loadbalancer"), variable("DATASTORE_TYPE", "kubernetes")]),
        liveness_probe: Some(Probe { failure_threshold: Some(6), initial_delay_seconds: Some(10), ..status("-l") }),
        readiness_probe: Some(status("-r")),
        resources: Some(requests("10m", "50Mi")),
        security_context: Some(SecurityContext {
            // The controllers write their status file into the image.
            read_only_root_filesystem: Some(false),
            run_as_non_root: Some(true),
            ..no_escalation()
        }),
        ..container(NAME, image)
    }
}
