//! With every rule on: every state within the bounds is visited, every invariant holds in it, and it leads somewhere.

use std::collections::BTreeMap;

use stateright::{Checker, Model};

use crate::progress::{self, Overwrites};
use crate::properties;
use crate::rules::{Begins, Rules, Scope};
use crate::state::{Budget, Condition, Node, State, Wish};
use crate::world::World;

/// Nothing that could go on for ever happens, but for one change of mind: the overlay is turned off.
const ONCE: Budget = Budget { wishes: 1, churn: 0, stops: 0, writer_restarts: 0, faults: 0 };

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
    let world = World { rules: Rules::all(), scope: CHANGE_OF_MIND };
    let graph = progress::explore(&world, Overwrites::Nothing);
    assert_eq!(graph.states, 83_027);
    // What a route writer leaves on a node after our last look is seen by nobody, because the nodes of a settled overlay are
    // not read: it came and went between two looks, or stopped after a revert had found nothing left.
    let unseen: Vec<_> = graph.stuck.iter().filter(|stuck| !is_left_after_our_last_look(&stuck.state)).collect();
    assert!(unseen.is_empty(), "change of mind: no way out of {:#?}", unseen.first());
    assert_eq!(graph.stuck.len(), 88);
    println!("model: change of mind: from each of {} states a path leads to an end, but for 88", graph.states);
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
