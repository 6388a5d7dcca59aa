//! A switch after its write, and one whose overlay came back: what a look at nodes and guard tells of its end.

use crate::dataplane::Dataplane;
use crate::guard::{self, GuardObservation};
use crate::intent::NetworkIntent;
use crate::overlay::{self, Judgement, OverlayVerdict};
use crate::phase::{Leftovers, Phase, Verified};
use crate::reading::Reading;
use crate::settings::Settings;
use crate::shoot::ShootFacts;
use crate::survey;
use crate::time::Timestamp;
use crate::verification::{self, Routes, Verification};

use super::{Observed, SwitchStatus, Written};

/// What a look after the write found.
pub(super) struct AfterWrite {
    /// Of a switch that may be applied; `None` where none is open.
    pub(super) verification: Option<Verification>,
    pub(super) leftovers: Leftovers,
    /// Whether a route writer serves the shoot.
    pub(super) routes: Routes,
    /// Since when the switch is written, or goes back.
    pub(super) since: Timestamp,
}

impl AfterWrite {
    pub(super) fn verified(&self) -> Verified {
        if self.verification.as_ref().is_some_and(Verification::is_over) { Verified::Yes } else { Verified::NotYet }
    }
}

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) settings: &'a Settings,
    pub(super) shoot: &'a ShootFacts,
    pub(super) intent: &'a NetworkIntent,
    pub(super) observed: &'a Observed,
    pub(super) previous: Option<SwitchStatus>,
    pub(super) target: &'a Dataplane,
    pub(super) now: Timestamp,
}

/// Looks at nodes and guard where a switch is written or goes back; the judgement gets to know what was seen, to be reported.
pub(super) fn look(seen: Seen<'_>, judgement: &mut Judgement) -> AfterWrite {
    let Seen { settings, shoot, intent, observed, previous, target, now } = seen;
    let encapsulates = target.encapsulations().any();
    let is_unchanged = judgement.verdict == OverlayVerdict::Unchanged;
    let phase = previous.map(|status| status.phase);
    let is_open = match phase {
        Some(Phase::Done) => false,
        None | Some(Phase::Idle | Phase::Reverting) => Written::of(&observed.sources) == Written::First,
        Some(_) => true,
    };
    let mut after = AfterWrite {
        verification: None,
        leftovers: Leftovers::Something,
        routes: overlay::routes(settings, shoot, intent),
        since: since(previous, encapsulates, now),
    };
    let goes_back = phase == Some(Phase::Reverting) && encapsulates;
    if !is_unchanged || !(goes_back || is_open && !encapsulates) {
        return after;
    }
    let configured = &settings.overlay_switch;
    let rules = overlay::rules(settings, target);
    if let Reading::Known(nodes) = &observed.nodes
        && (goes_back || after.routes == Routes::Expected)
    {
        judgement.survey = Some(survey::take(nodes, rules, &configured.excluded_classes, now).0);
    }
    if goes_back {
        after.leftovers = leftovers(seen, judgement, after.since);
        return after;
    }
    let guard = guard::judge(configured.guard, configured.profile, judgement.guard.api, observed.guard);
    if after.routes == Routes::Expected && judgement.survey.is_some() {
        judgement.guard = guard;
    }
    after.verification = Some(Verification::of(verification::Evidence {
        rollout: observed.rollout,
        routes: after.routes,
        nodes: &observed.nodes,
        rules,
        excluded: &configured.excluded_classes,
        guard_suffices: guard.sufficient,
        since: after.since,
        grace: configured.route_writer_grace,
        bound: configured.deadline,
        now,
    }));
    after
}

/// Of a phase that goes on the time it began, as the last status told; never one in the future.
fn since(previous: Option<SwitchStatus>, encapsulates: bool, now: Timestamp) -> Timestamp {
    let goes_on = |phase| match phase {
        Phase::Switching | Phase::Verifying => !encapsulates,
        Phase::Reverting => encapsulates,
        Phase::Idle | Phase::Guarding | Phase::Cleaning | Phase::AwaitingRoutes | Phase::Done => false,
    };
    let since = previous.filter(|status| goes_on(status.phase)).and_then(|status| status.since);
    since.map_or(now, |since| since.min(now))
}

fn leftovers(seen: Seen<'_>, judgement: &Judgement, since: Timestamp) -> Leftovers {
    let is_overdue = seen.now.since(since) >= seen.settings.overlay_switch.deadline;
    let cleaned = match &judgement.survey {
        Some(survey) => survey.no_route_created.is_empty(),
        // Nodes go with the sleep, and come without a condition.
        None => seen.shoot.hibernation_enabled,
    };
    if is_overdue || cleaned && guard_is_gone(seen.observed) { Leftovers::Nothing } else { Leftovers::Something }
}

/// Whether the guard was seen to have no effect; without nodes there is none to be seen.
pub(super) fn guard_is_gone(observed: &Observed) -> bool {
    let no_nodes = observed.nodes.known().is_some_and(alloc::vec::Vec::is_empty);
    observed.guard == GuardObservation::NotEffective || no_nodes && observed.guard == GuardObservation::NotObserved
}
