//! Both decisions composed: what follows, what to do, and when to look again.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::admission_policy::GuardApi;
use crate::bundles::{self, Written};
use crate::caveats::Features;
use crate::codes::closed_set;
use crate::dataplane::{Dataplane, PoolSource};
use crate::encapsulation::{Encapsulations, IpFamily, PoolMode};
use crate::guard::{GuardFacts, GuardObservation};
use crate::in_effect::{self, InEffect, ObservedDataplane, Sources};
use crate::intent::NetworkIntent;
use crate::nodes::NodeFacts;
use crate::overlay::{self, Evidence, HoldReason, OverlayVerdict, UnverifiedReason};
use crate::phase::{self, Look, Phase, Rollout};
use crate::privilege::{self, PrivilegeDecision};
use crate::reading::Reading;
use crate::resolve::{ResolveError, effective_families, resolve};
use crate::settings::Settings;
use crate::shoot::{KubeProxy, ShootFacts};
use crate::survey::{NodeNames, StaleRoute, Survey};
use crate::time::Timestamp;
use crate::verification::Verification;
use crate::warning::Warning;

mod actions;
mod after;
mod requeue;
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
    /// Since when it was held, was written or went back; `None` where it was none of that.
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
    /// What a switch that is applied still lacks; `None` where none is open.
    pub verification: Option<Verification>,
    /// Since when it is held, written, or goes back; `None` in every other phase.
    pub since: Option<Timestamp>,
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
    /// Delete the condition `NetworkUnavailable` from these nodes, where a route writer said that they have no route: it has stopped, and
    /// their machines would be replaced.
    CleanNoRouteCreated(NodeNames),
    /// Delete the condition `NetworkUnavailable` from these nodes, where it still is the one that was seen: it says that there is a route,
    /// and is too old to count. A route writer that lives writes it again.
    RefreshEvidence(Vec<StaleRoute>),
    /// Bring the guard that is there to this version of its API; where there is none, none is deployed.
    UpdateGuard(GuardApi),
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
    /// When a node changes: nothing else is waited for.
    OnNodes {
        /// After this time, for who is told of changes of the nodes.
        watched: Duration,
        /// After this time, for who is not.
        unwatched: Duration,
    },
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
    let mut judgement = overlay::judge(settings, shoot, intent, &target, evidence);
    let told = previous.known().copied();
    let seen = after::Seen { settings, shoot, intent, observed, previous: told, target: &target, now };
    let after = after::look(seen, &mut judgement);
    let to_clean = actions::to_clean(settings, &judgement, &after);
    let look = Look {
        previous: told.map(|status| status.phase),
        verdict: &judgement.verdict,
        target_encapsulates: target.encapsulations().any(),
        guard: observed.guard,
        cleans: to_clean.is_some(),
        rollout: observed.rollout,
        written: Written::of(&observed.sources),
        verified: after.verified(),
        leftovers: after.leftovers,
    };
    let phase = phase::after(look);
    let is_over = matches!(phase, Phase::Idle | Phase::Done);
    let held = match (&judgement.verdict, &in_effect) {
        // We never take a switch back by ourselves.
        (OverlayVerdict::Hold(_), _) if look.written_but_unreadable().is_some() => None,
        (OverlayVerdict::Hold(_), InEffect::Known { dataplane: Some(current), .. }) => {
            hold(&target, current, &observed.sources)
        }
        _ => None,
    };
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
        verification: after.verification.as_ref(),
        phase,
        now,
    });
    let actions = actions::of(actions::Situation {
        settings,
        judgement: &judgement,
        after: &after,
        observed,
        phase,
        previous: look.previous,
        writes: actions::Writes { due: due(&judgement.verdict, phase, &target, &observed.sources), held, to_clean },
        break_glass: intent.break_glass.is_some(),
    });
    let outlook =
        requeue::Outlook { settings, shoot, observed, judgement: &judgement, phase, bundle, actions: &actions, now };
    let requeue = requeue::requeue(&outlook);
    Ok(Decision {
        from: match &in_effect {
            InEffect::Known { encapsulations, .. } => *encapsulations,
            InEffect::FirstInstallation | InEffect::Unreadable(_) => Encapsulations::default(),
        },
        actions,
        since: match &judgement.verdict {
            OverlayVerdict::Hold(hold) => Some(hold.since),
            _ if matches!(phase, Phase::Switching | Phase::Verifying | Phase::Reverting) => Some(after.since),
            _ => None,
        },
        outcome: outcome(settings, observed, &judgement.verdict, now),
        requeue,
        first: first_of_second(phase, &target, &observed.sources),
        privilege,
        target,
        overlay: judgement.verdict,
        phase,
        bundle,
        guard: if is_over { judgement.guard.not_needed() } else { judgement.guard },
        // Of a switch that is over every look tells the same, also the one that saw its end.
        survey: judgement.survey.filter(|_| !is_over),
        verification: after.verification,
        warnings,
    })
}

impl Decision {
    /// One sentence for people, with the particulars.
    #[must_use]
    pub fn message(&self) -> String {
        match (&self.overlay, &self.verification) {
            (OverlayVerdict::Unchanged, Some(verification)) if self.phase == Phase::Verifying => {
                format!("the encapsulation is gone; still to be verified: {}", verification.message())
            }
            (verdict, _) => verdict.message(),
        }
    }
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

/// The target with the encapsulation in effect; `None` where no bundle can express that.
fn hold(target: &Dataplane, current: &ObservedDataplane, sources: &Sources) -> Option<Dataplane> {
    let mut held = in_effect::hold_encapsulation(target, current)?;
    keep_pools_of_the_bundle(&mut held, sources);
    if !in_effect::keeps_pools(&held, current) {
        return None;
    }
    for family in [held.ipv4.as_mut(), held.ipv6.as_mut()].into_iter().flatten() {
        // `Off` is never read back from an object, and the variable beside it must not change because of that.
        if family.pool_source == PoolSource::Object && !family.sends.is_some() {
            family.mode = PoolMode::Never;
        }
    }
    Some(held)
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

fn outcome(settings: &Settings, observed: &Observed, verdict: &OverlayVerdict, now: Timestamp) -> Outcome {
    let OverlayVerdict::Hold(hold) = verdict else {
        return Outcome::Succeed;
    };
    if hold.reason == HoldReason::Hibernated {
        return Outcome::Succeed;
    }
    if now < requeue::progress_ends(settings, observed, hold, now) {
        Outcome::Progressing
    } else {
        Outcome::RetriableError
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
