//! The warnings of a decision.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{NodeList, Observed, SwitchStatus, assumed_families};
use crate::admission_policy;
use crate::dataplane::Dataplane;
use crate::encapsulation::{Encapsulation, Encapsulations, IpFamily};
use crate::guard::GuardState;
use crate::in_effect::InEffect;
use crate::intent::NetworkIntent;
use crate::nodes::NodeClass;
use crate::overlay::{Judgement, OverlayVerdict, UnverifiedReason};
use crate::phase::Phase;
use crate::reading::Reading;
use crate::resolve::felix_disagrees_with_pool;
use crate::shoot::ShootFacts;
use crate::survey::{LISTED_NODES, Survey};
use crate::time::Timestamp;
use crate::verification::Verification;
use crate::warning::{Warning, WarningCode};

/// Everything a warning may be about.
pub(super) struct Seen<'a> {
    pub(super) shoot: &'a ShootFacts,
    pub(super) intent: &'a NetworkIntent,
    pub(super) observed: &'a Observed,
    pub(super) previous: &'a Reading<SwitchStatus>,
    pub(super) target: &'a Dataplane,
    pub(super) in_effect: &'a InEffect,
    pub(super) judgement: &'a Judgement,
    pub(super) verification: Option<&'a Verification>,
    pub(super) phase: Phase,
    pub(super) now: Timestamp,
}

/// All warnings, sorted.
pub(super) fn collect(seen: &Seen<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    about_the_configuration(seen, &mut warnings);
    about_the_transition(seen, &mut warnings);
    about_the_evidence(seen, &mut warnings);
    warnings.extend(seen.verification.into_iter().flat_map(about_the_verification));
    warnings
        .sort_unstable_by(|left, right| (left.code.code(), &left.message).cmp(&(right.code.code(), &right.message)));
    warnings.dedup();
    warnings
}

fn about_the_configuration(seen: &Seen<'_>, warnings: &mut Vec<Warning>) {
    for field in &seen.intent.deprecated_fields {
        warnings.push(Warning::new(WarningCode::DeprecatedField, format!("`{field}` has no effect: remove it")));
    }
    if felix_disagrees_with_pool(seen.target) {
        let felix = if seen.target.felix_keeps_ipip() { "on" } else { "off" };
        let pool = seen.target.encapsulations().ipv4.map_or("None", Encapsulation::code);
        let message = format!("Felix has IP in IP {felix}, but the IPv4 pool is `{pool}`: the pool counts");
        warnings.push(Warning::new(WarningCode::FelixDisagreesWithPool, message));
    }
    for family in &seen.judgement.without_effect {
        let message = format!(
            "the {family} pool setting changes only variables that calico-node no longer reads: set `overlay.enabled: false` to \
             turn the overlay off"
        );
        warnings.push(Warning::new(WarningCode::PoolSettingWithoutEffect, message));
    }
}

fn about_the_transition(seen: &Seen<'_>, warnings: &mut Vec<Warning>) {
    let switching = is_switching(&seen.judgement.verdict);
    let InEffect::Known { encapsulations, dataplane } = seen.in_effect else {
        return;
    };
    let target = seen.target.encapsulations();
    if switching {
        for family in dataplane.iter().flat_map(assumed_families) {
            let message =
                format!("no IPPool object names the {family} encapsulation, it is taken from calico-node's variables");
            warnings.push(Warning::new(WarningCode::EncapsulationAssumed, message));
        }
        if seen.intent.overlay.is_none_or(|overlay| overlay.enabled) {
            let message = "encapsulation goes because of another field: set `overlay.enabled: false`, so that the provider starts a \
                           route controller";
            warnings.push(Warning::new(WarningCode::OverlayNotDisabledExplicitly, message));
        }
    }
    for family in IpFamily::ALL {
        warnings.extend(transition(*family, *encapsulations, target));
    }
    if let Some(ipam) = dataplane.as_ref().and_then(|dataplane| dataplane.ipam.as_ref())
        && ipam.kind != seen.target.ipam.kind
    {
        let together = if target == *encapsulations { "" } else { " with the encapsulation" };
        let message = format!(
            "address management changes from `{}` to `{}`{together}: running pods keep addresses that may lie outside of the node's \
             podCIDRs, where no route leads",
            ipam.kind, seen.target.ipam.kind
        );
        warnings.push(Warning::new(WarningCode::IpamChanges, message));
    }
}

/// Transitions that nobody gates but that have known risks.
fn transition(family: IpFamily, from: Encapsulations, to: Encapsulations) -> Option<Warning> {
    use Encapsulation as E;
    let is_ipip = |encapsulation| matches!(encapsulation, E::IpipAlways | E::IpipCrossSubnet);
    match (from.family(family)?, to.family(family)?) {
        (E::None, to) if to.is_some() => Some(Warning::new(
            WarningCode::EncapsulationStarts,
            format!(
                "{family} goes from `None` to `{to}`: running pods keep their MTU, larger packets are lost until they are re-created"
            ),
        )),
        (from, to) if from.is_some() && to.is_some() && is_ipip(from) != is_ipip(to) => Some(Warning::new(
            WarningCode::EncapsulationProtocolChanges,
            format!(
                "{family} goes from `{from}` to `{to}`: nodes that have rolled and nodes that have not may lose each other's packets"
            ),
        )),
        _ => None,
    }
}

