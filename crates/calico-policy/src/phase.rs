//! The phases of a switch, decided anew from what is observed each time.

use crate::bundles::Written;
use crate::codes::closed_set;
use crate::guard::GuardObservation;
use crate::overlay::{HoldReason, OverlayVerdict, UnverifiedReason};

closed_set! {
    /// Where a switch stands.
    pub enum Phase {
        /// No switch.
        Idle,
        /// The guard is not effective yet.
        Guarding,
        /// Conditions written by Calico are being removed.
        Cleaning,
        /// Nodes have no route yet.
        AwaitingRoutes,
        /// The bundle without encapsulation is written, or may be, but is not applied yet.
        Switching,
        /// The bundle is applied; nodes are rolling.
        Verifying,
        /// Every node runs without encapsulation.
        Done,
        /// The overlay came back; the guard is on its way out.
        Reverting,
    }
}

impl Phase {
    /// Whether a switch is held in this phase.
    #[must_use]
    pub const fn is_hold(self) -> bool {
        matches!(self, Self::Guarding | Self::Cleaning | Self::AwaitingRoutes)
    }

    /// Whether the encapsulation has gone in this phase.
    #[must_use]
    pub const fn is_after_write(self) -> bool {
        matches!(self, Self::Switching | Self::Verifying | Self::Done)
    }
}

/// How far the last written bundle has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Rollout {
    /// Nobody looked.
    NotObserved,
    /// Written, not applied: the ManagedResource's observed generation is behind, or `ResourcesApplied` is not True.
    Written,
    /// Applied, but calico-node has not rolled on every node.
    Applied,
    /// Applied, and calico-node has rolled on every node.
    RolledOut,
}

/// What the next phase depends on.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The phase of the last status; `None` where there is none, or it is unreadable.
    pub previous: Option<Phase>,
    /// The verdict of this call.
    pub verdict: &'a OverlayVerdict,
    /// Whether the target encapsulates in any family.
    pub target_encapsulates: bool,
    /// The guard, as seen.
    pub guard: GuardObservation,
    /// Whether conditions that Calico wrote are being deleted.
    pub cleans: bool,
    /// How far the bundle has come.
    pub rollout: Rollout,
    /// Which bundle was written last.
    pub written: Written,
    /// Whether a switch that is applied is verified, or its time is over.
    pub verified: Verified,
    /// What is left of a switch whose overlay came back.
    pub leftovers: Leftovers,
}

/// Whether a switch that is applied is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is, or its time is over.
    Yes,
    /// Something is missing.
    NotYet,
}

/// What is left of a switch whose overlay came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftovers {
    /// Nothing: the guard is seen without effect, and no condition of a stopped route writer is left; or the time for it is over.
    Nothing,
    /// Something, or nobody could tell.
    Something,
}

impl Look<'_> {
    /// The phase of a switch that was reported as written and whose bundle cannot be read now. The shoot may not have got it
    /// yet, so what is seen there does not tell that it is not written.
    #[must_use]
    pub fn written_but_unreadable(&self) -> Option<Phase> {
        self.previous.filter(|previous| previous.is_after_write() && self.written == Written::Unknown)
    }
}

/// The phase that follows from a look.
#[must_use]
pub fn after(look: Look<'_>) -> Phase {
    match look.verdict {
        OverlayVerdict::Hold(hold) => look.written_but_unreadable().unwrap_or_else(|| held(hold.reason, look)),
        OverlayVerdict::Proceed(_) => Phase::Switching,
        OverlayVerdict::ProceedUnverified(UnverifiedReason::FirstInstallation) => Phase::Idle,
        OverlayVerdict::ProceedUnverified(_) => Phase::Switching,
        OverlayVerdict::Unchanged => unchanged(look),
    }
}

fn held(reason: HoldReason, look: Look<'_>) -> Phase {
    match reason {
        HoldReason::GuardNotEffective => Phase::Guarding,
        HoldReason::RoutesMissing | HoldReason::NoRouteWriter if look.cleans => Phase::Cleaning,
        HoldReason::RoutesMissing | HoldReason::NoRouteWriter => Phase::AwaitingRoutes,
        HoldReason::CurrentStateUnreadable
        | HoldReason::NodesUnreadable
        | HoldReason::ShootUnreachable
        | HoldReason::AdmissionPolicyUnavailable
        | HoldReason::OverlayNotDisabledExplicitly
        | HoldReason::Hibernated => look.previous.filter(|phase| phase.is_hold()).unwrap_or(Phase::AwaitingRoutes),
    }
}

