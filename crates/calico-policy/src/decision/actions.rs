//! What to do about a decision, in order.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::after::{self, AfterWrite};
use super::{Action, Observed};
use crate::admission_policy::GuardApi;
use crate::dataplane::Dataplane;
use crate::guard::GuardState;
use crate::overlay::{HoldReason, Judgement, OverlayVerdict, UnverifiedReason};
use crate::phase::Phase;
use crate::settings::{GuardRequirement, Settings};
use crate::survey::{NodeNames, StaleRoute};
use crate::verification::Routes;

/// What actions may write.
pub(super) struct Writes {
    /// The bundle of the target.
    pub(super) due: Dataplane,
    /// The target with the encapsulation in effect; `None` where nothing is held or it cannot be expressed.
    pub(super) held: Option<Dataplane>,
    pub(super) to_clean: Option<NodeNames>,
}

/// What actions depend on.
pub(super) struct Situation<'a> {
    pub(super) settings: &'a Settings,
    pub(super) judgement: &'a Judgement,
    pub(super) after: &'a AfterWrite,
    pub(super) observed: &'a Observed,
    pub(super) phase: Phase,
    pub(super) previous: Option<Phase>,
    pub(super) writes: Writes,
    pub(super) break_glass: bool,
}

/// All actions.
pub(super) fn of(situation: Situation<'_>) -> Vec<Action> {
    let Situation { settings, judgement, after, observed, phase, previous, writes, break_glass } = situation;
    let Writes { due, held, to_clean } = writes;
    let mut actions = Vec::new();
    let write_target = || Action::WriteBundle(Box::new(due));
    let guard = possible_guard(settings, judgement);
    match &judgement.verdict {
        OverlayVerdict::Hold(hold) => {
            let asleep = hold.reason == HoldReason::Hibernated;
            if let (false, Some(api)) = (asleep, guard) {
                actions.push(Action::DeployGuard(api));
            }
            actions.extend(to_clean.map(Action::CleanConditions));
            actions.extend(to_refresh(judgement, phase).map(Action::RefreshEvidence));
            actions.push(held.map_or(Action::KeepBundle, |held| Action::WriteBundle(Box::new(held))));
            if !asleep {
                actions.push(Action::WatchNodes);
            }
        }
        OverlayVerdict::Unchanged if phase == Phase::Reverting => {
            actions.extend([write_target(), Action::RemoveGuard]);
            let left = judgement.survey.as_ref().map(|survey| &survey.no_route_created);
            if let Some(left) = left.filter(|left| !left.is_empty() && after::guard_is_gone(observed)) {
                actions.push(Action::CleanNoRouteCreated(left.clone()));
            }
        }
        OverlayVerdict::Unchanged => {
            actions.extend(upkeep(guard, judgement, after, phase, previous));
            actions.extend(to_clean.map(Action::CleanConditions));
            actions.push(write_target());
        }
        OverlayVerdict::ProceedUnverified(reason) if leaves_no_guard(*reason, judgement) => {
            actions.extend([Action::RemoveGuard, write_target()]);
        }
        OverlayVerdict::ProceedUnverified(UnverifiedReason::FirstInstallation) => actions.push(write_target()),
        OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => {
            let is_there = matches!(judgement.guard.state, GuardState::Effective | GuardState::Unknown);
            actions.extend(guard.filter(|_| !is_there).map(Action::DeployGuard));
            actions.push(write_target());
        }
    }
    if break_glass && matches!(phase, Phase::Switching | Phase::Verifying) {
        actions.push(Action::ConsumeBreakGlass);
    }
    actions
}

/// In which version the guard can be deployed; `None` where it cannot, or must not.
fn possible_guard(settings: &Settings, judgement: &Judgement) -> Option<GuardApi> {
    judgement.guard.api.filter(|_| settings.overlay_switch.guard != GuardRequirement::Disabled)
}

/// What becomes of the guard of a switch that is written. It stays only where a route writer has been seen, and in the version that the
/// shoot has now.
fn upkeep(
    guard: Option<GuardApi>,
    judgement: &Judgement,
    after: &AfterWrite,
    phase: Phase,
    previous: Option<Phase>,
) -> Option<Action> {
    let guard = guard.filter(|_| after.routes == Routes::Expected);
    let seen = judgement.survey.as_ref();
    match (phase, guard) {
        (Phase::Verifying, Some(api)) => {
            let is_missing = matches!(judgement.guard.state, GuardState::NotEffective);
            (is_missing && seen.is_some_and(|survey| survey.total > 0)).then_some(Action::DeployGuard(api))
        }
        (Phase::Done, None) => Some(Action::RemoveGuard),
        (Phase::Done, Some(_)) if seen.is_some_and(|survey| survey.total > 0 && !survey.shows_a_route_writer) => {
            Some(Action::RemoveGuard)
        }
        (Phase::Done, Some(api)) if previous == Some(Phase::Done) => Some(Action::UpdateGuard(api)),
        _ => None,
    }
}

/// Whether a guard of an earlier hold must go before the switch: where no route writer has shown up, nobody would ever take
/// away a `CalicoIsDown` that was written just before the guard acted. Without nodes there is nothing to see, and one that joins before
/// the switch is applied needs the guard.
fn leaves_no_guard(reason: UnverifiedReason, judgement: &Judgement) -> bool {
    let shows_a_route_writer = judgement.survey.as_ref().is_some_and(|survey| survey.shows_a_route_writer);
    !matches!(reason, UnverifiedReason::FirstInstallation | UnverifiedReason::NoNodes) && !shows_a_route_writer
}

/// The nodes whose condition of Calico is to be deleted, in a hold and after the write; `None` where there is none, or it would come
/// back.
pub(super) fn to_clean(settings: &Settings, judgement: &Judgement, after: &AfterWrite) -> Option<NodeNames> {
    if !matches!(judgement.verdict, OverlayVerdict::Hold(_)) && after.verification.is_none() {
        return None;
    }
    let written = &judgement.survey.as_ref()?.written_by_calico;
    let cleans = !written.is_empty() && judgement.guard.lets_clean(settings.overlay_switch.profile);
    cleans.then(|| written.clone())
}

/// The routes that have to be written again, while a switch is held that is not written. Only under a guard that was seen to act: what is
/// deleted cannot be put back by us, and Calico must not write in its place.
pub(super) fn to_refresh(judgement: &Judgement, phase: Phase) -> Option<Vec<StaleRoute>> {
    let stale = &judgement.survey.as_ref()?.stale;
    let refreshes = phase.is_hold() && judgement.guard.state == GuardState::Effective && !stale.is_empty();
    refreshes.then(|| stale.clone())
}
