//! A switch after its write: what keeps it from being done, and what is left where the overlay comes back.

use core::time::Duration;

use crate::support::convert::{Input, NOW};
use crate::support::model::{Before, Case, Entries, Guard, Node, Nodes, Overlay, PolicyApi, Requirement, Seen, Wish};
use calico_policy::decision::{Action, Requeue};
use calico_policy::guard::GuardState;
use calico_policy::phase::{Phase, Rollout};
use calico_policy::time::Timestamp;
use calico_policy::{Decision, Reading, SwitchStatus};

const BY_CALICO: Node = Node::with(Entries::One("True", "CalicoIsDown"));
const NO_ROUTE: Node = Node::with(Entries::One("True", "NoRouteCreated"));

/// A native shoot whose switch was written a while ago, with every node rolled.
fn written(case: &Case, seconds_ago: i64) -> Input {
    let mut input = Input::from(&Case { before: Before::bundle(Seen::native(true)), ..case.clone() });
    input.observed.rollout = Rollout::RolledOut;
    input.previous =
        Reading::Known(SwitchStatus { phase: Phase::Verifying, since: Some(Timestamp(NOW.0 - seconds_ago)) });
    input
}

fn with(nodes: Vec<Node>) -> Case {
    Case { nodes: Nodes::Listed(nodes), ..Case::ready() }
}

fn missing(decision: &Decision) -> Vec<&'static str> {
    decision.verification.iter().flat_map(|seen| seen.missing.iter().map(|missing| missing.code())).collect()
}

fn warnings(decision: &Decision) -> Vec<String> {
    decision.warnings.iter().map(|warning| format!("{}: {}", warning.code, warning.message)).collect()
}

#[test]
fn every_missing_part_keeps_a_switch_from_being_done() {
    let unreadable = Case { nodes: Nodes::Unreadable, ..Case::ready() };
    for (case, rollout, expected) in [
        (Case::ready(), Rollout::RolledOut, &[][..]),
        (Case::ready(), Rollout::Applied, &["Rollout"]),
        (unreadable, Rollout::RolledOut, &["Nodes"]),
        (with(vec![Node::ready(), Node::with(Entries::None)]), Rollout::RolledOut, &["Routes"]),
        (with(vec![Node::ready(), NO_ROUTE]), Rollout::RolledOut, &["Routes"]),
        (with(vec![Node::ready(), BY_CALICO]), Rollout::RolledOut, &["CalicoConditions"]),
        (with(vec![Node { deleting: true, ..Node::with(Entries::None) }]), Rollout::RolledOut, &[]),
        (Case { excluded: vec!["NoRouteCreated"], ..with(vec![NO_ROUTE]) }, Rollout::RolledOut, &[]),
        (Case { guard: Guard::NotEffective, ..Case::ready() }, Rollout::RolledOut, &["Guard"]),
        (Case { guard: Guard::NotObserved, ..Case::ready() }, Rollout::RolledOut, &["Guard"]),
        (Case { guard: Guard::NotEffective, strict: true, ..Case::ready() }, Rollout::RolledOut, &[]),
        (Case { guard: Guard::NotEffective, ..with(Vec::new()) }, Rollout::RolledOut, &[]),
        // Where nobody writes routes, or nobody asked for a look at them, calico-node is all there is to see.
        (Case { gate: false, ..with(vec![BY_CALICO]) }, Rollout::RolledOut, &[]),
        (Case { skip_route_verification: true, ..with(vec![NO_ROUTE]) }, Rollout::Applied, &["Rollout"]),
        (Case { api: PolicyApi::Missing, ..with(vec![NO_ROUTE]) }, Rollout::RolledOut, &[]),
    ] {
        let mut input = written(&case, 60);
        input.observed.rollout = rollout;
        let decision = input.decide();
        assert_eq!(missing(&decision), expected, "{case:?}");
        let (phase, requeue) = match expected {
            [] => ("Done", Requeue::OnChange),
            _ => ("Verifying", Requeue::After(Duration::from_secs(5))),
        };
        assert_eq!((decision.phase.code(), decision.requeue), (phase, requeue), "{case:?}");
    }
}

