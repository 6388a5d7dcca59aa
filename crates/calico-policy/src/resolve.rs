//! From the user's configuration to the dataplane that follows from it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::dataplane::{Dataplane, FamilyDataplane, Felix, Ipam, PoolSource};
use crate::encapsulation::{Backend, Encapsulation, IpFamily, Pool, PoolMode, sends};
use crate::intent::{AutoscalingMode, FamilyIntent, IpamType, NetworkIntent, OverlayIntent};
use crate::privilege::NodePrivilege;
use crate::shoot::{Cidr, KubeProxy, ShootFacts};

/// Why no dataplane follows from a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// The shoot has IPv6, but its status names no IPv6 pod network yet (D22). It will: try again.
    Ipv6PodCidrUnknown,
    /// kube-proxy is off without the eBPF dataplane. The shoot owner must change one of them.
    KubeProxyDisabledWithoutEbpf,
}

impl core::fmt::Display for ResolveError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::Ipv6PodCidrUnknown => "the shoot's status names no IPv6 pod network yet",
            Self::KubeProxyDisabledWithoutEbpf => {
                "Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane"
            }
        })
    }
}

impl core::error::Error for ResolveError {}

/// The families that count: the configured ones, IPv4 if none is, and only the first while a migration to dual stack is
/// pending (D2, D10).
#[must_use]
pub fn effective_families(intent: &NetworkIntent, shoot: &ShootFacts) -> Vec<IpFamily> {
    let mut families = intent.ip_families.clone();
    if families.is_empty() {
        families.push(IpFamily::Ipv4);
    }
    if shoot.dual_stack_migration_pending {
        families.truncate(1);
    }
    families
}

/// Resolves a configuration. Same results as the Go extension wherever that one renders, except `docs/deviations.md`.
///
/// # Errors
/// [`ResolveError`] where nothing sensible can be rendered.
pub fn resolve(
    intent: &NetworkIntent,
    shoot: &ShootFacts,
    privilege: NodePrivilege,
) -> Result<Dataplane, ResolveError> {
    if shoot.kube_proxy == KubeProxy::Disabled && !intent.ebpf {
        return Err(ResolveError::KubeProxyDisabledWithoutEbpf);
    }
    let families = effective_families(intent, shoot);
    let has_ipv4 = families.contains(&IpFamily::Ipv4);
    let has_ipv6 = families.contains(&IpFamily::Ipv6);

    let overlay_off = intent.overlay.is_some_and(|overlay| !overlay.enabled);
    let overlay_on = intent.overlay.is_some_and(|overlay| overlay.enabled);
    let choice = OverlayChoice::of(intent, has_ipv6);
    let backend = choice.map_or(intent.backend.unwrap_or(Backend::Bird), |choice| choice.backend);
    let encapsulation_removed = overlay_off || backend == Backend::None;

    let ipv4 = has_ipv4.then(|| {
        let chosen_mode = if has_ipv6 { None } else { choice.map(|choice| choice.mode) };
        let (pool, mode) = ipv4_pool(&intent.ipv4, intent.vxlan, chosen_mode, encapsulation_removed);
        let (source, encapsulation) = match intent.overlay {
            Some(overlay) => (PoolSource::Object, ipv4_pool_object(overlay, intent.vxlan)),
            None => (PoolSource::Variable, sends(backend, pool, mode)),
        };
        family(
            (pool, mode, source),
            encapsulation,
            FamilyRest {
                auto_detection_method: auto_detection_method(IpFamily::Ipv4, &intent.ipv4, shoot),
                nat_outgoing: true,
                wireguard: intent.wireguard,
                pod_cidr: None,
            },
        )
    });
    let ipv6 = if has_ipv6 {
        let pod_cidr = ipv6_pod_cidr(shoot).ok_or(ResolveError::Ipv6PodCidrUnknown)?;
        let pool = intent.ipv6.pool.unwrap_or(Pool::Vxlan);
        let mode = choice.map_or(PoolMode::Never, |choice| choice.mode);
        Some(family(
            (pool, mode, PoolSource::Object),
            sends(backend, pool, mode),
            FamilyRest {
                auto_detection_method: auto_detection_method(IpFamily::Ipv6, &intent.ipv6, shoot),
                nat_outgoing: intent.ipv6_source_nat.unwrap_or(intent.wireguard),
                wireguard: intent.wireguard,
                pod_cidr: Some(pod_cidr),
            },
        ))
    } else {
        None
    };

    Ok(Dataplane {
        privilege,
        backend,
        felix: Felix {
            ipip: !has_ipv6 && !encapsulation_removed,
            vxlan: overlay_on && intent.vxlan,
            bpf: intent.ebpf,
            bpf_kube_proxy_cleanup: shoot.kube_proxy == KubeProxy::Disabled,
            nftables: shoot.kube_proxy == KubeProxy::Nftables,
            service_loop_prevention: intent.service_loop_prevention,
        },
        ipam: ipam(intent, has_ipv4, has_ipv6),
        ipv4,
        ipv6,
        typha: intent.typha.unwrap_or(true),
        kube_controllers: backend != Backend::None,
        multus: intent.multus,
        bird_exporter: intent.bird_exporter,
        veth_mtu: intent.veth_mtu.clone().unwrap_or_else(|| "0".to_string()),
        snat_to_upstream_dns: overlay_off && intent.snat_to_upstream_dns.unwrap_or(true),
        overlay: intent.overlay,
        autoscaling: autoscaling(intent.autoscaling, shoot.vertical_pod_autoscaler),
    })
}

