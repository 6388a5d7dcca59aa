//! The two bundles of a switch: what vanishes with the overlay stays in the one that switches and goes with a second one, once
//! the switch is verified.
//!
//! gardener-resource-manager deletes what has left a bundle before it applies anything of it, and waits for the end of the deletion:
//! a switch that also deletes comes late, or never. Which of the two is due follows from the bundle itself, so that nobody has to
//! remember it.

use crate::dataplane::Dataplane;
use crate::encapsulation::Backend;
use crate::in_effect::{ObservedDataplane, Sources};
use crate::reading::Reading;

/// Which of the two bundles was written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The first: it keeps what its own backend does not need, as no other bundle does.
    First,
    /// Another one, or none.
    Other,
    /// Nobody could tell.
    Unknown,
}

impl Written {
    /// Judges the bundle last written.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        match &sources.bundle {
            Reading::Known(bundle) if keeps(bundle) => Self::First,
            Reading::Known(_) | Reading::Absent => Self::Other,
            Reading::Unreadable(_) => Self::Unknown,
        }
    }
}

/// The first bundle: `target`, and what would vanish. Equal to `target` where nothing does.
#[must_use]
pub fn first(target: &Dataplane, sources: &Sources) -> Dataplane {
    let runs = sources.bundle.known().and_then(|bundle| bundle.kube_controllers);
    // What nobody knows of is kept: an object too many deletes nothing.
    Dataplane { kube_controllers: target.kube_controllers || runs != Some(false), ..target.clone() }
}

fn keeps(bundle: &ObservedDataplane) -> bool {
    bundle.kube_controllers == Some(true) && bundle.backend == Some(Backend::None)
}
