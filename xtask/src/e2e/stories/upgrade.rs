//! `upgrade`: the rehearsal of a landscape operator. A shoot as the Go extension leaves it, with that program gone; then we; then the Go
//! extension again, which writes the names that it has always written.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use fake_apiserver::world::kinds;
use http::Method;
use serde_json::{Map, Value, json};

use super::is_overlaid;
use super::recorded::Recorded;
use crate::e2e::controller::Election;
use crate::e2e::journal::Side;
use crate::e2e::landscape::{BUNDLE, NAME};
use crate::e2e::rendered;
use crate::e2e::scene::text;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

/// What of calico-node's template is ours: the checksum of its ConfigMap (deviation D28), and scripts, which are our own.
const CHANGED: &str = "\
    metadata.annotations.checksum/configmap-calico \
    spec.containers[network-unavailable-condition-ensurer].command[2] \
    spec.initContainers[log-mtu-issues].command[2]";

pub(super) async fn upgrade(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let Some(recorded) = Recorded::read(stage).await? else { return Ok(()) };
    let spec = as_go_leaves_it(stage, &recorded).await?;
    stage.start_machines(MACHINES);
    let goes = recorded.write(stage).await?;
    is_overlaid(stage, &goes);
    let documents = documents(&recorded)?;
    let before = uids(stage, &documents).await?;
    stage.check(
        "objects of the Go extension",
        format!("{}, {} missing", before.len(), missing(&before)),
        "65, 0 missing",
    );
    let theirs = template(stage).await?;
    stage.check("rollout", &goes.rollout, "4/4");

    // We come.
    stage.start_controller(Election::Off)?;
    let requested = stage.gardenlet.deploy(&spec).await?;
    stage.gardenlet.wait_until_ready(&requested).await?;
    let generation = goes.generation;
    let ours = stage.until("our bundle runs", |scene| scene.settled && scene.generation > generation).await?;
    stage.check("last operation", &ours.operation, "Reconcile Succeeded 100");
    stage.check("switch", &ours.switch, "Idle Unchanged - Target");
    stage.check("nodes", &ours.nodes, "4 CalicoIsUp");
    is_overlaid(stage, &ours);
    stage.check("objects that are not as they were", changed(&before, &uids(stage, &documents).await?), "");
    let template_of_ours = template(stage).await?;
    stage.check("changes of calico-node", differences(&theirs, &template_of_ours).join(" "), CHANGED);
    let secrets = bundle_secrets(stage).await?;
    stage.check("the Secret of the Go extension is there", secrets.contains(&name(&recorded)), true);

    // Asked again, nothing moves.
    let requested = stage.gardenlet.deploy(&spec).await?;
    stage.gardenlet.wait_until_ready(&requested).await?;
    let again = stage.look().await?;
    stage.check("generation of the bundle", again.generation, ours.generation);

    // We go. Nothing of ours is in the way: no guard, no finalizer that the Go extension does not know.
    for controller in stage.controllers.drain(..) {
        controller.stop().await?;
    }
    let seed = stage.seed();
    let bundles = seed.list(&kinds::MANAGED_RESOURCE, stage.namespace()).await?;
    let bundles: Vec<&str> = bundles.iter().map(|bundle| text(bundle, "/metadata/name")).collect();
    stage.check("ManagedResources", bundles.join(" "), BUNDLE);
    let network = seed.get(&kinds::NETWORK, stage.namespace(), NAME).await?.unwrap_or_default();
    let finalizers = network.pointer("/metadata/finalizers").cloned().unwrap_or_default();
    stage.check("finalizers", finalizers, "[\"extensions.gardener.cloud/network\"]");
    let back = recorded.write(stage).await?;
    is_overlaid(stage, &back);
    stage.check("objects that are not as they were", changed(&before, &uids(stage, &documents).await?), "");
    stage.check("changes of calico-node", differences(&theirs, &template(stage).await?).join(" "), "");
    stage.check("policies", &back.policies, "");
    stage.lane.catch_up().await?;
    stage.check("templates that calico-node has had", templates(stage), 3);
    Ok(())
}

/// The Cluster and the Network as they were recorded, but for an overlay that stays: what gardenlet asks for.
async fn as_go_leaves_it(stage: &mut Stage<'_>, recorded: &Recorded) -> Result<Value, Trouble> {
    let (seed, namespace) = (stage.seed(), stage.namespace().to_owned());
    let overlaid = |config: &mut Value| {
        if let Some(fields) = config.as_object_mut() {
            fields.retain(|field, _| ["apiVersion", "kind", "typha"].contains(&field.as_str()));
            fields.insert("overlay".to_owned(), json!({"enabled": true}));
        }
    };
    let mut cluster = recorded.object("cluster.yaml")?;
    if let Some(config) = cluster.pointer_mut("/spec/shoot/spec/networking/providerConfig") {
        overlaid(config);
    }
    seed.delete(&kinds::CLUSTER, "", &namespace).await?;
    seed.create(&kinds::CLUSTER, json!({"metadata": {"name": namespace}, "spec": cluster.get("spec")})).await?;

    let network = recorded.object("network.yaml")?;
    let mut spec = network.get("spec").cloned().unwrap_or_default();
    if let Some(config) = spec.get_mut("providerConfig") {
        overlaid(config);
    }
    let metadata = json!({
        "name": NAME, "namespace": namespace,
        "annotations": network.pointer("/metadata/annotations"), "finalizers": network.pointer("/metadata/finalizers"),
    });
    seed.create(&kinds::NETWORK, json!({"metadata": metadata, "spec": spec})).await?;
    let status = network.get("status").cloned().unwrap_or_default();
    seed.merge_status(&kinds::NETWORK, &namespace, NAME, &status).await?;
    Ok(spec)
}

