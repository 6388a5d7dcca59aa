//! What the composed decision does about its verdicts: actions in order, when to look again, which features count for the
//! privilege mode.

use crate::support::convert::{Input, NOW};
use crate::support::model::{
    Before, Case, Code, Entries, Guard, Node, Nodes, Overlay, PolicyApi, Requirement, Seen, Source, Wish,
};
use crate::support::steps::Slot;
use calico_policy::decision::{Action, Bundle, Outcome, Requeue};
use calico_policy::encapsulation::Backend;
use calico_policy::phase::{Phase, Rollout};
use calico_policy::shoot::KubeProxy;
use calico_policy::version::CalicoVersion;
use calico_policy::{Decision, Reading, SwitchStatus};
use core::time::Duration;

const BY_CALICO: Node = Node::with(Entries::One("True", "CalicoIsDown"));
const SOON: Requeue = Requeue::After(Duration::from_secs(5));

fn decided(case: &Case) -> Decision {
    Input::from(case).decide()
}

/// An action without its particulars.
fn short(action: &Action) -> String {
    match action {
        Action::DeployGuard(api) => format!("guard {api}"),
        Action::RemoveGuard => "no guard".into(),
        Action::CleanConditions(nodes) => {
            let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
            format!("clean {}", names.join(" "))
        }
        Action::WriteBundle(dataplane) if dataplane.kube_controllers == (dataplane.backend != Backend::None) => {
            format!("write {}", dataplane.backend)
        }
        Action::WriteBundle(dataplane) => format!("write {} and keep", dataplane.backend),
        Action::CleanNoRouteCreated(nodes) => {
            let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
            format!("clean routes {}", names.join(" "))
        }
        Action::RefreshEvidence(routes) => format!("refresh {}", routes.len()),
        Action::UpdateGuard(api) => format!("update guard {api}"),
        Action::KeepBundle => "keep".into(),
        Action::WatchNodes => "watch".into(),
        Action::ConsumeBreakGlass => "consume".into(),
    }
}

fn actions(decision: &Decision) -> Vec<String> {
    decision.actions.iter().map(short).collect()
}

fn blocked() -> Case {
    Case { nodes: Nodes::Listed(vec![BY_CALICO, Node::ready(), Node::with(Entries::None), BY_CALICO]), ..Case::ready() }
}

#[test]
fn a_hold_guards_cleans_holds_and_watches() {
    let decision = decided(&blocked());
    assert_eq!(actions(&decision), ["guard v1", "clean node-000 node-003", "write bird", "watch"]);
    assert_eq!((decision.phase, decision.requeue, decision.bundle), (Phase::Cleaning, SOON, Bundle::Held));
}

#[test]
fn an_unguarded_hold_neither_guards_nor_cleans() {
    for case in [Case { requirement: Requirement::Disabled, ..blocked() }, Case { api: PolicyApi::Misfit, ..blocked() }]
    {
        assert_eq!(actions(&decided(&case)), ["write bird", "watch"], "{:?} {:?}", case.requirement, case.api);
    }
}

/// Without a guard that keeps them away, removed conditions come back. `Strict` deploys it and does not wait for it.
#[test]
fn conditions_are_cleaned_where_a_guard_keeps_them_away() {
    for (guard, by_default, phase) in [
        (Guard::Effective, true, "Cleaning"),
        (Guard::ExistsLongEnough, true, "Cleaning"),
        (Guard::NotEffective, false, "Guarding"),
        (Guard::NotProvenYet, false, "Guarding"),
        (Guard::NotObserved, false, "Guarding"),
    ] {
        let cleans = |case: &Case| actions(&decided(case)).contains(&"clean node-000 node-003".to_string());
        let case = Case { guard, ..blocked() };
        assert_eq!(cleans(&case), by_default, "{guard:?}");
        assert_eq!(decided(&case).phase.code(), phase, "{guard:?}");
        let strict = Case { strict: true, ..case.clone() };
        assert!(cleans(&strict), "{guard:?}");
        assert_eq!(decided(&strict).phase, Phase::Cleaning, "{guard:?}");
        assert!(!cleans(&Case { requirement: Requirement::Disabled, ..strict }), "{guard:?}");
        assert!(!cleans(&Case { strict: true, api: PolicyApi::Misfit, ..case }), "{guard:?}");
    }
}

