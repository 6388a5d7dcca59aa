//! What happens around us: the user, calico-node, the provider's route writer, machines that come and go, the lag of the
//! guard.

use calico_policy::encapsulation::Backend;

use crate::rules::{RouteWriterSays, Rules, Scope};
use crate::state::{Breach, CalicoNode, Condition, Former, Node, RouteWriter, SLOTS, Since, Sleep, State, Wish};

/// One thing that happens. The number is that of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    /// The user turns the overlay off, or on again.
    WishChanges,
    /// The guard becomes effective after its deployment, or ceases to be after its removal.
    GuardFollows,
    /// calico-node starts as the DaemonSet says, and says `CalicoIsUp` where BIRD runs.
    CalicoStarts(usize),
    /// Its side-car, or its start that took its time, says `CalicoIsUp` once more.
    CalicoSaysUp(usize),
    /// calico-node stops: because of a roll, or for itself.
    CalicoStops(usize),
    /// The preStop hook of a stopping BIRD gets `CalicoIsDown` out, perhaps after the next one has started.
    CalicoSaysDown(usize),
    /// It is killed before.
    CalicoIsKilled(usize),
    /// The provider starts its route writer: the overlay is off.
    WriterStarts,
    /// The provider scales it to zero: the overlay is on.
    WriterStops,
    /// It knows the routes there are.
    WriterWarmsUp,
    /// It starts again with an empty cache.
    WriterRestarts,
    RouteIsCreated(usize),
    WriterSaysCreated(usize),
    /// It has not created the route yet, or does not know yet that it has.
    WriterSaysNotCreated(usize),
    NodeJoins(usize),
    NodeLeaves(usize),
    /// Another machine takes the name at once, and the condition of the old one stays with it.
    NodeIsReplaced(usize),
    /// The shoot is hibernated: its machines go, and everything of its control plane stops where it is.
    FallsAsleep,
    /// Its control plane is back; the machines come one by one.
    WakesUp,
    /// A machine is back after the sleep: another one under its name, or so it seems.
    NodeReturns(usize),
}

impl Happening {
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::WishChanges,
            Self::GuardFollows,
            Self::WriterStarts,
            Self::WriterStops,
            Self::WriterWarmsUp,
            Self::WriterRestarts,
            Self::FallsAsleep,
            Self::WakesUp,
        ];
        for slot in 0..SLOTS {
            all.extend([
                Self::CalicoStarts(slot),
                Self::CalicoSaysUp(slot),
                Self::CalicoStops(slot),
                Self::CalicoSaysDown(slot),
                Self::CalicoIsKilled(slot),
                Self::RouteIsCreated(slot),
                Self::WriterSaysCreated(slot),
                Self::WriterSaysNotCreated(slot),
                Self::NodeJoins(slot),
                Self::NodeLeaves(slot),
                Self::NodeIsReplaced(slot),
                Self::NodeReturns(slot),
            ]);
        }
        all
    }
}

/// What follows, or `None` where it cannot happen now.
pub fn next(state: &State, happening: Happening, rules: &Rules, scope: Scope) -> Option<State> {
    match happening {
        Happening::WishChanges => spend(state, |state| &mut state.budget.wishes).map(|next| State {
            wish: match state.wish {
                Wish::On => Wish::Off,
                Wish::Off => Wish::On,
            },
            former: next.former.map(|former| Former { network: Since::Changed, ..former }),
            ..next
        }),
        Happening::FallsAsleep | Happening::WakesUp | Happening::NodeReturns(_) => sleep(state, happening),
        _ if state.shoot.sleep == Sleep::Asleep => None,
        Happening::GuardFollows => (state.shoot.guard_effective != state.seed.guard)
            .then(|| changed(state, |next| next.shoot.guard_effective = next.seed.guard)),
        Happening::WriterStarts
        | Happening::WriterStops
        | Happening::WriterWarmsUp
        | Happening::WriterRestarts
        | Happening::RouteIsCreated(_)
        | Happening::WriterSaysCreated(_)
        | Happening::WriterSaysNotCreated(_) => route_writer(state, happening, rules, scope),
        Happening::CalicoStarts(slot)
        | Happening::CalicoSaysUp(slot)
        | Happening::CalicoStops(slot)
        | Happening::CalicoSaysDown(slot)
        | Happening::CalicoIsKilled(slot) => calico(state, happening, slot),
        Happening::NodeJoins(slot) | Happening::NodeLeaves(slot) | Happening::NodeIsReplaced(slot) => {
            machines(state, happening, slot)
        }
    }
}

