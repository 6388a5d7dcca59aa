//! `docs/decision-list.schema.json` describes what `decide -o json` really prints, and nothing looser.

#![expect(clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]

use jsonschema::Validator;
use serde_json::{Value, json};

mod support;

fn schema() -> Validator {
    let file = support::root().join("docs/decision-list.schema.json");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("the schema is committed")).expect("is JSON");
    assert!(jsonschema::meta::is_valid(&schema), "the schema itself is no JSON schema");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

fn answer(arguments: &[String]) -> Value {
    let arguments = [arguments, &["-o".to_owned(), "json".to_owned()]].concat();
    let (_, json) = support::run(&arguments);
    serde_json::from_str(&json).expect("is JSON")
}

fn story(name: &str) -> Value {
    answer(&support::arguments(name))
}

/// A Network whose Cluster is missing.
fn undecided() -> Value {
    answer(&["decide", "-f", "examples/held/network.yaml"].map(str::to_owned))
}

/// Everything that the tests below take apart: a hold, both privilege modes, warnings, caveats and an error.
fn answers() -> Vec<Value> {
    vec![story("held"), story("non-privileged"), story("dual-stack"), undecided()]
}

/// JSON pointers to all objects, but for counts by class: a class without nodes is left out.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(_) if pointer.ends_with("/byClass") => {}
        Value::Object(map) => {
            found.push(pointer.to_owned());
            for (key, child) in map {
                objects(child, &format!("{pointer}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, child) in list.iter().enumerate() {
                objects(child, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_story_is_valid() {
    let schema = schema();
    for (name, _) in support::STORIES {
        let answer = story(name);
        let errors: Vec<String> =
            schema.iter_errors(&answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        assert_eq!(answer["items"].as_array().map(Vec::len), Some(1), "{name}");
    }
}

#[test]
fn a_network_without_a_decision_is_valid() {
    let answer = undecided();
    assert_eq!(answer["items"][0]["error"]["kind"], "ClusterNotFound");
    assert!(schema().is_valid(&answer), "{answer:#}");
}

#[test]
fn every_key_is_required_and_no_other_allowed() {
    let schema = schema();
    for answer in answers() {
        let mut found = Vec::new();
        objects(&answer, "", &mut found);
        assert!(found.len() >= 3, "{found:?}");
        for pointer in found {
            let object =
                |answer: &Value| answer.pointer(&pointer).and_then(Value::as_object).cloned().expect("is there");
            for key in object(&answer).keys() {
                let mut without = answer.clone();
                without.pointer_mut(&pointer).and_then(Value::as_object_mut).expect("is there").remove(key);
                assert!(!schema.is_valid(&without), "`{pointer}` without `{key}` is accepted");
            }
            let mut with = answer.clone();
            with.pointer_mut(&pointer).expect("is there")["invented"] = Value::Null;
            assert!(!schema.is_valid(&with), "`{pointer}` with another key is accepted");
        }
    }
}

#[test]
fn every_code_is_one_of_a_closed_set() {
    let schema = schema();
    let held = story("held");
    for pointer in [
        "/apiVersion",
        "/kind",
        "/items/0/privilege/mode",
        "/items/0/privilege/because",
        "/items/0/overlaySwitch/phase",
        "/items/0/overlaySwitch/verdict",
        "/items/0/overlaySwitch/reason",
        "/items/0/overlaySwitch/actor",
        "/items/0/overlaySwitch/from/ipv4",
        "/items/0/overlaySwitch/to/ipv4",
        "/items/0/overlaySwitch/bundle",
        "/items/0/overlaySwitch/waitingFor/0/class",
        "/items/0/overlaySwitch/guard/state",
        "/items/0/overlaySwitch/guard/apiVersion",
        "/items/0/overlaySwitch/since",
        "/items/0/overlaySwitch/deadline",
        "/items/0/dataplane/backend",
        "/items/0/dataplane/ipam/type",
        "/items/0/dataplane/ipv4/pool",
        "/items/0/dataplane/ipv4/mode",
        "/items/0/warnings/0/code",
    ] {
        refused_with_an_invented_code(&schema, &held, pointer);
    }
    refused_with_an_invented_code(&schema, &story("non-privileged"), "/items/0/privilege/caveats/0");
    refused_with_an_invented_code(&schema, &undecided(), "/items/0/error/kind");
}

fn refused_with_an_invented_code(schema: &Validator, answer: &Value, pointer: &str) {
    let mut answer = answer.clone();
    let code = answer.pointer_mut(pointer).expect("is there");
    assert!(code.is_string(), "{pointer} is {code}");
    *code = json!("Invented");
    assert!(!schema.is_valid(&answer), "an invented code at {pointer} is accepted");
}

#[test]
fn what_cannot_be_true_together_is_refused() {
    let schema = schema();
    let held = story("held");
    let switch = "/items/0/overlaySwitch";
    for (changes, why) in [
        (vec![("reason", Value::Null)], "a hold has a reason"),
        (vec![("reason", json!("NoNodes"))], "that reason lets a switch proceed"),
        (vec![("since", Value::Null)], "a hold has a beginning"),
        (vec![("verdict", json!("Unchanged"))], "only a hold has this reason"),
        (
            vec![("verdict", json!("ProceedUnverified")), ("reason", json!("NoNodes"))],
            "nothing is held, so it is not held since a time",
        ),
    ] {
        let mut answer = held.clone();
        for (key, value) in changes {
            answer.pointer_mut(switch).expect("is there")[key] = value;
        }
        assert!(!schema.is_valid(&answer), "{why}");
    }
    let mut answer = held;
    answer["items"][0]["overlaySwitch"]["nodes"]["byClass"]["RouteCreated"] = json!(4);
    assert!(!schema.is_valid(&answer), "a node with a route does not block");
}
