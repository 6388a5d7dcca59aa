//! The kinds that are read and written, and where an API server keeps them.

use calico_policy::admission_policy::GuardApi;

/// A kind of object.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// `api/v1`, or `apis/GROUP/VERSION`.
    root: &'static str,
    plural: &'static str,
    /// The kind.
    pub kind: &'static str,
}

impl Resource {
    /// `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(&self) -> &'static str {
        self.root.strip_prefix("apis/").or_else(|| self.root.strip_prefix("api/")).unwrap_or(self.root)
    }

    /// The path of all objects of a namespace; with an empty one, of the cluster.
    #[must_use]
    pub fn path(&self, namespace: &str) -> String {
        let Self { root, plural, kind: _ } = self;
        match namespace {
            "" => format!("/{root}/{plural}"),
            namespace => format!("/{root}/namespaces/{namespace}/{plural}"),
        }
    }
}

const fn resource(root: &'static str, plural: &'static str, kind: &'static str) -> Resource {
    Resource { root, plural, kind }
}

const EXTENSIONS: &str = "apis/extensions.gardener.cloud/v1alpha1";

/// A shoot's network, in the seed.
pub static NETWORKS: Resource = resource(EXTENSIONS, "networks", "Network");
/// The copy of a Shoot, in the seed.
pub static CLUSTERS: Resource = resource(EXTENSIONS, "clusters", "Cluster");
/// What gardener-resource-manager applies to the shoot, in the seed.
pub static MANAGED_RESOURCES: Resource =
    resource("apis/resources.gardener.cloud/v1alpha1", "managedresources", "ManagedResource");
/// Jobs of a Prometheus, in the seed.
pub static SCRAPE_CONFIGS: Resource = resource("apis/monitoring.coreos.com/v1alpha1", "scrapeconfigs", "ScrapeConfig");
/// Secrets.
pub static SECRETS: Resource = resource("api/v1", "secrets", "Secret");
/// Namespaces.
pub static NAMESPACES: Resource = resource("api/v1", "namespaces", "Namespace");
/// Registrations of validating webhooks.
pub static VALIDATING_WEBHOOKS: Resource = resource(
    "apis/admissionregistration.k8s.io/v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
);
/// ConfigMaps.
pub static CONFIG_MAPS: Resource = resource("api/v1", "configmaps", "ConfigMap");
/// Events.
pub static EVENTS: Resource = resource("api/v1", "events", "Event");
/// Nodes, in the shoot.
pub static NODES: Resource = resource("api/v1", "nodes", "Node");
/// DaemonSets, in the shoot.
pub static DAEMON_SETS: Resource = resource("apis/apps/v1", "daemonsets", "DaemonSet");
/// Calico's pools, in the shoot.
pub static IP_POOLS: Resource = resource("apis/crd.projectcalico.org/v1", "ippools", "IPPool");

/// Policies of the guard, in the shoot.
#[must_use]
pub fn guard_policy(api: GuardApi) -> &'static Resource {
    const fn policies(root: &'static str) -> Resource {
        resource(root, "mutatingadmissionpolicies", "MutatingAdmissionPolicy")
    }
    static V1: Resource = policies("apis/admissionregistration.k8s.io/v1");
    static V1BETA1: Resource = policies("apis/admissionregistration.k8s.io/v1beta1");
    static V1ALPHA1: Resource = policies("apis/admissionregistration.k8s.io/v1alpha1");
    match api {
        GuardApi::V1 => &V1,
        GuardApi::V1beta1 => &V1BETA1,
        GuardApi::V1alpha1 => &V1ALPHA1,
    }
}

/// Bindings of the guard, in the shoot.
#[must_use]
pub fn guard_binding(api: GuardApi) -> &'static Resource {
    const fn bindings(root: &'static str) -> Resource {
        resource(root, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding")
    }
    static V1: Resource = bindings("apis/admissionregistration.k8s.io/v1");
    static V1BETA1: Resource = bindings("apis/admissionregistration.k8s.io/v1beta1");
    static V1ALPHA1: Resource = bindings("apis/admissionregistration.k8s.io/v1alpha1");
    match api {
        GuardApi::V1 => &V1,
        GuardApi::V1beta1 => &V1BETA1,
        GuardApi::V1alpha1 => &V1ALPHA1,
    }
}
