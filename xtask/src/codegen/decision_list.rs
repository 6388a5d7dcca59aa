//! The JSON schema of `DecisionList`, the answer of `decide -o json`. Every code is spelled from its closed set.

use calico_policy::admission_policy::GuardApi;
use calico_policy::caveats::Caveat;
use calico_policy::decision::Bundle;
use calico_policy::encapsulation::{Backend, Encapsulation, Pool, PoolMode};
use calico_policy::guard::GuardState;
use calico_policy::intent::IpamType;
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::{Actor, HoldReason, UnverifiedReason, VerdictCode};
use calico_policy::phase::Phase;
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use calico_policy::survey::LISTED_NODES;
use calico_policy::warning::WarningCode;
use operator::commands::decide::ItemErrorKind;
use serde_json::{Map, Value, json};

use super::json_schema::{codes, count, definition, described, flag, null, nullable, object, one_of, text, with};
use super::list_schema::{item, keyed, list, time};
use crate::failure::Failure;

pub(crate) fn schema() -> Result<String, Failure> {
    let description = "The answer of `networking-calico decide -o json`: one item per Network, sorted by namespace and name. \
                       Every key is always present, null where unknown.";
    list("DecisionList", ["Decided", "Undecided"], description, definitions())
}

fn definitions() -> Value {
    let mut definitions = shared_definitions();
    definitions.extend([
        (
            "Decided",
            described(
                "A Network with both decisions.",
                item([
                    ("error", null()),
                    ("privilege", definition("Privilege")),
                    ("overlaySwitch", definition("OverlaySwitch")),
                    ("dataplane", definition("Dataplane")),
                    ("warnings", json!({"type": "array", "items": definition("Warning")})),
                ]),
            ),
        ),
        (
            "Undecided",
            described(
                "A Network that is invalid, or whose Cluster or image is missing.",
                item([
                    ("error", definition("Error")),
                    ("privilege", null()),
                    ("overlaySwitch", null()),
                    ("dataplane", null()),
                    ("warnings", json!({"type": "array", "maxItems": 0})),
                ]),
            ),
        ),
        ("Privilege", privilege()),
        ("Dataplane", dataplane()),
        ("Family", family()),
    ]);
    keyed(definitions)
}

/// What the answers of other commands about a decision have in common with this one.
pub(super) fn shared_definitions() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Error",
            object([
                ("path", described("The field; below `spec.shoot` for one of the Cluster.", text())),
                ("kind", one_of(ItemErrorKind::all().map(ItemErrorKind::code))),
                ("text", text()),
            ]),
        ),
        ("OverlaySwitch", overlay_switch()),
        (
            "EncapsulationByFamily",
            described(
                "Null where the shoot lacks the family, or where the encapsulation is not known.",
                object([("ipv4", nullable(codes!(Encapsulation))), ("ipv6", nullable(codes!(Encapsulation)))]),
            ),
        ),
        (
            "NodeCounts",
            object([
                ("total", count()),
                ("ready", count()),
                ("byClass", nodes_by_class()),
                ("joiners", described("Nodes that came after the encapsulation had gone.", count())),
            ]),
        ),
        ("BlockingClass", described("Why a node counts as not ready.", one_of(blocking_classes()))),
        ("Warning", object([("code", codes!(WarningCode)), ("message", text())])),
        ("Time", time()),
    ]
}

/// The first decision.
pub(super) fn privilege() -> Value {
    let privileged = NodePrivilege::Privileged(PrivilegedBecause::GateDisabled);
    let caveats = json!({"type": "array", "uniqueItems": true, "items": codes!(Caveat)});
    json!({"oneOf": [
        object([
            ("mode", json!({"const": privileged.code()})),
            ("because", codes!(PrivilegedBecause)),
            ("caveats", json!({"type": "array", "maxItems": 0})),
        ]),
        object([
            ("mode", json!({"const": NodePrivilege::NonPrivileged.code()})),
            ("because", null()),
            ("caveats", described("Explained in docs/non-privileged.md.", caveats)),
        ]),
    ]})
}

