//! One input of the decision in words. Codes are the texts of the API; nothing here names a type of the core.

use super::steps::Slot;

/// A text of a closed set.
pub type Code = &'static str;

/// The part of the user's configuration that decides encapsulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub families: &'static [Code],
    pub backend: Option<Code>,
    pub ipv4_pool: Option<Code>,
    pub ipv4_mode: Option<Code>,
    pub overlay: Overlay,
    pub vxlan: bool,
    pub ebpf: bool,
    /// `on`, `nftables` or `off`.
    pub kube_proxy: Code,
    pub ipam: Option<Code>,
}

impl Wish {
    /// An IPv4 shoot that says nothing but its overlay block.
    pub fn overlay(overlay: Overlay) -> Self {
        Self {
            families: &["IPv4"],
            backend: None,
            ipv4_pool: None,
            ipv4_mode: None,
            overlay,
            vxlan: false,
            ebpf: false,
            kube_proxy: "on",
            ipam: None,
        }
    }
}

/// The overlay block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    Unset,
    On,
    Off,
    OffWithPodRoutes,
}

impl Overlay {
    pub fn is_off(self) -> bool {
        matches!(self, Self::Off | Self::OffWithPodRoutes)
    }
}

/// One input of the decision.
#[derive(Clone, Debug)]
pub struct Case {
    pub gate: bool,
    pub api: PolicyApi,
    pub wish: Wish,
    pub before: Before,
    pub hibernated: bool,
    pub nodes: Nodes,
    pub guard: Guard,
    pub requirement: Requirement,
    pub strict: bool,
    pub skip_route_verification: bool,
    pub skip_pod_routes: bool,
    pub hold_when_unguarded: bool,
    pub hold_implicit_removals: bool,
    /// Whether old evidence has to be written again.
    pub refresh_evidence: bool,
    pub break_glass: bool,
    /// Classes that the operator excluded.
    pub excluded: Vec<Code>,
    /// For how many seconds the last status has held the switch; `None` where there is no last status.
    pub held_for: Option<i64>,
}

impl Case {
    /// A shoot with IP in IP whose owner has turned the overlay off, everything in order.
    pub fn ready() -> Self {
        Self {
            gate: true,
            api: PolicyApi::Fits,
            wish: Wish::overlay(Overlay::Off),
            before: Before::bundle(Seen::ipip(true)),
            hibernated: false,
            nodes: Nodes::Listed(vec![Node::ready(), Node::ready(), Node::ready()]),
            guard: Guard::Effective,
            requirement: Requirement::Always,
            strict: false,
            skip_route_verification: false,
            skip_pod_routes: false,
            hold_when_unguarded: false,
            hold_implicit_removals: false,
            refresh_evidence: false,
            break_glass: false,
            excluded: Vec::new(),
            held_for: None,
        }
    }

    pub fn listed(&self) -> &[Node] {
        match &self.nodes {
            Nodes::Listed(nodes) => nodes,
            Nodes::Unreadable | Nodes::Unreachable | Nodes::NotThere => &[],
        }
    }
}

/// The policy API in the shoot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyApi {
    /// 1.36.
    Fits,
    /// 1.34 with the gate, but with the runtimeConfig entry of the alpha version.
    Misfit,
    /// 1.33 without anything.
    Missing,
}

/// The sources that tell what is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    pub bundle: Source,
    pub live: Source,
    pub record: Record,
    pub never_installed: bool,
}

impl Before {
    pub fn bundle(seen: Seen) -> Self {
        Self { bundle: Source::Known(seen), live: Source::NotGiven, record: Record::Absent, never_installed: false }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Known(Seen),
    Absent,
    /// Nobody asked.
    NotGiven,
    /// Asked, and refused.
    Failed,
}

impl Source {
    pub fn known(&self) -> Option<&Seen> {
        if let Self::Known(seen) = self { Some(seen) } else { None }
    }
}

/// A dataplane that was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub backend: Code,
    pub ipv4: Option<Slot>,
    pub ipv6: Option<Slot>,
}

impl Seen {
    pub fn ipip(object: bool) -> Self {
        Self { backend: "bird", ipv4: Some(Slot { pool: "ipip", mode: "Always", object }), ipv6: None }
    }

    pub fn native(object: bool) -> Self {
        Self { backend: "none", ipv4: Some(Slot { pool: "ipip", mode: "Never", object }), ipv6: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Known { ipv4: Option<Code>, ipv6: Option<Code> },
    Absent,
    Failed,
}

#[derive(Clone, Debug)]
pub enum Nodes {
    Unreadable,
    Unreachable,
    NotThere,
    Listed(Vec<Node>),
}

/// A node as the API server shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Status and reason of every NetworkUnavailable entry; the second is used only where there are two.
    pub entries: Entries,
    /// Seconds since the node's creation.
    pub age: i64,
    /// Seconds from the node's creation to the condition's last transition.
    pub transition_after_creation: i64,
    pub deleting: bool,
    /// Status of the condition Ready; `None` where there is none.
    pub ready: Option<bool>,
    pub pod_cidr_ipv4: bool,
    pub pod_cidr_ipv6: bool,
}

impl Node {
    pub const fn ready() -> Self {
        Self {
            entries: Entries::One("False", "RouteCreated"),
            age: 1_000,
            transition_after_creation: 30,
            deleting: false,
            ready: Some(true),
            pod_cidr_ipv4: true,
            pod_cidr_ipv6: true,
        }
    }

    pub const fn with(entries: Entries) -> Self {
        Self { entries, ..Self::ready() }
    }

    /// One node of every class that is not ready, by its class.
    pub fn one_per_class() -> Vec<(Code, Self)> {
        vec![
            ("NoCondition", Self::with(Entries::None)),
            ("WrittenByCalico", Self::with(Entries::One("False", "CalicoIsUp"))),
            ("NoRouteCreated", Self::with(Entries::One("True", "NoRouteCreated"))),
            ("OtherReason", Self::with(Entries::Two)),
            ("NoPodCidr", Self { pod_cidr_ipv4: false, pod_cidr_ipv6: false, ..Self::with(Entries::None) }),
            ("Deleting", Self { deleting: true, ..Self::with(Entries::None) }),
            ("NotReady", Self { ready: Some(false), ..Self::with(Entries::None) }),
            ("Stale", Self { transition_after_creation: -3_600, ..Self::ready() }),
        ]
    }
}

/// The entries of type NetworkUnavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    None,
    One(Code, Code),
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    Effective,
    NotEffective,
    ExistsLongEnough,
    NotProvenYet,
    NotObserved,
}

impl Guard {
    pub const ALL: [Self; 5] =
        [Self::Effective, Self::NotEffective, Self::ExistsLongEnough, Self::NotProvenYet, Self::NotObserved];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    Disabled,
    WhereObserved,
    Always,
}

impl Requirement {
    pub const ALL: [Self; 3] = [Self::Disabled, Self::WhereObserved, Self::Always];
}
