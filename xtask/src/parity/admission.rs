//! Admission: what the webhook, its validator and the validation of a bare NetworkConfig say.

use std::collections::BTreeSet;
use std::path::Path;

use gardener_api::network_config::NetworkConfig;
use gardener_api::validation::{validate_network_config, validate_shoot};
use serde_json::Value;

use super::input::{at, cases, shoot, text};
use super::{Compared, Comparison, Difference};
use crate::failure::Failure;

const BASE: &str = "spec.networking.providerConfig";

pub(super) fn compare(directory: &Path) -> Result<Comparison, Failure> {
    let mut compared = Vec::new();
    for (id, input, golden) in cases(directory, "admission-cases.jsonl", "admission-golden.jsonl")? {
        let differences = differences(&input, &golden);
        compared.push(Compared { id, input, golden, differences });
    }
    Ok(Comparison { cases: compared, skipped: Vec::new() })
}

fn differences(case: &Value, golden: &Value) -> Vec<Difference> {
    let ours = validated(case);
    let mut differences = Vec::new();
    let allowed = at(golden, "/handler/allowed").as_bool().unwrap_or(false);
    if allowed != ours.is_empty() {
        differences.push(Difference::new("allowed", allowed, ours.is_empty()));
    }
    differences.extend(texts("validate", &go_texts(at(golden, "/validate"), "/error"), &ours));
    let config = at(golden, "/config");
    if config.is_object() {
        differences.extend(texts("config", &go_texts(config, "/decodeError"), &config_alone(case)));
    }
    differences
}

/// What only one side says, in pairs where both name the same field.
fn texts(field: &str, go: &BTreeSet<String>, ours: &BTreeSet<String>) -> Vec<Difference> {
    let mut our_own: Vec<&String> = ours.difference(go).collect();
    let mut differences = Vec::new();
    for text in go.difference(ours) {
        let path = |text: &str| text.split(": ").next().unwrap_or_default().to_ascii_lowercase();
        let same = our_own.iter().position(|own| path(own) == path(text));
        let partner = same.map_or(Value::Null, |index| Value::from(our_own.remove(index).as_str()));
        differences.push(Difference::new(field, text.as_str(), partner));
    }
    differences.extend(our_own.into_iter().map(|own| Difference::new(field, Value::Null, own.as_str())));
    differences
}

fn go_texts(result: &Value, error: &str) -> BTreeSet<String> {
    let list = at(result, "/errors").as_array().into_iter().flatten();
    let texts: BTreeSet<String> = list.map(|error| text(error, "/text").to_owned()).collect();
    let alone = [text(result, error), text(result, "/panic")];
    if texts.is_empty() {
        alone.into_iter().filter(|text| !text.is_empty()).map(str::to_owned).collect()
    } else {
        texts
    }
}

fn validated(case: &Value) -> BTreeSet<String> {
    let old = case.get("oldShoot").filter(|old| !old.is_null()).map(|_| shoot(case, "oldShoot")).transpose();
    match (shoot(case, "shoot"), old) {
        (Ok(shoot), Ok(old)) => validate_shoot(&shoot, old.as_ref()).iter().map(ToString::to_string).collect(),
        (Err(error), _) | (_, Err(error)) => BTreeSet::from([error]),
    }
}

fn config_alone(case: &Value) -> BTreeSet<String> {
    let config = at(case, "/shoot/spec/networking/providerConfig");
    let families: Vec<String> = at(case, "/shoot/spec/networking/ipFamilies")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    match NetworkConfig::from_json(&config.to_string()) {
        Ok(config) => validate_network_config(&config.unwrap_or_default(), &families, BASE)
            .iter()
            .map(ToString::to_string)
            .collect(),
        Err(errors) => errors.iter().map(|error| format!("{}: {}", error.path, error.kind)).collect(),
    }
}
