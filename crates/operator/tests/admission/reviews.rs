//! AdmissionReviews as API servers send them.

use serde_json::{Value, json};

pub(crate) fn review(operation: &str, shoot: &Value, old: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "core.gardener.cloud", "version": "v1beta1", "kind": "Shoot"},
            "resource": {"group": "core.gardener.cloud", "version": "v1beta1", "resource": "shoots"},
            "requestKind": {"group": "core.gardener.cloud", "version": "v1beta1", "kind": "Shoot"},
            "requestResource": {"group": "core.gardener.cloud", "version": "v1beta1", "resource": "shoots"},
            "name": "foo",
            "namespace": "garden-bar",
            "operation": operation,
            "userInfo": {"username": "admin", "groups": ["system:authenticated"]},
            "object": shoot,
            "oldObject": old,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}

/// A Shoot with this NetworkConfig.
pub(crate) fn shoot(config: &Value) -> Value {
    json!({
        "apiVersion": "core.gardener.cloud/v1beta1",
        "kind": "Shoot",
        "metadata": {
            "name": "foo", "namespace": "garden-bar", "labels": {"networking.extensions.gardener.cloud/calico": "true"},
        },
        "spec": {
            "cloudProfileName": "aws",
            "region": "eu-west-1",
            "kubernetes": {"version": "1.36.1", "kubeProxy": {"enabled": true, "mode": "IPTables"}},
            "networking": {
                "type": "calico", "pods": "100.64.0.0/12", "nodes": "10.250.0.0/16", "services": "100.104.0.0/13",
                "ipFamilies": ["IPv4"], "providerConfig": config,
            },
            "provider": {"type": "aws", "workers": [{"name": "a", "machine": {"type": "m5.large"}, "minimum": 1, "maximum": 3}]},
        },
    })
}

/// What `kubectl` writes.
pub(crate) fn network_config(fields: &Value) -> Value {
    let mut config =
        json!({"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkConfig"});
    for (key, value) in fields.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}
