//! The scripts that run inside containers of calico-node: files of `scripts/`, each with a header that says what it does, when it
//! ends and what it must never do.
//!
//! They run in the image of calico-node, whose `/bin/sh` and `/bin/bash` are one shell. It has the tools that Calico needs and
//! a few of coreutils, but no `awk`, `cut`, `head`, `curl` or `kubectl`. Everything that varies comes from the environment or from a
//! constant in front of the text: no string of a shoot owner becomes part of a script.

use calico_policy::dataplane::{Dataplane, FamilyDataplane};
use calico_policy::encapsulation::{Backend, Encapsulation};

use crate::commands::{AfterWrite, NodeCommands};

const IPTABLES_FLAVOUR: &str = include_str!("../scripts/iptables-flavour.sh");
const CLEANUP_ROUTES: &str = include_str!("../scripts/cleanup-routes.sh");
const LOG_MTU_ISSUES: &str = include_str!("../scripts/log-mtu-issues.sh");
const ADD_SNAT_RULE_TO_UPSTREAM_DNS: &str = include_str!("../scripts/add-snat-rule-to-upstream-dns.sh");
const CONDITION_ENSURER: &str = include_str!("../scripts/network-unavailable-condition-ensurer.sh");

/// The init container `cleanup-routes`, for `sh -c`.
#[must_use]
pub fn cleanup_routes(cleanup: RouteCleanup) -> String {
    let RouteCleanup { bird, felix } = cleanup;
    format!("BIRD_ROUTES={}\nFELIX_FAMILIES='{}'\n{CLEANUP_ROUTES}", bird.word(), felix.families())
}

/// The init container `log-mtu-issues`, for `sh -c`.
#[must_use]
pub fn log_mtu_issues() -> String {
    [IPTABLES_FLAVOUR, LOG_MTU_ISSUES].join("\n")
}

/// The container `add-snat-rule-to-upstream-dns`, for `sh -c`. Its environment has `POD_CIDR`.
#[must_use]
pub fn add_snat_rule_to_upstream_dns() -> String {
    [IPTABLES_FLAVOUR, ADD_SNAT_RULE_TO_UPSTREAM_DNS].join("\n")
}

/// The container `network-unavailable-condition-ensurer`, for `sh -c`. Its environment is what calico-node needs to find itself.
#[must_use]
pub fn network_unavailable_condition_ensurer(commands: &NodeCommands) -> String {
    let ready = commands.felix_is_ready().join(" ");
    let write = commands.write_condition.join(" ");
    let stays = match commands.after_write {
        AfterWrite::Ends => "no",
        AfterWrite::Stays => "yes",
    };
    format!("READY_COMMAND='{ready}'\nWRITE_COMMAND='{write}'\nWRITE_COMMAND_STAYS={stays}\n{CONDITION_ENSURER}")
}

/// Which routes of an earlier calico-node are in nobody's use under a dataplane without overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteCleanup {
    /// Those that BIRD wrote.
    pub bird: BirdRoutes,
    /// Those that Felix wrote.
    pub felix: FelixRoutes,
}

/// Which of BIRD's routes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BirdRoutes {
    /// All of them: there will be no BIRD.
    All,
    /// Those through the tunnel: BIRD goes on without it, and pods need the others until it has started again.
    ThroughTunnel,
    /// None: BIRD's tunnel goes on.
    None,
}

/// Of which families Felix' routes to other nodes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FelixRoutes {
    /// Both.
    Both,
    /// IPv4, because IPv6 is still encapsulated.
    OnlyIpv4,
    /// IPv6, because IPv4 is still encapsulated.
    OnlyIpv6,
    /// None, because both are still encapsulated.
    None,
}

impl RouteCleanup {
    /// What must go before this dataplane starts. Turning the overlay off does not always end all encapsulation: VXLAN of one
    /// family of two may stay, and its routes with it.
    #[must_use]
    pub fn of(dataplane: &Dataplane) -> Self {
        let encapsulation =
            |family: &Option<FamilyDataplane>| family.as_ref().map_or(Encapsulation::None, |family| family.sends);
        let (ipv4, ipv6) = (encapsulation(&dataplane.ipv4), encapsulation(&dataplane.ipv6));
        let bird = match (dataplane.backend, ipv4) {
            (Backend::None | Backend::Vxlan, _) => BirdRoutes::All,
            (Backend::Bird, Encapsulation::IpipAlways | Encapsulation::IpipCrossSubnet) => BirdRoutes::None,
            (Backend::Bird, _) => BirdRoutes::ThroughTunnel,
        };
        let felix = match (ipv4.is_some(), ipv6.is_some()) {
            (false, false) => FelixRoutes::Both,
            (false, true) => FelixRoutes::OnlyIpv4,
            (true, false) => FelixRoutes::OnlyIpv6,
            (true, true) => FelixRoutes::None,
        };
        Self { bird, felix }
    }
}

impl BirdRoutes {
    const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::ThroughTunnel => "tunnel",
            Self::None => "none",
        }
    }
}

impl FelixRoutes {
    const fn families(self) -> &'static str {
        match self {
            Self::Both => "4 6",
            Self::OnlyIpv4 => "4",
            Self::OnlyIpv6 => "6",
            Self::None => "",
        }
    }
}