fn sleep(state: &State, happening: Happening) -> Option<State> {
    match (happening, state.shoot.sleep) {
        (Happening::FallsAsleep, Sleep::Awake) => {
            let mut next = spend(state, |state| &mut state.budget.sleeps)?;
            let manager = &mut next.manager;
            manager.pending |= manager.round.take().is_some();
            next.shoot.sleep = Sleep::Asleep;
            next.shoot.route_writer = RouteWriter::Off;
            for slot in &mut next.shoot.slots {
                // A slot that had no machine has none to come back.
                slot.machine += u8::from(slot.node.take().is_some());
            }
            Some(next)
        }
        (Happening::WakesUp, Sleep::Asleep) => {
            let returning = state.shoot.slots.each_ref().map(|slot| slot.machine > 0);
            let sleep = if returning.contains(&true) { Sleep::Waking(returning) } else { Sleep::Awake };
            Some(changed(state, |next| next.shoot.sleep = sleep))
        }
        (Happening::NodeReturns(slot), Sleep::Waking(mut returning)) if returning[slot] => {
            returning[slot] = false;
            Some(changed(state, |next| {
                next.shoot.slots[slot].node = Some(Node::joining());
                let all = !returning.contains(&true);
                next.shoot.sleep = if all { Sleep::Awake } else { Sleep::Waking(returning) };
            }))
        }
        _ => None,
    }
}

fn calico(state: &State, happening: Happening, slot: usize) -> Option<State> {
    let node = state.shoot.slots[slot].node.as_ref()?;
    let wanted = state.shoot.applied.backend;
    let guarded = state.shoot.guard_effective;
    match (happening, node.calico) {
        (Happening::CalicoStarts(_), CalicoNode::NotStarted | CalicoNode::Down(_)) => {
            Some(with_node(state, slot, |node| {
                node.calico = CalicoNode::Up(wanted);
                if wanted != Backend::None && !guarded {
                    node.condition = Condition::CalicoIsUp;
                }
            }))
        }
        (Happening::CalicoSaysUp(_), CalicoNode::Up(backend))
            if backend != Backend::None && !guarded && node.condition != Condition::CalicoIsUp =>
        {
            Some(with_node(state, slot, |node| node.condition = Condition::CalicoIsUp))
        }
        (Happening::CalicoStops(_), CalicoNode::Up(backend)) => {
            let rolls = backend != wanted;
            let state = if rolls { state.clone() } else { spend(state, |state| &mut state.budget.stops)? };
            Some(with_node(&state, slot, |node| {
                node.calico = CalicoNode::Down(backend);
                node.old_one_stops |= backend != Backend::None;
            }))
        }
        (Happening::CalicoSaysDown(_), _) if node.old_one_stops && !guarded => Some(with_node(state, slot, |node| {
            node.old_one_stops = false;
            node.condition = Condition::CalicoIsDown;
        })),
        (Happening::CalicoIsKilled(_), _) if node.old_one_stops => {
            Some(with_node(state, slot, |node| node.old_one_stops = false))
        }
        _ => None,
    }
}

