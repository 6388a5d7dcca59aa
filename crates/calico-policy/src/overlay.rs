//! The overlay verdict: may the encapsulation go now?

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::codes::closed_set;
use crate::reading::ReadFailure;
use crate::survey::{RoutesReady, Survey};
use crate::time::Timestamp;

mod judge;

pub use judge::{Evidence, Judgement, judge};
pub(crate) use judge::{routes, rules};

/// What may happen to the encapsulation.
#[derive(Debug, PartialEq, Eq)]
pub enum OverlayVerdict {
    /// The target removes no encapsulation that is in effect.
    Unchanged,
    /// Every counted node has a route.
    Proceed(RoutesReady),
    /// The encapsulation goes without a look at routes.
    ProceedUnverified(UnverifiedReason),
    /// The encapsulation stays.
    Hold(Hold),
}

closed_set! {
    /// A verdict without its particulars.
    pub enum VerdictCode {
        /// [`OverlayVerdict::Unchanged`]
        Unchanged,
        /// [`OverlayVerdict::Proceed`]
        Proceed,
        /// [`OverlayVerdict::ProceedUnverified`]
        ProceedUnverified,
        /// [`OverlayVerdict::Hold`]
        Hold,
    }
}

impl OverlayVerdict {
    /// The verdict without its particulars.
    #[must_use]
    pub const fn kind(&self) -> VerdictCode {
        match self {
            Self::Unchanged => VerdictCode::Unchanged,
            Self::Proceed(_) => VerdictCode::Proceed,
            Self::ProceedUnverified(_) => VerdictCode::ProceedUnverified,
            Self::Hold(_) => VerdictCode::Hold,
        }
    }

    /// The code of the reason; `None` for `Unchanged` and `Proceed`.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Unchanged | Self::Proceed(_) => None,
            Self::ProceedUnverified(reason) => Some(reason.code()),
            Self::Hold(hold) => Some(hold.reason.code()),
        }
    }

    /// Who must act.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Unchanged | Self::Proceed(_) => Actor::Nobody,
            Self::ProceedUnverified(reason) => reason.actor(),
            Self::Hold(hold) => hold.reason.actor(),
        }
    }

    /// One sentence for people, with the particulars.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Unchanged => "no encapsulation that is in effect would be removed".to_string(),
            Self::Proceed(witness) => match witness.len() {
                1 => "the only node has a route; the encapsulation may go".to_string(),
                nodes => format!("all {nodes} nodes have a route; the encapsulation may go"),
            },
            Self::ProceedUnverified(reason) => reason.sentence().to_string(),
            Self::Hold(hold) => hold.message(),
        }
    }
}

closed_set! {
    /// Why encapsulation goes without a look at routes.
    pub enum UnverifiedReason {
        /// Feature gate `SeamlessOverlaySwitch` is off.
        GateDisabled,
        /// The shoot has no policy API, and the configuration does not hold for that.
        AdmissionPolicyUnavailable,
        /// Calico was never installed.
        FirstInstallation,
        /// The shoot has no node that counts.
        NoNodes,
        /// An operator said so.
        BreakGlass,
        /// Nobody writes routes for this provider type.
        NoRouteController,
        /// BIRD distributes the routes, and the configuration does not verify those.
        PodRoutesByCalico,
        /// The removal does not come from `overlay.enabled: false`.
        OverlayNotDisabledExplicitly,
    }
}

impl UnverifiedReason {
    /// One sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::GateDisabled => "the feature gate SeamlessOverlaySwitch is off, so routes are not looked at",
            Self::AdmissionPolicyUnavailable => {
                "the shoot has no MutatingAdmissionPolicy API, so routes are not looked at: use Kubernetes 1.36 or later, or the \
                 feature gate MutatingAdmissionPolicy with its runtimeConfig entry"
            }
            Self::FirstInstallation => "Calico was never installed here, so there is no encapsulation to lose",
            Self::NoNodes => "the shoot has no node that could lose a route",
            Self::BreakGlass => "the annotation skip-route-check lets this switch go ahead unverified",
            Self::NoRouteController => {
                "no route controller runs for this provider type, so there are no routes to wait for"
            }
            Self::PodRoutesByCalico => {
                "BIRD distributes the routes (overlay.createPodRoutes), so there is no route controller to wait for"
            }
            Self::OverlayNotDisabledExplicitly => {
                "encapsulation goes without `overlay.enabled: false`, so no provider starts a route controller: set that field"
            }
        }
    }

    /// Who must act.
    #[must_use]
    pub const fn actor(self) -> Actor {
        match self {
            Self::AdmissionPolicyUnavailable | Self::OverlayNotDisabledExplicitly => Actor::ShootOwner,
            Self::GateDisabled
            | Self::FirstInstallation
            | Self::NoNodes
            | Self::BreakGlass
            | Self::NoRouteController
            | Self::PodRoutesByCalico => Actor::Nobody,
        }
    }
}

