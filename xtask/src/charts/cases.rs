//! The charts, and the values with which each is rendered: every value changed from its default once, and what must be refused.

/// A chart as Gardener renders it.
pub(crate) struct Chart {
    /// The folder of its expectations.
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) release: &'static str,
    pub(super) namespace: &'static str,
    pub(super) cases: &'static [Case],
}

/// Values, and what becomes of them.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) values: &'static str,
    /// Another version of Kubernetes than the usual one.
    pub(super) kubernetes: Option<&'static str>,
    pub(super) expected: Expected,
}

pub(super) enum Expected {
    /// The difference to the defaults is the one that is committed.
    Difference,
    /// Helm refuses, in these words among others.
    Refusal(&'static str),
}

impl Default for Case {
    fn default() -> Self {
        case("", "")
    }
}

const fn case(name: &'static str, values: &'static str) -> Case {
    Case { name, values, kubernetes: None, expected: Expected::Difference }
}

const fn refused(name: &'static str, values: &'static str, words: &'static str) -> Case {
    Case { name, values, kubernetes: None, expected: Expected::Refusal(words) }
}

const TOPOLOGY: &str = "gardener: {seed: {spec: {settings: {topologyAwareRouting: {enabled: true}}}}}";

pub(super) const CHARTS: &[Chart] = &[
    Chart {
        name: "extension",
        path: "charts/gardener-extension-networking-calico",
        release: "networking-calico",
        namespace: "extension-networking-calico-abcde",
        cases: EXTENSION,
    },
    Chart {
        name: "admission-runtime",
        path: "charts/gardener-extension-admission-calico/charts/runtime",
        release: "admission-calico",
        namespace: "extension-networking-calico",
        cases: RUNTIME,
    },
    Chart {
        name: "admission-application",
        path: "charts/gardener-extension-admission-calico/charts/application",
        release: "admission-calico",
        namespace: "kube-system",
        cases: APPLICATION,
    },
];

const EXTENSION: &[Case] = &[
    case("image", "image: {repository: registry.example.org/calico, tag: v1.2.3, pullPolicy: Always}"),
    case("image-digest", "image: {tag: \"sha256:0123\"}"),
    case("image-ref", "image: {ref: \"registry.example.org/calico@sha256:0123\"}"),
    case("replicas", "{replicaCount: 3, maxUnavailable: 0, maxSurge: 1}"),
    case("resources", "resources: {requests: {cpu: 10m, memory: 16Mi}}"),
    case("no-vpa", "vpa: {enabled: false}"),
    case(
        "vpa",
        "vpa: {resourcePolicy: {controlledValues: RequestsAndLimits, minAllowed: {memory: 16Mi}, maxAllowed: {memory: 1Gi}}, updatePolicy: {updateMode: Recreate}}",
    ),
    case("ports", "{metricsPort: 9001, healthPort: 9002}"),
    case("usable-ports", "usablePorts: [50001, 50002, 50003, 50004, 50005]"),
    case(
        "controllers",
        "controllers: {concurrentSyncs: 20, heartbeat: {renewIntervalSeconds: 10}, ignoreOperationAnnotation: true}",
    ),
    case("shoot-client", "shootClient: external"),
    case("ignore-resources", "ignoreResources: true"),
    case(
        "image-vector",
        "imageVectorOverwrite: |\n  images:\n  - name: calico-node\n    repository: registry.example.org/calico/node\n    tag: v3.31.6\n",
    ),
    case("no-scraping", "metrics: {enableScraping: false}"),
    case("no-alerts", "metrics: {alerts: {enabled: false}}"),
    case("no-dashboard", "metrics: {dashboard: {enabled: false}}"),
    case("no-reader", "readerRole: {enabled: false}"),
    case(
        "client-connection",
        "config: {clientConnection: {acceptContentTypes: a/b, contentType: c/d, qps: 0.5, burst: 7}}",
    ),
    case("no-client-connection", "config: {clientConnection: null}"),
    // As the documentation of the extension writes them.
    case("gate-non-privileged", "chart: omitted\nconfig:\n  featureGates:\n    NonPrivilegedCalicoNode: true\n"),
    case("gate-seamless-off", "config:\n  featureGates:\n    SeamlessOverlaySwitch: false\n"),
    case(
        "overlay-switch",
        "config: {overlaySwitch: {profile: Strict, deadline: 1h30m, excludeNodeClasses: [Deleting], guard: {enabled: false}, routeVerification: {onprem: Skip}}}",
    ),
    case("gardener-version", "gardener: {version: v1.140.0}"),
    // What gardenlet adds and the chart does not use.
    case(
        "gardener-seed",
        "gardener: {garden: {clusterIdentity: g}, gardenlet: {featureGates: {X: true}}, seed: {name: s, spec: {dns: {}}}}",
    ),
    case("topology", TOPOLOGY),
    Case { kubernetes: Some("1.33.4"), ..case("topology-before-1.34", TOPOLOGY) },
    case("self-hosted", "gardener: {selfHostedShootCluster: true}"),
    refused("an unknown gate", "config: {featureGates: {SeamlesOverlaySwitch: true}}", "SeamlesOverlaySwitch"),
    refused(
        "a gate that is no boolean",
        "config: {featureGates: {SeamlessOverlaySwitch: \"true\"}}",
        "SeamlessOverlaySwitch",
    ),
    refused("half a client connection", "config: {clientConnection: {burst: null}}", "burst"),
    refused("an unknown option", "config: {overlaySwitch: {dead: 5m}}", "dead"),
    refused("an unknown section", "config: {overlaySwich: {}}", "overlaySwich"),
    refused("no duration", "config: {overlaySwitch: {deadline: soon}}", "deadline"),
    refused("no port", "metricsPort: 0", "metricsPort"),
];

const RUNTIME: &[Case] = &[
    case("image", "image: {repository: registry.example.org/calico, tag: v1.2.3, pullPolicy: Always}"),
    case("image-digest", "image: {tag: \"sha256:0123\"}"),
    case("image-ref", "image: {ref: \"registry.example.org/calico@sha256:0123\"}"),
    case("replicas", "replicaCount: 3"),
    case("resources", "resources: {requests: {cpu: 10m, memory: 16Mi}}"),
    case("ports", "{metricsPort: 9001, healthPort: 9002, webhookConfig: {serverPort: 9003}}"),
    case("no-vpa", "vpa: {enabled: false}"),
    case(
        "vpa",
        "vpa: {resourcePolicy: {controlledValues: RequestsAndLimits, minAllowed: {memory: 16Mi}, maxAllowed: {memory: 1Gi}}, updatePolicy: {updateMode: Recreate}}",
    ),
    case("topology", "service: {topologyAwareRouting: {enabled: true}}"),
    Case {
        kubernetes: Some("1.33.4"),
        ..case("topology-before-1.34", "service: {topologyAwareRouting: {enabled: true}}")
    },
    case("no-scraping", "metrics: {enableScraping: false}"),
    case("kubeconfig", "kubeconfig: |\n  apiVersion: v1\n  kind: Config\n"),
    case(
        "projected-kubeconfig",
        "projectedKubeconfig: {baseMountPath: /var/run/secrets/gardener.cloud, genericKubeconfigSecretName: generic, tokenSecretName: token}",
    ),
    case("no-virtual-cluster", "gardener: {virtualCluster: {enabled: false}}"),
    case("owner-namespace", "gardener: {virtualCluster: {namespace: extension-networking-calico-owner}}"),
    case("priority-class", "gardener: {runtimeCluster: {priorityClassName: gardener-garden-system-400}}"),
    refused("half a projected kubeconfig", "projectedKubeconfig: {baseMountPath: /x}", "tokenSecretName"),
    refused("no port", "webhookConfig: {serverPort: 0}", "serverPort"),
];

const APPLICATION: &[Case] = &[
    case("service-account", "gardener: {virtualCluster: {serviceAccount: {name: admission, namespace: garden}}}"),
    case("no-virtual-cluster", "gardener: {virtualCluster: {enabled: false}}"),
    refused(
        "a service account without a namespace",
        "gardener: {virtualCluster: {serviceAccount: {name: admission}}}",
        "serviceAccount.namespace is required",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_cases_of_a_chart_have_the_same_name() {
        for chart in CHARTS {
            let mut names: Vec<&str> = chart.cases.iter().map(|case| case.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), chart.cases.len(), "{}", chart.path);
        }
    }
}
