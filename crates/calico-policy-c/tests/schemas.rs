//! The committed schemas say what is really read and written, and nothing looser.

#![expect(clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]

use std::collections::BTreeSet;

use calico_policy::embedding::Request;
use calico_policy_c::ErrorKind;
use jsonschema::Validator;
use serde_json::{Value, json};

const NAMES: [&str; 5] = ["held", "no-dataplane", "nodes-unreadable", "non-privileged", "ready"];

fn read(path: &str) -> Value {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("is committed")).expect("is JSON")
}

fn schema(name: &str) -> Validator {
    let schema = read(&format!("../../docs/embedding-{name}.schema.json"));
    assert!(jsonschema::meta::is_valid(&schema), "the schema itself is no JSON schema");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

/// A request in which nothing is null or empty, beside those of the recorded cases.
fn whole() -> Value {
    let mut request = read("tests/cases/held.request.json");
    for (pointer, value) in [
        ("/settings/overlaySwitch/excludeNodeClasses", json!(["Deleting"])),
        ("/shoot/nodeCidrs/status", json!([{"family": "IPv6", "text": "fd00::/64"}])),
        ("/shoot/podCidrs", json!([{"family": "IPv4", "text": "100.64.0.0/12"}])),
        ("/intent/backend", json!("bird")),
        ("/intent/ipam", json!({"type": "host-local", "cidr": "usePodCidr"})),
        ("/intent/ipv4", json!({"pool": "vxlan", "mode": "Always", "autoDetectionMethod": "can-reach=1.1.1.1"})),
        ("/intent/ipv6", json!({"pool": "vxlan", "mode": "Never", "autoDetectionMethod": "first-found"})),
        ("/intent/ipv6SourceNat", json!(true)),
        ("/intent/typha", json!(false)),
        ("/intent/vethMtu", json!("1440")),
        ("/intent/snatToUpstreamDns", json!(false)),
        ("/intent/serviceLoopPrevention", json!("Drop")),
        ("/intent/autoscaling", json!("vpa")),
        ("/intent/deprecatedFields", json!(["ipip"])),
        ("/intent/breakGlass", json!("change 4711")),
        ("/observed/sources/bundle/Known/ipv6", json!({"pool": "vxlan", "mode": "Never", "source": "Variable"})),
        ("/observed/sources/record", json!({"Known": {"ipv4": "Ipip(Always)", "ipv6": "None"}})),
        ("/observed/operationRequested", json!(1_795_599_990)),
    ] {
        *request.pointer_mut(pointer).unwrap_or_else(|| unreachable!("{pointer} is in the case")) = value;
    }
    request
}

fn requests() -> Vec<Value> {
    NAMES.iter().map(|name| read(&format!("tests/cases/{name}.request.json"))).chain([whole()]).collect()
}

fn response(request: &Value) -> Value {
    serde_json::from_str(&calico_policy_c::answer(request.to_string().as_bytes())).expect("an answer is JSON")
}

fn pointers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, child)| pointers(child, &format!("{pointer}/{key}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, child)| pointers(child, &format!("{pointer}/{index}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn all_pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    pointers(value, "", &mut found);
    found
}

/// The members that serde names where it finds an unknown one.
fn members(error: &serde_json::Error) -> BTreeSet<String> {
    let text = error.to_string();
    let Some((_, list)) = text.split_once("unknown variant `no such code`, expected ") else { return BTreeSet::new() };
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every value of the requests replaced by every kind of value and, where it is one of a set, by each of the set; every key
/// removed, an unknown one added: the schema accepts what is read and refuses what is not.
#[test]
fn the_request_schema_and_the_reader_agree() {
    let schema = schema("request");
    let agree = |request: &Value, what: &str| -> bool {
        let read = serde_json::from_value::<Request>(request.clone());
        assert_eq!(schema.is_valid(request), read.is_ok(), "{what}: {:?}", read.err());
        read.is_ok()
    };
    let (mut accepted, mut refused, mut of_sets) = (0, 0, 0);
    for request in requests() {
        assert!(agree(&request, "as it is"));
        for pointer in all_pointers(&request) {
            let replaced = |value: Value| {
                let mut request = request.clone();
                *request.pointer_mut(&pointer).expect("was found") = value;
                request
            };
            let mut values =
                vec![json!(null), json!(true), json!(-1), json!(1.5), json!("no such code"), json!([]), json!({})];
            let unknown = serde_json::from_value::<Request>(replaced(json!("no such code")));
            values.extend(
                unknown.as_ref().err().into_iter().flat_map(members).map(Value::String).inspect(|_| of_sets += 1),
            );
            for value in values {
                let what = format!("{pointer} = {value}");
                *(if agree(&replaced(value), &what) { &mut accepted } else { &mut refused }) += 1;
            }
            let Some(map) = request.pointer(&pointer).and_then(Value::as_object) else { continue };
            for key in map.keys() {
                let mut without = map.clone();
                without.remove(key);
                let what = format!("{pointer} without {key}");
                *(if agree(&replaced(Value::Object(without)), &what) { &mut accepted } else { &mut refused }) += 1;
            }
            let mut with = map.clone();
            with.insert("noSuchKey".to_owned(), json!(1));
            assert!(!agree(&replaced(Value::Object(with)), &format!("{pointer} with an unknown key")));
        }
    }
    // It would be of little use if it looked at nothing.
    assert!(
        accepted > 500 && refused > 2_000 && of_sets > 300,
        "{accepted} accepted, {refused} refused, {of_sets} of sets"
    );
}

#[test]
fn every_answer_is_valid_and_every_key_is_required() {
    let schema = schema("response");
    let mut verdicts = BTreeSet::new();
    for request in requests() {
        let response = response(&request);
        let errors: Vec<String> =
            schema.iter_errors(&response).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?} in {response:#}");
        verdicts.insert(response["decision"]["overlay"]["verdict"].to_string());
        for pointer in all_pointers(&response) {
            let Some(map) = response.pointer(&pointer).and_then(Value::as_object) else { continue };
            let counts = pointer.ends_with("/byClass");
            for key in map.keys().filter(|_| !counts) {
                let mut without = map.clone();
                without.remove(key);
                let mut response = response.clone();
                *response.pointer_mut(&pointer).unwrap() = Value::Object(without);
                assert!(!schema.is_valid(&response), "{pointer} without {key}");
            }
            let mut with = map.clone();
            with.insert("noSuchKey".to_owned(), json!(1));
            let mut response = response.clone();
            *response.pointer_mut(&pointer).unwrap() = Value::Object(with);
            assert!(!schema.is_valid(&response), "{pointer} with an unknown key");
        }
    }
    let expected = ["\"Hold\"", "\"Proceed\"", "\"ProceedUnverified\"", "\"Unchanged\"", "null"].map(str::to_owned);
    assert_eq!(verdicts, BTreeSet::from(expected));
}

#[test]
fn a_decision_beside_an_error_and_neither_are_invalid() {
    let schema = schema("response");
    let [decision, error] = ["ready", "no-dataplane"].map(|name| read(&format!("tests/cases/{name}.response.json")));
    assert!(!schema.is_valid(&json!({"decision": decision["decision"], "error": error["error"]})));
    assert!(!schema.is_valid(&json!({"decision": null, "error": null})));
}

#[test]
fn the_kinds_of_errors_are_those_of_the_schema() {
    let schema = read("../../docs/embedding-response.schema.json");
    let kinds: Vec<Value> = ErrorKind::ALL.iter().map(|kind| serde_json::to_value(kind).unwrap()).collect();
    assert_eq!(schema["oneOf"][1]["properties"]["error"]["properties"]["kind"]["enum"], Value::Array(kinds));
}

/// The set that the reader knows is the set of the schema where no code of the core spells it.
#[test]
fn every_action_of_the_schema_has_the_name_that_is_written() {
    let schema = schema("response");
    let mut request = read("tests/cases/ready.request.json");
    request["settings"]["overlaySwitch"]["oldEvidence"] = json!("IsWrittenAgain");
    for node in request["observed"]["nodes"]["Known"].as_array_mut().unwrap() {
        let condition = &mut node["networkUnavailable"]["One"];
        (condition["lastTransition"], condition["lastHeartbeat"]) = (json!(1_000), json!(null));
        node["created"] = json!(900);
    }
    let refreshed = response(&request);
    let refreshes = |action: &Value| action["RefreshEvidence"][0]["condition"]["reason"] == json!("RouteCreated");
    assert!(refreshed["decision"]["actions"].as_array().unwrap().iter().any(refreshes), "{refreshed}");
    assert!(schema.is_valid(&refreshed));
    request["intent"]["breakGlass"] = json!("change 4711");
    let actions = &response(&request)["decision"]["actions"];
    assert!(actions.as_array().unwrap().contains(&json!("ConsumeBreakGlass")), "{actions}");
    assert!(schema.is_valid(&response(&request)));
    request["observed"]["sources"]["bundle"] =
        json!({"Unreadable": {"kind": "Refused", "detail": "get secret: Forbidden"}});
    request["intent"]["breakGlass"] = json!(null);
    let frozen = response(&request);
    assert_eq!(frozen["decision"]["bundle"], "Frozen");
    assert!(frozen["decision"]["actions"].as_array().unwrap().contains(&json!("KeepBundle")), "{frozen}");
    assert!(schema.is_valid(&frozen));
}
