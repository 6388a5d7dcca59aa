//! The JSON schema of what the embedded core answers.

use calico_policy::admission_policy::GuardApi;
use calico_policy::decision::Bundle;
use calico_policy::encapsulation::{Backend, Encapsulation, Pool, PoolMode};
use calico_policy::guard::GuardState;
use calico_policy::intent::{AutoscalingMode, IpamType, ServiceLoopPrevention};
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::{Actor, HoldReason, UnverifiedReason, VerdictCode};
use calico_policy::phase::Phase;
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use calico_policy::survey::LISTED_NODES;
use calico_policy::warning::WarningCode;
use serde_json::{Map, Value, json};

use super::decision_list::privilege;
use super::json_schema::{
    codes, count, definition, described, document, flag, list, null, nullable, object, one_of, text, with,
};
use crate::failure::Failure;

/// Why there is no decision. The tests of `calico-policy-c` compare them with its own.
const ERRORS: [&str; 7] = [
    "NullRequest",
    "TooLarge",
    "NotUtf8",
    "InvalidRequest",
    "Ipv6PodCidrUnknown",
    "KubeProxyDisabledWithoutEbpf",
    "Internal",
];

pub(crate) fn schema() -> Result<String, Failure> {
    let error = object([
        ("kind", one_of(ERRORS.into_iter())),
        ("text", described("For people; its wording may change.", text())),
    ]);
    let response = json!({"oneOf": [
        object([("decision", decision()), ("error", null())]),
        object([("decision", null()), ("error", error)]),
    ]});
    let description =
        "What `calico_policy_decide` answers: a decision or an error. Every key is always present, null where unknown.";
    document("Response", description, response, definitions())
}

fn decision() -> Value {
    object([
        ("privilege", privilege()),
        ("overlay", overlay()),
        ("phase", codes!(Phase)),
        ("from", described("In effect; null where unknown.", definition("Encapsulations"))),
        ("to", described("Asked for.", definition("Encapsulations"))),
        ("bundle", described("Which bundle may be written.", codes!(Bundle))),
        (
            "first",
            described(
                "The first of the two bundles of a switch, where the second is due.",
                nullable(definition("Dataplane")),
            ),
        ),
        ("guard", guard()),
        ("nodes", described("Null where no node had to be looked at.", nullable(nodes()))),
        ("target", described("Asked for.", definition("Dataplane"))),
        ("actions", described("In order; carrying one out twice is harmless.", list(&action()))),
        ("warnings", list(&object([("code", codes!(WarningCode)), ("message", text())]))),
        ("outcome", one_of(["Succeed", "Progressing", "RetriableError"].into_iter())),
        ("requeueAfterSeconds", described("When to ask again; null: when something changes.", nullable(count()))),
    ])
}

fn definitions() -> Value {
    json!({
        "Encapsulations": object([
            ("ipv4", nullable(codes!(Encapsulation))),
            ("ipv6", nullable(codes!(Encapsulation))),
        ]),
        "Dataplane": dataplane(),
        "Family": object([
            ("pool", codes!(Pool)),
            ("mode", codes!(PoolMode)),
            ("poolSource", one_of(["Variable", "Object"].into_iter())),
            ("sends", codes!(Encapsulation)),
            ("receives", codes!(Encapsulation)),
            ("autoDetectionMethod", nullable(text())),
            ("natOutgoing", flag()),
            ("wireguard", flag()),
            ("podCidr", nullable(text())),
        ]),
        "Time": described("Seconds since 1970-01-01T00:00:00Z.", json!({"type": "integer"})),
    })
}

fn overlay() -> Value {
    let verdict = object([
        ("verdict", codes!(VerdictCode)),
        ("reason", described("Which codes are possible depends on the verdict.", nullable(text()))),
        ("message", described("For people; its wording may change.", text())),
        ("actor", described("Who must act.", codes!(Actor))),
        ("remedy", described("What would end the hold, for people.", nullable(text()))),
        ("failure", described("What could not be read, for people.", nullable(text()))),
        ("since", described("Since when the switch is held.", nullable(definition("Time")))),
        ("deadline", described("When the hold counts as overdue; it is never forced.", nullable(definition("Time")))),
    ]);
    with(verdict, [("oneOf", VerdictCode::ALL.iter().map(|verdict| reason_of(*verdict)).collect())])
}

