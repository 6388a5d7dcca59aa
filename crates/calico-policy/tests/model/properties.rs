//! What must hold in every reachable state, and where every state must lead.

use calico_policy::phase::Phase;
use stateright::Property;

use crate::rules::Scope;
use crate::state::{Breach, Condition, Controller, Node, Round, Sleep, Stage, State, Wish};
use crate::world::World;

/// The safety of a switch.
pub const SAFE: &str = "no counted node is without encapsulation and without route";

/// That the model of the route writer is truthful.
pub const TRUTHFUL: &str = "a node that is said to have a route has one";

/// That we never flip back by ourselves.
const KEPT: &str = "a switch that was reported as written is not taken back";

/// That the resource manager has nothing to delete before it switches, nor before the switch is verified.
pub const DELETED_LAST: &str = "what vanishes with the overlay is deleted only after the switch is applied";

/// What only the extended guard gives.
pub const WORKING_STAYS: &str = "no working node is reported as unavailable past the guard";

/// The invariants of a world.
pub fn of(scope: Scope) -> Vec<Property<World>> {
    let mut properties = vec![
        Property::always(SAFE, |_, state: &State| is_safe(state)),
        Property::always(TRUTHFUL, |_, state: &State| {
            state.shoot.nodes().all(|node| node.condition != Condition::RouteCreated || node.route)
        }),
        Property::always(KEPT, |_, state: &State| state.breach != Some(Breach::SwitchTakenBack)),
        Property::always(DELETED_LAST, |_, state: &State| {
            let deletes = |round: &Round| round.next == Stage::Deletions;
            !state.manager.round.as_ref().is_some_and(deletes) || has_switched(state)
        }),
    ];
    if scope.record_breaches {
        properties.push(Property::always(WORKING_STAYS, |_, state: &State| {
            state.breach != Some(Breach::WorkingNodeReported)
        }));
    }
    properties
}

/// Whether what a round is about to delete is no longer needed: backend and pool are those of the bundle.
fn has_switched(state: &State) -> bool {
    let Some(Round { bundle, .. }) = state.manager.round else { return true };
    let applied = state.shoot.applied;
    (applied.backend, applied.felix_ipip, applied.mode) == (bundle.backend, bundle.felix_ipip, bundle.mode)
}

fn is_safe(state: &State) -> bool {
    state.shoot.is_encapsulated() || state.shoot.nodes().all(|node| !node.counted || node.route)
}

/// Where a switch is to arrive. After a lost status nobody knows of a switch, and `Idle` is all that can be said.
pub fn is_done(state: &State) -> bool {
    state.wish == Wish::Off
        && !state.seed.bundle.encapsulates()
        && matches!(phase(state), Some(Phase::Done | Phase::Idle))
        && is_at_rest(state)
}

/// Where a shoot is to arrive whose overlay is wished for.
pub fn is_settled_overlay(state: &State) -> bool {
    state.wish == Wish::On
        && state.seed.bundle.encapsulates()
        && phase(state) == Some(Phase::Idle)
        && !state.seed.guard
        && is_at_rest(state)
}

/// The bundle is applied, calico-node has rolled, nobody is about to act, and no machine is about to be replaced for a
/// condition that nobody will change.
fn is_at_rest(state: &State) -> bool {
    state.controller == Controller::Idle
        && state.shoot.sleep == Sleep::Awake
        && !state.manager.pending
        && state.manager.round.is_none()
        && state.shoot.applied == state.seed.bundle
        && state.shoot.guard_effective == state.seed.guard
        && state.shoot.has_rolled()
        && state.shoot.nodes().all(|node| !sticks(node, state.wish))
}

const fn sticks(node: &Node, wish: Wish) -> bool {
    match wish {
        Wish::Off => node.condition.is_by_calico(),
        Wish::On => matches!(node.condition, Condition::CalicoIsDown | Condition::NoRouteCreated),
    }
}

fn phase(state: &State) -> Option<Phase> {
    state.seed.status.map(|status| status.phase)
}
