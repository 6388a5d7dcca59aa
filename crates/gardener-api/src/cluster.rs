//! `Cluster` of `extensions.gardener.cloud/v1alpha1` with the Shoot fields in use
//! (gardener/gardener: docs/extensions/cluster.md).
//!
//! Seed and CloudProfile inside a Cluster are large and not needed: they are skipped without being decoded.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use crate::decode::{bool_map, object, objects, optional_object, or_default};
use crate::meta::{LastOperation, ObjectMeta};
use crate::raw::RawJson;

/// The copy of a Shoot that gardenlet keeps in its seed; named after the shoot's namespace there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// `metadata.name` is the shoot's namespace in the seed.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// Holds the Shoot.
    #[serde(deserialize_with = "object")]
    pub spec: ClusterSpec,
}

/// `spec` of a [`Cluster`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ClusterSpec {
    /// Required by the definition, yet an empty one reads as absent in Go too.
    #[serde(deserialize_with = "optional_object")]
    pub shoot: Option<Shoot>,
}

/// The Shoot fields in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Shoot {
    /// Name, annotations, deletion.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// What the shoot owner asks for.
    #[serde(deserialize_with = "object")]
    pub spec: ShootSpec,
    /// What Gardener knows.
    #[serde(deserialize_with = "object")]
    pub status: ShootStatus,
}

/// `spec` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ShootSpec {
    /// Version, kube-apiserver, kube-proxy, VPA.
    #[serde(deserialize_with = "object")]
    pub kubernetes: ShootKubernetes,
    /// Absent for a shoot without workers that asks for no network.
    #[serde(deserialize_with = "optional_object")]
    pub networking: Option<ShootNetworking>,
    /// Whether the shoot shall sleep.
    #[serde(deserialize_with = "object")]
    pub hibernation: Hibernation,
    /// Infrastructure.
    #[serde(deserialize_with = "object")]
    pub provider: ShootProvider,
}

/// `spec.kubernetes` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShootKubernetes {
    /// As written, e.g. `1.36.2`.
    #[serde(deserialize_with = "or_default")]
    pub version: String,
    /// Gates and API groups.
    #[serde(rename = "kubeAPIServer", deserialize_with = "object")]
    pub kube_api_server: KubeApiServer,
    /// kube-proxy settings.
    #[serde(deserialize_with = "object")]
    pub kube_proxy: KubeProxy,
    /// Whether VPA objects are understood in the shoot.
    #[serde(deserialize_with = "object")]
    pub vertical_pod_autoscaler: VerticalPodAutoscaler,
}

/// `spec.kubernetes.kubeAPIServer` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeApiServer {
    /// Feature gates that are set explicitly.
    #[serde(deserialize_with = "bool_map")]
    pub feature_gates: BTreeMap<String, bool>,
    /// API groups that are switched explicitly.
    #[serde(deserialize_with = "bool_map")]
    pub runtime_config: BTreeMap<String, bool>,
}

/// `spec.kubernetes.kubeProxy` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KubeProxy {
    /// Absent means enabled.
    pub enabled: Option<bool>,
    /// `IPTables`, `IPVS` or `NFTables`; absent means `IPTables`.
    pub mode: Option<String>,
}

/// `spec.kubernetes.verticalPodAutoscaler` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct VerticalPodAutoscaler {
    /// Off unless set.
    #[serde(deserialize_with = "or_default")]
    pub enabled: bool,
}

/// `spec.networking` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShootNetworking {
    /// `calico` for ours.
    #[serde(rename = "type")]
    pub network_type: Option<String>,
    /// The user's `NetworkConfig`, undecoded.
    pub provider_config: Option<RawJson>,
    /// Node range.
    pub nodes: Option<String>,
    /// Pod range.
    pub pods: Option<String>,
    /// Service range.
    pub services: Option<String>,
    /// `IPv4`, `IPv6`.
    #[serde(deserialize_with = "or_default")]
    pub ip_families: Vec<String>,
}

/// `spec.hibernation` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Hibernation {
    /// Off unless set.
    #[serde(deserialize_with = "or_default")]
    pub enabled: bool,
}

/// `spec.provider` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ShootProvider {
    /// Infrastructure, e.g. `aws`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub provider_type: String,
    /// Number of worker pools; a shoot with none is workerless.
    #[serde(rename = "workers", deserialize_with = "length")]
    pub worker_pools: usize,
}