#[test]
fn nothing_is_cleaned_where_calico_wrote_nothing() {
    let case = Case { nodes: Nodes::Listed(vec![Node::with(Entries::None)]), ..Case::ready() };
    let decision = decided(&case);
    assert_eq!(actions(&decision), ["guard v1", "write bird", "watch"]);
    assert_eq!(decision.phase, Phase::AwaitingRoutes);
}

#[test]
fn a_frozen_bundle_is_kept() {
    let before = Before { bundle: Source::Failed, ..Before::bundle(Seen::ipip(true)) };
    let decision = decided(&Case { before, ..Case::ready() });
    assert_eq!(actions(&decision), ["guard v1", "keep", "watch"]);
    assert_eq!(decision.from, Default::default());
}

/// The live shoot may not have got the bundle yet, so it does not tell that the switch was not written.
#[test]
fn a_switch_that_was_reported_as_written_is_not_taken_back() {
    let before =
        Before { bundle: Source::Failed, live: Source::Known(Seen::ipip(true)), ..Before::bundle(Seen::ipip(true)) };
    for (previous, phase, bundle) in [
        (Phase::Guarding, Phase::Cleaning, Bundle::Held),
        (Phase::AwaitingRoutes, Phase::Cleaning, Bundle::Held),
        (Phase::Switching, Phase::Switching, Bundle::Frozen),
        (Phase::Verifying, Phase::Verifying, Bundle::Frozen),
        (Phase::Done, Phase::Done, Bundle::Frozen),
    ] {
        let mut input = Input::from(&Case { before: before.clone(), ..blocked() });
        input.previous = Reading::Known(SwitchStatus { phase: previous, since: None });
        let decision = input.decide();
        assert_eq!((decision.phase, decision.bundle), (phase, bundle), "{previous}");
        let write = if bundle == Bundle::Held { "write bird" } else { "keep" };
        assert_eq!(actions(&decision), ["guard v1", "clean node-000 node-003", write, "watch"], "{previous}");
    }
}

#[test]
fn a_sleeping_shoot_gets_the_held_bundle_and_nothing_else() {
    let decision = decided(&Case { hibernated: true, ..blocked() });
    assert_eq!(actions(&decision), ["write bird"]);
    assert_eq!((decision.outcome, decision.requeue), (Outcome::Succeed, Requeue::OnChange));
}

