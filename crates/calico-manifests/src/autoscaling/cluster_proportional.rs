//! Autoscalers that follow the number of nodes: of Typha's replicas, and of the requests of calico-node and Typha.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Container, PodSecurityContext, PodSpec, PodTemplateSpec, Volume};
use k8s_openapi::api::rbac::v1::PolicyRule;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::access::{
    CORE, cluster_role, cluster_role_binding, role, role_binding, rule, rule_of_groups, service_account,
};
use crate::checksum;
use crate::names::{
    APP, DELETE_ON_INVALID_UPDATE, NAMESPACE, ORIGIN, TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS, labelled, labels,
    namespaced, selects_app,
};
use crate::object::{Objects, RenderError};
use crate::pods::{config_map_volume, container, mount, no_escalation, requests, runtime_default_seccomp, texts};
use crate::typha;

/// Below the components that they size.
const PRIORITY: &str = "gardener-shoot-system-800";
const CONTAINER: &str = "autoscaler";
/// Deployments may still be reached through their first group.
const WORKLOAD_GROUPS: [&str; 2] = ["apps", "extensions"];

/// How many Typhas for how many nodes.
pub(super) fn add_typha_replicas(objects: &mut Objects, image: &str) -> Result<(), RenderError> {
    const NAME: &str = "calico-typha-horizontal-autoscaler";
    const ACCOUNT: &str = "typha-cpha";

    let ladder = Ladder {
        cores_to_replicas: [],
        nodes_to_replicas: [[1, 1], [2, 2], [100, 3], [250, 4], [500, 5], [1000, 6], [1500, 7], [2000, 8]],
    };
    let config_map = config_map(NAME, "ladder", &ladder)?;
    let autoscaler = Autoscaler {
        name: NAME,
        app: NAME,
        account: ACCOUNT,
        priority: PRIORITY,
        annotation: Some(DELETE_ON_INVALID_UPDATE),
        pod_label: Some(ORIGIN),
        security: PodSecurityContext {
            fs_group: Some(65532),
            run_as_user: Some(65532),
            supplemental_groups: Some(vec![65532]),
            ..not_root()
        },
        container: Container {
            command: Some(texts([
                "/cluster-proportional-autoscaler",
                &format!("--namespace={NAMESPACE}"),
                &format!("--configmap={NAME}"),
                &format!("--target=deployment/{}", typha::DEPLOYMENT),
                "--logtostderr=true",
                "--v=2",
            ])),
            ..autoscaler_container(image)
        },
        volume: None,
    };
    objects.add(&autoscaler.deployment(&config_map)?)?;
    objects.add(&config_map)?;
    objects.add(&service_account(ACCOUNT))?;
    objects.add(&cluster_role(ACCOUNT, vec![rule(CORE, &["nodes"], &["list", "watch", "get"])]))?;
    objects.add(&cluster_role_binding(ACCOUNT, &[ACCOUNT]))?;
    let rules = vec![
        rule(CORE, &["configmaps"], &["get"]),
        rule_of_groups(&WORKLOAD_GROUPS, &["deployments/scale"], &["get", "update"]),
    ];
    objects.add(&role(ACCOUNT, rules))?;
    objects.add(&role_binding(ACCOUNT))
}

/// How much Typha requests for how many nodes.
pub(super) fn add_typha_requests(objects: &mut Objects, image: &str) -> Result<(), RenderError> {
    const NAME: &str = "calico-typha-vertical-autoscaler";
    const ACCOUNT: &str = "typha-cpva";

    let growth = TyphaGrowth {
        calico_typha: Requests {
            requests: CpuAndMemory {
                cpu: Step { base: "180m", step: "140m", nodes_per_step: 17, max: "1000m" },
                memory: Step { base: "180Mi", step: "70Mi", nodes_per_step: 17, max: "2000Mi" },
            },
        },
    };
    let config_map = config_map(NAME, "typha-autoscaler", &growth)?;
    let target = format!("deployment/{}", typha::DEPLOYMENT);
    let autoscaler = Autoscaler {
        name: NAME,
        app: NAME,
        account: ACCOUNT,
        priority: PRIORITY,
        annotation: Some(DELETE_ON_INVALID_UPDATE),
        pod_label: Some(ORIGIN),
        security: nobody(),
        container: vertical_container(image, &target, "typha-autoscaler"),
        volume: Some(config_map_volume("config", NAME)),
    };
    objects.add(&autoscaler.deployment(&config_map)?)?;
    objects.add(&config_map)?;
    objects.add(&service_account(ACCOUNT))?;
    objects.add(&cluster_role(ACCOUNT, vertical_rules(&["deployments"])))?;
    objects.add(&cluster_role_binding(ACCOUNT, &[ACCOUNT]))
}