fn about_the_evidence(seen: &Seen<'_>, warnings: &mut Vec<Warning>) {
    let switching = is_switching(&seen.judgement.verdict);
    let mut warn = |code, message: String| warnings.push(Warning::new(code, message));

    if let Reading::Unreadable(failure) = seen.previous {
        warn(WarningCode::PreviousStatusUnreadable, format!("the last status could not be read: {failure}"));
    }
    let gate_active = admission_policy::is_available(seen.shoot.kubernetes_version, seen.shoot.api_server);
    if switching && gate_active && seen.judgement.guard.api.is_none() {
        let message = format!(
            "Kubernetes {} serves no version of the policy API that its runtimeConfig turns on: routes are checked, the guard is not \
             required",
            seen.shoot.kubernetes_version
        );
        warn(WarningCode::GuardApiMismatch, message);
    }
    if seen.judgement.guard.state == GuardState::NotObserved {
        warn(
            WarningCode::GuardNotObserved,
            "no admission policy was given: a live controller deploys it before it counts routes".to_string(),
        );
    }
    if let OverlayVerdict::ProceedUnverified(UnverifiedReason::BreakGlass) = seen.judgement.verdict {
        let reason = seen.intent.break_glass.as_deref().unwrap_or_default();
        warn(WarningCode::BreakGlassUsed, format!("skip-route-check lets the switch go ahead unverified: `{reason}`"));
    }
    if let OverlayVerdict::Hold(hold) = &seen.judgement.verdict
        && seen.now > hold.deadline
    {
        let minutes = seen.now.since(hold.since).as_secs() / 60;
        warn(WarningCode::HoldOverdue, format!("the switch has been held for {minutes} minutes"));
    }
    let Some(survey) = &seen.judgement.survey else {
        return;
    };
    if seen.observed.node_list == NodeList::AssumedComplete {
        let message = format!("{} single Node documents were taken as all nodes of the shoot", survey.total);
        warn(WarningCode::CompletenessAssumed, message);
    }
    if survey.old_evidence > 0 {
        let message = format!(
            "{} of {} nodes: nobody has refreshed the condition for an hour",
            survey.old_evidence, survey.total
        );
        warn(WarningCode::EvidenceOld, message);
    }
    for class in NodeClass::ALL {
        warnings.extend(excluded(survey, *class));
    }
    if seen.phase.is_after_write() {
        warnings.extend(regressions(survey));
    }
}

fn excluded(survey: &Survey, class: NodeClass) -> Option<Warning> {
    let names: Vec<&str> =
        survey.excluded.iter().filter(|node| node.class == class).map(|node| &*node.name.0).collect();
    if names.is_empty() {
        return None;
    }
    let count = survey.by_class.get(&class).copied().unwrap_or(0);
    let message = format!("{count} nodes of class {class} do not block: {}", first_of(&names, count));
    Some(Warning::new(WarningCode::NodesExcluded, message))
}

/// These names, and whether there are more.
fn first_of(names: &[&str], count: usize) -> String {
    let more = if count > names.len() { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// What a switch that is applied lacks.
fn about_the_verification(verification: &Verification) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (code, nodes, what) in [
        (WarningCode::NodeLostRoute, &verification.lost, "without a route after the switch"),
        (WarningCode::JoinerWithoutRoute, &verification.late_joiners, "joined after the switch and got no route"),
    ] {
        if !nodes.is_empty() {
            let names: Vec<&str> = nodes.iter().take(LISTED_NODES).map(|name| &*name.0).collect();
            let noun = if nodes.len() == 1 { "node" } else { "nodes" };
            warnings
                .push(Warning::new(code, format!("{} {noun} {what}: {}", nodes.len(), first_of(&names, nodes.len()))));
        }
    }
    if verification.is_overdue && !verification.missing.is_empty() {
        let message = format!("the switch was not verified in its time: {}", verification.message());
        warnings.push(Warning::new(WarningCode::SwitchNotVerified, message));
    }
    warnings
}

/// Nodes of a switched shoot that look bad again.
fn regressions(survey: &Survey) -> Option<Warning> {
    let calico = survey.written_by_calico.len();
    (calico > 0).then(|| {
        Warning::new(
            WarningCode::CalicoConditionCameBack,
            format!("{calico} of {} nodes carry a condition of Calico", survey.total),
        )
    })
}

const fn is_switching(verdict: &OverlayVerdict) -> bool {
    match verdict {
        OverlayVerdict::Unchanged | OverlayVerdict::ProceedUnverified(UnverifiedReason::FirstInstallation) => false,
        OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) | OverlayVerdict::Hold(_) => true,
    }
}
