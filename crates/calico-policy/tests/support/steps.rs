//! The dataplane that follows from a wish, step by step as the documents of the field tell it. It writes into one scratch record,
//! a later step over an earlier one, and shares nothing with the core.

use super::model::{Code, Overlay, Wish};

/// What the steps have written so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scratch {
    pub backend: Code,
    pub felix_ipip: bool,
    pub felix_vxlan: bool,
    pub felix_bpf: bool,
    pub felix_kube_proxy_cleanup: bool,
    pub felix_nftables: bool,
    pub ipam: Code,
    pub ranges: Vec<Code>,
    pub kube_controllers: bool,
    pub snat_to_upstream_dns: bool,
    pub ipv4: Option<Slot>,
    pub ipv6: Option<Slot>,
}

/// The pool of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub pool: Code,
    pub mode: Code,
    /// Configured by an IPPool object, not only by variables.
    pub object: bool,
}

/// What a node sends: pool × mode, except that backend `none` leaves IP in IP without routes.
pub fn sends(backend: Code, slot: Slot) -> Code {
    if slot.mode == "Never" || slot.mode == "Off" {
        return "None";
    }
    if slot.pool == "ipip" && backend == "none" {
        return "None";
    }
    match (slot.pool, slot.mode) {
        ("ipip", "Always") => "Ipip(Always)",
        ("ipip", "CrossSubnet") => "Ipip(CrossSubnet)",
        ("vxlan", "Always") => "Vxlan(Always)",
        ("vxlan", "CrossSubnet") => "Vxlan(CrossSubnet)",
        other => panic!("no such pool: {other:?}"),
    }
}

/// Follows the steps; `None` where kube-proxy is off without eBPF, which is refused.
pub fn follow(wish: &Wish) -> Option<Scratch> {
    if wish.kube_proxy == "off" && !wish.ebpf {
        return None;
    }

    // Step 1: families.
    let families: &[Code] = if wish.families.is_empty() { &["IPv4"] } else { wish.families };
    let v4 = families.contains(&"IPv4");
    let v6 = families.contains(&"IPv6");

    // Step 2: base values.
    let mut record = Scratch {
        backend: "bird",
        felix_ipip: true,
        felix_vxlan: false,
        felix_bpf: false,
        felix_kube_proxy_cleanup: false,
        felix_nftables: false,
        ipam: "host-local",
        ranges: Vec::new(),
        kube_controllers: true,
        snat_to_upstream_dns: false,
        ipv4: None,
        ipv6: None,
    };
    if v4 {
        record.ipv4 = Some(Slot { pool: "ipip", mode: "Always", object: wish.overlay != Overlay::Unset });
        record.ranges = vec!["usePodCidr"];
    }
    if v6 {
        record.ipv6 = Some(Slot { pool: "vxlan", mode: "Never", object: true });
        record.ranges = vec!["usePodCidrIPv6"];
        record.felix_ipip = false;
    }
    if v4 && v6 {
        record.ranges = vec!["usePodCidrIPv6", "usePodCidr"];
    }

    // Step 3: the overlay block, over `backend` and over the mode of one family.
    let mut wished_ipv4_mode = wish.ipv4_mode;
    if let Some(backend) = wish.backend {
        record.backend = backend;
    }
    let mut written_mode = None;
    match wish.overlay {
        Overlay::On => {
            written_mode = Some("Always");
            record.backend = if wish.vxlan { "vxlan" } else { "bird" };
            record.felix_vxlan = wish.vxlan;
        }
        Overlay::Off | Overlay::OffWithPodRoutes => {
            written_mode = Some("Never");
            record.backend = if wish.overlay == Overlay::OffWithPodRoutes { "bird" } else { "none" };
            record.felix_ipip = false;
            set_mode(&mut record.ipv4, "Never");
            record.snat_to_upstream_dns = true;
        }
        Overlay::Unset => {
            if v6 {
                written_mode = Some("Never");
                record.backend = "none";
            }
        }
    }
    if let Some(mode) = written_mode {
        if v6 {
            set_mode(&mut record.ipv6, mode);
        } else {
            wished_ipv4_mode = Some(mode);
        }
    }

    // Step 4: backend `none`.
    if record.backend == "none" {
        record.kube_controllers = false;
        record.felix_ipip = false;
        set_mode(&mut record.ipv4, "Never");
    }

    // Step 5: VXLAN, then what the IPv4 block says.
    if wish.vxlan
        && let Some(ipv4) = &mut record.ipv4
    {
        ipv4.pool = "vxlan";
        ipv4.mode = "Always";
        record.ipam = "calico-ipam";
    }
    if let Some(ipv4) = &mut record.ipv4 {
        if let Some(pool) = wish.ipv4_pool {
            ipv4.pool = pool;
        }
        if let Some(mode) = wished_ipv4_mode {
            ipv4.mode = mode;
        }
    }

    // Step 6: address management. VXLAN has taken the kind where there is IPv4.
    if let Some(kind) = wish.ipam
        && !(wish.vxlan && record.ipv4.is_some())
    {
        record.ipam = kind;
    }

    // Step 7: eBPF and kube-proxy.
    record.felix_bpf = wish.ebpf;
    record.felix_kube_proxy_cleanup = wish.kube_proxy == "off";
    record.felix_nftables = wish.kube_proxy == "nftables";
    Some(record)
}

/// The pools that a bundle carries: with an `overlay` block there is an IPv4 pool object, which says what the block says.
pub fn pools(wish: &Wish, steps: &Scratch) -> [Option<Slot>; 2] {
    let said = match (wish.overlay, wish.vxlan) {
        (Overlay::Unset, _) => None,
        (Overlay::Off | Overlay::OffWithPodRoutes, _) => Some(("ipip", "Never")),
        (Overlay::On, false) => Some(("ipip", "Always")),
        (Overlay::On, true) => Some(("vxlan", "Always")),
    };
    let ipv4 = steps.ipv4.map(|slot| said.map_or(slot, |(pool, mode)| Slot { pool, mode, object: true }));
    [ipv4, steps.ipv6]
}

fn set_mode(slot: &mut Option<Slot>, mode: Code) {
    if let Some(slot) = slot {
        slot.mode = mode;
    }
}
