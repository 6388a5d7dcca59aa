//! With every rule on: every state within the bounds is visited, every invariant holds in it, and it leads somewhere.

use std::collections::BTreeMap;

use stateright::{Checker, Model};

use crate::progress::{self, Overwrites};
use crate::properties;
use crate::rules::{Begins, Rules, Scope};
use crate::state::{Budget, Condition, Node, State, Wish};
use crate::world::World;

/// Nothing that could go on for ever happens, but for one change of mind: the overlay is turned off.
const ONCE: Budget = Budget { wishes: 1, churn: 0, stops: 0, sleeps: 0, leaders: 0, writer_restarts: 0, faults: 0 };

/// A shoot with one node or two, and another that joins, or one that leaves or is replaced under its name.
pub const CHURN: Scope = Scope {
    nodes: &[1, 2],
    budget: Budget { churn: 1, writer_restarts: 1, ..ONCE },
    begins: Begins::ByCalico,
    record_breaches: false,
};

/// Restarts of calico-node and of the route writer, and a fault anywhere.
pub const ACCIDENTS: Scope = Scope {
    nodes: &[1],
    budget: Budget { stops: 1, writer_restarts: 1, faults: 1, ..ONCE },
    begins: Begins::ByCalico,
    record_breaches: false,
};

/// A user who turns the overlay on again, at any moment.
pub const CHANGE_OF_MIND: Scope = Scope {
    nodes: &[1],
    budget: Budget { wishes: 2, faults: 1, ..ONCE },
    begins: Begins::ByCalico,
    record_breaches: false,
};

/// A shoot without nodes, which one joins at any moment.
pub const NO_NODES: Scope =
    Scope { nodes: &[0], budget: Budget { churn: 1, ..ONCE }, begins: Begins::ByCalico, record_breaches: false };

/// A shoot that was without overlay before, and whose nodes still carry what a route writer said then, perhaps without a route.
pub const OLD_ROUTES: Scope = Scope {
    nodes: &[1, 2],
    budget: Budget { writer_restarts: 1, ..ONCE },
    begins: Begins::WithOldRoutes,
    record_breaches: false,
};

/// A shoot that is hibernated at any moment, and wakes up again with other machines. Perhaps its owner changes his mind meanwhile.
pub const SLEEP: Scope = Scope {
    nodes: &[1],
    budget: Budget { wishes: 2, sleeps: 1, ..ONCE },
    begins: Begins::ByCalico,
    record_breaches: false,
};

/// A process that loses the lead at any moment and goes on with what it has decided, beside the next one, while the user turns the
/// overlay off and on.
pub const TWO_LEADERS: Scope = Scope {
    nodes: &[1],
    budget: Budget { wishes: 2, leaders: 1, ..ONCE },
    begins: Begins::ByCalico,
    record_breaches: false,
};

/// Explores a scope in full and returns the number of its states.
fn explore(name: &str, rules: Rules, scope: Scope) -> usize {
    let world = World { rules, scope };
    let checker = world.clone().checker().spawn_bfs().join();
    let broken: BTreeMap<_, _> =
        checker.discoveries().into_iter().map(|(property, path)| (property, path.into_actions())).collect();
    assert!(broken.is_empty(), "{name}: {broken:#?}");
    let states = checker.unique_state_count();
    let steps = checker.state_count();
    let always: Vec<&str> = properties::of(scope).iter().map(|property| property.name).collect();
    println!("model: {name}: {states} states, {steps} steps; always: {}", always.join("; "));
    states
}

/// Explores a scope in full: so many states, of which none breaks an invariant and each leads somewhere.
///
/// A number that changes means that the core decides otherwise in some state: look why, then write the new one.
fn holds(name: &str, rules: Rules, scope: Scope, states: usize) {
    holds_unless_left_behind(name, rules, scope, states, 0);
}

/// The same, but for so many states in which a route writer has left something on a node after our last look. Nobody sees that, because
/// the nodes of a settled overlay are not read: it came and went between two looks, or stopped after a revert had found nothing left.
fn holds_unless_left_behind(name: &str, rules: Rules, scope: Scope, states: usize, left: usize) {
    assert_eq!(explore(name, rules.clone(), scope), states);
    let graph = progress::explore(&World { rules, scope }, Overwrites::Nothing);
    assert_eq!(graph.states, states);
    let stuck: Vec<_> =
        graph.stuck.iter().filter(|stuck| left == 0 || !is_left_after_our_last_look(&stuck.state)).collect();
    assert!(stuck.is_empty(), "{name}: {} have no way out, the nearest is {:#?}", stuck.len(), stuck.first());
    assert_eq!(graph.stuck.len(), left);
    println!("model: {name}: from each of {states} states a path leads to an end, but for {left}");
}

fn is_left_after_our_last_look(state: &State) -> bool {
    let is_left = |node: &Node| node.condition == Condition::NoRouteCreated;
    state.wish == Wish::On
        && !state.seed.guard
        && state.shoot.slots.iter().any(|slot| slot.node.as_ref().is_some_and(is_left))
}

#[test]
fn machines_come_and_go() {
    holds("churn", Rules::all(), CHURN, 188_847);
}

#[test]
fn accidents_happen() {
    holds("accidents", Rules::all(), ACCIDENTS, 48_290);
}

#[test]
fn users_change_their_minds() {
    holds_unless_left_behind("change of mind", Rules::all(), CHANGE_OF_MIND, 83_027, 88);
}

#[test]
fn the_first_node_joins() {
    holds("no nodes", Rules::all(), NO_NODES, 12_015);
}

/// With `refreshEvidence`; what happens without is among the counterexamples.
#[test]
fn old_routes_are_written_again() {
    holds("old routes", Rules::refreshing(), OLD_ROUTES, 18_930);
}

#[test]
fn shoots_sleep_and_wake_up() {
    holds_unless_left_behind("sleep", Rules::all(), SLEEP, 132_666, 76);
}

#[test]
fn an_old_leader_goes_on() {
    holds_unless_left_behind("two leaders", Rules::all(), TWO_LEADERS, 323_802, 451);
}
