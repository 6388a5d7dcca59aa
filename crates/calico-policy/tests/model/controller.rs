//! Our controller: it asks the real core what to do, and does it one request at a time. Nothing is decided here.

use std::sync::Arc;

use calico_policy::decision::{Action, Bundle as Writes, Decision};
use calico_policy::nodes::NodeName;
use calico_policy::overlay::{OverlayVerdict, UnverifiedReason};
use calico_policy::{RoutesReady, decide};

use crate::facts::{self, NOW, Reads};
use crate::rules::{CheckBeforeWrite, Cleaning, LateWrites, Rules};
use crate::state::{
    Breach, Budget, Condition, Controller, Former, Permission, SLOTS, Since, Sleep, State, Status, Step, Wish, Witness,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControllerDoes {
    /// It reads what can be read, and decides.
    Decide(Reads),
    /// It makes the next request of its decision.
    Act,
    /// It crashes, or notices that it has lost the lead, before the next request.
    Crash,
    /// It loses the lead and does not notice; another process begins.
    LoseLead,
    /// Whoever led before makes its next request.
    FormerActs,
    /// Its status gets lost: a restore, a new seed, a person.
    LoseStatus,
}

impl ControllerDoes {
    pub fn all() -> impl Iterator<Item = Self> {
        Reads::ALL.into_iter().map(Self::Decide).chain([
            Self::Act,
            Self::Crash,
            Self::LoseLead,
            Self::FormerActs,
            Self::LoseStatus,
        ])
    }
}

/// What follows, or `None` where nothing does.
pub fn next(state: &State, what: ControllerDoes, rules: &Rules) -> Option<State> {
    match (what, &state.controller) {
        (ControllerDoes::Decide(reads), Controller::Idle) => {
            let mut next = if reads == Reads::Everything { state.clone() } else { state.with_fault()? };
            let steps = steps(decision(state, reads, rules), state, rules);
            if steps.is_empty() {
                return None;
            }
            if takes_back(&steps, state) {
                next.breach = Some(Breach::SwitchTakenBack);
            }
            next.controller = Controller::Acting(steps);
            Some(next)
        }
        (ControllerDoes::Act, Controller::Acting(steps)) => act(state, steps, rules),
        (ControllerDoes::Crash, Controller::Acting(_)) => Some(State { controller: Controller::Idle, ..state.clone() }),
        (ControllerDoes::LoseLead, Controller::Acting(steps)) if state.former.is_none() => {
            let leaders = state.budget.leaders.checked_sub(1)?;
            let former = Former { steps: steps.clone(), bundle: Since::Unchanged, network: Since::Unchanged };
            let budget = Budget { leaders, ..state.budget };
            Some(State { controller: Controller::Idle, former: Some(former), budget, ..state.clone() })
        }
        (ControllerDoes::FormerActs, _) => former_acts(state, state.former.as_ref()?, rules),
        (ControllerDoes::LoseStatus, _) if state.seed.status.is_some() => {
            let mut next = state.with_fault()?;
            next.seed.status = None;
            Some(next)
        }
        _ => None,
    }
}

fn decision(state: &State, reads: Reads, rules: &Rules) -> Decision {
    decide(
        &rules.settings,
        &facts::shoot(state),
        &facts::intent(state.wish),
        &facts::observed(state, reads, rules),
        &facts::previous(state),
        NOW,
    )
    .expect("the configuration of the model yields a dataplane")
}

/// The requests of a decision, less those that would change nothing.
fn steps(decision: Decision, state: &State, rules: &Rules) -> Vec<Step> {
    let mut steps = Vec::new();
    let status = Status {
        phase: decision.phase,
        record: match decision.bundle {
            Writes::Target => decision.target.encapsulations().ipv4,
            Writes::Held => decision.from.ipv4,
            Writes::Frozen => decision.from.ipv4.or(state.seed.status.and_then(|status| status.record)),
        },
    };
    let mut permission = Some(permission(decision.overlay, state));
    for action in decision.actions {
        match action {
            Action::DeployGuard(_) if !state.seed.guard => steps.push(Step::DeployGuard),
            Action::RemoveGuard if state.seed.guard => steps.push(Step::RemoveGuard),
            Action::CleanConditions(names) if rules.cleaning == Cleaning::Always || !state.seed.cleaned => {
                let names: Vec<NodeName> = names.iter().cloned().collect();
                steps.push(Step::Clean(std::array::from_fn(|slot| names.contains(&facts::name(slot)))));
            }
            Action::WriteBundle(dataplane) => {
                let bundle = facts::bundle(&dataplane);
                if bundle == state.seed.bundle {
                    continue;
                }
                if state.seed.bundle.encapsulates() && !bundle.encapsulates() {
                    steps.push(Step::CheckNodes(permission.take().expect("one write per decision")));
                }
                steps.push(Step::Write(bundle));
            }
            Action::CleanNoRouteCreated(names) => {
                let names: Vec<NodeName> = names.iter().cloned().collect();
                steps.push(Step::CleanRoutes(std::array::from_fn(|slot| names.contains(&facts::name(slot)))));
            }
            Action::RefreshEvidence(routes) => {
                let seen = |slot: usize| routes.iter().any(|route| route.name == facts::name(slot));
                steps.push(Step::Refresh(std::array::from_fn(|index| {
                    let slot = &state.shoot.slots[index];
                    slot.node.as_ref().filter(|_| seen(index)).map(|node| (slot.machine, node.condition))
                })));
            }
            Action::ConsumeBreakGlass => panic!("nobody breaks the glass in the model"),
            Action::DeployGuard(_)
            | Action::RemoveGuard
            | Action::CleanConditions(_)
            | Action::UpdateGuard(_)
            | Action::KeepBundle
            | Action::WatchNodes => {}
        }
    }
    if state.seed.status != Some(status) {
        steps.push(Step::Report(status));
    }
    steps
}

fn takes_back(steps: &[Step], state: &State) -> bool {
    let reported = state.seed.status.is_some_and(|status| status.phase.is_after_write());
    let writes_overlay = steps.iter().any(|step| matches!(step, Step::Write(bundle) if bundle.encapsulates()));
    state.wish == Wish::Off && !state.seed.bundle.encapsulates() && reported && writes_overlay
}

fn permission(verdict: OverlayVerdict, state: &State) -> Permission {
    match verdict {
        OverlayVerdict::Proceed(proof) => {
            Permission::Witness(Witness { proof: Arc::new(proof), machines: facts::machines(state) })
        }
        OverlayVerdict::ProceedUnverified(UnverifiedReason::NoNodes) => Permission::NoNodes,
        OverlayVerdict::Unchanged | OverlayVerdict::ProceedUnverified(_) | OverlayVerdict::Hold(_) => {
            Permission::NotNeeded
        }
    }
}

fn act(state: &State, steps: &[Step], rules: &Rules) -> Option<State> {
    let (step, rest) = steps.split_first()?;
    let mut next = state.clone();
    let goes_on = carry_out(&mut next, step, rules);
    next.controller = if goes_on && !rest.is_empty() { Controller::Acting(rest.to_vec()) } else { Controller::Idle };
    if let (Step::Write(_), Some(former)) = (step, &mut next.former) {
        former.bundle = Since::Changed;
    }
    Some(next)
}

/// What it does is what it decided, however long ago. Only a precondition stops it.
fn former_acts(state: &State, former: &Former, rules: &Rules) -> Option<State> {
    let (step, rest) = former.steps.split_first()?;
    let mut next = State { former: None, ..state.clone() };
    let changed = match step {
        Step::Write(_) => former.bundle,
        Step::Report(_) => former.network,
        _ => Since::Unchanged,
    };
    if changed == Since::Changed && rules.late_writes == LateWrites::AreRefused {
        return Some(next);
    }
    if takes_back(std::slice::from_ref(step), state) {
        next.breach = Some(Breach::SwitchTakenBack);
    }
    if carry_out(&mut next, step, rules) && !rest.is_empty() {
        next.former = Some(Former { steps: rest.to_vec(), ..former.clone() });
    }
    if let (Step::Write(_), Controller::Acting(steps)) = (step, &mut next.controller) {
        // The write of whoever leads now meets another state than it has read, and with it ends the look.
        let writes = |step: &Step| matches!(step, Step::CheckNodes(_) | Step::Write(_));
        if let Some(first) = steps.iter().position(writes) {
            steps.truncate(first);
        }
        if steps.is_empty() {
            next.controller = Controller::Idle;
        }
    }
    Some(next)
}

/// Makes one request; whether the next one follows.
fn carry_out(next: &mut State, step: &Step, rules: &Rules) -> bool {
    match step {
        Step::DeployGuard => next.seed.guard = true,
        Step::RemoveGuard => next.seed.guard = false,
        Step::Clean(slots) => {
            next.seed.cleaned = rules.cleaning == Cleaning::Once;
            // Only what Calico wrote goes, whatever stood there when the decision was made.
            delete(next, slots, Condition::is_by_calico);
        }
        Step::CleanRoutes(slots) => delete(next, slots, |condition| condition == Condition::NoRouteCreated),
        Step::Refresh(seen) => {
            for (slot, seen) in next.shoot.slots.iter_mut().zip(seen) {
                let machine = slot.machine;
                if let Some(node) = slot.node.as_mut().filter(|node| *seen == Some((machine, node.condition))) {
                    node.condition = Condition::Missing;
                }
            }
        }
        Step::CheckNodes(permission) => {
            if !still_holds(permission, next, rules.check_before_write) {
                return false;
            }
            for node in next.shoot.slots.iter_mut().filter_map(|slot| slot.node.as_mut()) {
                node.counted = true;
            }
        }
        Step::Write(bundle) => {
            next.seed.bundle = *bundle;
            next.manager.pending = true;
        }
        Step::Report(status) => next.seed.status = Some(*status),
    }
    true
}

fn delete(next: &mut State, slots: &[bool; SLOTS], sticks: fn(Condition) -> bool) {
    for (slot, _) in next.shoot.slots.iter_mut().zip(slots).filter(|(_, named)| **named) {
        if let Some(node) = slot.node.as_mut().filter(|node| sticks(node.condition)) {
            node.condition = Condition::Missing;
        }
    }
}

fn still_holds(permission: &Permission, state: &State, check: CheckBeforeWrite) -> bool {
    let now = facts::machines(state);
    if state.shoot.sleep == Sleep::Asleep && *permission != Permission::NotNeeded {
        // Nobody answers.
        return false;
    }
    match (permission, check) {
        (Permission::NotNeeded, _) | (Permission::Witness(_) | Permission::NoNodes, CheckBeforeWrite::StaleRead) => {
            true
        }
        (Permission::Witness(witness), CheckBeforeWrite::Uids) => covers(&witness.proof, state),
        (Permission::Witness(witness), CheckBeforeWrite::Names) => {
            now.iter().zip(witness.machines).all(|(now, then)| now.is_none() || then.is_some())
        }
        (Permission::NoNodes, CheckBeforeWrite::Uids | CheckBeforeWrite::Names) => now == [None; SLOTS],
    }
}

fn covers(proof: &RoutesReady, state: &State) -> bool {
    proof.covers(&facts::uids(state))
}
