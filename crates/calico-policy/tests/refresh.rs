//! `refreshEvidence`: an old `RouteCreated` does not count, and is deleted once in a switch, under a guard that was seen to act.

use crate::support::convert::{Input, NOW, answer};
use crate::support::model::{Before, Case, Entries, Guard, Node, Nodes, PolicyApi, Record, Requirement, Seen, Source};
use calico_policy::decision::{Action, Outcome};
use calico_policy::nodes::{ConditionReason, ConditionStatus, NetworkUnavailable};
use calico_policy::phase::{Phase, Rollout};
use calico_policy::survey::StaleRoute;
use calico_policy::time::Timestamp;
use calico_policy::{Reading, SwitchStatus};

/// The condition of a node that has not been touched for two hours.
const OLD: Node = Node { age: 7_230, ..Node::ready() };
/// That of another machine.
const OF_ANOTHER: Node = Node { transition_after_creation: -3_600, ..Node::ready() };

fn refreshing(nodes: Vec<Node>) -> Case {
    Case { refresh_evidence: true, nodes: Nodes::Listed(nodes), ..Case::ready() }
}

/// Names of the nodes whose condition is deleted.
fn refreshed(input: &Input) -> Vec<String> {
    let routes = input.decide().actions.into_iter().find_map(|action| match action {
        Action::RefreshEvidence(routes) => Some(routes),
        _ => None,
    });
    routes.unwrap_or_default().iter().map(|route| route.name.to_string()).collect()
}

fn of(case: &Case) -> Vec<String> {
    refreshed(&Input::from(case))
}

#[test]
fn an_old_route_is_deleted_and_holds_until_it_is_written_again() {
    let case = refreshing(vec![OLD, Node::ready(), OF_ANOTHER, Node::with(Entries::None)]);
    let decision = Input::from(&case).decide();
    assert_eq!(decision.overlay.message(), "3 of 4 nodes have no route: `node-000`, `node-002`, `node-003`");
    assert_eq!((decision.phase, decision.outcome), (Phase::AwaitingRoutes, Outcome::Progressing));
    assert_eq!(of(&case), ["node-000", "node-002"]);

    // Once deleted it is missed, and once written again it counts.
    assert_eq!(of(&refreshing(vec![Node::with(Entries::None), Node::ready()])), [""; 0]);
    assert_eq!(answer(&refreshing(vec![Node::with(Entries::None), Node::ready()])), ("Hold", Some("RoutesMissing")));
    assert_eq!(answer(&refreshing(vec![Node::ready()])), ("Proceed", None));
    assert_eq!(answer(&Case { refresh_evidence: false, ..refreshing(vec![OLD]) }), ("Proceed", None));
}

/// Whoever deletes it can make sure that it is the one that was seen.
#[test]
fn what_was_seen_is_told_with_the_node() {
    let mut input = Input::from(&refreshing(vec![OLD]));
    let Reading::Known(nodes) = &mut input.observed.nodes else { panic!("no nodes") };
    let NetworkUnavailable::One(condition) = &mut nodes[0].network_unavailable else { panic!("no condition") };
    condition.last_heartbeat = Some(Timestamp(NOW.0 - 3_601));
    let Some(Action::RefreshEvidence(routes)) = input.decide().actions.into_iter().nth(1) else { panic!("no refresh") };
    let [StaleRoute { name, uid, condition }] = routes.as_slice() else { panic!("one node is old") };
    assert_eq!((&*name.0, &*uid.0), ("node-000", "uid-000"));
    assert_eq!((condition.status, condition.reason), (ConditionStatus::False, ConditionReason::RouteCreated));
    assert_eq!(condition.last_transition, Some(Timestamp(NOW.0 - 7_200)));
    assert_eq!(condition.last_heartbeat, Some(Timestamp(NOW.0 - 3_601)));
}