/// Verdict × previous phase × rollout: phase, requeue and actions.
#[test]
fn after_the_verdict() {
    let previous = |phase| Reading::Known(SwitchStatus { phase, since: Some(NOW) });
    let unchanged_native = Case { before: Before::bundle(Seen::native(true)), ..Case::ready() };
    let overlay_on = Case { wish: Wish::overlay(Overlay::On), ..Case::ready() };
    let first = Before { bundle: Source::Absent, never_installed: true, ..Before::bundle(Seen::ipip(true)) };
    for (case, previous, rollout, expected) in [
        (Case::ready(), Reading::Absent, Rollout::NotObserved, ("Switching", SOON, &["write none and keep"][..])),
        (
            unchanged_native.clone(),
            previous(Phase::Switching),
            Rollout::Written,
            ("Switching", SOON, &["write none"][..]),
        ),
        (
            unchanged_native.clone(),
            previous(Phase::Switching),
            Rollout::Applied,
            ("Verifying", SOON, &["write none"][..]),
        ),
        (
            unchanged_native.clone(),
            previous(Phase::Verifying),
            Rollout::RolledOut,
            ("Done", Requeue::OnChange, &["write none"][..]),
        ),
        (unchanged_native, Reading::Absent, Rollout::NotObserved, ("Idle", Requeue::OnChange, &["write none"][..])),
        (
            overlay_on.clone(),
            previous(Phase::AwaitingRoutes),
            Rollout::NotObserved,
            ("Reverting", SOON, &["write bird", "no guard"][..]),
        ),
        (
            overlay_on.clone(),
            previous(Phase::Done),
            Rollout::RolledOut,
            ("Reverting", SOON, &["write bird", "no guard"][..]),
        ),
        (
            Case { guard: Guard::NotEffective, ..overlay_on.clone() },
            previous(Phase::Idle),
            Rollout::NotObserved,
            ("Idle", Requeue::OnChange, &["write bird"][..]),
        ),
        // A crash between the guard and the status, or a status that got lost.
        (overlay_on, Reading::Absent, Rollout::NotObserved, ("Reverting", SOON, &["write bird", "no guard"][..])),
        (
            Case { before: first, ..Case::ready() },
            Reading::Absent,
            Rollout::NotObserved,
            ("Idle", Requeue::OnChange, &["write none"][..]),
        ),
    ] {
        let mut input = Input::from(&case);
        input.previous = previous;
        input.observed.rollout = rollout;
        let decision = input.decide();
        let seen = actions(&decision);
        let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
        assert_eq!(
            (decision.phase.code(), decision.requeue, seen.as_slice()),
            expected,
            "{:?} {rollout:?}",
            input.previous
        );
        assert_eq!((decision.outcome, decision.bundle), (Outcome::Succeed, Bundle::Target));
    }
}

/// A guard stays on a native shoot only where a route writer has been seen.
#[test]
fn a_switch_without_a_route_writer_leaves_no_guard() {
    let silent = || Nodes::Listed(vec![Node::with(Entries::None), BY_CALICO]);
    let spoken = || Nodes::Listed(vec![Node::with(Entries::None), Node::ready()]);
    for (nodes, expected) in [
        (silent(), &["no guard", "write none and keep", "consume"][..]),
        (spoken(), &["write none and keep", "consume"][..]),
    ] {
        let decision = decided(&Case { break_glass: true, nodes, ..Case::ready() });
        assert_eq!(actions(&decision), expected);
    }
    for case in [Case { gate: false, ..Case::ready() }, Case { skip_route_verification: true, ..Case::ready() }] {
        assert_eq!(actions(&decided(&case)), ["no guard", "write none and keep"]);
    }
}

/// No probe is needed where there is no node, but one that joins before the switch is applied needs the guard.
#[test]
fn a_switch_without_nodes_deploys_the_guard_and_waits_for_nothing() {
    let case = Case { nodes: Nodes::Listed(Vec::new()), guard: Guard::NotObserved, ..Case::ready() };
    assert_eq!(actions(&decided(&case)), ["guard v1", "write none and keep"]);
    for case in [Case { requirement: Requirement::Disabled, ..case.clone() }, Case { api: PolicyApi::Misfit, ..case }] {
        assert_eq!(actions(&decided(&case)), ["write none and keep"], "{:?} {:?}", case.requirement, case.api);
    }
}

/// Previous phase × rollout, with the first of two bundles written: the second follows once the switch is verified, also where no status
/// tells of a switch any more.
#[test]
fn what_vanishes_with_the_overlay_goes_with_a_second_bundle() {
    const KEEP: &str = "write none and keep";
    let rollouts = [Rollout::NotObserved, Rollout::Written, Rollout::Applied, Rollout::RolledOut];
    let open = [("Switching", KEEP), ("Switching", KEEP), ("Verifying", KEEP), ("Done", "write none")];
    let verifying = [("Verifying", KEEP), ("Verifying", KEEP), ("Verifying", KEEP), ("Done", "write none")];
    for (previous, expected) in [
        (None, open),
        (Some(Phase::Idle), open),
        (Some(Phase::Guarding), open),
        (Some(Phase::AwaitingRoutes), open),
        (Some(Phase::Switching), open),
        (Some(Phase::Verifying), verifying),
        (Some(Phase::Reverting), open),
    ] {
        for (rollout, (phase, write)) in rollouts.into_iter().zip(expected) {
            let mut input = Input::from(&Case { before: Before::bundle(Seen::native(true)), ..Case::ready() });
            let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("no bundle") };
            bundle.kube_controllers = Some(true);
            input.observed.rollout = rollout;
            input.previous =
                previous.map_or(Reading::Absent, |phase| Reading::Known(SwitchStatus { phase, since: None }));
            let decision = input.decide();
            assert_eq!(
                (decision.phase.code(), actions(&decision)),
                (phase, vec![write.to_string()]),
                "{previous:?} {rollout:?}"
            );
        }
    }
}