/// What a verdict says about the rest.
fn reason_of(verdict: VerdictCode) -> Value {
    let (reason, of_hold) = match verdict {
        VerdictCode::Unchanged | VerdictCode::Proceed => (null(), null()),
        VerdictCode::ProceedUnverified => (codes!(UnverifiedReason), null()),
        VerdictCode::Hold => (codes!(HoldReason), json!({"not": {"type": "null"}})),
    };
    json!({"properties": {
        "verdict": {"const": verdict.code()},
        "reason": reason,
        "remedy": of_hold,
        "since": of_hold,
        "deadline": of_hold,
    }})
}

fn guard() -> Value {
    object([
        ("state", codes!(GuardState)),
        ("apiVersion", described("Null where no version fits the shoot.", nullable(codes!(GuardApi)))),
        ("sufficient", described("Whether routes may count.", flag())),
    ])
}

fn nodes() -> Value {
    let at_least_one = json!({"type": "integer", "minimum": 1});
    let by_class: Map<_, _> =
        NodeClass::ALL.iter().map(|class| (class.code().to_owned(), at_least_one.clone())).collect();
    let waiting = object([("name", text()), ("class", codes!(NodeClass))]);
    object([
        ("total", count()),
        ("ready", count()),
        ("blocking", count()),
        ("byClass", json!({"type": "object", "properties": by_class, "additionalProperties": false})),
        ("waitingFor", with(list(&waiting), [("maxItems", json!(LISTED_NODES))])),
    ])
}

fn action() -> Value {
    json!({"oneOf": [
        {"enum": ["RemoveGuard", "KeepBundle", "WatchNodes", "ConsumeBreakGlass"]},
        object([("DeployGuard", codes!(GuardApi))]),
        object([("CleanConditions", described("Names of nodes.", list(&text())))]),
        object([("CleanNoRouteCreated", described("Names of nodes.", list(&text())))]),
        object([("RefreshEvidence", list(&stale_route()))]),
        object([("UpdateGuard", codes!(GuardApi))]),
        object([("WriteBundle", definition("Dataplane"))]),
    ]})
}

fn stale_route() -> Value {
    let condition = object([
        ("status", one_of(["False"].into_iter())),
        ("reason", one_of(["RouteCreated"].into_iter())),
        ("lastTransition", nullable(definition("Time"))),
        ("lastHeartbeat", nullable(definition("Time"))),
    ]);
    let seen = "What was seen; it is deleted only where it still is there.";
    object([("name", text()), ("uid", text()), ("condition", described(seen, condition))])
}

fn dataplane() -> Value {
    let privilege = json!({"oneOf": [
        {"const": NodePrivilege::NonPrivileged.code()},
        object([("Privileged", codes!(PrivilegedBecause))]),
    ]});
    let overlay = object([("enabled", flag()), ("createPodRoutes", flag())]);
    object([
        ("privilege", privilege),
        ("backend", codes!(Backend)),
        (
            "felix",
            object([
                ("ipip", flag()),
                ("vxlan", flag()),
                ("bpf", flag()),
                ("bpfKubeProxyCleanup", flag()),
                ("nftables", flag()),
                ("serviceLoopPrevention", nullable(codes!(ServiceLoopPrevention))),
            ]),
        ),
        ("ipam", object([("type", codes!(IpamType)), ("ranges", list(&text()))])),
        ("ipv4", nullable(definition("Family"))),
        ("ipv6", nullable(definition("Family"))),
        ("typha", flag()),
        ("kubeControllers", flag()),
        ("multus", object([("enabled", flag()), ("installCniPlugins", flag())])),
        ("birdExporter", flag()),
        ("vethMtu", text()),
        ("snatToUpstreamDns", flag()),
        ("overlay", nullable(overlay)),
        ("autoscaling", codes!(AutoscalingMode)),
    ])
}