/// The encapsulation stays, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: HoldReason,
    /// What a look at the nodes found; `None` where there was none.
    pub survey: Option<Survey>,
    /// What could not be read; `None` where everything could.
    pub failure: Option<ReadFailure>,
    /// Since when the switch is held.
    pub since: Timestamp,
    /// When it counts as overdue. It is never forced.
    pub deadline: Timestamp,
}

impl Hold {
    fn message(&self) -> String {
        let mut message = match (&self.survey, self.reason) {
            (Some(survey), HoldReason::RoutesMissing | HoldReason::NoRouteWriter) => {
                let verb = if survey.blocking == 1 { "has" } else { "have" };
                let nodes = if survey.total == 1 { "node" } else { "nodes" };
                let first = survey.waiting_for.iter().take(3).map(|node| format!("`{}`", node.name));
                let mut named = first.collect::<Vec<_>>().join(", ");
                if survey.blocking > 3 {
                    named.push_str(", …");
                }
                format!("{} of {} {nodes} {verb} no route: {named}", survey.blocking, survey.total)
            }
            _ => self.reason.sentence().to_string(),
        };
        if self.reason == HoldReason::NoRouteWriter {
            message.push_str("; ");
            message.push_str(self.reason.sentence());
        }
        if let Some(failure) = &self.failure {
            message.push_str(": ");
            message.push_str(&failure.detail);
        }
        message
    }
}

closed_set! {
    /// Why the encapsulation stays.
    pub enum HoldReason {
        /// Nodes have no route yet.
        RoutesMissing,
        /// Nodes have no route, and nobody who writes routes has shown up.
        NoRouteWriter,
        /// Nobody could tell what is in effect.
        CurrentStateUnreadable,
        /// The nodes could not be read, or not completely.
        NodesUnreadable,
        /// The shoot's API server could not be reached.
        ShootUnreachable,
        /// The guard does not keep Calico from writing conditions.
        GuardNotEffective,
        /// The shoot has no policy API, and the configuration holds for that.
        AdmissionPolicyUnavailable,
        /// The removal does not come from `overlay.enabled: false`, and the configuration holds for that.
        OverlayNotDisabledExplicitly,
        /// The shoot sleeps.
        Hibernated,
    }
}

impl HoldReason {
    /// One sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::RoutesMissing => "nodes have no route yet",
            Self::NoRouteWriter => {
                "no route controller has written any condition: check that the provider runs one for this shoot"
            }
            Self::CurrentStateUnreadable => "the encapsulation in effect could not be read, so nothing is written",
            Self::NodesUnreadable => "the nodes of the shoot could not be read",
            Self::ShootUnreachable => "the API server of the shoot could not be reached",
            Self::GuardNotEffective => {
                "the guard in the shoot is not effective, so calico-node could overwrite what route controllers say"
            }
            Self::AdmissionPolicyUnavailable => {
                "the shoot has no MutatingAdmissionPolicy API: use Kubernetes 1.36 or later, or the feature gate \
                 MutatingAdmissionPolicy with its runtimeConfig entry"
            }
            Self::OverlayNotDisabledExplicitly => {
                "encapsulation would go without `overlay.enabled: false`, so no provider starts a route controller: set that field"
            }
            Self::Hibernated => "the shoot is hibernated; the switch goes on when it wakes up",
        }
    }

    /// What would change the verdict, for people.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::RoutesMissing => {
                "every node needs NetworkUnavailable=False with reason RouteCreated, written by a route controller"
            }
            Self::NoRouteWriter => "a running route controller, or routeVerification: Skip for this provider type",
            Self::CurrentStateUnreadable => {
                "a readable bundle (ManagedResource and its Secrets), a live shoot, or our record in status.state"
            }
            Self::NodesUnreadable => "a complete list of the shoot's nodes",
            Self::ShootUnreachable => "a reachable API server of the shoot",
            Self::GuardNotEffective => "an effective admission policy with its binding in the shoot",
            Self::AdmissionPolicyUnavailable => "a shoot with the policy API, or whenUnguarded: Proceed",
            Self::OverlayNotDisabledExplicitly => "overlay.enabled: false in the shoot, or gateImplicitRemovals: false",
            Self::Hibernated => "waking the shoot up",
        }
    }

    /// Who must act.
    #[must_use]
    pub const fn actor(self) -> Actor {
        match self {
            Self::RoutesMissing
            | Self::NoRouteWriter
            | Self::CurrentStateUnreadable
            | Self::NodesUnreadable
            | Self::ShootUnreachable
            | Self::GuardNotEffective => Actor::LandscapeOperator,
            Self::AdmissionPolicyUnavailable | Self::OverlayNotDisabledExplicitly => Actor::ShootOwner,
            Self::Hibernated => Actor::Nobody,
        }
    }
}

closed_set! {
    /// Who must act.
    pub enum Actor {
        /// The owner of the shoot.
        ShootOwner,
        /// The operator of the landscape.
        LandscapeOperator,
        /// Nobody: it resolves by itself.
        Nobody,
        /// The authors of this software.
        Us,
    }
}
