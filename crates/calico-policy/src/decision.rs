//! Both decisions composed: what follows, what to do, and when to look again.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::admission_policy::GuardApi;
use crate::bundles::{self, Written};
use crate::caveats::Features;
use crate::codes::closed_set;
use crate::dataplane::{Dataplane, PoolSource};
use crate::encapsulation::{Encapsulations, IpFamily};
use crate::guard::{GuardFacts, GuardObservation};
use crate::in_effect::{self, InEffect, ObservedDataplane, Sources};
use crate::intent::NetworkIntent;
use crate::nodes::NodeFacts;
use crate::overlay::{self, Evidence, HoldReason, OverlayVerdict, UnverifiedReason};
use crate::phase::{self, Look, Phase, Rollout};
use crate::privilege::{self, PrivilegeDecision};
use crate::reading::Reading;
use crate::resolve::{ResolveError, effective_families, resolve};
use crate::settings::{GuardRequirement, Profile, Settings};
use crate::shoot::{KubeProxy, ShootFacts};
use crate::survey::{NodeNames, Survey};
use crate::time::Timestamp;
use crate::warning::Warning;

mod warnings;

/// Everything observed that the decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct Observed {
    /// What tells the encapsulation in effect.
    pub sources: Sources,
    /// The nodes of the shoot, all of them or unreadable.
    pub nodes: Reading<Vec<NodeFacts>>,
    /// Whether the list of nodes is complete only by assumption.
    pub node_list: NodeList,
    /// What was seen of the guard.
    pub guard: GuardObservation,
    /// How far the last written bundle has come.
    pub rollout: Rollout,
    /// When the current operation was asked for: annotation `gardener.cloud/timestamp`.
    pub operation_requested: Option<Timestamp>,
}

/// How a list of nodes came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NodeList {
    /// A list that says of itself that it is complete.
    Complete,
    /// Single Node documents.
    AssumedComplete,
}

/// What the last status said about the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct SwitchStatus {
    /// Its phase.
    pub phase: Phase,
    /// Since when it was held; `None` where it was not.
    pub since: Option<Timestamp>,
}

/// Both decisions and what follows from them.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node privilege mode.
    pub privilege: PrivilegeDecision,
    /// The dataplane that the configuration asks for.
    pub target: Dataplane,
    /// The overlay verdict. The witness of `Proceed` must be given up to write the target.
    pub overlay: OverlayVerdict,
    /// Where the switch stands.
    pub phase: Phase,
    /// The encapsulation in effect; empty where unknown or where there is none.
    pub from: Encapsulations,
    /// What may be written now.
    pub bundle: Bundle,
    /// The first of the two bundles of a switch, where the second is due.
    pub first: Option<Dataplane>,
    /// The guard.
    pub guard: GuardFacts,
    /// What a look at the nodes found; `None` where there was none.
    pub survey: Option<Survey>,
    /// What to do, in order. Carrying any of them out twice is harmless.
    pub actions: Vec<Action>,
    /// What a person should know, sorted.
    pub warnings: Vec<Warning>,
    /// How the operation is reported.
    pub outcome: Outcome,
    /// When to look again.
    pub requeue: Requeue,
}

closed_set! {
    /// Which bundle may be written.
    pub enum Bundle {
        /// The one that was asked for.
        Target,
        /// The one that was asked for, with the encapsulation in effect.
        Held,
        /// None: the encapsulation in effect is unknown or cannot be expressed.
        Frozen,
    }
}

/// Something to do in seed or shoot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Action {
    /// Deploy the guard in this API version.
    DeployGuard(GuardApi),
    /// Remove the guard.
    RemoveGuard,
    /// Delete the condition `NetworkUnavailable` from these nodes, where Calico wrote it.
    CleanConditions(NodeNames),
    /// Write the bundle of this dataplane.
    WriteBundle(Box<Dataplane>),
    /// Leave the bundle as it is.
    KeepBundle,
    /// Watch the nodes of the shoot until the next decision.
    WatchNodes,
    /// Remove the annotation `skip-route-check` after the write: it is good for one switch, also for one that did not need it.
    ConsumeBreakGlass,
}

/// How an operation on the Network is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Outcome {
    /// It succeeds once the bundle is applied.
    Succeed,
    /// It is still processing: gardenlet aborts its flow soon after it sees an error.
    Progressing,
    /// It fails with a retriable error.
    RetriableError,
}

/// When to decide again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// When something changes.
    OnChange,
    /// After this time, or when something changes.
    After(Duration),
}