/// Whether Felix' switch for IP in IP and the IPv4 pool say different things. The pool counts.
#[must_use]
pub fn felix_disagrees_with_pool(dataplane: &Dataplane) -> bool {
    let Some(ipv4) = &dataplane.ipv4 else {
        return false;
    };
    match ipv4.sends {
        Encapsulation::IpipAlways | Encapsulation::IpipCrossSubnet => !dataplane.felix_keeps_ipip(),
        Encapsulation::None => dataplane.felix_keeps_ipip(),
        Encapsulation::VxlanAlways | Encapsulation::VxlanCrossSubnet => false,
    }
}

/// What the `overlay` block decides: the backend, and the mode of the IPv6 pool where there is one, else of the IPv4 pool.
#[derive(Clone, Copy)]
struct OverlayChoice {
    backend: Backend,
    mode: PoolMode,
}

impl OverlayChoice {
    fn of(intent: &NetworkIntent, has_ipv6: bool) -> Option<Self> {
        match intent.overlay {
            Some(overlay) if overlay.enabled => {
                let backend = if intent.vxlan { Backend::Vxlan } else { Backend::Bird };
                Some(Self { backend, mode: PoolMode::Always })
            }
            Some(overlay) => {
                let backend = if overlay.create_pod_routes { Backend::Bird } else { Backend::None };
                Some(Self { backend, mode: PoolMode::Never })
            }
            None if has_ipv6 => Some(Self { backend: Backend::None, mode: PoolMode::Never }),
            None => None,
        }
    }
}

fn ipv4_pool(
    user: &FamilyIntent,
    vxlan: bool,
    chosen_mode: Option<PoolMode>,
    encapsulation_removed: bool,
) -> (Pool, PoolMode) {
    let (pool, mode) = if vxlan {
        (Pool::Vxlan, PoolMode::Always)
    } else if encapsulation_removed {
        (Pool::Ipip, PoolMode::Never)
    } else {
        (Pool::Ipip, PoolMode::Always)
    };
    (user.pool.unwrap_or(pool), chosen_mode.or(user.mode).unwrap_or(mode))
}

/// What the IPv4 pool object says: the overlay, whatever pool and mode the user named beside it, for those reach only the
/// variables that calico-node ignores once there is a pool. So it is in the Go extension, and a take-over must not change what
/// nodes send.
const fn ipv4_pool_object(overlay: OverlayIntent, vxlan: bool) -> Encapsulation {
    match (overlay.enabled, vxlan) {
        (false, _) => Encapsulation::None,
        (true, false) => Encapsulation::IpipAlways,
        (true, true) => Encapsulation::VxlanAlways,
    }
}

struct FamilyRest {
    auto_detection_method: Option<String>,
    nat_outgoing: bool,
    wireguard: bool,
    pod_cidr: Option<String>,
}

fn family(
    (pool, mode, pool_source): (Pool, PoolMode, PoolSource),
    encapsulation: Encapsulation,
    rest: FamilyRest,
) -> FamilyDataplane {
    let FamilyRest { auto_detection_method, nat_outgoing, wireguard, pod_cidr } = rest;
    FamilyDataplane {
        pool,
        mode,
        pool_source,
        sends: encapsulation,
        receives: encapsulation,
        auto_detection_method,
        nat_outgoing,
        wireguard,
        pod_cidr,
    }
}

fn ipam(intent: &NetworkIntent, has_ipv4: bool, has_ipv6: bool) -> Ipam {
    let configured = intent.ipam.kind.unwrap_or(IpamType::HostLocal);
    // VXLAN takes the kind even from a user who chose host-local, as in the Go extension, but leaves the network that came with it.
    let kind = if intent.vxlan && has_ipv4 { IpamType::CalicoIpam } else { configured };
    let ranges = if has_ipv4 && has_ipv6 {
        vec!["usePodCidrIPv6".to_string(), "usePodCidr".to_string()]
    } else {
        let automatic = if has_ipv6 { "usePodCidrIPv6" } else { "usePodCidr" };
        let cidr = intent.ipam.cidr.as_deref().filter(|_| configured == IpamType::HostLocal);
        vec![cidr.unwrap_or(automatic).to_string()]
    };
    Ipam { kind, ranges }
}

/// The user's own method wins (D11); else the node networks of the family, from the status where it has any.
fn auto_detection_method(family: IpFamily, user: &FamilyIntent, shoot: &ShootFacts) -> Option<String> {
    if let Some(method) = &user.auto_detection_method {
        return Some(method.clone());
    }
    let of_family = |cidr: &&Cidr| cidr.family == family;
    let mut cidrs: Vec<&str> =
        shoot.node_cidrs.status.iter().filter(of_family).map(|cidr| cidr.text.as_str()).collect();
    if cidrs.is_empty() {
        cidrs.extend(shoot.node_cidrs.spec.iter().filter(of_family).map(|cidr| cidr.text.as_str()));
    }
    (!cidrs.is_empty()).then(|| format!("cidr={}", cidrs.join(",")))
}

fn ipv6_pod_cidr(shoot: &ShootFacts) -> Option<String> {
    shoot.pod_cidrs.iter().find(|cidr| cidr.family == IpFamily::Ipv6).map(|cidr| cidr.text.clone())
}

fn autoscaling(wanted: Option<AutoscalingMode>, has_vpa: bool) -> AutoscalingMode {
    match wanted {
        Some(AutoscalingMode::Static) => AutoscalingMode::Static,
        Some(AutoscalingMode::Vpa) if has_vpa => AutoscalingMode::Vpa,
        Some(AutoscalingMode::Vpa | AutoscalingMode::ClusterProportional) | None => {
            AutoscalingMode::ClusterProportional
        }
    }
}