/// What is known of calico-kube-controllers × the backend that is asked for.
#[test]
fn only_what_is_not_there_need_not_be_kept() {
    for (overlay, seen, expected) in [
        (Overlay::Off, Some(true), "write none and keep"),
        (Overlay::Off, None, "write none and keep"),
        (Overlay::Off, Some(false), "write none"),
        (Overlay::OffWithPodRoutes, Some(true), "write bird"),
        (Overlay::OffWithPodRoutes, None, "write bird"),
    ] {
        let mut input = Input::from(&Case { wish: Wish::overlay(overlay), ..Case::ready() });
        let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("no bundle") };
        bundle.kube_controllers = seen;
        assert_eq!(actions(&input.decide()), [expected], "{overlay:?} {seen:?}");
    }
}

/// What the first bundle held is told where the second is due, and nowhere else.
#[test]
fn the_first_bundle_is_told_where_the_second_is_due() {
    for (previous, runs, rollout, expected) in [
        (Phase::Verifying, true, Rollout::RolledOut, Some((Backend::None, true))),
        (Phase::Verifying, true, Rollout::Applied, None),
        (Phase::Switching, true, Rollout::Written, None),
        (Phase::Done, false, Rollout::RolledOut, None),
    ] {
        let mut input = Input::from(&Case { before: Before::bundle(Seen::native(true)), ..Case::ready() });
        let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("no bundle") };
        bundle.kube_controllers = Some(runs);
        input.observed.rollout = rollout;
        input.previous = Reading::Known(SwitchStatus { phase: previous, since: None });
        let first = input.decide().first.map(|first| (first.backend, first.kube_controllers));
        assert_eq!(first, expected, "{previous:?} {runs} {rollout:?}");
    }
}

/// Who distributes the routes × `podRoutes: Skip`: only routes of BIRD are let go unverified.
#[test]
fn routes_of_bird_are_verified_unless_configured_otherwise() {
    for (overlay, skip_pod_routes, expected) in [
        (Overlay::Off, false, Some("RoutesMissing")),
        (Overlay::Off, true, Some("RoutesMissing")),
        (Overlay::OffWithPodRoutes, false, Some("RoutesMissing")),
        (Overlay::OffWithPodRoutes, true, Some("PodRoutesByCalico")),
    ] {
        let decision = decided(&Case { wish: Wish::overlay(overlay), skip_pod_routes, ..blocked() });
        assert_eq!(decision.overlay.reason(), expected, "{overlay:?} {skip_pod_routes}");
    }
}

/// Nodes with a pod network of IPv4 alone are complete in a shoot of IPv4 and in one of IPv6, where it is odd, but not in both.
#[test]
fn only_dual_stack_asks_for_two_pod_networks() {
    let nodes = || Nodes::Listed(vec![Node { pod_cidr_ipv6: false, ..Node::ready() }]);
    for (families, expected) in [(&["IPv4"][..], "Proceed"), (&["IPv6"], "Proceed"), (&["IPv4", "IPv6"], "Hold")] {
        let dual = Seen { ipv6: Some(Slot { pool: "vxlan", mode: "Always", object: true }), ..Seen::ipip(true) };
        let wish = Wish { families, ..Wish::overlay(Overlay::Off) };
        let decision = decided(&Case { wish, before: Before::bundle(dual), nodes: nodes(), ..Case::ready() });
        assert_eq!(decision.overlay.kind().code(), expected, "{families:?}");
    }
}

