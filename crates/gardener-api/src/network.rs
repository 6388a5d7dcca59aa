//! `Network` of `extensions.gardener.cloud/v1alpha1` (gardener/gardener: docs/extensions/resources/network.md).

use serde::Deserialize;

use crate::decode::{object, objects, optional_object, or_default};
use crate::meta::{Condition, LastError, LastOperation, ObjectMeta};
use crate::raw::RawJson;

/// A shoot's network as gardenlet asks for it, and what was reported about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Name, namespace, generation, annotations.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// What is asked for.
    #[serde(deserialize_with = "object")]
    pub spec: NetworkSpec,
    /// What was reported last.
    #[serde(deserialize_with = "object")]
    pub status: NetworkStatus,
}

/// `spec` of a [`Network`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkSpec {
    /// `calico` for ours.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub network_type: String,
    /// Extension class; absent means `shoot`.
    pub class: Option<String>,
    /// The user's `NetworkConfig`, undecoded.
    pub provider_config: Option<RawJson>,
    /// Pod range.
    #[serde(rename = "podCIDR", deserialize_with = "or_default")]
    pub pod_cidr: String,
    /// Service range.
    #[serde(rename = "serviceCIDR", deserialize_with = "or_default")]
    pub service_cidr: String,
    /// `IPv4`, `IPv6`; empty means `[IPv4]`.
    #[serde(deserialize_with = "or_default")]
    pub ip_families: Vec<String>,
}

/// `status` of a [`Network`]. Not to be confused with the `NetworkStatus` inside its `providerStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkStatus {
    /// Our own report, undecoded.
    pub provider_status: Option<RawJson>,
    /// Our own record, undecoded; gardenlet carries it to a new seed.
    pub state: Option<RawJson>,
    /// The operation that ran last.
    #[serde(deserialize_with = "optional_object")]
    pub last_operation: Option<LastOperation>,
    /// What went wrong in it.
    #[serde(deserialize_with = "optional_object")]
    pub last_error: Option<LastError>,
    /// Generation that the status speaks about.
    #[serde(deserialize_with = "or_default")]
    pub observed_generation: i64,
    /// Families that were set up.
    #[serde(deserialize_with = "or_default")]
    pub ip_families: Vec<String>,
    /// Conditions, written by health checks.
    #[serde(deserialize_with = "objects")]
    pub conditions: Vec<Condition>,
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn reads_the_fields_in_use() {
        let network: Network = serde_json::from_str(
            r#"{"apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
                "metadata": {"name": "held", "namespace": "shoot--demo--held", "generation": 2, "creationTimestamp": null,
                             "annotations": {"gardener.cloud/operation": "reconcile"}, "managedFields": [{"a": 1}]},
                "spec": {"type": "calico", "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13", "ipFamilies": null,
                         "providerConfig": {"overlay":  {"enabled": false}}},
                "status": {"observedGeneration": 1, "lastOperation": {"type": "Create", "state": "Succeeded", "progress": 100,
                           "description": "done", "lastUpdateTime": "2026-11-23T09:01:49Z"}, "state": {"a": [1, 2]}}}"#,
        )
        .unwrap();
        assert_eq!(network.metadata.name, "held");
        assert_eq!(network.metadata.generation, 2);
        assert_eq!(network.metadata.creation_timestamp, None);
        assert_eq!(network.metadata.annotations["gardener.cloud/operation"], "reconcile");
        assert_eq!(network.spec.network_type, "calico");
        assert_eq!(network.spec.pod_cidr, "100.96.0.0/11");
        assert_eq!(network.spec.provider_config.unwrap().get(), r#"{"overlay":  {"enabled": false}}"#);
        assert!(network.spec.ip_families.is_empty());
        assert_eq!(network.status.observed_generation, 1);
        assert_eq!(network.status.state.unwrap().get(), r#"{"a": [1, 2]}"#);
        assert_eq!(network.status.last_operation.unwrap().operation_type, "Create");
    }

    #[test]
    fn a_field_of_the_wrong_type_is_an_error() {
        for (text, expected) in [
            (r#"{"spec": {"ipFamilies": "IPv4"}}"#, "invalid type: string \"IPv4\", expected a sequence"),
            (r#"{"metadata": {"generation": "2"}}"#, "invalid type: string \"2\", expected i64"),
            (r#"{"spec": {"type": "calico", "type": "calico"}}"#, "duplicate field `type`"),
        ] {
            let error = serde_json::from_str::<Network>(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
