//! What Gardener puts into seed and shoot.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

#[path = "../../support/definition.rs"]
mod definition;
pub(super) use definition::definition;

use super::{EXTENSIONS, NAME, NAMESPACE};

pub(super) fn spec(provider_config: Value) -> Value {
    let mut spec = json!({
        "type": "calico", "ipFamilies": ["IPv4"], "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
    });
    if !provider_config.is_null() {
        spec["providerConfig"] = provider_config;
    }
    spec
}

/// The Cluster of a shoot on Kubernetes 1.36, with what is named laid over it.
pub(super) fn cluster(shoot: &Value) -> Value {
    let mut whole = json!({
        "apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot",
        "metadata": {"name": NAME, "namespace": "garden-foo"},
        "spec": {
            "kubernetes": {"version": "1.36.2"},
            "networking": {"type": "calico", "nodes": "10.250.0.0/16"},
            "provider": {"type": "aws", "workers": [{"name": "a"}]},
        },
        "status": {"lastOperation": {"type": "Reconcile", "state": "Processing"}},
    });
    merge(&mut whole, shoot.clone());
    json!({
        "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster",
        "metadata": {"name": NAMESPACE},
        "spec": {"cloudProfile": {"kind": "CloudProfile"}, "seed": {"kind": "Seed"}, "shoot": whole},
    })
}

pub(super) fn access_secret(namespace: &str) -> Value {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "clusters": [{"name": "a", "cluster": {"server": "http://kube-apiserver"}}],
        "users": [{"name": "a", "user": {"token": "t"}}],
    });
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "gardener-internal", "namespace": namespace},
        "data": {"kubeconfig": STANDARD.encode(kubeconfig.to_string())},
    })
}

pub(super) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// That of Networks, which takes everything.
pub(crate) fn network_definition() -> Value {
    definition(EXTENSIONS, "v1alpha1", "Network", "networks", "Namespaced")
}

/// Definitions that take everything.
pub(super) fn definitions() -> Vec<Value> {
    vec![
        network_definition(),
        definition(EXTENSIONS, "v1alpha1", "Cluster", "clusters", "Cluster"),
        definition("resources.gardener.cloud", "v1alpha1", "ManagedResource", "managedresources", "Namespaced"),
        definition("monitoring.coreos.com", "v1alpha1", "ScrapeConfig", "scrapeconfigs", "Namespaced"),
    ]
}
