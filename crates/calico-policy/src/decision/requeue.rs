//! When to look again.

use core::time::Duration;

use super::{Action, Bundle, Observed, Requeue};
use crate::overlay::{Hold, HoldReason, Judgement, OverlayVerdict};
use crate::phase::Phase;
use crate::settings::{Profile, Settings};
use crate::shoot::ShootFacts;
use crate::time::Timestamp;

/// So much less often is a hold looked at while its nodes are watched, but [`AT_LEAST`].
const LESS_OFTEN: u32 = 12;
/// How often such a hold is looked at in any case: a watch tells neither that the guard has gone nor that it has itself fallen silent.
const AT_LEAST: Duration = Duration::from_secs(60);

/// What decides about it.
pub(super) struct Outlook<'a> {
    pub(super) settings: &'a Settings,
    pub(super) shoot: &'a ShootFacts,
    pub(super) observed: &'a Observed,
    pub(super) judgement: &'a Judgement,
    pub(super) phase: Phase,
    pub(super) bundle: Bundle,
    pub(super) actions: &'a [Action],
    pub(super) now: Timestamp,
}

pub(super) fn requeue(outlook: &Outlook<'_>) -> Requeue {
    let Outlook { settings, shoot, judgement, phase, .. } = outlook;
    let poll = settings.overlay_switch.poll_interval;
    match &judgement.verdict {
        _ if shoot.hibernation_enabled && !phase.is_hold() => Requeue::OnChange,
        OverlayVerdict::Hold(hold) if hold.reason == HoldReason::Hibernated => Requeue::OnChange,
        OverlayVerdict::Hold(hold) if waits_for_nodes_alone(outlook, hold) => {
            Requeue::OnNodes { watched: while_watched(outlook, hold), unwatched: poll }
        }
        OverlayVerdict::Hold(_) => Requeue::After(poll),
        OverlayVerdict::Unchanged | OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => match phase {
            Phase::Switching | Phase::Verifying | Phase::Reverting => Requeue::After(poll),
            Phase::Idle | Phase::Done | Phase::Guarding | Phase::Cleaning | Phase::AwaitingRoutes => Requeue::OnChange,
        },
    }
}

/// When the window ends in which this hold counts as progress.
pub(super) fn progress_ends(settings: &Settings, observed: &Observed, hold: &Hold, now: Timestamp) -> Timestamp {
    let window = match settings.overlay_switch.profile {
        Profile::Default => settings.overlay_switch.progress_window,
        Profile::Strict => Duration::ZERO,
    };
    let begun = observed.operation_requested.map_or(hold.since, |requested| requested.min(now).max(hold.since));
    begun.plus(window)
}

/// Whether nothing but a node can end this hold: all was read, the guard suffices, the bundle is held, and no condition is being deleted.
fn waits_for_nodes_alone(outlook: &Outlook<'_>, hold: &Hold) -> bool {
    let Outlook { judgement, phase, bundle, actions, .. } = outlook;
    let deletes = |action: &Action| matches!(action, Action::CleanConditions(_) | Action::RefreshEvidence(_));
    matches!(hold.reason, HoldReason::RoutesMissing | HoldReason::NoRouteWriter)
        && *phase == Phase::AwaitingRoutes
        && *bundle == Bundle::Held
        && judgement.guard.sufficient
        && judgement.survey.as_ref().is_some_and(|survey| survey.stale.is_empty())
        && !actions.iter().any(deletes)
}

/// Until the next moment at which time alone changes what is told, and no longer than a watch is trusted.
fn while_watched(outlook: &Outlook<'_>, hold: &Hold) -> Duration {
    let Outlook { settings, observed, judgement, now, .. } = outlook;
    let configured = &settings.overlay_switch;
    let poll = configured.poll_interval;
    let a_second = Duration::from_secs(1);
    let writer_is_seen = judgement.survey.as_ref().is_some_and(|survey| survey.shows_a_route_writer);
    let moments = [
        Some(progress_ends(settings, observed, hold, *now)),
        // It is overdue after its deadline, not at it.
        Some(hold.deadline.plus(a_second)),
        (!writer_is_seen).then(|| hold.since.plus(configured.route_writer_grace)),
    ];
    let ahead = moments.into_iter().flatten().map(|moment| moment.since(*now)).filter(|ahead| !ahead.is_zero());
    let trusted = poll.saturating_mul(LESS_OFTEN).min(AT_LEAST).max(poll);
    ahead.fold(trusted, Duration::min)
}