/// How much memory calico-node requests for how many nodes.
pub(super) fn add_node_requests(objects: &mut Objects, image: &str) -> Result<(), RenderError> {
    const NAME: &str = "calico-node-vertical-autoscaler";
    const ACCOUNT: &str = "calico-node-cpva";

    let growth = NodeGrowth {
        calico_node: Requests {
            requests: Memory { memory: Step { base: "50Mi", step: "50Mi", nodes_per_step: 10, max: "1400Mi" } },
        },
    };
    let config_map = config_map(NAME, "node-autoscaler", &growth)?;
    let autoscaler = Autoscaler {
        name: NAME,
        app: "calico-node-autoscaler",
        account: ACCOUNT,
        priority: "system-cluster-critical",
        annotation: None,
        pod_label: None,
        security: nobody(),
        container: vertical_container(image, "daemonset/calico-node", "node-autoscaler"),
        volume: Some(config_map_volume("config", NAME)),
    };
    objects.add(&autoscaler.deployment(&config_map)?)?;
    objects.add(&config_map)?;
    objects.add(&service_account(ACCOUNT))?;
    objects.add(&cluster_role(ACCOUNT, vertical_rules(&["deployments", "daemonsets"])))?;
    objects.add(&cluster_role_binding(ACCOUNT, &[ACCOUNT]))
}

fn vertical_rules(workloads: &[&str]) -> Vec<PolicyRule> {
    vec![rule(CORE, &["nodes"], &["list"]), rule_of_groups(&WORKLOAD_GROUPS, workloads, &["patch"])]
}

/// What differs between the Deployments of the autoscalers.
struct Autoscaler {
    name: &'static str,
    app: &'static str,
    account: &'static str,
    priority: &'static str,
    annotation: Option<(&'static str, &'static str)>,
    pod_label: Option<(&'static str, &'static str)>,
    security: PodSecurityContext,
    container: Container,
    volume: Option<Volume>,
}

impl Autoscaler {
    fn deployment(self, config_map: &ConfigMap) -> Result<Deployment, RenderError> {
        let Self { name, app, account, priority, annotation, pod_label, security, container, volume } = self;
        let mut metadata = labelled(name, [(APP, app)]);
        metadata.annotations = annotation.map(|annotation| labels([annotation]));
        let pod_labels = [(APP, app), TO_API_SERVER, TO_DNS, TO_PUBLIC_NETWORKS].into_iter().chain(pod_label);
        let checksum = checksum::annotation(name, config_map)?;
        let pod = PodSpec {
            containers: vec![container],
            dns_policy: Some("Default".to_owned()),
            priority_class_name: Some(priority.to_owned()),
            security_context: Some(security),
            service_account_name: Some(account.to_owned()),
            volumes: volume.map(|volume| vec![volume]),
            ..PodSpec::default()
        };
        let spec = DeploymentSpec {
            replicas: Some(1),
            revision_history_limit: Some(2),
            selector: selects_app(app),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    annotations: Some(checksum),
                    labels: Some(labels(pod_labels)),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod),
            },
            ..DeploymentSpec::default()
        };
        Ok(Deployment { metadata, spec, ..Deployment::default() })
    }
}

fn autoscaler_container(image: &str) -> Container {
    Container {
        resources: Some(requests("10m", "50Mi")),
        security_context: Some(no_escalation()),
        ..container(CONTAINER, image)
    }
}

fn vertical_container(image: &str, target: &str, file: &str) -> Container {
    Container {
        command: Some(texts([
            "/cpvpa",
            &format!("--target={target}"),
            &format!("--namespace={NAMESPACE}"),
            "--logtostderr=true",
            "--poll-period-seconds=30",
            "--v=2",
            &format!("--config-file=/etc/config/{file}"),
        ])),
        volume_mounts: Some(vec![mount("config", "/etc/config")]),
        ..autoscaler_container(image)
    }
}

fn not_root() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        seccomp_profile: Some(runtime_default_seccomp()),
        ..PodSecurityContext::default()
    }
}

fn nobody() -> PodSecurityContext {
    PodSecurityContext { fs_group: Some(1), run_as_user: Some(65534), supplemental_groups: Some(vec![1]), ..not_root() }
}

/// One key with a JSON text.
fn config_map(name: &str, key: &str, content: &impl Serialize) -> Result<ConfigMap, RenderError> {
    let text = serde_json::to_string_pretty(content).map_err(|error| RenderError::NoJson(error.to_string()))?;
    Ok(ConfigMap { metadata: namespaced(name), data: Some(labels([(key, text.as_str())])), ..ConfigMap::default() })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ladder {
    cores_to_replicas: [[u32; 2]; 0],
    nodes_to_replicas: [[u32; 2]; 8],
}

#[derive(Serialize)]
struct TyphaGrowth {
    #[serde(rename = "calico-typha")]
    calico_typha: Requests<CpuAndMemory>,
}

#[derive(Serialize)]
struct NodeGrowth {
    #[serde(rename = "calico-node")]
    calico_node: Requests<Memory>,
}

#[derive(Serialize)]
struct Requests<T> {
    requests: T,
}

#[derive(Serialize)]
struct CpuAndMemory {
    cpu: Step,
    memory: Step,
}

#[derive(Serialize)]
struct Memory {
    memory: Step,
}

/// `base` and one `step` more for every `nodesPerStep` nodes, up to `max`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    base: &'static str,
    step: &'static str,
    nodes_per_step: u32,
    max: &'static str,
}