fn overlay_switch() -> Value {
    let switch = object([
        ("phase", codes!(Phase)),
        ("verdict", codes!(VerdictCode)),
        ("reason", described("Which codes are possible depends on the verdict.", json!({"type": ["string", "null"]}))),
        ("message", described("For people; its wording may change.", text())),
        ("actor", described("Who must act.", codes!(Actor))),
        ("from", described("The encapsulation in effect.", definition("EncapsulationByFamily"))),
        ("to", described("The encapsulation that was asked for.", definition("EncapsulationByFamily"))),
        ("bundle", described("Which bundle may be written.", codes!(Bundle))),
        ("nodes", described("Null where no node had to be looked at.", nullable(definition("NodeCounts")))),
        (
            "waitingFor",
            json!({"type": "array", "maxItems": LISTED_NODES, "items": object([
                ("name", text()),
                ("class", definition("BlockingClass")),
            ])}),
        ),
        ("guard", object([("state", codes!(GuardState)), ("apiVersion", nullable(codes!(GuardApi)))])),
        ("since", described("Since when the switch is held, written or goes back.", nullable(definition("Time")))),
        ("deadline", described("When the hold counts as overdue.", nullable(definition("Time")))),
    ]);
    with(switch, [("oneOf", VerdictCode::ALL.iter().map(|verdict| reason_of(*verdict)).collect())])
}

/// What a verdict says about the reason and the times. A switch that is written has no deadline that anybody could overrun.
fn reason_of(verdict: VerdictCode) -> Value {
    let since = nullable(definition("Time"));
    let (reason, since, deadline) = match verdict {
        VerdictCode::Unchanged => (null(), since, null()),
        VerdictCode::Proceed => (null(), definition("Time"), null()),
        VerdictCode::ProceedUnverified => (codes!(UnverifiedReason), since, null()),
        VerdictCode::Hold => (codes!(HoldReason), definition("Time"), definition("Time")),
    };
    json!({"properties": {"verdict": {"const": verdict.code()}, "reason": reason, "since": since, "deadline": deadline}})
}

fn blocking_classes() -> impl Iterator<Item = &'static str> {
    NodeClass::ALL.iter().filter(|class| **class != NodeClass::RouteCreated).map(|class| class.code())
}

fn nodes_by_class() -> Value {
    let at_least_one = json!({"type": "integer", "minimum": 1});
    let properties: Map<_, _> = blocking_classes().map(|class| (class.to_owned(), at_least_one.clone())).collect();
    json!({
        "description": "The only object with optional keys: a class without nodes is left out.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn dataplane() -> Value {
    object([
        ("backend", codes!(Backend)),
        ("felix", object([("ipip", flag()), ("vxlan", flag()), ("bpf", flag()), ("nftables", flag())])),
        ("ipam", object([("type", codes!(IpamType)), ("ranges", json!({"type": "array", "items": text()}))])),
        ("ipv4", definition("Family")),
        ("ipv6", definition("Family")),
        ("typha", flag()),
        ("kubeControllers", flag()),
        ("multus", flag()),
        ("birdExporter", flag()),
        ("vethMtu", text()),
    ])
}

fn family() -> Value {
    let no = json!({"const": false});
    json!({"oneOf": [
        object([
            ("enabled", json!({"const": true})),
            ("pool", codes!(Pool)),
            ("mode", codes!(PoolMode)),
            ("autoDetectionMethod", nullable(text())),
            ("natOutgoing", flag()),
            ("wireguard", flag()),
        ]),
        object([
            ("enabled", no.clone()),
            ("pool", null()),
            ("mode", null()),
            ("autoDetectionMethod", null()),
            ("natOutgoing", no.clone()),
            ("wireguard", no),
        ]),
    ]})
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every schema below that speaks of the keys of an object, with the path to it.
    fn objects<'a>(schema: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
        if schema.get("type") == Some(&json!("object")) {
            found.push((path.to_owned(), schema));
        }
        let children: Vec<(String, &Value)> = match schema {
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (key, child) in children {
            objects(child, &format!("{path}/{key}"), found);
        }
    }

    #[test]
    fn every_object_is_closed_and_only_one_has_optional_keys() {
        let schema: Value = serde_json::from_str(&schema().unwrap()).unwrap();
        let mut found = Vec::new();
        objects(&schema, "", &mut found);
        assert_eq!(found.len(), 18);
        let mut with_optional_keys = Vec::new();
        for (path, schema) in found {
            assert_eq!(schema["additionalProperties"], json!(false), "{path}");
            let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let required = schema.get("required").and_then(Value::as_array).map_or(0, Vec::len);
            if required != keys.len() {
                with_optional_keys.push(path);
            }
        }
        assert_eq!(with_optional_keys, ["/$defs/NodeCounts/properties/byClass"]);
    }

    #[test]
    fn the_reasons_depend_on_the_verdict() {
        assert_eq!(
            reason_of(VerdictCode::Unchanged),
            json!({"properties": {
                "verdict": {"const": "Unchanged"},
                "reason": {"type": "null"},
                "since": {"anyOf": [{"$ref": "#/$defs/Time"}, {"type": "null"}]},
                "deadline": {"type": "null"},
            }})
        );
        let hold = reason_of(VerdictCode::Hold);
        assert!(hold["properties"]["reason"]["enum"].as_array().unwrap().contains(&json!("RoutesMissing")));
    }
}