/// Decides both questions. Nothing is remembered between calls; `previous` is what the last status said.
///
/// # Errors
/// [`ResolveError`] where the configuration yields no dataplane.
pub fn decide(
    settings: &Settings,
    shoot: &ShootFacts,
    intent: &NetworkIntent,
    observed: &Observed,
    previous: &Reading<SwitchStatus>,
    now: Timestamp,
) -> Result<Decision, ResolveError> {
    let privilege =
        privilege::decide(settings.non_privileged_calico_node, &settings.calico_version, features(shoot, intent));
    let mut target = resolve(intent, shoot, privilege.mode)?;
    keep_pools_of_the_bundle(&mut target, &observed.sources);

    let in_effect = in_effect::what_is_in_effect(&target, &observed.sources);
    let held_since = held_since(previous, now);
    let evidence = Evidence { in_effect: &in_effect, nodes: &observed.nodes, guard: observed.guard, held_since, now };
    let judgement = overlay::judge(settings, shoot, intent, &target, evidence);
    let to_clean = to_clean(settings, &judgement);
    let look = Look {
        previous: previous.known().map(|status| status.phase),
        verdict: &judgement.verdict,
        target_encapsulates: target.encapsulations().any(),
        guard: observed.guard,
        cleans: to_clean.is_some(),
        rollout: observed.rollout,
        written: Written::of(&observed.sources),
    };
    let phase = phase::after(look);
    let mut held = match (&judgement.verdict, &in_effect) {
        // We never take a switch back by ourselves.
        (OverlayVerdict::Hold(_), _) if look.written_but_unreadable().is_some() => None,
        (OverlayVerdict::Hold(_), InEffect::Known { dataplane: Some(current), .. }) => {
            in_effect::hold_encapsulation(&target, current)
        }
        _ => None,
    };
    if let Some(held) = &mut held {
        keep_pools_of_the_bundle(held, &observed.sources);
    }
    let bundle = match (&judgement.verdict, &held) {
        (OverlayVerdict::Hold(_), Some(_)) => Bundle::Held,
        (OverlayVerdict::Hold(_), None) => Bundle::Frozen,
        _ => Bundle::Target,
    };
    let warnings = warnings::collect(&warnings::Seen {
        shoot,
        intent,
        observed,
        previous,
        target: &target,
        in_effect: &in_effect,
        judgement: &judgement,
        phase,
        now,
    });
    Ok(Decision {
        from: match &in_effect {
            InEffect::Known { encapsulations, .. } => *encapsulations,
            InEffect::FirstInstallation | InEffect::Unreadable(_) => Encapsulations::default(),
        },
        actions: actions(
            settings,
            &judgement,
            phase,
            Writes { due: due(&judgement.verdict, phase, &target, &observed.sources), held, to_clean },
            intent.break_glass.is_some(),
        ),
        outcome: outcome(settings, observed, &judgement.verdict, now),
        requeue: requeue(settings, &judgement.verdict, phase),
        first: first_of_second(phase, &target, &observed.sources),
        privilege,
        target,
        overlay: judgement.verdict,
        phase,
        bundle,
        guard: judgement.guard,
        survey: judgement.survey,
        warnings,
    })
}

fn features(shoot: &ShootFacts, intent: &NetworkIntent) -> Features {
    Features {
        ebpf: intent.ebpf,
        wireguard: intent.wireguard,
        ipv6: effective_families(intent, shoot).contains(&IpFamily::Ipv6),
        nftables: shoot.kube_proxy == KubeProxy::Nftables,
        bird_exporter: intent.bird_exporter,
    }
}

/// A pool object that is in the bundle stays in it: without the `overlay` block the Go extension drops it, and the resource
/// manager then deletes the live pool.
fn keep_pools_of_the_bundle(dataplane: &mut Dataplane, sources: &Sources) {
    let Some(bundle) = sources.bundle.known() else {
        return;
    };
    for (family, pool) in [(dataplane.ipv4.as_mut(), bundle.ipv4), (dataplane.ipv6.as_mut(), bundle.ipv6)] {
        if let (Some(family), Some(pool)) = (family, pool) {
            family.pool_source = family.pool_source.max(pool.source);
        }
    }
}

/// Since when the switch is held. What cannot be read, or lies in the future, counts from now: that may lengthen a hold but
/// never shorten one.
fn held_since(previous: &Reading<SwitchStatus>, now: Timestamp) -> Timestamp {
    let since = previous.known().filter(|status| status.phase.is_hold()).and_then(|status| status.since);
    since.map_or(now, |since| since.min(now))
}

/// The bundle of the target that is due: the first of two until the switch is verified.
fn due(verdict: &OverlayVerdict, phase: Phase, target: &Dataplane, sources: &Sources) -> Dataplane {
    let first = match verdict {
        OverlayVerdict::ProceedUnverified(UnverifiedReason::FirstInstallation) | OverlayVerdict::Hold(_) => false,
        OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => true,
        OverlayVerdict::Unchanged => {
            matches!(phase, Phase::Switching | Phase::Verifying) && Written::of(sources) != Written::Other
        }
    };
    if first { bundles::first(target, sources) } else { target.clone() }
}

