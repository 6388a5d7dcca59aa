//! Progress: from every reachable state a path leads to `Done` or to a settled overlay – a path on which nobody changes
//! his mind, no machine comes or goes and nothing crashes, so that no lucky accident counts.
//!
//! stateright's `eventually` knows no fairness, so the graph is explored here and walked backwards.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model;

use crate::controller::ControllerDoes;
use crate::environment::Happening;
use crate::facts::Reads;
use crate::properties::{is_done, is_settled_overlay};
use crate::resource_manager::ManagerDoes;
use crate::state::{CalicoNode, Condition, State};
use crate::world::{Event, World};

/// What a route controller does about a condition that Calico wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrites {
    /// Nothing: what is true for any of the others is true for this.
    Nothing,
    /// `CalicoIsDown` only: it compares the status and not the reason (kubernetes/cloud-provider before v0.36).
    CalicoIsDown,
    /// `CalicoIsUp` only: it gets round to it within the hour, and a machine whose condition is True is replaced before
    /// (gardener/aws-custom-route-controller).
    CalicoIsUp,
    /// Nothing, and not even a `RouteCreated` that is older than its node.
    NothingThatLooksRight,
}

/// What was found.
pub struct Graph {
    /// Number of reachable states.
    pub states: usize,
    /// The states from which no path leads to an end, nearest first.
    pub stuck: Vec<Stuck>,
}

/// A state without a way out.
#[derive(Clone, Debug)]
pub struct Stuck {
    pub state: State,
    /// The shortest way there.
    pub steps: Vec<Event>,
}

/// Explores everything that is reachable, and finds the states without a way out.
pub fn explore(world: &World, overwrites: Overwrites) -> Graph {
    let mut index: BTreeMap<u64, u32> = BTreeMap::new();
    let mut states: Vec<State> = Vec::new();
    let mut helps: Vec<(u32, u32)> = Vec::new();
    let mut came_from: Vec<Option<(u32, Event)>> = Vec::new();
    for state in world.init_states() {
        index.insert(fingerprint(&state), number(states.len()));
        states.push(state);
        came_from.push(None);
    }
    let mut events = Vec::new();
    let mut at = 0;
    while at < states.len() {
        let state = states[at].clone();
        world.actions(&state, &mut events);
        for event in events.drain(..) {
            let Some(next) = world.next_state(&state, event) else { continue };
            let to = *index.entry(fingerprint(&next)).or_insert_with(|| number(states.len()));
            if to as usize == states.len() {
                states.push(next);
                came_from.push(Some((number(at), event)));
            }
            if is_helpful(event, &state, overwrites) {
                helps.push((to, number(at)));
            }
        }
        at += 1;
    }
    let reaches = backwards(&states, helps);
    let is_stuck = |at: &usize| !reaches[*at];
    let stuck = |at: usize| Stuck { state: states[at].clone(), steps: steps_to(at, &came_from) };
    Graph { states: states.len(), stuck: (0..states.len()).filter(is_stuck).map(stuck).collect() }
}

fn steps_to(at: usize, came_from: &[Option<(u32, Event)>]) -> Vec<Event> {
    let mut steps: Vec<Event> =
        std::iter::successors(came_from[at], |(from, _)| came_from[*from as usize]).map(|(_, event)| event).collect();
    steps.reverse();
    steps
}

/// Which states reach an end, over edges given as (to, from).
fn backwards(states: &[State], mut edges: Vec<(u32, u32)>) -> Vec<bool> {
    edges.sort_unstable();
    let mut reaches: Vec<bool> = states.iter().map(|state| is_done(state) || is_settled_overlay(state)).collect();
    let mut open: Vec<u32> = (0..states.len()).filter(|at| reaches[*at]).map(number).collect();
    while let Some(to) = open.pop() {
        let first = edges.partition_point(|(of, _)| *of < to);
        for (_, from) in edges[first..].iter().take_while(|(of, _)| *of == to) {
            if !std::mem::replace(&mut reaches[*from as usize], true) {
                open.push(*from);
            }
        }
    }
    reaches
}

/// Whether progress may count on this.
fn is_helpful(event: Event, state: &State, overwrites: Overwrites) -> bool {
    let node = |slot: usize| state.shoot.slots[slot].node.as_ref();
    match event {
        Event::Controller(ControllerDoes::Decide(reads)) => reads == Reads::Everything,
        Event::Controller(ControllerDoes::Act) => true,
        // Of an old leader nothing good is to be expected.
        Event::Controller(
            ControllerDoes::Crash | ControllerDoes::LoseLead | ControllerDoes::FormerActs | ControllerDoes::LoseStatus,
        ) => false,
        Event::Manager(what) => what != ManagerDoes::Fail,
        Event::Environment(happening) => match happening {
            Happening::GuardFollows
            | Happening::CalicoStarts(_)
            | Happening::CalicoIsKilled(_)
            | Happening::WriterStarts
            | Happening::WriterStops
            | Happening::WriterWarmsUp
            | Happening::RouteIsCreated(_)
            | Happening::WakesUp
            | Happening::NodeReturns(_) => true,
            // A stop that no roll asks for is an accident.
            Happening::CalicoStops(slot) => {
                node(slot).is_some_and(|node| node.calico != CalicoNode::Up(state.shoot.applied.backend))
            }
            // The side-car is there for this.
            Happening::CalicoSaysUp(slot) => node(slot).is_some_and(|node| node.condition == Condition::CalicoIsDown),
            Happening::WriterSaysCreated(slot) => match node(slot).map(|node| node.condition) {
                Some(Condition::CalicoIsUp) => overwrites == Overwrites::CalicoIsUp,
                Some(Condition::CalicoIsDown) => overwrites == Overwrites::CalicoIsDown,
                // A steady route writer leaves what it has said.
                Some(Condition::RouteCreatedLongAgo) => false,
                Some(Condition::RouteCreatedForPredecessor) => overwrites != Overwrites::NothingThatLooksRight,
                _ => true,
            },
            Happening::WishChanges
            | Happening::CalicoSaysDown(_)
            | Happening::WriterRestarts
            | Happening::WriterSaysNotCreated(_)
            | Happening::NodeJoins(_)
            | Happening::NodeLeaves(_)
            | Happening::NodeIsReplaced(_)
            | Happening::FallsAsleep => false,
        },
    }
}

fn fingerprint(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("far fewer states than that")
}
