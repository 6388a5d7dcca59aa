//! gardener-resource-manager: applies the bundle object by object, and what left the bundle is deleted before anything is
//! applied. It sleeps with the shoot.

use crate::state::{Manager, Round, Sleep, Stage, State};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ManagerDoes {
    BeginRound,
    /// The next deletion, or the next object.
    Continue,
    /// The round ends half-way and is tried again.
    Fail,
}

impl ManagerDoes {
    pub const ALL: [Self; 3] = [Self::BeginRound, Self::Continue, Self::Fail];
}

/// What follows, or `None` where it has nothing of that kind to do.
pub fn next(state: &State, what: ManagerDoes) -> Option<State> {
    if state.shoot.sleep == Sleep::Asleep {
        return None;
    }
    let mut next = state.clone();
    match (what, state.manager.round) {
        (ManagerDoes::BeginRound, None) if state.manager.pending => {
            let bundle = state.seed.bundle;
            let deletes = state.shoot.applied.kube_controllers && !bundle.kube_controllers;
            let first = if deletes { Stage::Deletions } else { Stage::DaemonSet };
            next.manager = Manager { pending: false, round: Some(Round { bundle, next: first }) };
        }
        (ManagerDoes::Continue, Some(round)) => {
            let applied = &mut next.shoot.applied;
            let then = match round.next {
                Stage::Deletions => {
                    applied.kube_controllers = false;
                    Some(Stage::DaemonSet)
                }
                Stage::DaemonSet => {
                    let bundle = round.bundle;
                    applied.kube_controllers = bundle.kube_controllers;
                    (applied.backend, applied.felix_ipip) = (bundle.backend, bundle.felix_ipip);
                    Some(Stage::Pool)
                }
                Stage::Pool => {
                    applied.mode = round.bundle.mode;
                    None
                }
            };
            next.manager.round = then.map(|next| Round { next, ..round });
        }
        (ManagerDoes::Fail, Some(_)) => {
            next = state.with_fault()?;
            next.manager = Manager { pending: true, round: None };
        }
        _ => return None,
    }
    Some(next)
}
