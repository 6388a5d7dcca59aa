//! The overlay switch: detection and gate, each case with a previous bundle.

use std::fmt;
use std::path::Path;

use adapter_k8s::facts;
use calico_policy::decision::{NodeList, Observed};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::Sources;
use calico_policy::nodes::NodeFacts;
use calico_policy::phase::Rollout;
use calico_policy::settings::Settings;
use calico_policy::time::Timestamp;
use calico_policy::{ReadFailure, ReadFailureKind, Reading, decide};
use gardener_api::node::Node;
use serde_json::{Value, json};

use super::input::{at, cases, decode, default_settings, network, settings, shoot, text};
use super::previous::Previous;
use super::{Case, Compared, Comparison, Difference};
use crate::failure::Failure;

/// 2026-08-20T12:00:00Z, the time in the recorded conditions.
const NOW: Timestamp = Timestamp(1_787_227_200);

/// With which settings we decide.
#[derive(Clone, Copy)]
pub(super) enum With {
    /// The gates of the case, and the profile `Strict`.
    RecordedGates,
    /// What an operator gets who configures nothing.
    Defaults,
}

pub(super) fn compare(directory: &Path, with: With) -> Result<Comparison, Failure> {
    let mut compared = Vec::new();
    let mut previous = Previous::default();
    for (id, input, golden) in cases(directory, "switch-cases.jsonl", "switch-golden.jsonl")? {
        let settings = match with {
            With::RecordedGates => settings(&input),
            With::Defaults => default_settings(&input),
        };
        let go = Go { verdict: text(&golden, "/verdict"), error: text(&golden, "/reconcileError") };
        let ours = verdict(&input, &settings, &mut previous);
        let differences = if go.agrees(&ours) {
            Vec::new()
        } else {
            let ours = ours.unwrap_or_else(|error| format!("error: {error}"));
            vec![Difference::new("verdict", go.to_string(), ours)]
        };
        compared.push(Compared { case: Case { id, input, golden }, differences });
    }
    Ok(Comparison { cases: compared, skipped: Vec::new() })
}

/// What the Go extension came to.
struct Go<'a> {
    verdict: &'a str,
    error: &'a str,
}

impl Go<'_> {
    /// Whether ours says the same.
    fn agrees(&self, ours: &Result<String, String>) -> bool {
        let ours = match ours {
            Ok(ours) => ours.as_str(),
            // Both refuse the same thing; Go puts what it was doing, or the path, before it.
            Err(error) => return self.verdict == "other-error" && self.error.ends_with(error),
        };
        match self.verdict {
            "unguarded" => [
                "Unchanged",
                "ProceedUnverified(GateDisabled)",
                "ProceedUnverified(AdmissionPolicyUnavailable)",
                "ProceedUnverified(FirstInstallation)",
            ]
            .contains(&ours),
            "no-switch" => ["Unchanged", "ProceedUnverified(FirstInstallation)"].contains(&ours),
            "proceed" => ["Proceed", "ProceedUnverified(NoNodes)"].contains(&ours),
            "wait" => ours == "Hold(RoutesMissing)",
            "guard-error" => ["Hold(NodesUnreadable)", "Hold(ShootUnreachable)"].contains(&ours),
            _ => false,
        }
    }
}

impl fmt::Display for Go<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verdict)?;
        if self.verdict.ends_with("-error") { write!(f, ": {}", self.error) } else { Ok(()) }
    }
}

fn verdict(case: &Value, settings: &Settings, previous: &mut Previous) -> Result<String, String> {
    let had_bundle = case.get("previous").is_some_and(Value::is_object);
    let shoot = facts::shoot::facts(&shoot(case, "shoot")?).map_err(|error| error.to_string())?;
    let network = facts::network::facts(&network(case, had_bundle)?).map_err(|error| error.to_string())?;
    let bundle = match fault(case, &["managedresource-", "secret-error"]) {
        Some(fault) => Reading::Unreadable(ReadFailure::new(ReadFailureKind::Refused, fault)),
        None => previous.reading(case)?,
    };
    let observed = Observed {
        sources: Sources {
            bundle,
            live: Reading::Unreadable(ReadFailure::new(ReadFailureKind::NotGiven, "the case has no live shoot")),
            record: network.record,
            history: network.history,
        },
        nodes: nodes(case)?,
        node_list: NodeList::Complete,
        guard: GuardObservation::NotObserved,
        rollout: Rollout::NotObserved,
        operation_requested: network.operation_requested,
    };
    let decision = decide(settings, &shoot, &network.intent, &observed, &network.previous, NOW)
        .map_err(|error| error.to_string())?;
    let kind = decision.overlay.kind().code();
    Ok(decision.overlay.reason().map_or_else(|| kind.to_owned(), |reason| format!("{kind}({reason})")))
}

/// The first fault of a case whose name starts like one of these.
fn fault(case: &Value, prefixes: &[&str]) -> Option<String> {
    let faults = at(case, "/faults").as_array()?;
    let wanted = |fault: &&str| prefixes.iter().any(|prefix| fault.starts_with(prefix));
    faults.iter().filter_map(Value::as_str).find(wanted).map(str::to_owned)
}

fn nodes(case: &Value) -> Result<Reading<Vec<NodeFacts>>, String> {
    let unreadable = |kind, detail: String| Ok(Reading::Unreadable(ReadFailure::new(kind, detail)));
    // With `external-kubeconfig-only` Go falls back to the other kubeconfig and reads the nodes: nothing is unreadable.
    let unreachable = ["shoot-", "no-kubeconfig", "kubeconfig-"];
    if let Some(fault) = fault(case, &unreachable) {
        return unreadable(ReadFailureKind::Unreachable, fault);
    }
    if let Some(fault) = fault(case, &["nodes-", "discovery-"]) {
        return unreadable(ReadFailureKind::Refused, fault);
    }
    if let Some(list) = case.get("nodesRaw") {
        if !text(list, "/metadata/continue").is_empty() {
            return unreadable(ReadFailureKind::Incomplete, "the list names a further page".to_owned());
        }
        let Some(items) = at(list, "/items").as_array() else {
            return unreadable(ReadFailureKind::Undecodable, "the list has no items".to_owned());
        };
        return node_facts(items.iter());
    }
    let given = at(case, "/nodes").as_array().into_iter().flatten();
    let documents: Vec<Value> = given.map(node_document).collect();
    node_facts(documents.iter())
}

fn node_facts<'a>(nodes: impl Iterator<Item = &'a Value>) -> Result<Reading<Vec<NodeFacts>>, String> {
    let facts = |document| facts::node::facts(&decode::<Node>(document)?).map_err(|error| error.to_string());
    nodes.map(facts).collect::<Result<_, _>>().map(Reading::Known)
}

fn node_document(node: &Value) -> Value {
    let deleted = at(node, "/deleting").as_bool().unwrap_or(false).then_some("2026-08-20T12:00:00Z");
    json!({
        "metadata": {"name": at(node, "/name"), "uid": at(node, "/uid"), "deletionTimestamp": deleted},
        "spec": {"podCIDRs": at(node, "/podCIDRs"), "unschedulable": at(node, "/unschedulable")},
        "status": {"conditions": at(node, "/conditions").as_array().cloned().unwrap_or_default()},
    })
}