fn unchanged(look: Look<'_>) -> Phase {
    if look.target_encapsulates {
        // A switch that was open, or is done, may have left its guard, and calico-node must be able to speak again. A guard
        // that is seen tells of one that no status tells of any more.
        return match (look.previous, look.guard) {
            (Some(Phase::Reverting), _) if look.leftovers == Leftovers::Nothing => Phase::Idle,
            (None | Some(Phase::Idle), GuardObservation::NotEffective | GuardObservation::NotObserved) => Phase::Idle,
            _ => Phase::Reverting,
        };
    }
    match look.previous {
        Some(Phase::Done) => return Phase::Done,
        // The first of two bundles tells of a switch that no status tells of any more.
        None | Some(Phase::Idle | Phase::Reverting) if look.written != Written::First => return Phase::Idle,
        _ => {}
    }
    match look.rollout {
        Rollout::Applied | Rollout::RolledOut if look.verified == Verified::Yes => Phase::Done,
        Rollout::Applied | Rollout::RolledOut => Phase::Verifying,
        Rollout::NotObserved | Rollout::Written if look.previous == Some(Phase::Verifying) => Phase::Verifying,
        Rollout::NotObserved | Rollout::Written => Phase::Switching,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn look(previous: Option<Phase>, verdict: &OverlayVerdict, encapsulates: bool, rollout: Rollout) -> Look<'_> {
        Look {
            previous,
            verdict,
            target_encapsulates: encapsulates,
            guard: GuardObservation::NotObserved,
            cleans: false,
            rollout,
            written: Written::Other,
            verified: if rollout == Rollout::RolledOut { Verified::Yes } else { Verified::NotYet },
            leftovers: Leftovers::Something,
        }
    }

    /// Every previous phase × rollout, target without encapsulation and nothing removed any more.
    #[test]
    fn after_the_write_the_rollout_decides() {
        let rollouts = [Rollout::NotObserved, Rollout::Written, Rollout::Applied, Rollout::RolledOut];
        for (previous, expected) in [
            (Phase::Idle, ["Idle"; 4]),
            (Phase::Guarding, ["Switching", "Switching", "Verifying", "Done"]),
            (Phase::Cleaning, ["Switching", "Switching", "Verifying", "Done"]),
            (Phase::AwaitingRoutes, ["Switching", "Switching", "Verifying", "Done"]),
            (Phase::Switching, ["Switching", "Switching", "Verifying", "Done"]),
            (Phase::Verifying, ["Verifying", "Verifying", "Verifying", "Done"]),
            (Phase::Done, ["Done"; 4]),
            (Phase::Reverting, ["Idle"; 4]),
        ] {
            let seen: Vec<_> = rollouts
                .iter()
                .map(|rollout| after(look(Some(previous), &OverlayVerdict::Unchanged, false, *rollout)).code())
                .collect();
            assert_eq!(seen, expected, "{previous}");
        }
    }

    #[test]
    fn an_overlay_that_comes_back_reverts_an_open_or_finished_switch() {
        use GuardObservation::{Effective, ExistsLongEnough, NotEffective, NotObserved, NotProvenYet};
        let observations = [Effective, ExistsLongEnough, NotProvenYet, NotEffective, NotObserved];
        for (previous, expected) in [
            // A guard that no status tells of: a crash before the status, or one that got lost.
            (None, ["Reverting", "Reverting", "Reverting", "Idle", "Idle"]),
            (Some(Phase::Idle), ["Reverting", "Reverting", "Reverting", "Idle", "Idle"]),
            (Some(Phase::Guarding), ["Reverting"; 5]),
            (Some(Phase::Cleaning), ["Reverting"; 5]),
            (Some(Phase::AwaitingRoutes), ["Reverting"; 5]),
            (Some(Phase::Switching), ["Reverting"; 5]),
            (Some(Phase::Verifying), ["Reverting"; 5]),
            (Some(Phase::Done), ["Reverting"; 5]),
            (Some(Phase::Reverting), ["Reverting"; 5]),
        ] {
            let seen = observations.map(|guard| {
                let unchanged = &OverlayVerdict::Unchanged;
                after(Look { guard, ..look(previous, unchanged, true, Rollout::NotObserved) }).code()
            });
            assert_eq!(seen, expected, "{previous:?}");
        }
    }

    /// Every previous phase: only a revert ends by what is left.
    #[test]
    fn a_revert_ends_where_nothing_is_left() {
        for previous in Phase::ALL.iter().copied().filter(|phase| *phase != Phase::Idle) {
            let unchanged = &OverlayVerdict::Unchanged;
            let look = look(Some(previous), unchanged, true, Rollout::NotObserved);
            let expected = if previous == Phase::Reverting { "Idle" } else { "Reverting" };
            assert_eq!(after(Look { leftovers: Leftovers::Nothing, ..look }).code(), expected, "{previous}");
        }
    }

    /// Rolled out is not verified.
    #[test]
    fn what_is_not_verified_is_not_done() {
        for rollout in [Rollout::Applied, Rollout::RolledOut] {
            for (verified, expected) in [(Verified::Yes, "Done"), (Verified::NotYet, "Verifying")] {
                let unchanged = &OverlayVerdict::Unchanged;
                let look = look(Some(Phase::Verifying), unchanged, false, rollout);
                assert_eq!(after(Look { verified, ..look }).code(), expected, "{rollout:?} {verified:?}");
            }
        }
    }

    #[test]
    fn a_first_installation_is_no_switch() {
        let first = OverlayVerdict::ProceedUnverified(UnverifiedReason::FirstInstallation);
        assert_eq!(after(look(None, &first, false, Rollout::NotObserved)), Phase::Idle);
        for reason in UnverifiedReason::ALL.iter().filter(|reason| **reason != UnverifiedReason::FirstInstallation) {
            let verdict = OverlayVerdict::ProceedUnverified(*reason);
            assert_eq!(after(look(None, &verdict, false, Rollout::NotObserved)), Phase::Switching, "{reason}");
        }
    }
}
