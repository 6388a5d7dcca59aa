//! The rules of the verdict, in order.

use alloc::vec::Vec;

use super::{Hold, HoldReason, OverlayVerdict, UnverifiedReason};
use crate::admission_policy;
use crate::dataplane::Dataplane;
use crate::encapsulation::{Encapsulation, IpFamily};
use crate::guard::{self, GuardFacts, GuardObservation, GuardState};
use crate::in_effect::{InEffect, removed_families, rests_on_variable_alone};
use crate::intent::NetworkIntent;
use crate::nodes::{CountedRoutes, EvidenceRules, NodeFacts};
use crate::reading::{ReadFailure, ReadFailureKind, Reading};
use crate::settings::{ImplicitRemovals, OldEvidence, Profile, Settings, Verification, WhenUnguarded};
use crate::shoot::ShootFacts;
use crate::survey::{self, EVIDENCE_OLD_AFTER, Outcome, Survey};
use crate::time::Timestamp;
use crate::verification::Routes;

/// What a judgement rests on.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What is in effect.
    pub in_effect: &'a InEffect,
    /// The nodes of the shoot.
    pub nodes: &'a Reading<Vec<NodeFacts>>,
    /// What was seen of the guard.
    pub guard: GuardObservation,
    /// Since when the switch has been held; `now` where it has not.
    pub held_since: Timestamp,
    /// The time of the judgement.
    pub now: Timestamp,
}

/// A verdict with what it saw on the way.
#[derive(Debug)]
pub struct Judgement {
    /// The verdict.
    pub verdict: OverlayVerdict,
    /// The guard, as far as the verdict looked at it.
    pub guard: GuardFacts,
    /// The nodes, as far as the verdict looked at them.
    pub survey: Option<Survey>,
    /// Families whose removal is without effect, see [`rests_on_variable_alone`].
    pub without_effect: Vec<IpFamily>,
}

/// Judges whether `target` may take the place of what is in effect. The first rule that matches wins.
#[must_use]
pub fn judge(
    settings: &Settings,
    shoot: &ShootFacts,
    intent: &NetworkIntent,
    target: &Dataplane,
    evidence: Evidence<'_>,
) -> Judgement {
    let mut judge = Judge { settings, shoot, intent, target, evidence, judgement: Judgement::open(shoot) };
    let verdict = judge.verdict();
    judge.judgement.verdict = judge.break_glass(verdict);
    judge.judgement
}

/// The evidence rules for the nodes of this target.
pub(crate) fn rules(settings: &Settings, target: &Dataplane) -> EvidenceRules {
    let dual_stack = target.ipv4.is_some() && target.ipv6.is_some();
    match settings.overlay_switch.profile {
        Profile::Default => EvidenceRules::On { dual_stack, routes: CountedRoutes::OfAnyAge },
        Profile::Strict => EvidenceRules::Off,
    }
}

/// Whether a shoot without overlay has routes that somebody writes and somebody looks at.
pub(crate) fn routes(settings: &Settings, shoot: &ShootFacts, intent: &NetworkIntent) -> Routes {
    let configured = &settings.overlay_switch;
    let expected = intent.overlay.is_some_and(|overlay| {
        let by_bird = overlay.create_pod_routes && configured.pod_routes == Verification::Skip;
        !overlay.enabled && !by_bird
    });
    let asked_for = settings.seamless_overlay_switch
        && configured.route_verification == Verification::Require
        && admission_policy::is_available(shoot.kubernetes_version, shoot.api_server);
    if expected && asked_for { Routes::Expected } else { Routes::NotExpected }
}

impl Judgement {
    fn open(shoot: &ShootFacts) -> Self {
        Self {
            verdict: OverlayVerdict::Unchanged,
            guard: GuardFacts {
                state: GuardState::NotNeeded,
                api: admission_policy::guard_api(shoot.kubernetes_version, shoot.api_server),
                sufficient: true,
            },
            survey: None,
            without_effect: Vec::new(),
        }
    }
}

struct Judge<'a> {
    settings: &'a Settings,
    shoot: &'a ShootFacts,
    intent: &'a NetworkIntent,
    target: &'a Dataplane,
    evidence: Evidence<'a>,
    judgement: Judgement,
}

