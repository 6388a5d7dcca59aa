//! What the user asked for: the Network resource with its provider configuration, already validated and typed.

use alloc::string::String;
use alloc::vec::Vec;

use crate::codes::closed_set;
use crate::encapsulation::{Backend, IpFamily, Pool, PoolMode};

/// The wish of the shoot owner, and what the landscape operator wrote on the Network.
///
/// There is no `Default`: whoever builds one names every field, so a new field is a compile error in the one place that
/// must have an opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct NetworkIntent {
    /// `spec.ipFamilies` in order; empty means IPv4 (D2).
    pub ip_families: Vec<IpFamily>,
    /// `backend`.
    pub backend: Option<Backend>,
    /// `ipam`.
    pub ipam: IpamIntent,
    /// `ipv4`.
    pub ipv4: FamilyIntent,
    /// `ipv6`.
    pub ipv6: FamilyIntent,
    /// `ipv6.sourceNATEnabled`.
    pub ipv6_source_nat: Option<bool>,
    /// `overlay`; `None` if the block is absent.
    pub overlay: Option<OverlayIntent>,
    /// `vxlan.enabled`.
    pub vxlan: bool,
    /// `ebpfDataplane.enabled`.
    pub ebpf: bool,
    /// `wireguardEncryption`.
    pub wireguard: bool,
    /// `typha.enabled`; `None` means on.
    pub typha: Option<bool>,
    /// `birdExporter.enabled`.
    pub bird_exporter: bool,
    /// `multus`.
    pub multus: MultusIntent,
    /// `vethMTU`, as the user wrote it.
    pub veth_mtu: Option<String>,
    /// `snatToUpstreamDNS.enabled`.
    pub snat_to_upstream_dns: Option<bool>,
    /// `serviceLoopPrevention`.
    pub service_loop_prevention: Option<ServiceLoopPrevention>,
    /// `autoScaling.mode`.
    pub autoscaling: Option<AutoscalingMode>,
    /// Deprecated fields that are set and have no effect.
    pub deprecated_fields: Vec<DeprecatedField>,
    /// The reason in the annotation `calico.networking.extensions.gardener.cloud/skip-route-check`, if it is not empty.
    pub break_glass: Option<String>,
}

/// `ipam`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct IpamIntent {
    /// `ipam.type`.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: Option<IpamType>,
    /// `ipam.cidr`.
    pub cidr: Option<String>,
}

/// `ipv4` or `ipv6`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct FamilyIntent {
    /// `pool`.
    pub pool: Option<Pool>,
    /// `mode`.
    pub mode: Option<PoolMode>,
    /// `autoDetectionMethod`, if it is not empty.
    pub auto_detection_method: Option<String>,
}

/// `overlay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct OverlayIntent {
    /// `overlay.enabled`.
    pub enabled: bool,
    /// `overlay.createPodRoutes`.
    pub create_pod_routes: bool,
}

/// `multus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct MultusIntent {
    /// `multus.enabled`.
    pub enabled: bool,
    /// `multus.installCNIPlugins`.
    pub install_cni_plugins: bool,
}

closed_set! {
    /// Who hands out pod addresses.
    pub enum IpamType {
        /// The host-local plugin, from the node's podCIDRs.
        HostLocal = "host-local",
        /// Calico, from blocks of its pools; independent of the node's podCIDRs.
        CalicoIpam = "calico-ipam",
    }
}

closed_set! {
    /// What Felix does with packets that loop for a Service without endpoints.
    pub enum ServiceLoopPrevention {
        /// Nothing.
        Disabled,
        /// Drop them.
        Drop,
        /// Reject them.
        Reject,
    }
}

closed_set! {
    /// Who sizes the Calico components.
    pub enum AutoscalingMode {
        /// The cluster-proportional autoscalers.
        ClusterProportional = "cluster-proportional",
        /// The vertical pod autoscaler, where the shoot has it.
        Vpa = "vpa",
        /// Fixed requests.
        Static = "static",
    }
}

closed_set! {
    /// A deprecated field without effect.
    pub enum DeprecatedField {
        /// `ipip`.
        Ipip = "ipip",
        /// `ipAutodetectionMethod`.
        IpAutodetectionMethod = "ipAutodetectionMethod",
    }
}
