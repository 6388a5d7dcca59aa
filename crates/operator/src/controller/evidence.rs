//! What the decisions rest on, read live: from the seed always, from the shoot only where the answer depends on it.

use adapter_k8s::client::ApiClient;
use adapter_k8s::decide::{DecideError, Decided, Given, decide};
use adapter_k8s::facts::network::NetworkFacts;
use adapter_k8s::facts::rollout::rollout;
use adapter_k8s::read::bundle::{self, KnownSecret, LiveBundle};
use adapter_k8s::read::{dataplane, nodes};
use adapter_k8s::settings::UnobservedGuard;
use adapter_k8s::shoot_access::ShootAccess;
use calico_policy::decision::NodeList;
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{ObservedDataplane, Sources};
use calico_policy::nodes::NodeFacts;
use calico_policy::overlay::{HoldReason, OverlayVerdict, UnverifiedReason, VerdictCode};
use calico_policy::phase::Phase;
use calico_policy::shoot::ShootFacts;
use calico_policy::time::Timestamp;
use calico_policy::verification::{Missing, Verification};
use calico_policy::{Observed, ReadFailure, ReadFailureKind, Reading};
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;

use super::guard::{self, Settling};

/// What is decided about, apart from what is read.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The shoot's namespace in the seed.
    pub namespace: &'a str,
    /// The landscape operator's configuration.
    pub configuration: &'a ControllerConfiguration,
    /// Where images come from.
    pub images: &'a ImageVector,
    /// The Network.
    pub network: &'a NetworkFacts,
    /// The shoot.
    pub shoot: &'a ShootFacts,
    /// Whether a guard that nobody looked for holds a switch.
    pub unobserved_guard: UnobservedGuard,
    /// The time of the decision.
    pub now: Timestamp,
}

/// A decision with what it rests on.
#[derive(Debug)]
pub struct Evidence {
    /// The bundle last written.
    pub bundle: LiveBundle,
    /// What was handed to the core.
    pub observed: Observed,
    /// What it said.
    pub decided: Decided,
    /// The shoot, where it was asked.
    pub shoot: Option<AskedShoot>,
}

/// A shoot whose nodes were read.
#[derive(Debug)]
pub struct AskedShoot {
    /// Its API server.
    pub client: ApiClient,
    /// The point in time of the list of nodes; empty where that could not be read.
    pub surveyed_at: String,
}

/// Decides on what the seed knows. Everything that only the shoot knows counts as unreadable, so this permits nothing that the shoot
/// could contradict.
///
/// # Errors
/// [`DecideError`].
pub async fn from_seed(
    seed: &ApiClient,
    question: Question<'_>,
    known: Option<&KnownSecret>,
) -> Result<Evidence, DecideError> {
    let evidence = decide_on(bundle::bundle(seed, question.namespace, known).await, question)?;
    if evidence.bundle.from_memory && evidence.decided.decision.overlay.kind() != VerdictCode::Unchanged {
        return decide_on(bundle::bundle(seed, question.namespace, None).await, question);
    }
    Ok(evidence)
}

/// Decides again where the overlay came back and there is no guard of ours in the seed any more: with what the shoot says, unless it
/// sleeps. Where no guard is possible, there is none to be seen.
///
/// # Errors
/// [`DecideError`].
pub(super) async fn without_guard(
    shoots: &ShootAccess,
    question: Question<'_>,
    evidence: Evidence,
    settling: &mut Settling,
) -> Result<Evidence, DecideError> {
    let possible = question.configuration.overlay_switch.guard.enabled && evidence.decided.decision.guard.api.is_some();
    let asleep = question.shoot.hibernation_enabled;
    let evidence = if asleep { evidence } else { from_shoot(shoots, question, evidence, Some(settling)).await? };
    if possible && !asleep {
        return Ok(evidence);
    }
    let observed = Observed { guard: GuardObservation::NotEffective, ..evidence.observed };
    let decided = decided(question, &observed)?;
    Ok(Evidence { observed, decided, ..evidence })
}

