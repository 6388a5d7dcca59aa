//! Events on a Network: where a switch moves on, and when the nodes that it waits for change.

use std::time::Duration;

use adapter_k8s::time;
use adapter_k8s::write::event::{Event, Severity};
use calico_policy::Decision;
use calico_policy::overlay::{OverlayVerdict, UnverifiedReason};
use calico_policy::phase::Phase;
use calico_policy::time::Timestamp;
use gardener_api::network::Network;
use gardener_api::network_status::{NetworkStatus, OverlaySwitchStatus};

/// Nodes come and go one by one; this often somebody is told.
pub(super) const NODES_EVERY: Duration = Duration::from_secs(60);

/// The reason of the Event about a switch that goes ahead because somebody broke the glass.
pub const UNVERIFIED: &str = "OverlaySwitchUnverified";

/// The reason of the Event about other nodes that a switch waits for.
pub const NODES: &str = "OverlaySwitchNodes";

/// The reason of the Event about a switch that has come to a phase.
#[must_use]
pub const fn phase_reason(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "OverlaySwitchEnded",
        Phase::Guarding => "OverlaySwitchGuarding",
        Phase::Cleaning => "OverlaySwitchCleaning",
        Phase::AwaitingRoutes => "OverlaySwitchAwaitingRoutes",
        Phase::Switching => "OverlaySwitchSwitching",
        Phase::Verifying => "OverlaySwitchVerifying",
        Phase::Done => "OverlaySwitchDone",
        Phase::Reverting => "OverlaySwitchReverting",
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The switch is in another phase.
    Phase,
    /// It waits for other nodes.
    Nodes,
    /// An operator let it go unverified.
    BreakGlass,
}

/// What is new in a decision, compared with the status that was told last.
pub(super) fn news(network: &Network, decision: &Decision) -> Option<News> {
    let told = told(network);
    let phase = told.as_ref().and_then(|told| told.phase.as_deref()).unwrap_or(Phase::Idle.code());
    let verdict = told.as_ref().and_then(|told| told.reason.as_deref());
    if matches!(decision.overlay, OverlayVerdict::ProceedUnverified(UnverifiedReason::BreakGlass))
        && verdict != Some(UnverifiedReason::BreakGlass.code())
    {
        return Some(News::BreakGlass);
    }
    if phase != decision.phase.code() {
        return Some(News::Phase);
    }
    let waiting_for = told.map(|told| told.waiting_for).unwrap_or_default();
    let now = adapter_k8s::report::overlay_switch(decision).waiting_for;
    (decision.phase.is_hold() && waiting_for != now).then_some(News::Nodes)
}

/// The Event for that.
pub(super) fn event(news: News, decision: &Decision, break_glass: Option<&str>, now: Timestamp) -> Event {
    let message = decision.message();
    let (severity, reason, message) = match news {
        News::BreakGlass => {
            let why = break_glass.unwrap_or_default();
            (Severity::Warning, UNVERIFIED, format!("{message}: {why}"))
        }
        News::Nodes => (severity(decision), NODES, message),
        News::Phase => (severity(decision), phase_reason(decision.phase), moved_on(decision).unwrap_or(message)),
    };
    Event { severity, reason, message, at: time::format(now) }
}

/// A node that says of itself that it has no route is replaced after a while, although the overlay works.
fn severity(decision: &Decision) -> Severity {
    use calico_policy::nodes::NodeClass::NoRouteCreated;

    let endangered = decision.survey.as_ref().is_some_and(|survey| survey.by_class.contains_key(&NoRouteCreated));
    if endangered { Severity::Warning } else { Severity::Normal }
}

/// What there is to say of a phase in which nothing more is to be removed: the verdict says only that.
fn moved_on(decision: &Decision) -> Option<String> {
    let text = match (&decision.overlay, decision.phase) {
        (OverlayVerdict::Unchanged, Phase::Verifying) => {
            "the bundle without encapsulation is applied; calico-node rolls"
        }
        (OverlayVerdict::Unchanged, Phase::Done) => "calico-node has rolled; the overlay is off",
        (OverlayVerdict::Unchanged, Phase::Reverting) => "the overlay is to stay; what the switch left is cleared away",
        (OverlayVerdict::Unchanged, Phase::Idle) => "no switch is open any more",
        _ => return None,
    };
    Some(text.to_owned())
}

fn told(network: &Network) -> Option<OverlaySwitchStatus> {
    let raw = network.status.provider_status.as_ref()?;
    NetworkStatus::from_json(raw.get()).ok()?.overlay_switch
}
