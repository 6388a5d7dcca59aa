//! The `ScrapeConfig` of the Prometheus operator, as far as we fill it.
//!
//! The kind belongs to `monitoring.coreos.com/v1alpha1` and is no part of Kubernetes, so it is typed here. A field that
//! the operator knows and this file does not is one that Gardener's shoot Prometheus does not need for Calico.

use serde::Serialize;

use crate::names::NAMESPACE;
use crate::object::ObjectKey;

const API_VERSION: &str = "monitoring.coreos.com/v1alpha1";
const KIND: &str = "ScrapeConfig";

/// One job of the shoot's Prometheus.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScrapeConfig {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Serialize)]
struct Metadata {
    name: &'static str,
    namespace: String,
    labels: Labels,
}

/// The Prometheus of the shoot selects by this label; the seed has others.
#[derive(Debug, Serialize)]
struct Labels {
    prometheus: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(rename = "kubernetesSDConfigs")]
    kubernetes_sd_configs: [Discovery; 1],
    scheme: &'static str,
    authorization: Authorization,
    tls_config: TlsConfig,
    relabelings: [Relabeling; 6],
    metric_relabelings: [Relabeling; 1],
}

/// Where to find what is scraped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Discovery {
    api_server: &'static str,
    role: &'static str,
    namespaces: Namespaces,
    authorization: Authorization,
    follow_redirects: bool,
    tls_config: TlsConfig,
}

#[derive(Debug, Serialize)]
struct Namespaces {
    names: [&'static str; 1],
}

#[derive(Debug, Serialize)]
struct Authorization {
    credentials: SecretKey,
}

/// A key of a Secret in the namespace of the object.
#[derive(Debug, Serialize)]
struct SecretKey {
    name: &'static str,
    key: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TlsConfig {
    ca: Unset,
    cert: Unset,
    insecure_skip_verify: bool,
}

/// An empty object. The fields that hold it are no pointers in the operator's Go types, so they are always there.
#[derive(Debug, Serialize)]
struct Unset {}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relabeling {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    source_labels: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    separator: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_label: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regex: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Keep,
    Replace,
}

/// What one of Calico's components needs to be scraped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// Name of the object.
    pub(super) object: &'static str,
    /// Label `job` of all its metrics.
    pub(super) job: &'static str,
    /// The Service in the shoot and the name of the container port, separated by a semicolon.
    pub(super) endpoint: &'static str,
    /// Regular expression over whole names: what does not match is dropped before it is stored.
    pub(super) kept_metrics: &'static str,
}

/// Felix, in every calico-node.
pub(super) const FELIX: Job = Job {
    object: "shoot-calico-felix",
    job: "felix-metrics",
    endpoint: "calico-felix-monitoring;metrics",
    kept_metrics: "felix_.+",
};

/// Typha.
pub(super) const TYPHA: Job = Job {
    object: "shoot-calico-typha",
    job: "typha-metrics",
    endpoint: "calico-typha-monitoring;metrics",
    kept_metrics: "typha_.+",
};

/// BIRD, through the exporter beside calico-node.
pub(super) const BIRD: Job = Job {
    object: "shoot-calico-bird",
    job: "bird-metrics",
    endpoint: "calico-bird-monitoring;bird-metrics",
    kept_metrics: "bird_protocol_up.*|bird_protocol_prefix_export_count|bird_protocol_prefix_import_count",
};

/// The shoot's API server, as its own control plane reaches it.
const API_SERVER: &str = "https://kube-apiserver";

impl Job {
    pub(super) fn key(self, namespace: &str) -> ObjectKey {
        ObjectKey {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            namespace: Some(namespace.to_owned()),
            name: self.object.to_owned(),
        }
    }

    /// The seed has no route to a pod of the shoot: the API server's proxy is asked for every pod's metrics.
    pub(super) fn scrape_config(self, namespace: &str) -> ScrapeConfig {
        let Self { object, job, endpoint, kept_metrics } = self;
        ScrapeConfig {
            api_version: API_VERSION,
            kind: KIND,
            metadata: Metadata {
                name: object,
                namespace: namespace.to_owned(),
                labels: Labels { prometheus: "shoot" },
            },
            spec: Spec {
                kubernetes_sd_configs: [Discovery {
                    api_server: API_SERVER,
                    role: "Endpoints",
                    namespaces: Namespaces { names: [NAMESPACE] },
                    authorization: authorization(),
                    follow_redirects: true,
                    tls_config: tls_config(),
                }],
                scheme: "HTTPS",
                authorization: authorization(),
                tls_config: tls_config(),
                relabelings: [
                    Relabeling {
                        target_label: Some("job"),
                        replacement: Some(job),
                        action: Some(Action::Replace),
                        ..Relabeling::default()
                    },
                    Relabeling {
                        source_labels: &["__meta_kubernetes_service_name", "__meta_kubernetes_pod_container_port_name"],
                        separator: Some(";"),
                        regex: Some(endpoint),
                        replacement: Some("$1"),
                        action: Some(Action::Keep),
                        ..Relabeling::default()
                    },
                    copied(&["__meta_kubernetes_endpoint_node_name"], "node"),
                    copied(&["__meta_kubernetes_pod_name"], "pod"),
                    Relabeling {
                        target_label: Some("__address__"),
                        replacement: Some("kube-apiserver:443"),
                        ..Relabeling::default()
                    },
                    Relabeling {
                        source_labels: &["__meta_kubernetes_pod_name", "__meta_kubernetes_pod_container_port_number"],
                        separator: Some(";"),
                        target_label: Some("__metrics_path__"),
                        regex: Some("(.+);(.+)"),
                        replacement: Some("/api/v1/namespaces/kube-system/pods/${1}:${2}/proxy/metrics"),
                        action: Some(Action::Replace),
                    },
                ],
                metric_relabelings: [Relabeling {
                    source_labels: &["__name__"],
                    regex: Some(kept_metrics),
                    action: Some(Action::Keep),
                    ..Relabeling::default()
                }],
            },
        }
    }
}

/// The token that Gardener keeps fresh for the shoot's Prometheus.
fn authorization() -> Authorization {
    Authorization { credentials: SecretKey { name: "shoot-access-prometheus-shoot", key: "token" } }
}

/// The certificate is not verified: the request goes to the API server in the same namespace and never leaves it.
fn tls_config() -> TlsConfig {
    TlsConfig { ca: Unset {}, cert: Unset {}, insecure_skip_verify: true }
}

fn copied(from: &'static [&'static str], to: &'static str) -> Relabeling {
    Relabeling {
        source_labels: from,
        separator: Some(";"),
        target_label: Some(to),
        regex: Some("(.*)"),
        replacement: Some("$1"),
        action: Some(Action::Replace),
    }
}