#[test]
fn a_node_that_lost_its_route_is_named_and_nothing_is_taken_back() {
    let decision = written(&with(vec![NO_ROUTE, Node::ready(), Node::with(Entries::None)]), 60).decide();
    assert_eq!(warnings(&decision), ["NodeLostRoute: 2 nodes without a route after the switch: node-000, node-002"]);
    assert_eq!(decision.message(), "the encapsulation is gone; still to be verified: a node has lost its route");
    let write = decision.actions.iter().find_map(|action| match action {
        Action::WriteBundle(dataplane) => Some(dataplane.encapsulations().any()),
        _ => None,
    });
    assert_eq!(write, Some(false));
}

/// Seconds since the node joined: within the grace it is waited for, after it it is reported and waited for no more.
#[test]
fn joiners_are_apart_and_reported_after_the_grace() {
    for (ago, expected, told) in [
        (10, &["Joiners"][..], &[][..]),
        (599, &["Joiners"], &[]),
        (600, &[], &["JoinerWithoutRoute: 1 node joined after the switch and got no route: node-001"]),
    ] {
        let mut input = written(&with(vec![Node::ready(), Node::with(Entries::None)]), 700);
        let Reading::Known(nodes) = &mut input.observed.nodes else { panic!("no nodes") };
        nodes[1].created = Some(Timestamp(NOW.0 - ago));
        let decision = input.decide();
        assert_eq!(
            (missing(&decision).as_slice(), warnings(&decision)),
            (expected, told.iter().map(|text| (*text).to_string()).collect()),
            "{ago}"
        );
        assert_eq!(decision.verification.unwrap().joiners, 1);
    }
}

/// Who distributes the routes × `podRoutes: Skip`: those of BIRD are verified unless configured otherwise.
#[test]
fn routes_are_verified_where_they_were_waited_for() {
    for (overlay, skip_pod_routes, expected) in [
        (Overlay::Off, false, &["Routes"][..]),
        (Overlay::Off, true, &["Routes"]),
        (Overlay::OffWithPodRoutes, false, &["Routes"]),
        (Overlay::OffWithPodRoutes, true, &[]),
    ] {
        let wish = Wish::overlay(overlay);
        let decision = written(&Case { wish, skip_pod_routes, ..with(vec![NO_ROUTE]) }, 60).decide();
        assert_eq!(missing(&decision), expected, "{overlay:?} {skip_pod_routes}");
    }
}

#[test]
fn of_many_nodes_that_lost_their_route_the_first_are_named() {
    let lost = |count| warnings(&written(&with(vec![NO_ROUTE; count]), 60).decide()).concat();
    assert_eq!(lost(1), "NodeLostRoute: 1 node without a route after the switch: node-000");
    assert!(lost(20).ends_with("node-018, node-019"), "{}", lost(20));
    assert!(lost(21).ends_with("node-018, node-019, …"), "{}", lost(21));
}

/// A node that is as old as the write was there.
#[test]
fn a_node_created_with_the_write_is_no_joiner() {
    let mut input = written(&with(vec![Node::ready(), Node::with(Entries::None)]), 700);
    let Reading::Known(nodes) = &mut input.observed.nodes else { panic!("no nodes") };
    nodes[1].created = Some(Timestamp(NOW.0 - 700));
    let decision = input.decide();
    assert_eq!(missing(&decision), ["Routes"]);
    assert_eq!(decision.verification.unwrap().joiners, 0);
}

/// Where there is no node, or none could be read, nothing is said of the guard and none is deployed.
#[test]
fn a_guard_is_put_back_only_where_nodes_are_seen() {
    for (nodes, state, deploys) in [
        (Nodes::Listed(vec![Node::ready()]), GuardState::NotEffective, true),
        (Nodes::Listed(Vec::new()), GuardState::NotEffective, false),
        (Nodes::Unreadable, GuardState::NotNeeded, false),
    ] {
        let case = Case { guard: Guard::NotEffective, nodes: nodes.clone(), ..Case::ready() };
        let mut input = written(&case, 60);
        input.observed.rollout = Rollout::Applied;
        let decision = input.decide();
        let found = decision.actions.iter().any(|action| matches!(action, Action::DeployGuard(_)));
        assert_eq!((decision.phase, decision.guard.state, found), (Phase::Verifying, state, deploys), "{nodes:?}");
    }
}