/// What the bundle of the Go extension holds.
fn documents(recorded: &Recorded) -> Result<Vec<Value>, Trouble> {
    let encoded = text(&recorded.secret, "/data/config.yaml");
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded);
    let bytes = bytes.map_err(|error| Trouble::Other(error.to_string()))?;
    let whole = String::from_utf8_lossy(&bytes);
    let documents = whole.split("\n---\n").filter(|document| document.contains("kind: "));
    documents
        .map(|document| serde_saphyr::from_str(document).map_err(|error| Trouble::Other(error.to_string())))
        .collect()
}

/// UIDs of these objects in the shoot, by kind, namespace and name; empty where one is missing.
async fn uids(stage: &Stage<'_>, documents: &[Value]) -> Result<BTreeMap<String, String>, Trouble> {
    let client = stage.lane.shoot.client();
    let mut plurals: BTreeMap<String, Value> = BTreeMap::new();
    let mut uids = BTreeMap::new();
    for document in documents {
        let (version, kind) = (text(document, "/apiVersion"), text(document, "/kind"));
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        if !plurals.contains_key(version) {
            let (_, known) = rendered::send(&client, Method::GET, &root, "", &Value::Null).await?;
            plurals.insert(version.to_owned(), known);
        }
        let known = plurals.get(version).and_then(|known| known.pointer("/resources")?.as_array());
        let is_it = |found: &&Value| text(found, "/kind") == kind && !text(found, "/name").contains('/');
        let plural = known.into_iter().flatten().find(is_it).map(|found| text(found, "/name"));
        let plural = plural.ok_or_else(|| Trouble::Other(format!("the shoot does not serve {version} {kind}")))?;
        let (namespace, name) = (text(document, "/metadata/namespace"), text(document, "/metadata/name"));
        let place = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
        let path = format!("{root}{place}/{plural}/{name}");
        let (_, found) = rendered::send(&client, Method::GET, &path, "", &Value::Null).await?;
        uids.insert(format!("{kind}/{namespace}/{name}"), text(&found, "/metadata/uid").to_owned());
    }
    Ok(uids)
}

fn missing(uids: &BTreeMap<String, String>) -> usize {
    uids.values().filter(|uid| uid.is_empty()).count()
}

/// Objects that were replaced, or are gone.
fn changed(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> String {
    let others = before.iter().filter(|(key, uid)| now.get(*key) != Some(uid));
    others.map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(" ")
}

async fn template(stage: &Stage<'_>) -> Result<Value, Trouble> {
    let found = stage.shoot().get(&kinds::DAEMON_SET, "kube-system", "calico-node").await?;
    Ok(found.and_then(|found| found.pointer("/spec/template").cloned()).unwrap_or_default())
}

/// How often the pods of calico-node were replaced, and once for the first ones.
fn templates(stage: &Stage<'_>) -> usize {
    let mut history = stage.lane.journal.history();
    history.sort_by_key(|entry| entry.revision);
    let of_it = history.iter().filter(|entry| entry.key.0 == Side::Shoot && entry.key.1 == kinds::DAEMON_SET.kind);
    let mut templates: Vec<Value> =
        of_it.filter_map(|entry| entry.object.as_ref()?.pointer("/spec/template").cloned()).collect();
    templates.dedup();
    templates.len()
}

async fn bundle_secrets(stage: &Stage<'_>) -> Result<Vec<String>, Trouble> {
    let secrets = stage.seed().list(&kinds::SECRET, stage.namespace()).await?;
    Ok(secrets.iter().map(|secret| text(secret, "/metadata/name").to_owned()).collect())
}

fn name(recorded: &Recorded) -> String {
    text(&recorded.secret, "/metadata/name").to_owned()
}

/// Where two values differ, sorted; items of a list are called by their names where they have any.
fn differences(left: &Value, right: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(left, right, "", &mut found);
    found.sort();
    found
}

fn compare(left: &Value, right: &Value, path: &str, found: &mut Vec<String>) {
    let pairs = match (left, right) {
        (Value::Object(left), Value::Object(right)) => pairs(left, right, |key| format!("{path}.{key}")),
        (Value::Array(left), Value::Array(right)) => {
            pairs(&by_name(left), &by_name(right), |key| format!("{path}[{key}]"))
        }
        _ if left == right => return,
        _ => return found.push(path.trim_start_matches('.').to_owned()),
    };
    for (path, left, right) in pairs {
        compare(&left, &right, &path, found);
    }
}

fn pairs(
    left: &Map<String, Value>,
    right: &Map<String, Value>,
    path: impl Fn(&str) -> String,
) -> Vec<(String, Value, Value)> {
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let value = |of: &Map<String, Value>, key: &str| of.get(key).cloned().unwrap_or(Value::Null);
    keys.into_iter().map(|key| (path(key), value(left, key), value(right, key))).collect()
}

/// Items by their names or, without, by their places.
fn by_name(items: &[Value]) -> Map<String, Value> {
    let key = |(place, item): (usize, &Value)| match text(item, "/name") {
        "" => place.to_string(),
        name => name.to_owned(),
    };
    items.iter().enumerate().map(|pair| (key(pair), pair.1.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_called_by_the_names_of_items() {
        let left = json!({"a": [{"name": "x", "v": [1, 2]}, {"name": "y"}], "b": {"c": 1}, "same": true});
        let right = json!({"a": [{"name": "y"}, {"name": "x", "v": [1, 3]}], "b": {"d": 1}, "same": true});
        assert_eq!(differences(&left, &right), ["a[x].v[1]", "b.c", "b.d"]);
        assert!(differences(&left, &left).is_empty());
    }
}
