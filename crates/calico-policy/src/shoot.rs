//! What is known of the shoot from its Cluster resource in the seed.

use alloc::string::String;
use alloc::vec::Vec;

use crate::admission_policy::ApiServerSetup;
use crate::encapsulation::IpFamily;
use crate::version::KubernetesVersion;

/// The facts of a shoot that decisions rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct ShootFacts {
    /// `spec.kubernetes.version`.
    pub kubernetes_version: KubernetesVersion,
    /// What `spec.kubernetes.kubeAPIServer` says about admission policies.
    pub api_server: ApiServerSetup,
    /// `spec.kubernetes.kubeProxy`.
    pub kube_proxy: KubeProxy,
    /// `spec.kubernetes.verticalPodAutoscaler.enabled`.
    pub vertical_pod_autoscaler: bool,
    /// `spec.provider.type`; empty where unknown.
    pub provider_type: String,
    /// `spec.hibernation.enabled`.
    pub hibernation_enabled: bool,
    /// Whether the constraint `DualStackNodesMigrationReady` exists with a status other than `True`.
    pub dual_stack_migration_pending: bool,
    /// Node networks.
    pub node_cidrs: NodeCidrs,
    /// Pod networks of `status.networking.pods`, in order.
    pub pod_cidrs: Vec<Cidr>,
}

/// `spec.kubernetes.kubeProxy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KubeProxy {
    /// Runs, in a mode that Felix need not know.
    Enabled,
    /// Runs in mode `NFTables`; Felix must use nftables too.
    Nftables,
    /// Does not run; its mode is ignored (D1).
    Disabled,
}

/// Where node addresses come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct NodeCidrs {
    /// `spec.networking.nodes`, if not empty.
    pub spec: Option<Cidr>,
    /// `status.networking.nodes`, in order.
    pub status: Vec<Cidr>,
}

/// A network as its text was written, with the family of its address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct Cidr {
    /// The family.
    pub family: IpFamily,
    /// The text.
    pub text: String,
}
