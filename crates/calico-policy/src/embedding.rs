//! One call as a document: what a caller gives, and what it gets, for programs that are not written in Rust.
//!
//! Every closed set is spelled by its code, every point in time is a number of seconds since 1970-01-01T00:00:00Z, every
//! duration a number of seconds. An unknown key is an error: a misspelled observation must not pass for one that is missing.
//! The schemas are `docs/embedding-request.schema.json` and `docs/embedding-response.schema.json`.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::admission_policy::GuardApi;
use crate::caveats::Caveat;
use crate::dataplane::Dataplane;
use crate::decision::{Action, Bundle, Decision, Observed, Outcome, Requeue, SwitchStatus};
use crate::encapsulation::Encapsulations;
use crate::guard::GuardState;
use crate::intent::NetworkIntent;
use crate::nodes::NodeClass;
use crate::overlay::{Actor, OverlayVerdict, VerdictCode};
use crate::phase::Phase;
use crate::privilege::PrivilegedBecause;
use crate::reading::Reading;
use crate::resolve::ResolveError;
use crate::settings::Settings;
use crate::shoot::ShootFacts;
use crate::survey::{Survey, WaitingNode};
use crate::time::Timestamp;
use crate::warning::Warning;

/// The arguments of [`decide`](crate::decide).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What the landscape operator configured.
    pub settings: Settings,
    /// What is known of the shoot.
    pub shoot: ShootFacts,
    /// What the shoot owner asked for.
    pub intent: NetworkIntent,
    /// What was seen.
    pub observed: Observed,
    /// What the last status said.
    pub previous: Reading<SwitchStatus>,
    /// The time that counts as now.
    pub now: Timestamp,
}

impl Request {
    /// Decides. Nothing is remembered between calls.
    ///
    /// # Errors
    /// [`ResolveError`] where the configuration yields no dataplane.
    pub fn decide(&self) -> Result<Decision, ResolveError> {
        crate::decide(&self.settings, &self.shoot, &self.intent, &self.observed, &self.previous, self.now)
    }
}

/// A [`Decision`] without its witness, which cannot leave the process: whoever writes on an answer asks again just before.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer<'a> {
    /// The node privilege mode.
    pub privilege: PrivilegeAnswer<'a>,
    /// The overlay verdict.
    pub overlay: OverlayAnswer<'a>,
    /// Where the switch stands.
    pub phase: Phase,
    /// The encapsulation in effect; both families null where unknown or where there is none.
    pub from: Encapsulations,
    /// The encapsulation that was asked for.
    pub to: Encapsulations,
    /// Which bundle may be written.
    pub bundle: Bundle,
    /// The first of the two bundles of a switch, where the second is due; null otherwise.
    pub first: Option<&'a Dataplane>,
    /// The guard.
    pub guard: GuardAnswer,
    /// What a look at the nodes found; null where there was none.
    pub nodes: Option<NodesAnswer<'a>>,
    /// The dataplane that was asked for.
    pub target: &'a Dataplane,
    /// What to do, in order; twice is harmless.
    pub actions: &'a [Action],
    /// What a person should know.
    pub warnings: &'a [Warning],
    /// How the operation is reported.
    pub outcome: Outcome,
    /// When to decide again, for who does not watch the nodes; null is when something changes.
    pub requeue_after_seconds: Option<u64>,
}

/// The node privilege mode.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivilegeAnswer<'a> {
    /// `Privileged` or `NonPrivileged`.
    pub mode: &'static str,
    /// Why it is privileged; null where it is not.
    pub because: Option<PrivilegedBecause>,
    /// What the non-privileged mode costs.
    pub caveats: &'a BTreeSet<Caveat>,
}

/// The overlay verdict.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverlayAnswer<'a> {
    /// The verdict.
    pub verdict: VerdictCode,
    /// Its reason; null for `Unchanged` and `Proceed`.
    pub reason: Option<&'static str>,
    /// One sentence for people; its wording may change.
    pub message: String,
    /// Who must act.
    pub actor: Actor,
    /// What would end a hold, for people; null without one.
    pub remedy: Option<&'static str>,
    /// What could not be read, for people; null where everything could.
    pub failure: Option<&'a str>,
    /// Since when the switch is held.
    pub since: Option<Timestamp>,
    /// When the hold counts as overdue.
    pub deadline: Option<Timestamp>,
}

/// The guard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardAnswer {
    /// Its state.
    pub state: GuardState,
    /// The version of its API; null where none fits.
    pub api_version: Option<GuardApi>,
    /// Whether routes may count.
    pub sufficient: bool,
}

/// The nodes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodesAnswer<'a> {
    /// All of them.
    pub total: usize,
    /// Those with a route.
    pub ready: usize,
    /// Those that keep the switch from going ahead.
    pub blocking: usize,
    /// How many are in each class; classes without nodes are left out.
    pub by_class: &'a BTreeMap<NodeClass, usize>,
    /// The first blocking ones by name.
    pub waiting_for: &'a [WaitingNode],
}

impl<'a> From<&'a Decision> for Answer<'a> {
    fn from(decision: &'a Decision) -> Self {
        Self {
            privilege: PrivilegeAnswer {
                mode: decision.privilege.mode.code(),
                because: decision.privilege.mode.because(),
                caveats: &decision.privilege.caveats,
            },
            overlay: OverlayAnswer::from(&decision.overlay),
            phase: decision.phase,
            from: decision.from,
            to: decision.target.encapsulations(),
            bundle: decision.bundle,
            first: decision.first.as_ref(),
            guard: GuardAnswer {
                state: decision.guard.state,
                api_version: decision.guard.api,
                sufficient: decision.guard.sufficient,
            },
            nodes: decision.survey.as_ref().map(NodesAnswer::from),
            target: &decision.target,
            actions: &decision.actions,
            warnings: &decision.warnings,
            outcome: decision.outcome,
            requeue_after_seconds: match decision.requeue {
                Requeue::OnChange => None,
                Requeue::After(duration) | Requeue::OnNodes { unwatched: duration, .. } => Some(duration.as_secs()),
            },
        }
    }
}

impl<'a> From<&'a OverlayVerdict> for OverlayAnswer<'a> {
    fn from(verdict: &'a OverlayVerdict) -> Self {
        let hold = match verdict {
            OverlayVerdict::Hold(hold) => Some(hold),
            OverlayVerdict::Unchanged | OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => None,
        };
        Self {
            verdict: verdict.kind(),
            reason: verdict.reason(),
            message: verdict.message(),
            actor: verdict.actor(),
            remedy: hold.map(|hold| hold.reason.remedy()),
            failure: hold.and_then(|hold| hold.failure.as_ref()).map(|failure| failure.detail.as_str()),
            since: hold.map(|hold| hold.since),
            deadline: hold.map(|hold| hold.deadline),
        }
    }
}

impl<'a> From<&'a Survey> for NodesAnswer<'a> {
    fn from(survey: &'a Survey) -> Self {
        Self {
            total: survey.total,
            ready: survey.ready(),
            blocking: survey.blocking,
            by_class: &survey.by_class,
            waiting_for: &survey.waiting_for,
        }
    }
}
