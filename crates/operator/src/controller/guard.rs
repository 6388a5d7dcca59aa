//! The guard of an open switch. Nothing deploys or probes one yet: it counts as impossible, so that routes are checked and the guard is
//! not required. This file is the only place that knows.

use adapter_k8s::settings::UnobservedGuard;
use calico_policy::decision::Requeue;
use calico_policy::guard::{GuardFacts, GuardObservation, GuardState};
use calico_policy::phase::Phase;
use calico_policy::warning::WarningCode;
use calico_policy::{Action, Decision};

/// What was seen of the guard.
pub(super) const OBSERVATION: GuardObservation = GuardObservation::NotObserved;

/// Whether a guard that nobody looked for holds a switch.
pub(super) const UNOBSERVED: UnobservedGuard = UnobservedGuard::Reported;

/// Makes a decision say of the guard what is true.
pub(super) fn account(decision: &mut Decision) {
    if decision.guard.state == GuardState::NotObserved {
        decision.guard = GuardFacts { state: GuardState::Impossible, api: None, sufficient: true };
    }
    if decision.phase == Phase::Reverting {
        // There is no guard that would have to go.
        (decision.phase, decision.requeue) = (Phase::Idle, Requeue::OnChange);
    }
    decision.warnings.retain(|warning| warning.code != WarningCode::GuardNotObserved);
    decision
        .actions
        .retain(|action| !matches!(action, Action::DeployGuard(_) | Action::RemoveGuard | Action::CleanConditions(_)));
}