fn route_writer(state: &State, happening: Happening, rules: &Rules, scope: Scope) -> Option<State> {
    let writer = state.shoot.route_writer;
    let becomes = |writer| Some(changed(state, |next| next.shoot.route_writer = writer));
    match (happening, writer, state.wish) {
        (Happening::WriterStarts, RouteWriter::Off, Wish::Off) => becomes(RouteWriter::Cold),
        (Happening::WriterStops, RouteWriter::Cold | RouteWriter::Warm, Wish::On) => becomes(RouteWriter::Off),
        (Happening::WriterWarmsUp, RouteWriter::Cold, _) => becomes(RouteWriter::Warm),
        (Happening::WriterRestarts, RouteWriter::Warm, _) => {
            let next = spend(state, |state| &mut state.budget.writer_restarts)?;
            Some(changed(&next, |next| next.shoot.route_writer = RouteWriter::Cold))
        }
        (_, RouteWriter::Off, _) => None,
        (Happening::RouteIsCreated(slot), _, _) => {
            let node = state.shoot.slots[slot].node.as_ref()?;
            (!node.route).then(|| with_node(state, slot, |node| node.route = true))
        }
        (Happening::WriterSaysCreated(slot), _, _) => {
            let node = state.shoot.slots[slot].node.as_ref()?;
            let may_say_so = node.route || rules.route_writer_says == RouteWriterSays::AlsoWhatIsNot;
            (may_say_so && node.condition != Condition::RouteCreated)
                .then(|| with_node(state, slot, |node| node.condition = Condition::RouteCreated))
        }
        (Happening::WriterSaysNotCreated(slot), _, _) => {
            let node = state.shoot.slots[slot].node.as_ref()?;
            let believes_so = !node.route || writer == RouteWriter::Cold;
            let may_say_so = !rules.protect_route_created
                || !state.shoot.guard_effective
                || node.condition == Condition::CalicoIsDown;
            if !believes_so || !may_say_so || node.condition == Condition::NoRouteCreated {
                return None;
            }
            let worked = node.route && node.condition == Condition::RouteCreated && state.shoot.guard_effective;
            let mut next = with_node(state, slot, |node| node.condition = Condition::NoRouteCreated);
            if worked && scope.record_breaches {
                next.breach = Some(Breach::WorkingNodeReported);
            }
            Some(next)
        }
        _ => None,
    }
}

fn machines(state: &State, happening: Happening, slot: usize) -> Option<State> {
    let present = state.shoot.slots[slot].node.is_some();
    let possible = match happening {
        Happening::NodeJoins(_) => !present,
        // A shoot that loses its last node is one that begins without any.
        Happening::NodeLeaves(_) => present && state.shoot.nodes().count() > 1,
        _ => present,
    };
    if !possible {
        return None;
    }
    let mut next = spend(state, |state| &mut state.budget.churn)?;
    let at = &mut next.shoot.slots[slot];
    at.machine += u8::from(happening != Happening::NodeLeaves(slot));
    at.node = match (happening, &at.node) {
        (Happening::NodeLeaves(_), _) => None,
        (
            Happening::NodeIsReplaced(_),
            Some(Node { condition: Condition::RouteCreated | Condition::RouteCreatedLongAgo, .. }),
        ) => Some(Node { condition: Condition::RouteCreatedForPredecessor, ..Node::joining() }),
        _ => Some(Node::joining()),
    };
    Some(next)
}

fn spend(state: &State, budget: impl FnOnce(&mut State) -> &mut u8) -> Option<State> {
    let mut next = state.clone();
    let left = budget(&mut next);
    *left = left.checked_sub(1)?;
    Some(next)
}

fn changed(state: &State, change: impl FnOnce(&mut State)) -> State {
    let mut next = state.clone();
    change(&mut next);
    next
}

fn with_node(state: &State, slot: usize, change: impl FnOnce(&mut Node)) -> State {
    changed(state, |next| {
        if let Some(node) = &mut next.shoot.slots[slot].node {
            change(node);
        }
    })
}
