//! What would come of turning the overlay of one shoot off.

use calico_policy::Decision;
use calico_policy::overlay::VerdictCode;

/// What would come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Every node has a route: the encapsulation could go now.
    CanSwitch,
    /// It could go now without anybody having looked at the nodes; the reason says why.
    CanSwitchUnverified,
    /// It would stay; the reason says why.
    Blocked,
    /// There is no encapsulation that could go.
    NoOverlay,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::CanSwitch, Self::CanSwitchUnverified, Self::Blocked, Self::NoOverlay];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CanSwitch => "CanSwitch",
            Self::CanSwitchUnverified => "CanSwitchUnverified",
            Self::Blocked => "Blocked",
            Self::NoOverlay => "NoOverlay",
        }
    }

    /// What a decision for a Network with `overlay.enabled: false` comes to.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        match decision.overlay.kind() {
            VerdictCode::Proceed => Self::CanSwitch,
            VerdictCode::ProceedUnverified => Self::CanSwitchUnverified,
            VerdictCode::Hold => Self::Blocked,
            VerdictCode::Unchanged => Self::NoOverlay,
        }
    }
}
