//! The definitions against those of Gardener and of the Prometheus operator, which lie beside the repository where they are at hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking, in its helpers too")]

#[path = "../../fake-apiserver/tests/support/skip.rs"]
mod skip;

use std::path::{Path, PathBuf};

use gardener_api::definitions;
use serde_json::{Value, json};

fn recorded() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crds");
    if folder.is_dir() {
        return Some(folder);
    }
    skip::skip(&format!("no recorded definitions at `{}`", folder.display()));
    None
}

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

fn sorted(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                *field = sorted(field.take());
                if name == "required" {
                    field.as_array_mut().unwrap().sort_by_key(ToString::to_string);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = sorted(item.take())),
        _ => {}
    }
    value
}

#[test]
fn network_cluster_and_managed_resource_are_those_of_gardener() {
    let Some(folder) = recorded() else { return };
    for ours in [definitions::network(), definitions::cluster(), definitions::managed_resource()] {
        let name = ours["metadata"]["name"].as_str().unwrap();
        let theirs = read(&folder, name);
        assert_eq!(sorted(ours["spec"].clone()), sorted(theirs["spec"].clone()), "{name}");
    }
}

/// Ours knows fewer fields; what it knows is the same.
fn assert_within(ours: &Value, theirs: &Value, path: &str) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (name, field) in ours {
                let other = theirs.get(name).unwrap_or_else(|| panic!("{path}.{name} is not theirs"));
                assert_within(field, other, &format!("{path}.{name}"));
            }
        }
        _ => assert_eq!(ours, theirs, "{path}"),
    }
}

#[test]
fn what_a_scrape_config_has_here_it_has_there() {
    let Some(folder) = recorded() else { return };
    let ours = definitions::scrape_config();
    let theirs = read(&folder, "scrapeconfigs.monitoring.coreos.com");
    assert_eq!(ours["spec"]["names"], theirs["spec"]["names"]);
    let (ours, theirs) = (&ours["spec"]["versions"][0], &theirs["spec"]["versions"][0]);
    assert_eq!(ours["subresources"], theirs["subresources"]);
    let spec = |version: &Value| version["schema"]["openAPIV3Schema"]["properties"]["spec"].clone();
    assert_within(&spec(ours), &spec(theirs), "spec");
}

#[test]
fn a_definition_has_the_name_that_the_api_server_demands() {
    let names: Vec<Value> = definitions::all().into_iter().map(|found| found["metadata"]["name"].clone()).collect();
    assert_eq!(
        names,
        [
            json!("networks.extensions.gardener.cloud"),
            json!("clusters.extensions.gardener.cloud"),
            json!("managedresources.resources.gardener.cloud"),
            json!("scrapeconfigs.monitoring.coreos.com"),
        ]
    );
}