/// Phase that was told before × overlay: only a switch that is written, and not yet verified, is verified.
#[test]
fn only_an_open_switch_is_verified() {
    for (previous, overlay, expected) in [
        (Phase::Verifying, Overlay::Off, true),
        (Phase::Done, Overlay::Off, false),
        (Phase::Verifying, Overlay::On, false),
        (Phase::AwaitingRoutes, Overlay::On, false),
    ] {
        let before = Before::bundle(Seen::native(true));
        let mut input = Input::from(&Case { before, wish: Wish::overlay(overlay), ..Case::ready() });
        input.observed.rollout = Rollout::Applied;
        input.previous = Reading::Known(SwitchStatus { phase: previous, since: Some(NOW) });
        assert_eq!(input.decide().verification.is_some(), expected, "{previous:?} {overlay:?}");
    }
}

#[test]
fn a_verification_ends_with_its_deadline_and_says_so() {
    for (ago, phase) in [(1_799, "Verifying"), (1_800, "Done")] {
        let mut input = written(&with(vec![NO_ROUTE]), ago);
        let Reading::Known(nodes) = &mut input.observed.nodes else { panic!("no nodes") };
        nodes[0].created = Some(Timestamp(NOW.0 - 86_400));
        let decision = input.decide();
        assert_eq!(decision.phase.code(), phase, "{ago}");
        let told = "SwitchNotVerified: the switch was not verified in its time: a node has lost its route".to_string();
        assert_eq!(warnings(&decision).contains(&told), phase == "Done", "{ago}");
    }
}

/// The time counts from the write, also for the next phase; a status that tells none counts from now.
#[test]
fn since_when_a_switch_is_written() {
    for (phase, since, expected) in [
        (Phase::AwaitingRoutes, Some(NOW.0 - 700), NOW.0),
        (Phase::Switching, Some(NOW.0 - 700), NOW.0 - 700),
        (Phase::Verifying, Some(NOW.0 - 700), NOW.0 - 700),
        (Phase::Verifying, Some(NOW.0 + 700), NOW.0),
        (Phase::Verifying, None, NOW.0),
    ] {
        let mut input = written(&with(vec![NO_ROUTE]), 0);
        input.previous = Reading::Known(SwitchStatus { phase, since: since.map(Timestamp) });
        assert_eq!(input.decide().since, Some(Timestamp(expected)), "{phase} {since:?}");
    }
}

#[test]
fn conditions_of_calico_are_cleaned_after_the_write_too() {
    let cleaned = |guard| {
        let decision = written(&Case { guard, ..with(vec![Node::ready(), BY_CALICO]) }, 60).decide();
        decision.actions.iter().any(|action| matches!(action, Action::CleanConditions(nodes) if nodes.len() == 1))
    };
    assert!(cleaned(Guard::Effective) && cleaned(Guard::ExistsLongEnough));
    assert!(!cleaned(Guard::NotEffective) && !cleaned(Guard::NotProvenYet), "it would come back");
}

/// What becomes of the guard: put back while it is needed, kept where a route writer spoke, and gone where it cannot be.
#[test]
fn the_guard_stays_only_where_a_route_writer_has_been_seen() {
    let silent = Node { deleting: true, ..Node::with(Entries::None) };
    let guard = |input: &Input| {
        let shown = input.decide().actions.into_iter().find_map(|action| match action {
            Action::DeployGuard(api) => Some(format!("deploy {api}")),
            Action::UpdateGuard(api) => Some(format!("update {api}")),
            Action::RemoveGuard => Some("remove".to_string()),
            _ => None,
        });
        shown.unwrap_or_default()
    };
    assert_eq!(guard(&written(&Case::ready(), 60)), "", "it is there");
    assert_eq!(guard(&written(&Case { guard: Guard::NotEffective, ..Case::ready() }, 60)), "deploy v1");
    assert_eq!(guard(&written(&with(vec![silent]), 60)), "remove");
    assert_eq!(guard(&written(&with(Vec::new()), 60)), "", "nobody could have spoken");
    assert_eq!(guard(&written(&Case { skip_route_verification: true, ..Case::ready() }, 60)), "remove");

    let done = |case: &Case| {
        let mut input = written(case, 0);
        input.previous = Reading::Known(SwitchStatus { phase: Phase::Done, since: None });
        guard(&input)
    };
    assert_eq!(done(&Case { nodes: Nodes::Unreadable, ..Case::ready() }), "update v1");
    for case in [
        Case { requirement: Requirement::Disabled, ..Case::ready() },
        Case { api: PolicyApi::Misfit, ..Case::ready() },
        Case { api: PolicyApi::Missing, ..Case::ready() },
        Case { gate: false, ..Case::ready() },
    ] {
        assert_eq!(done(&case), "remove", "{case:?}");
    }
}