/// `status` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShootStatus {
    /// Its state tells a failed shoot.
    #[serde(deserialize_with = "optional_object")]
    pub last_operation: Option<LastOperation>,
    /// Only type and status of each.
    #[serde(deserialize_with = "objects")]
    pub constraints: Vec<Constraint>,
    /// Ranges in use.
    #[serde(deserialize_with = "object")]
    pub networking: ShootNetworkingStatus,
    /// Whether the shoot sleeps.
    #[serde(rename = "hibernated", deserialize_with = "or_default")]
    pub is_hibernated: bool,
}

/// An entry of `status.constraints` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Constraint {
    /// e.g. `DualStackNodesMigrationReady`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub constraint_type: String,
    /// `True` where the constraint is met.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
}

/// `status.networking` of a [`Shoot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ShootNetworkingStatus {
    /// Node ranges.
    #[serde(deserialize_with = "or_default")]
    pub nodes: Vec<String>,
    /// Pod ranges.
    #[serde(deserialize_with = "or_default")]
    pub pods: Vec<String>,
    /// Service ranges.
    #[serde(deserialize_with = "or_default")]
    pub services: Vec<String>,
}

/// Counts a list without decoding its items.
fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    struct LengthVisitor;
    impl<'de> Visitor<'de> for LengthVisitor {
        type Value = usize;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E: Error>(self) -> Result<usize, E> {
            Ok(0)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while access.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
            }
            Ok(count)
        }
    }
    deserializer.deserialize_any(LengthVisitor)
}

#[cfg(test)]
mod tests {
    use super::Cluster;

    #[test]
    fn reads_the_shoot_and_nothing_else() {
        let cluster: Cluster = serde_json::from_str(
            r#"{"metadata": {"name": "shoot--demo--held"},
                "spec": {"cloudProfile": 7, "seed": ["not", "decoded"],
                "shoot": {"metadata": {"annotations": {"confirmation.gardener.cloud/force-deletion": "true"}},
                  "spec": {"kubernetes": {"version": "1.34.1", "kubeAPIServer": {"featureGates": {"MutatingAdmissionPolicy": true},
                              "runtimeConfig": {"admissionregistration.k8s.io/v1beta1": true}},
                              "kubeProxy": {"enabled": false, "mode": "NFTables"}, "verticalPodAutoscaler": {"enabled": true}},
                           "networking": {"nodes": "10.250.0.0/16", "ipFamilies": ["IPv4"]}, "hibernation": {"enabled": true},
                           "provider": {"type": "aws", "workers": [{"name": "a"}, {"name": "b"}]}},
                  "status": {"hibernated": true, "networking": {"nodes": ["10.250.0.0/16"], "pods": ["100.96.0.0/11"]},
                             "constraints": [{"type": "DualStackNodesMigrationReady", "status": "False"}],
                             "lastOperation": {"state": "Failed"}}}}}"#,
        )
        .unwrap();
        let shoot = cluster.spec.shoot.unwrap();
        assert_eq!(shoot.metadata.annotations["confirmation.gardener.cloud/force-deletion"], "true");
        assert_eq!(shoot.spec.kubernetes.version, "1.34.1");
        assert!(shoot.spec.kubernetes.kube_api_server.feature_gates["MutatingAdmissionPolicy"]);
        assert!(shoot.spec.kubernetes.kube_api_server.runtime_config["admissionregistration.k8s.io/v1beta1"]);
        assert_eq!(shoot.spec.kubernetes.kube_proxy.enabled, Some(false));
        assert_eq!(shoot.spec.kubernetes.kube_proxy.mode.as_deref(), Some("NFTables"));
        assert!(shoot.spec.kubernetes.vertical_pod_autoscaler.enabled);
        assert_eq!(shoot.spec.networking.unwrap().nodes.as_deref(), Some("10.250.0.0/16"));
        assert!(shoot.spec.hibernation.enabled && shoot.status.is_hibernated);
        assert_eq!(shoot.spec.provider.provider_type, "aws");
        assert_eq!(shoot.spec.provider.worker_pools, 2);
        assert_eq!(shoot.status.networking.pods, ["100.96.0.0/11"]);
        assert_eq!(shoot.status.constraints[0].status, "False");
        assert_eq!(shoot.status.last_operation.unwrap().state, "Failed");
    }

    #[test]
    fn a_null_shoot_is_absent_and_a_wrong_one_an_error() {
        assert_eq!(serde_json::from_str::<Cluster>(r#"{"spec": {"shoot": null}}"#).unwrap().spec.shoot, None);
        assert!(serde_json::from_str::<Cluster>(r#"{"spec": {"shoot": []}}"#).is_err());
        let gates =
            r#"{"spec": {"shoot": {"spec": {"kubernetes": {"kubeAPIServer": {"featureGates": {"A": "true"}}}}}}}"#;
        assert!(serde_json::from_str::<Cluster>(gates).is_err());
    }
}