/// The bundle that is there where the second one of a switch is due.
fn first_of_second(phase: Phase, target: &Dataplane, sources: &Sources) -> Option<Dataplane> {
    (phase == Phase::Done && Written::of(sources) == Written::First).then(|| bundles::first(target, sources))
}

/// What actions may write.
struct Writes {
    /// The bundle of the target.
    due: Dataplane,
    /// The target with the encapsulation in effect; `None` where nothing is held or it cannot be expressed.
    held: Option<Dataplane>,
    to_clean: Option<NodeNames>,
}

fn actions(
    settings: &Settings,
    judgement: &overlay::Judgement,
    phase: Phase,
    Writes { due, held, to_clean }: Writes,
    break_glass: bool,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let write_target = || Action::WriteBundle(Box::new(due));
    match &judgement.verdict {
        OverlayVerdict::Hold(hold) => {
            let asleep = hold.reason == HoldReason::Hibernated;
            let guarded = settings.overlay_switch.guard != GuardRequirement::Disabled;
            if let (true, false, Some(api)) = (guarded, asleep, judgement.guard.api) {
                actions.push(Action::DeployGuard(api));
            }
            actions.extend(to_clean.map(Action::CleanConditions));
            actions.push(held.map_or(Action::KeepBundle, |held| Action::WriteBundle(Box::new(held))));
            if !asleep {
                actions.push(Action::WatchNodes);
            }
        }
        OverlayVerdict::Unchanged if phase == Phase::Reverting => {
            actions.extend([write_target(), Action::RemoveGuard]);
        }
        OverlayVerdict::ProceedUnverified(reason) if leaves_no_guard(*reason, judgement) => {
            actions.extend([Action::RemoveGuard, write_target()]);
        }
        OverlayVerdict::Unchanged | OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => {
            actions.push(write_target());
        }
    }
    if break_glass && matches!(phase, Phase::Switching | Phase::Verifying) {
        actions.push(Action::ConsumeBreakGlass);
    }
    actions
}

/// Whether a guard of an earlier hold must go before the switch: where no route writer has shown up, nobody would ever take
/// away a `CalicoIsDown` that was written just before the guard acted.
fn leaves_no_guard(reason: UnverifiedReason, judgement: &overlay::Judgement) -> bool {
    let shows_a_route_writer = judgement.survey.as_ref().is_some_and(|survey| survey.shows_a_route_writer);
    reason != UnverifiedReason::FirstInstallation && !shows_a_route_writer
}

/// The nodes of a hold whose condition is to be deleted; `None` where there is none, or it would come back.
fn to_clean(settings: &Settings, judgement: &overlay::Judgement) -> Option<NodeNames> {
    let OverlayVerdict::Hold(_) = judgement.verdict else {
        return None;
    };
    let written = &judgement.survey.as_ref()?.written_by_calico;
    let cleans = !written.is_empty() && judgement.guard.lets_clean(settings.overlay_switch.profile);
    cleans.then(|| written.clone())
}

fn outcome(settings: &Settings, observed: &Observed, verdict: &OverlayVerdict, now: Timestamp) -> Outcome {
    let OverlayVerdict::Hold(hold) = verdict else {
        return Outcome::Succeed;
    };
    if hold.reason == HoldReason::Hibernated {
        return Outcome::Succeed;
    }
    let window = match settings.overlay_switch.profile {
        Profile::Default => settings.overlay_switch.progress_window,
        Profile::Strict => Duration::ZERO,
    };
    let begun = observed.operation_requested.map_or(hold.since, |requested| requested.min(now).max(hold.since));
    if now.since(begun) < window { Outcome::Progressing } else { Outcome::RetriableError }
}

fn requeue(settings: &Settings, verdict: &OverlayVerdict, phase: Phase) -> Requeue {
    match verdict {
        OverlayVerdict::Hold(hold) if hold.reason == HoldReason::Hibernated => Requeue::OnChange,
        OverlayVerdict::Hold(_) => Requeue::After(settings.overlay_switch.poll_interval),
        OverlayVerdict::Unchanged | OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => match phase {
            Phase::Switching | Phase::Verifying | Phase::Reverting => {
                Requeue::After(settings.overlay_switch.poll_interval)
            }
            Phase::Idle | Phase::Done | Phase::Guarding | Phase::Cleaning | Phase::AwaitingRoutes => Requeue::OnChange,
        },
    }
}

/// The pools whose encapsulation follows from variables only.
fn assumed_families(current: &ObservedDataplane) -> impl Iterator<Item = IpFamily> + '_ {
    IpFamily::ALL.iter().copied().filter(|family| {
        let encapsulated =
            current.encapsulations().family(*family).is_some_and(crate::encapsulation::Encapsulation::is_some);
        encapsulated && current.pool(*family).is_some_and(|pool| pool.source == PoolSource::Variable)
    })
}
