//! When a hold is looked at again: seldom while its nodes are watched and nothing else is waited for, and in time for what time alone
//! changes.

use core::time::Duration;

use crate::support::convert::{Input, NOW};
use crate::support::model::{Before, Case, Entries, Guard, Node, Nodes, PolicyApi, Requirement, Seen, Source};
use calico_policy::decision::{Outcome, Requeue};
use calico_policy::time::Timestamp;

const SILENT: Node = Node::with(Entries::None);
const POLL: Requeue = Requeue::After(Duration::from_secs(5));

fn held(held_for: Option<i64>, nodes: Vec<Node>) -> Case {
    Case { held_for, nodes: Nodes::Listed(nodes), ..Case::ready() }
}

/// Seconds until the next look with a watch.
fn watched(input: &Input) -> u64 {
    let requeue = input.decide().requeue;
    let Requeue::OnNodes { watched, unwatched } = requeue else { panic!("{requeue:?}") };
    assert_eq!(unwatched, input.settings.overlay_switch.poll_interval);
    watched.as_secs()
}

#[test]
fn a_hold_that_waits_for_routes_is_looked_at_once_a_minute_and_in_time() {
    for (held_for, with_a_writer, silent) in [
        (None, 60, 60),
        (Some(0), 60, 60),
        // The window of progress ends after 150 s.
        (Some(100), 50, 50),
        (Some(149), 1, 1),
        (Some(150), 60, 60),
        // Without a sign of a route writer the reason changes after 600 s.
        (Some(590), 60, 10),
        (Some(599), 60, 1),
        (Some(600), 60, 60),
        // It is overdue after 1,800 s.
        (Some(1_790), 11, 11),
        (Some(1_800), 1, 1),
        (Some(1_801), 60, 60),
        (Some(86_400), 60, 60),
    ] {
        let seconds = |nodes| watched(&Input::from(&held(held_for, nodes)));
        assert_eq!(seconds(vec![Node::ready(), SILENT]), with_a_writer, "{held_for:?}");
        assert_eq!(seconds(vec![SILENT]), silent, "{held_for:?}");
    }
}

/// The look that a window of progress asks for is the one that reports its end.
#[test]
fn the_window_of_an_operation_ends_in_time() {
    for (asked_ago, expected, outcome) in [
        (20, 60, Outcome::Progressing),
        (100, 50, Outcome::Progressing),
        (149, 1, Outcome::Progressing),
        (150, 60, Outcome::RetriableError),
    ] {
        let mut input = Input::from(&held(Some(1_000), vec![Node::ready(), SILENT]));
        input.observed.operation_requested = Some(Timestamp(NOW.0 - asked_ago));
        assert_eq!((watched(&input), input.decide().outcome), (expected, outcome), "{asked_ago}");
    }
}

#[test]
fn how_seldom_follows_from_how_often_without_a_watch() {
    for (poll, expected) in [(1, 12), (4, 48), (5, 60), (30, 60), (60, 60), (120, 120)] {
        let mut input = Input::from(&held(Some(400), vec![Node::ready(), SILENT]));
        input.settings.overlay_switch.poll_interval = Duration::from_secs(poll);
        assert_eq!(watched(&input), expected, "{poll}");
    }
}

/// No node tells of any of these.
#[test]
fn what_waits_for_something_else_is_polled() {
    let by_calico = Node::with(Entries::One("False", "CalicoIsUp"));
    let old = Node { age: 7_230, ..Node::ready() };
    let waiting = || held(None, vec![Node::ready(), SILENT]);
    for case in [
        Case { guard: Guard::NotEffective, ..waiting() },
        Case { guard: Guard::NotProvenYet, ..waiting() },
        Case { nodes: Nodes::Unreadable, ..waiting() },
        Case { nodes: Nodes::Unreachable, ..waiting() },
        Case { before: Before { bundle: Source::Failed, ..Before::bundle(Seen::ipip(true)) }, ..waiting() },
        Case { api: PolicyApi::Missing, hold_when_unguarded: true, ..waiting() },
        // What is deleted may have to be deleted again.
        held(None, vec![Node::ready(), by_calico]),
        Case { refresh_evidence: true, ..held(None, vec![Node::ready(), old]) },
        Case { refresh_evidence: true, guard: Guard::ExistsLongEnough, ..held(None, vec![Node::ready(), old]) },
    ] {
        assert_eq!(Input::from(&case).decide().requeue, POLL, "{case:?}");
    }
    for case in [
        Case { requirement: Requirement::Disabled, guard: Guard::NotObserved, ..waiting() },
        Case { api: PolicyApi::Misfit, guard: Guard::NotObserved, ..waiting() },
        Case { guard: Guard::ExistsLongEnough, ..waiting() },
    ] {
        assert_eq!(watched(&Input::from(&case)), 60, "{case:?}");
    }
}
