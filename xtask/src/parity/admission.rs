//! Admission: what the webhook, its validator and the validation of a bare NetworkConfig say.

use std::collections::BTreeSet;
use std::path::Path;

use gardener_api::network_config::NetworkConfig;
use gardener_api::validation::{validate_network_config, validate_shoot};
use serde_json::Value;

use super::input::{at, cases, shoot, text};
use super::{Case, Compared, Comparison, Difference, texts};
use crate::failure::Failure;

const BASE: &str = "spec.networking.providerConfig";

pub(super) fn compare(directory: &Path) -> Result<Comparison, Failure> {
    let mut compared = Vec::new();
    for (id, input, golden) in cases(directory, "admission-cases.jsonl", "admission-golden.jsonl")? {
        let differences = differences(&input, &golden);
        compared.push(Compared { case: Case { id, input, golden }, differences });
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
    let (of_config, elsewhere) = ours.into_iter().partition(|text| text.starts_with(BASE));
    differences.extend(result("validate", at(golden, "/validate"), &of_config, elsewhere));
    let config = at(golden, "/config");
    if config.is_object() {
        differences.extend(result("config", config, &config_alone(case), BTreeSet::new()));
    }
    differences
}

/// A list of errors is compared text by text. One text instead of a list is about the provider config as a whole, which could
/// not be decoded, or about a crash: beside it stands everything that we say of that config.
fn result(field: &str, go: &Value, of_config: &BTreeSet<String>, mut elsewhere: BTreeSet<String>) -> Vec<Difference> {
    let list = at(go, "/errors").as_array().into_iter().flatten();
    let list: BTreeSet<String> = list.map(|error| text(error, "/text").to_owned()).collect();
    let whole = ["/error", "/decodeError", "/panic"].into_iter().map(|key| text(go, key)).find(|text| !text.is_empty());
    match whole.filter(|_| list.is_empty()) {
        Some(whole) => {
            let refusal = super::refusal(field, whole, of_config);
            refusal.into_iter().chain(texts(field, &list, &elsewhere)).collect()
        }
        None => {
            elsewhere.extend(of_config.iter().cloned());
            texts(field, &list, &elsewhere)
        }
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
