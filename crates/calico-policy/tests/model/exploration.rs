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

fn every_state_leads_somewhere(name: &str, rules: Rules, scope: Scope) -> usize {
    let world = World { rules, scope };
    let graph = progress::explore(&world, Overwrites::Nothing);
    let (count, first) = (graph.stuck.len(), graph.stuck.first());
    assert!(first.is_none(), "{name}: {count} of {} states have no way out, the nearest is {first:#?}", graph.states);
    println!("model: {name}: from each of {} states a path leads to an end", graph.states);
    graph.states
}

/// A number that changes means that the core decides otherwise in some state: look why, then write the new one.
#[test]
fn machines_come_and_go() {
    assert_eq!(explore("churn", Rules::all(), CHURN), 188_847);
    assert_eq!(every_state_leads_somewhere("churn", Rules::all(), CHURN), 188_847);
}

#[test]
fn accidents_happen() {
    assert_eq!(explore("accidents", Rules::all(), ACCIDENTS), 48_290);
    assert_eq!(every_state_leads_somewhere("accidents", Rules::all(), ACCIDENTS), 48_290);
}

#[test]
fn users_change_their_minds() {
    assert_eq!(explore("change of mind", Rules::all(), CHANGE_OF_MIND), 83_027);
    leads_somewhere_unless_left_behind("change of mind", CHANGE_OF_MIND, 83_027, 88);
}

/// What a route writer leaves on a node after our last look is seen by nobody, because the nodes of a settled overlay are not read: it
/// came and went between two looks, or stopped after a revert had found nothing left.
fn leads_somewhere_unless_left_behind(name: &str, scope: Scope, states: usize, left: usize) {
    let graph = progress::explore(&World { rules: Rules::all(), scope }, Overwrites::Nothing);
    assert_eq!(graph.states, states);
    let unseen: Vec<_> = graph.stuck.iter().filter(|stuck| !is_left_after_our_last_look(&stuck.state)).collect();
    assert!(unseen.is_empty(), "{name}: {} have no way out, the nearest is {:#?}", unseen.len(), unseen.first());
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
fn the_first_node_joins() {
    assert_eq!(explore("no nodes", Rules::all(), NO_NODES), 12_015);
    assert_eq!(every_state_leads_somewhere("no nodes", Rules::all(), NO_NODES), 12_015);
}

/// With `refreshEvidence`; what happens without is among the counterexamples.
#[test]
fn old_routes_are_written_again() {
    assert_eq!(explore("old routes", Rules::refreshing(), OLD_ROUTES), 18_930);
    assert_eq!(every_state_leads_somewhere("old routes", Rules::refreshing(), OLD_ROUTES), 18_930);
}

#[test]
fn shoots_sleep_and_wake_up() {
    assert_eq!(explore("sleep", Rules::all(), SLEEP), 132_666);
    leads_somewhere_unless_left_behind("sleep", SLEEP, 132_666, 76);
}

#[test]
fn an_old_leader_goes_on() {
    assert_eq!(explore("two leaders", Rules::all(), TWO_LEADERS), 323_802);
    leads_somewhere_unless_left_behind("two leaders", TWO_LEADERS, 323_802, 451);
}