impl Judge<'_> {
    fn verdict(&mut self) -> OverlayVerdict {
        use OverlayVerdict::{ProceedUnverified, Unchanged};

        if self.target.encapsulations().everywhere() {
            return Unchanged;
        }
        let unreadable = match self.evidence.in_effect {
            InEffect::FirstInstallation => {
                return ProceedUnverified(UnverifiedReason::FirstInstallation);
            }
            InEffect::Unreadable(failure) => Some(failure.clone()),
            InEffect::Known { encapsulations, dataplane } => {
                let removed = removed_families(*encapsulations, self.target);
                let (without_effect, removed): (Vec<_>, Vec<_>) = removed.into_iter().partition(|family| {
                    let in_effect = encapsulations.family(*family).unwrap_or(Encapsulation::None);
                    dataplane
                        .as_ref()
                        .is_some_and(|current| rests_on_variable_alone(in_effect, current, self.target, *family))
                });
                self.judgement.without_effect = without_effect;
                if removed.is_empty() {
                    return Unchanged;
                }
                None
            }
        };
        self.gate(unreadable).unwrap_or_else(|| self.look_at_nodes())
    }

    /// Everything that answers without a look at the shoot.
    fn gate(&self, unreadable: Option<ReadFailure>) -> Option<OverlayVerdict> {
        let unverified = |reason| Some(OverlayVerdict::ProceedUnverified(reason));
        let configured = &self.settings.overlay_switch;
        let explicit = self.intent.overlay.is_some_and(|overlay| !overlay.enabled);
        let pod_routes = self.intent.overlay.is_some_and(|overlay| overlay.create_pod_routes);

        if !self.settings.seamless_overlay_switch {
            return unverified(UnverifiedReason::GateDisabled);
        }
        if !explicit && unreadable.is_none() {
            return match configured.implicit_removals {
                ImplicitRemovals::Report => unverified(UnverifiedReason::OverlayNotDisabledExplicitly),
                ImplicitRemovals::Hold => Some(self.hold(HoldReason::OverlayNotDisabledExplicitly)),
            };
        }
        if !admission_policy::is_available(self.shoot.kubernetes_version, self.shoot.api_server) {
            return match configured.when_unguarded {
                WhenUnguarded::Proceed => unverified(UnverifiedReason::AdmissionPolicyUnavailable),
                WhenUnguarded::Hold => Some(self.hold(HoldReason::AdmissionPolicyUnavailable)),
            };
        }
        if let Some(failure) = unreadable {
            return Some(self.hold_for(HoldReason::CurrentStateUnreadable, failure));
        }
        if configured.route_verification == Verification::Skip {
            return unverified(UnverifiedReason::NoRouteController);
        }
        if pod_routes && configured.pod_routes == Verification::Skip {
            return unverified(UnverifiedReason::PodRoutesByCalico);
        }
        self.shoot.hibernation_enabled.then(|| self.hold(HoldReason::Hibernated))
    }

    fn look_at_nodes(&mut self) -> OverlayVerdict {
        let configured = &self.settings.overlay_switch;
        self.judgement.guard =
            guard::judge(configured.guard, configured.profile, self.judgement.guard.api, self.evidence.guard);
        let nodes = match self.evidence.nodes {
            Reading::Known(nodes) => nodes,
            Reading::Absent => {
                let failure = ReadFailure::new(ReadFailureKind::NotGiven, "there is no list of nodes");
                return self.hold_for(HoldReason::NodesUnreadable, failure);
            }
            Reading::Unreadable(failure) => {
                let reason = match failure.kind {
                    ReadFailureKind::Unreachable => HoldReason::ShootUnreachable,
                    ReadFailureKind::NotGiven
                    | ReadFailureKind::Refused
                    | ReadFailureKind::Incomplete
                    | ReadFailureKind::Undecodable => HoldReason::NodesUnreadable,
                };
                return self.hold_for(reason, failure.clone());
            }
        };
        let rules = self.rules();
        let (survey, outcome) = survey::take(nodes, rules, &configured.excluded_classes, self.evidence.now);
        let shows_a_route_writer = survey.shows_a_route_writer;
        self.judgement.survey = Some(survey);

        match outcome {
            Outcome::NoNodes => {
                self.judgement.guard.state = GuardState::NotNeeded;
                OverlayVerdict::ProceedUnverified(UnverifiedReason::NoNodes)
            }
            _ if !self.judgement.guard.sufficient => self.hold(HoldReason::GuardNotEffective),
            Outcome::Ready(witness) => OverlayVerdict::Proceed(witness),
            Outcome::Waiting => {
                let held_for = self.evidence.now.since(self.evidence.held_since);
                let given_up = !shows_a_route_writer && held_for >= configured.route_writer_grace;
                self.hold(if given_up { HoldReason::NoRouteWriter } else { HoldReason::RoutesMissing })
            }
        }
    }

    /// The evidence rules of an open switch. Which evidence is old does not depend on what is seen of the guard: a guard that could not be
    /// asked must not make it count.
    fn rules(&self) -> EvidenceRules {
        let configured = &self.settings.overlay_switch;
        let guard_is_possible = !matches!(self.judgement.guard.state, GuardState::Disabled | GuardState::Impossible);
        match rules(self.settings, self.target) {
            EvidenceRules::On { dual_stack, .. }
                if configured.old_evidence == OldEvidence::IsWrittenAgain
                    && guard_is_possible
                    && self.intent.break_glass.is_none() =>
            {
                // What was written during the hold is fresh, however long that lasts: nothing is deleted twice.
                let since = self.evidence.held_since.min(self.evidence.now.minus(EVIDENCE_OLD_AFTER));
                EvidenceRules::On { dual_stack, routes: CountedRoutes::WrittenSince(since) }
            }
            rules => rules,
        }
    }

    /// Lets a hold go where an operator said so. A sleeping shoot stays held: nothing could be applied there anyway, and its
    /// nodes will be new ones.
    fn break_glass(&self, verdict: OverlayVerdict) -> OverlayVerdict {
        match verdict {
            OverlayVerdict::Hold(hold)
                if self.intent.break_glass.is_some() && hold.reason != HoldReason::Hibernated =>
            {
                OverlayVerdict::ProceedUnverified(UnverifiedReason::BreakGlass)
            }
            verdict => verdict,
        }
    }

    fn hold(&self, reason: HoldReason) -> OverlayVerdict {
        let since = self.evidence.held_since;
        OverlayVerdict::Hold(Hold {
            reason,
            survey: self.judgement.survey.clone(),
            failure: None,
            since,
            deadline: since.plus(self.settings.overlay_switch.deadline),
        })
    }

    fn hold_for(&self, reason: HoldReason, failure: ReadFailure) -> OverlayVerdict {
        match self.hold(reason) {
            OverlayVerdict::Hold(hold) => OverlayVerdict::Hold(Hold { failure: Some(failure), ..hold }),
            verdict => verdict,
        }
    }
}
