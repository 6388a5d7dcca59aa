//! What is left in the seed, without what differs from run to run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::world::{NAMESPACE, World};

const COLLECTABLE: &str = "resources.gardener.cloud/garbage-collectable-reference";
const KINDS: [(&str, &str); 5] = [
    ("/apis/extensions.gardener.cloud/v1alpha1", "networks"),
    ("/apis/resources.gardener.cloud/v1alpha1", "managedresources"),
    ("/apis/monitoring.coreos.com/v1alpha1", "scrapeconfigs"),
    ("/api/v1", "configmaps"),
    ("/api/v1", "secrets"),
];
/// Set by servers, or times.
const VOLATILE: [&str; 9] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "lastUpdateTime",
    "lastTransitionTime",
    "since",
    "deadline",
];

/// Every object of the shoot's namespace by `plural/name`. Secrets that Gardener's garbage collector takes are taken.
pub(crate) async fn of(world: &World) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (base, plural) in KINDS {
        for object in list(world, &format!("{base}/namespaces/{NAMESPACE}/{plural}")).await {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            all.insert(format!("{plural}/{name}"), object);
        }
    }
    let referenced: Vec<String> = all
        .values()
        .filter_map(|object| object["metadata"]["annotations"].as_object())
        .flat_map(Map::values)
        .filter_map(|value| Some(format!("secrets/{}", value.as_str()?)))
        .collect();
    all.retain(|key, object| object["metadata"]["labels"][COLLECTABLE] != "true" || referenced.contains(key));
    for (key, object) in &mut all {
        steady(object);
        if !key.starts_with("networks/") {
            forget(object, "metadata", "generation");
            forget(object, "status", "observedGeneration");
        }
        if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            annotations.remove("gardener.cloud/timestamp");
        }
    }
    all
}

/// The versions of all objects but Networks, whose status tells of each reconcile.
pub(crate) async fn versions(world: &World) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (base, plural) in KINDS.into_iter().filter(|(_, plural)| *plural != "networks") {
        for object in list(world, &format!("{base}/namespaces/{NAMESPACE}/{plural}")).await {
            let text = |field: &str| object["metadata"][field].as_str().unwrap().to_owned();
            all.insert(format!("{plural}/{}", text("name")), text("resourceVersion"));
        }
    }
    all
}

/// One place in which two snapshots differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `plural/name`, then the fields.
    pub(crate) path: String,
    pub(crate) found: Value,
    pub(crate) expected: Value,
}

/// Where two snapshots differ.
pub(crate) fn differences(found: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>) -> Vec<Difference> {
    let mut differences = Vec::new();
    let keys: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    for key in keys {
        let of = |objects: &BTreeMap<String, Value>| objects.get(key).cloned().unwrap_or_default();
        differ(key, &of(found), &of(expected), &mut differences);
    }
    differences
}

fn differ(path: &str, found: &Value, expected: &Value, differences: &mut Vec<Difference>) {
    match (found, expected) {
        (Value::Object(one), Value::Object(other)) => {
            let fields: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for field in fields {
                differ(&format!("{path}/{field}"), &found[field.as_str()], &expected[field.as_str()], differences);
            }
        }
        (found, expected) if found != expected => {
            differences.push(Difference { path: path.to_owned(), found: found.clone(), expected: expected.clone() });
        }
        _ => {}
    }
}

async fn list(world: &World, path: &str) -> Vec<Value> {
    let client = kube::Client::new(world.seed.service(), "default");
    let list: Value = client.request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
    list["items"].as_array().unwrap().clone()
}

fn forget(object: &mut Value, part: &str, field: &str) {
    if let Some(part) = object.get_mut(part).and_then(Value::as_object_mut) {
        part.remove(field);
    }
}

fn steady(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|field, _| !VOLATILE.contains(&field.as_str()));
            fields.values_mut().for_each(steady);
        }
        Value::Array(items) => items.iter_mut().for_each(steady),
        _ => {}
    }
}
