//! Node privilege mode: may `calico-node` run non-privileged and non-root?

use alloc::collections::BTreeSet;

use crate::caveats::{self, Caveat, Features};
use crate::codes::closed_set;
use crate::version::CalicoVersion;

/// The mode of the long-lived `calico-node` container, and what the mode costs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PrivilegeDecision {
    /// The mode.
    pub mode: NodePrivilege,
    /// What an operator of the non-privileged mode must know; empty in privileged mode. Never changes the mode.
    pub caveats: BTreeSet<Caveat>,
}

/// The mode, with the reason where it is privileged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NodePrivilege {
    /// Privileged and root.
    Privileged(PrivilegedBecause),
    /// Neither.
    NonPrivileged,
}

impl NodePrivilege {
    /// The mode's code, without the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Privileged(_) => "Privileged",
            Self::NonPrivileged => "NonPrivileged",
        }
    }

    /// Why the mode is privileged; `None` where it is not.
    #[must_use]
    pub const fn because(self) -> Option<PrivilegedBecause> {
        match self {
            Self::Privileged(because) => Some(because),
            Self::NonPrivileged => None,
        }
    }
}

closed_set! {
    /// Why `calico-node` runs privileged.
    pub enum PrivilegedBecause {
        /// Feature gate `NonPrivilegedCalicoNode` is off.
        GateDisabled,
        /// The eBPF dataplane needs it, whatever the gate says.
        EbpfDataplane,
    }
}

impl PrivilegedBecause {
    /// One sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::GateDisabled => "the feature gate NonPrivilegedCalicoNode is off",
            Self::EbpfDataplane => "the eBPF dataplane needs a privileged calico-node, whatever the feature gate says",
        }
    }
}

/// Decides the mode by the truth table of `docs/non-privileged.md`.
#[must_use]
pub fn decide(gate: bool, calico_version: &CalicoVersion, features: Features) -> PrivilegeDecision {
    let mode = match (gate, features.ebpf) {
        (false, _) => NodePrivilege::Privileged(PrivilegedBecause::GateDisabled),
        (true, true) => NodePrivilege::Privileged(PrivilegedBecause::EbpfDataplane),
        (true, false) => NodePrivilege::NonPrivileged,
    };
    let caveats = match mode {
        NodePrivilege::Privileged(_) => BTreeSet::new(),
        NodePrivilege::NonPrivileged => caveats::of(calico_version, features),
    };
    PrivilegeDecision { mode, caveats }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::CalicoRelease;

    /// The whole truth table, the expected column written by hand.
    #[test]
    fn truth_table() {
        use NodePrivilege::{NonPrivileged, Privileged};
        use PrivilegedBecause::{EbpfDataplane, GateDisabled};
        for (gate, ebpf, expected) in [
            (false, false, Privileged(GateDisabled)),
            (false, true, Privileged(GateDisabled)),
            (true, false, NonPrivileged),
            (true, true, Privileged(EbpfDataplane)),
        ] {
            let version = CalicoVersion::Known(CalicoRelease { major: 3, minor: 31, patch: 6 });
            let decision = decide(gate, &version, Features { ebpf, ..Features::NONE });
            assert_eq!(decision.mode, expected, "gate {gate}, eBPF {ebpf}");
            assert_eq!(decision.caveats.is_empty(), expected != NonPrivileged);
        }
    }

    #[test]
    fn codes_are_those_of_the_status() {
        assert_eq!(NodePrivilege::NonPrivileged.code(), "NonPrivileged");
        assert_eq!(NodePrivilege::Privileged(PrivilegedBecause::EbpfDataplane).code(), "Privileged");
        assert_eq!(
            NodePrivilege::Privileged(PrivilegedBecause::GateDisabled).because().unwrap().code(),
            "GateDisabled"
        );
    }
}
