//! The model as stateright sees it: initial states, what can happen, and what must hold.

use calico_policy::encapsulation::{Backend, Encapsulation};
use calico_policy::phase::Phase;
use stateright::{Model, Property};

use crate::controller::{self, ControllerDoes};
use crate::environment::{self, Happening};
use crate::properties;
use crate::resource_manager::{self, ManagerDoes};
use crate::rules::{Begins, Rules, Scope};
use crate::state::{
    Budget, Bundle, CalicoNode, Condition, Controller, Manager, Node, RouteWriter, SLOTS, Seed, Shoot, Sleep, Slot,
    State, Status, Wish,
};

/// A world with rules.
#[derive(Clone, Debug)]
pub struct World {
    pub rules: Rules,
    pub scope: Scope,
}

/// One step of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    Controller(ControllerDoes),
    Manager(ManagerDoes),
    Environment(Happening),
}

impl std::fmt::Display for Event {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Controller(what) => write!(formatter, "{what:?}"),
            Self::Manager(what) => write!(formatter, "Manager{what:?}"),
            Self::Environment(what) => write!(formatter, "{what:?}"),
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Event;

    /// Shoots of every size whose overlay is wished for and in effect.
    fn init_states(&self) -> Vec<State> {
        let of = |nodes: &usize| settled(*nodes, self.scope.begins, self.scope.budget);
        self.scope.nodes.iter().flat_map(of).collect()
    }

    fn actions(&self, _: &State, actions: &mut Vec<Event>) {
        actions.extend(ControllerDoes::all().map(Event::Controller));
        actions.extend(ManagerDoes::ALL.map(Event::Manager));
        actions.extend(Happening::all().into_iter().map(Event::Environment));
    }

    fn next_state(&self, state: &State, event: Event) -> Option<State> {
        match event {
            Event::Controller(what) => controller::next(state, what, &self.rules),
            Event::Manager(what) => resource_manager::next(state, what),
            Event::Environment(what) => environment::next(state, what, &self.rules, self.scope),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self.scope)
    }
}

/// With old routes one shoot for every way in which they may have gone.
fn settled(nodes: usize, begins: Begins, budget: Budget) -> Vec<State> {
    let (condition, ways) = match begins {
        Begins::ByCalico => (Condition::CalicoIsUp, 1),
        Begins::WithOldRoutes => (Condition::RouteCreatedLongAgo, 1 << nodes),
    };
    let node = |route| Node { condition, route, calico: CalicoNode::Up(Backend::Bird), ..Node::joining() };
    let slot = |way: usize, slot: usize| Slot { machine: 0, node: (slot < nodes).then(|| node(way >> slot & 1 == 1)) };
    (0..ways).map(|way| overlay(std::array::from_fn(|index| slot(way, index)), budget)).collect()
}

/// A shoot whose overlay is wished for and in effect.
fn overlay(slots: [Slot; SLOTS], budget: Budget) -> State {
    State {
        wish: Wish::On,
        seed: Seed {
            bundle: Bundle::OVERLAY,
            guard: false,
            status: Some(Status { phase: Phase::Idle, record: Some(Encapsulation::IpipAlways) }),
            cleaned: false,
        },
        shoot: Shoot {
            applied: Bundle::OVERLAY,
            sleep: Sleep::Awake,
            guard_effective: false,
            route_writer: RouteWriter::Off,
            slots,
        },
        manager: Manager { pending: false, round: None },
        controller: Controller::Idle,
        former: None,
        budget,
        breach: None,
    }
}