/// Observation × requirement × API: whether the old route is deleted, and what the verdict is meanwhile.
#[test]
fn only_under_a_guard_that_was_seen_to_act() {
    for (guard, always, where_observed) in [
        (Guard::Effective, (1, "Hold RoutesMissing"), (1, "Hold RoutesMissing")),
        (Guard::NotEffective, (0, "Hold GuardNotEffective"), (0, "Hold GuardNotEffective")),
        (Guard::ExistsLongEnough, (0, "Hold RoutesMissing"), (0, "Hold RoutesMissing")),
        (Guard::NotProvenYet, (0, "Hold GuardNotEffective"), (0, "Hold GuardNotEffective")),
        (Guard::NotObserved, (0, "Hold GuardNotEffective"), (0, "Hold RoutesMissing")),
    ] {
        let seen = |requirement, api| {
            let case = Case { guard, requirement, api, ..refreshing(vec![OLD, Node::ready()]) };
            let (verdict, reason) = answer(&case);
            (of(&case).len(), format!("{verdict} {}", reason.unwrap_or("-")))
        };
        let expected = |(deleted, verdict): (usize, &str)| (deleted, verdict.to_string());
        assert_eq!(seen(Requirement::Always, PolicyApi::Fits), expected(always), "{guard:?}");
        assert_eq!(seen(Requirement::WhereObserved, PolicyApi::Fits), expected(where_observed), "{guard:?}");
        // Where no guard can be, old evidence counts, as it does without the option.
        assert_eq!(seen(Requirement::Disabled, PolicyApi::Fits), expected((0, "Proceed -")), "{guard:?}");
        assert_eq!(seen(Requirement::Always, PolicyApi::Misfit), expected((0, "Proceed -")), "{guard:?}");
    }
}

#[test]
fn not_where_nobody_waits_for_evidence() {
    let old = || refreshing(vec![OLD, Node::ready()]);
    assert_eq!(answer(&Case { strict: true, ..old() }), ("Proceed", None));
    assert_eq!(answer(&Case { break_glass: true, ..old() }), ("Proceed", None), "nor are its routes asked for again");
    assert_eq!(answer(&Case { hibernated: true, ..old() }), ("Hold", Some("Hibernated")));
    assert_eq!(answer(&Case { gate: false, ..old() }), ("ProceedUnverified", Some("GateDisabled")));
    for case in [
        Case { strict: true, ..old() },
        Case { strict: true, ..refreshing(vec![OLD, Node::with(Entries::None)]) },
        Case { break_glass: true, ..old() },
        Case { break_glass: true, ..refreshing(vec![OLD, Node::with(Entries::None)]) },
        Case { hibernated: true, ..old() },
        Case { gate: false, ..old() },
        Case { excluded: vec!["Stale"], ..old() },
    ] {
        assert_eq!(of(&case), [""; 0], "{case:?}");
    }
}

/// A switch that is written is not looked at with this in mind, also where its bundle cannot be read.
#[test]
fn not_once_the_switch_is_written() {
    let old = refreshing(vec![OLD]);
    for phase in [Phase::Switching, Phase::Verifying, Phase::Done] {
        let previous = Reading::Known(SwitchStatus { phase, since: Some(Timestamp(NOW.0 - 60)) });
        let mut applied = Input::from(&Case { before: Before::bundle(Seen::native(true)), ..old.clone() });
        applied.observed.rollout = Rollout::Applied;
        let mut unreadable = Input::from(&Case {
            before: Before {
                bundle: Source::Failed,
                live: Source::Known(Seen::ipip(true)),
                record: Record::Absent,
                never_installed: false,
            },
            ..old.clone()
        });
        for input in [&mut applied, &mut unreadable] {
            input.previous = previous.clone();
            assert_eq!(refreshed(input), [""; 0], "{phase}");
        }
        assert!(applied.decide().survey.is_none_or(|survey| survey.ready() == 1), "{phase}: nor does it count less");
    }
}

/// Once in a switch: what was written since it is held is fresh, however long that lasts; what is forgotten may cost one more time.
#[test]
fn what_was_written_during_the_hold_is_not_deleted_again() {
    for (held_for, written_ago, expected) in [
        (None, 3_601, 1),
        (None, 3_600, 0),
        (Some(0), 3_601, 1),
        (Some(3_600), 3_601, 1),
        (Some(7_200), 7_200, 0),
        (Some(7_200), 7_201, 1),
        (Some(86_400), 80_000, 0),
    ] {
        let node = Node { age: 100_000, transition_after_creation: 100_000 - written_ago, ..Node::ready() };
        let case = Case { held_for, ..refreshing(vec![node, Node::with(Entries::None)]) };
        assert_eq!(of(&case).len(), expected, "{held_for:?} {written_ago}");
    }
}