/// Whether the shoot could contradict a decision that was made from the seed alone.
#[must_use]
pub fn depends_on_shoot(evidence: &Evidence, shoot: &ShootFacts) -> bool {
    if shoot.hibernation_enabled {
        return false;
    }
    let decision = &evidence.decided.decision;
    let unverified = |seen: &Verification| seen.missing.contains(&Missing::Nodes);
    match &decision.overlay {
        // Also one that is out of time does not end unseen.
        OverlayVerdict::Unchanged if matches!(decision.phase, Phase::Verifying | Phase::Done) => {
            decision.verification.as_ref().is_some_and(unverified)
        }
        OverlayVerdict::Hold(hold) => hold.reason != HoldReason::Hibernated,
        OverlayVerdict::ProceedUnverified(UnverifiedReason::BreakGlass) => true,
        OverlayVerdict::Unchanged | OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => false,
    }
}

/// Decides again, with what the shoot says. The guard is looked for only by whoever deploys it, and `settling` is theirs.
///
/// # Errors
/// [`DecideError`].
pub async fn from_shoot(
    shoots: &ShootAccess,
    question: Question<'_>,
    evidence: Evidence,
    settling: Option<&mut Settling>,
) -> Result<Evidence, DecideError> {
    let (live, nodes, shoot) = match shoots.client(question.namespace).await {
        Err(error) => (Reading::Unreadable(error.failure()), Reading::Unreadable(error.failure()), None),
        Ok(client) => {
            let live = dataplane::dataplane(&client).await;
            let (nodes, surveyed_at) = nodes_unless_unreachable(&client, &live).await;
            (live, nodes, Some(AskedShoot { client, surveyed_at }))
        }
    };
    let enabled = question.configuration.overlay_switch.guard.enabled;
    let api = evidence.decided.decision.guard.api.filter(|_| enabled);
    let guard = match (settling, api) {
        (Some(settling), Some(api)) => {
            guard::observe(shoots, question.namespace, &nodes, api, settling, question.now).await
        }
        _ => GuardObservation::NotObserved,
    };
    let observed = Observed { guard, ..observed(&evidence.bundle, question, live, nodes) };
    let decided = decided(question, &observed)?;
    Ok(Evidence { observed, decided, shoot, ..evidence })
}

/// Who cannot be reached for one question is not asked the next.
async fn nodes_unless_unreachable(
    client: &ApiClient,
    live: &Reading<ObservedDataplane>,
) -> (Reading<Vec<NodeFacts>>, String) {
    if let Reading::Unreadable(failure) = live
        && failure.kind == ReadFailureKind::Unreachable
    {
        return (Reading::Unreadable(failure.clone()), String::new());
    }
    match nodes::nodes(client).await {
        Ok(snapshot) => (Reading::Known(snapshot.nodes), snapshot.resource_version),
        Err(error) => (Reading::Unreadable(error.failure()), String::new()),
    }
}

fn decide_on(bundle: LiveBundle, question: Question<'_>) -> Result<Evidence, DecideError> {
    let not_read = if question.shoot.hibernation_enabled {
        ReadFailure::new(ReadFailureKind::NotGiven, "the shoot is hibernated")
    } else {
        bundle::not_read_yet()
    };
    let observed = observed(&bundle, question, Reading::Unreadable(not_read.clone()), Reading::Unreadable(not_read));
    let decided = decided(question, &observed)?;
    Ok(Evidence { bundle, observed, decided, shoot: None })
}

fn observed(
    bundle: &LiveBundle,
    question: Question<'_>,
    live: Reading<ObservedDataplane>,
    nodes: Reading<Vec<NodeFacts>>,
) -> Observed {
    Observed {
        sources: Sources {
            bundle: bundle.dataplane.clone(),
            live,
            record: question.network.record.clone(),
            history: question.network.history,
        },
        nodes,
        node_list: NodeList::Complete,
        guard: GuardObservation::NotObserved,
        rollout: rollout(bundle.known().map(|live| &live.slice)),
        operation_requested: question.network.operation_requested,
    }
}

fn decided(question: Question<'_>, observed: &Observed) -> Result<Decided, DecideError> {
    let Question { namespace: _, configuration, images, network, shoot, unobserved_guard, now } = question;
    decide(&Given { configuration, images, network, shoot, observed, unobserved_guard, now })
}