/// A hold that cannot say how far it is stays in the phase that it had.
#[test]
fn a_hold_without_a_look_at_nodes_keeps_its_phase() {
    for (before, expected) in [
        (Some(Phase::Guarding), "Guarding"),
        (Some(Phase::Cleaning), "Cleaning"),
        (Some(Phase::AwaitingRoutes), "AwaitingRoutes"),
        (Some(Phase::Idle), "AwaitingRoutes"),
        (Some(Phase::Done), "AwaitingRoutes"),
        (None, "AwaitingRoutes"),
    ] {
        let mut input = Input::from(&Case { nodes: Nodes::Unreadable, ..Case::ready() });
        input.previous =
            before.map_or(Reading::Absent, |phase| Reading::Known(SwitchStatus { phase, since: Some(NOW) }));
        assert_eq!(input.decide().phase.code(), expected, "{before:?}");
    }
}

/// Only a hold has an age; a status that says otherwise, or lies in the future, counts from now.
#[test]
fn since_when_a_switch_is_held() {
    let at = |seconds: i64| calico_policy::time::Timestamp(NOW.0 + seconds);
    for (phase, since, expected) in [
        (Phase::AwaitingRoutes, Some(at(-700)), at(-700)),
        (Phase::Guarding, Some(at(-700)), at(-700)),
        (Phase::AwaitingRoutes, Some(at(700)), NOW),
        (Phase::AwaitingRoutes, None, NOW),
        (Phase::Switching, Some(at(-700)), NOW),
        (Phase::Reverting, Some(at(-700)), NOW),
        (Phase::Idle, Some(at(-700)), NOW),
    ] {
        let mut input = Input::from(&blocked());
        input.previous = Reading::Known(SwitchStatus { phase, since });
        let decision = input.decide();
        assert_eq!(decision.since, Some(expected), "{phase} {since:?}");
        let calico_policy::OverlayVerdict::Hold(hold) = decision.overlay else { panic!("not held") };
        assert_eq!(hold.since, expected, "{phase} {since:?}");
    }
}

/// Every feature in use shows as its caveat, and only in the non-privileged mode.
#[test]
fn features_in_use_show_as_caveats() {
    let caveats = |change: &dyn Fn(&mut Input)| -> Vec<Code> {
        let mut input = Input::from(&Case { wish: Wish::overlay(Overlay::On), ..Case::ready() });
        input.settings.non_privileged_calico_node = true;
        input.settings.calico_version = CalicoVersion::from_tag(Some("v3.21.0"));
        let bare: Vec<Code> = input.decide().privilege.caveats.iter().map(|caveat| caveat.code()).collect();
        change(&mut input);
        let decision = input.decide();
        decision.privilege.caveats.iter().map(|caveat| caveat.code()).filter(|code| !bare.contains(code)).collect()
    };
    assert_eq!(caveats(&|_| ()), [""; 0]);
    assert_eq!(caveats(&|input| input.intent.wireguard = true), ["WireguardHostEncryption"]);
    assert_eq!(caveats(&|input| input.intent.bird_exporter = true), ["BirdExporterLeftOut"]);
    assert_eq!(caveats(&|input| input.shoot.kube_proxy = KubeProxy::Nftables), ["NftablesUnproven"]);
    let dual = |input: &mut Input| input.intent.ip_families = vec!["IPv4".parse().unwrap(), "IPv6".parse().unwrap()];
    assert_eq!(caveats(&dual), ["Ipv6AcceptRa"]);
    let migrating = |input: &mut Input| {
        dual(input);
        input.shoot.dual_stack_migration_pending = true;
    };
    assert_eq!(caveats(&migrating), [""; 0]);

    let mut input = Input::from(&Case::ready());
    input.settings.non_privileged_calico_node = true;
    input.intent.ebpf = true;
    let privilege = input.decide().privilege;
    assert_eq!((privilege.mode.code(), privilege.caveats.len()), ("Privileged", 0));
}