/// The overlay came back: guard × nodes. The last condition of a stopped route writer goes, or its machine would be replaced.
#[test]
fn a_revert_ends_once_the_guard_is_without_effect_and_no_node_is_unavailable() {
    let clean = "clean 1";
    for (guard, nodes, phase, expected) in [
        (Guard::Effective, Nodes::Listed(vec![Node::ready()]), "Reverting", ""),
        (Guard::NotProvenYet, Nodes::Listed(vec![NO_ROUTE]), "Reverting", ""),
        (Guard::NotObserved, Nodes::Unreadable, "Reverting", ""),
        (Guard::NotEffective, Nodes::Unreadable, "Reverting", ""),
        (Guard::NotEffective, Nodes::Listed(vec![NO_ROUTE, BY_CALICO]), "Reverting", clean),
        (Guard::NotEffective, Nodes::Listed(vec![Node::ready(), BY_CALICO]), "Idle", ""),
        (Guard::NotObserved, Nodes::Listed(vec![Node::ready()]), "Reverting", ""),
        (Guard::Effective, Nodes::Listed(Vec::new()), "Reverting", ""),
        (Guard::NotObserved, Nodes::Listed(Vec::new()), "Idle", ""),
    ] {
        let mut input =
            Input::from(&Case { wish: Wish::overlay(Overlay::On), guard, nodes: nodes.clone(), ..Case::ready() });
        input.previous =
            Reading::Known(SwitchStatus { phase: Phase::Reverting, since: Some(Timestamp(NOW.0 - 1_799)) });
        let decision = input.decide();
        let cleaned = decision.actions.iter().find_map(|action| match action {
            Action::CleanNoRouteCreated(nodes) => Some(format!("clean {}", nodes.len())),
            _ => None,
        });
        assert_eq!(
            (decision.phase.code(), cleaned.unwrap_or_default().as_str()),
            (phase, expected),
            "{guard:?} {nodes:?}"
        );
        // It is not tried for ever: another guard of the same effect may be there to stay.
        input.previous =
            Reading::Known(SwitchStatus { phase: Phase::Reverting, since: Some(Timestamp(NOW.0 - 1_800)) });
        assert_eq!(input.decide().phase, Phase::Idle, "{guard:?} {nodes:?}");
    }
}

/// Its nodes are gone, so nothing changes before it wakes up, which is an operation.
#[test]
fn a_shoot_that_sleeps_after_the_write_is_not_asked_again_and_again() {
    for (phase, overlay) in
        [(Phase::Switching, Overlay::Off), (Phase::Verifying, Overlay::Off), (Phase::Reverting, Overlay::On)]
    {
        let requeue = |hibernated| {
            let case = Case { hibernated, nodes: Nodes::Unreadable, wish: Wish::overlay(overlay), ..Case::ready() };
            let mut input = written(&case, 60);
            input.observed.rollout = Rollout::Written;
            input.previous = Reading::Known(SwitchStatus { phase, since: Some(Timestamp(NOW.0 - 60)) });
            let decision = input.decide();
            assert_eq!(decision.phase, phase);
            decision.requeue
        };
        assert_eq!(requeue(true), Requeue::OnChange, "{phase}");
        assert_eq!(requeue(false), Requeue::After(Duration::from_secs(5)), "{phase}");
    }
}

/// Phase that was told before × rollout: only a switch that waits, is written or is verified tells since when, and only what is
/// still to be verified is told as that.
#[test]
fn a_switch_that_is_not_applied_has_nothing_to_verify_yet() {
    const QUIET: &str = "no encapsulation that is in effect would be removed";
    const ROLLOUT: &str = "the encapsulation is gone; still to be verified: calico-node has not rolled on every node";
    for (previous, rollout, phase, since, message) in [
        (Phase::Switching, Rollout::Written, "Switching", Some(-60), QUIET),
        (Phase::Verifying, Rollout::Applied, "Verifying", Some(-60), ROLLOUT),
        (Phase::Verifying, Rollout::RolledOut, "Done", None, QUIET),
    ] {
        let mut input = written(&Case::ready(), 60);
        input.observed.rollout = rollout;
        input.previous = Reading::Known(SwitchStatus { phase: previous, since: Some(Timestamp(NOW.0 - 60)) });
        let decision = input.decide();
        let told = (decision.phase.code(), decision.since.map(|since| since.0 - NOW.0), decision.message());
        assert_eq!(told, (phase, since, message.to_owned()), "{previous:?} {rollout:?}");
    }
}
