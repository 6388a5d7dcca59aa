//! The dataplane that follows from a configuration: what Calico will really do.

use alloc::string::String;
use alloc::vec::Vec;

use crate::encapsulation::{Backend, Encapsulation, Encapsulations, IpFamily, Pool, PoolMode, sends};
use crate::intent::{AutoscalingMode, IpamType, MultusIntent, OverlayIntent, ServiceLoopPrevention};
use crate::privilege::NodePrivilege;

/// Everything that a bundle of manifests expresses about the network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Dataplane {
    /// The mode of `calico-node`.
    pub privilege: NodePrivilege,
    /// `calico_backend`.
    pub backend: Backend,
    /// Felix' switches.
    pub felix: Felix,
    /// Address management.
    pub ipam: Ipam,
    /// IPv4; `None` where the shoot does not have it.
    pub ipv4: Option<FamilyDataplane>,
    /// IPv6; `None` where the shoot does not have it.
    pub ipv6: Option<FamilyDataplane>,
    /// Whether Typha runs.
    pub typha: bool,
    /// Whether calico-kube-controllers runs.
    pub kube_controllers: bool,
    /// Whether Multus runs, and installs the CNI plugins.
    pub multus: MultusIntent,
    /// Whether the bird-exporter was asked for. Left out of a non-privileged calico-node.
    pub bird_exporter: bool,
    /// `veth_mtu`; `0` is automatic.
    pub veth_mtu: String,
    /// Whether pod traffic to the upstream resolver is masqueraded.
    pub snat_to_upstream_dns: bool,
    /// The `overlay` block of the configuration.
    pub overlay: Option<OverlayIntent>,
    /// Who sizes the components.
    pub autoscaling: AutoscalingMode,
}

impl Dataplane {
    /// One family.
    #[must_use]
    pub const fn family(&self, family: IpFamily) -> Option<&FamilyDataplane> {
        match family {
            IpFamily::Ipv4 => self.ipv4.as_ref(),
            IpFamily::Ipv6 => self.ipv6.as_ref(),
        }
    }

    /// What nodes send, per family.
    #[must_use]
    pub fn encapsulations(&self) -> Encapsulations {
        Encapsulations {
            ipv4: self.ipv4.as_ref().map(|family| family.sends),
            ipv6: self.ipv6.as_ref().map(|family| family.sends),
        }
    }

    /// Whether Felix is told to keep IP in IP up. With VXLAN on, the variable for IP in IP is not rendered.
    #[must_use]
    pub const fn felix_keeps_ipip(&self) -> bool {
        self.felix.ipip && !self.felix.vxlan
    }
}

/// Felix' switches. They decide whether a device exists, not what a node sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Felix {
    /// IP in IP.
    pub ipip: bool,
    /// VXLAN, set explicitly; otherwise Felix follows the pools.
    pub vxlan: bool,
    /// The eBPF dataplane.
    pub bpf: bool,
    /// Whether eBPF removes kube-proxy's iptables rules.
    pub bpf_kube_proxy_cleanup: bool,
    /// nftables instead of iptables.
    pub nftables: bool,
    /// What happens to looping Service traffic.
    pub service_loop_prevention: Option<ServiceLoopPrevention>,
}

/// Address management.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Ipam {
    /// Which plugin.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: IpamType,
    /// The ranges of the host-local plugin: one in single stack, IPv6 before IPv4 in dual stack.
    pub ranges: Vec<String>,
}

/// One IP family.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct FamilyDataplane {
    /// The pool's protocol.
    pub pool: Pool,
    /// The pool's mode.
    pub mode: PoolMode,
    /// Where the pool is configured.
    pub pool_source: PoolSource,
    /// What a node sends.
    pub sends: Encapsulation,
    /// What a node can still receive; equal to [`sends`](Self::sends) until switches are staged.
    pub receives: Encapsulation,
    /// How calico-node finds the node's address; `None` leaves it to Calico.
    pub auto_detection_method: Option<String>,
    /// Whether traffic leaving the pod networks is masqueraded.
    pub nat_outgoing: bool,
    /// Whether WireGuard encrypts traffic between nodes.
    pub wireguard: bool,
    /// The pool's network where the bundle must know it; IPv6 only, IPv4 has `spec.podCIDR`.
    pub pod_cidr: Option<String>,
}

impl FamilyDataplane {
    /// Sets protocol and mode, and what follows from them.
    pub fn set_pool(&mut self, backend: Backend, pool: Pool, mode: PoolMode) {
        let encapsulation = sends(backend, pool, mode);
        (self.pool, self.mode, self.sends, self.receives) = (pool, mode, encapsulation, encapsulation);
    }
}

/// Where the mode of a pool is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PoolSource {
    /// By variables of calico-node, which it uses only while no pool exists: changing them changes no pool.
    Variable,
    /// By an IPPool object in the bundle.
    Object,
}
