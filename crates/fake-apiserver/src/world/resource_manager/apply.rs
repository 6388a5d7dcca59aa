//! One object: what it should be, laid over what it is.

use std::collections::BTreeMap;

use http::Method;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{Service, ServiceAccount};
use serde_json::{Map, Value, json};

use super::resource::{Home, Reference, Resources, strings};
use crate::world::cluster::{Cluster, JSON, number, optional, path, text};

/// Whether an object was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Created,
    Updated,
    None,
}

/// What is put on every object.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// `namespace/name` of the ManagedResource.
    pub(super) origin: String,
    /// `spec.injectLabels`.
    pub(super) labels: BTreeMap<String, String>,
}

const MANAGED_BY: (&str, &str) = ("resources.gardener.cloud/managed-by", "gardener");
const ORIGIN: &str = "resources.gardener.cloud/origin";
const DESCRIPTION: (&str, &str) =
    ("resources.gardener.cloud/description", "Managed by gardener-resource-manager, which undoes other changes.");
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// Somebody else may write between reading and updating.
const ATTEMPTS: usize = 3;

impl Marks {
    /// Puts them on an object.
    pub(super) fn put_on(&self, object: &mut Value) {
        let labels = || self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        add(object, "/metadata", "labels", labels().chain([MANAGED_BY]));
        add(object, "/metadata", "annotations", [DESCRIPTION, (ORIGIN, self.origin.as_str())]);
        if object.pointer("/spec/template").is_some_and(Value::is_object) {
            add(object, "/spec/template/metadata", "labels", labels());
        }
        let claims = object.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut);
        for claim in claims.into_iter().flatten() {
            add(claim, "/metadata", "labels", labels());
        }
    }
}

/// Creates or updates an object. `recorded` is what the last successful round put there.
pub(super) async fn apply(
    shoot: &Cluster,
    resources: &Resources,
    desired: &Value,
    recorded: Option<&Reference>,
) -> Result<Change, String> {
    let reference = Reference::of_object(desired);
    if reference.kind.is_empty() {
        return Err(format!("Object 'Kind' is missing in '{desired}'"));
    }
    check_types(&reference, desired)?;
    let home = resources.home(shoot, &reference).await.map_err(|error| error_text(&error))?;
    let Some(home) = home else {
        return Err(format!("no matches for kind \"{}\" in version \"{}\"", reference.kind, reference.api_version));
    };
    if reference.has_annotation("mode", "Ignore") || reference.has_annotation("ignore", "true") {
        return Ok(Change::None);
    }
    let mut desired = desired.clone();
    if let (false, Some(Value::Object(metadata))) = (home.namespaced, desired.get_mut("metadata")) {
        metadata.remove("namespace");
    }
    let mut attempt = 1;
    loop {
        match lay_over(shoot, &reference, &home, &desired, recorded).await {
            Err(kube::Error::Api(status)) if status.code == 409 && attempt < ATTEMPTS => attempt += 1,
            other => return other.map_err(|error| error_text(&error)),
        }
    }
}

async fn lay_over(
    shoot: &Cluster,
    reference: &Reference,
    home: &Home,
    desired: &Value,
    recorded: Option<&Reference>,
) -> Result<Change, kube::Error> {
    let place = reference.path(home, &reference.name);
    let Some(live) = optional(shoot.send(Method::GET, &place, None).await)? else {
        let namespace = if home.namespaced { reference.namespace.as_str() } else { "" };
        let collection = path(&reference.api_version, &home.plural, namespace, "", "");
        shoot.send(Method::POST, &collection, Some((JSON, desired))).await?;
        return Ok(Change::Created);
    };
    let merged = merged(&live, desired, recorded);
    if merged == live {
        return Ok(Change::None);
    }
    shoot.send(Method::PUT, &place, Some((JSON, &merged))).await?;
    Ok(Change::Updated)
}

/// The live object with everything that is desired; what only the shoot knows stays.
fn merged(live: &Value, desired: &Value, recorded: Option<&Reference>) -> Value {
    let mut merged = desired.clone();
    let mut metadata = live.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, recorded) in
        [("labels", recorded.map(|found| &found.labels)), ("annotations", recorded.map(|found| &found.annotations))]
    {
        let pointer = format!("/metadata/{name}");
        let three_way = three_way(&strings(live.pointer(&pointer)), recorded, &strings(desired.pointer(&pointer)));
        if three_way.is_empty() {
            metadata.remove(name);
        } else {
            metadata.insert(name.to_owned(), json!(three_way));
        }
    }
    set(&mut merged, "", "metadata", metadata.into());
    // A status in a manifest is nobody's wish.
    set(&mut merged, "", "status", live.get("status").cloned().unwrap_or_default());
    if let (None, Some(fields)) = (live.get("status"), merged.as_object_mut()) {
        fields.remove("status");
    }
    match text(live, "/kind") {
        "ServiceAccount" => keep(&mut merged, live, "", &["secrets", "imagePullSecrets"]),
        "Service" => keep(&mut merged, live, "/spec", &["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]),
        "DaemonSet" | "Deployment" | "StatefulSet" => keep_of_workload(&mut merged, live, desired),
        _ => {}
    }
    merged
}

fn keep_of_workload(merged: &mut Value, live: &Value, desired: &Value) {
    let restarted = format!("/spec/template/metadata/annotations/{}", RESTARTED_AT.replace('/', "~1"));
    if let Some(at) = live.pointer(&restarted).and_then(Value::as_str) {
        add(merged, "/spec/template/metadata", "annotations", [(RESTARTED_AT, at)]);
    }
    let wants = |annotation: &str| {
        text(desired, &format!("/metadata/annotations/resources.gardener.cloud~1{annotation}")) == "true"
    };
    if let (true, Some(replicas)) = (wants("preserve-replicas"), live.pointer("/spec/replicas")) {
        set(merged, "/spec", "replicas", replicas.clone());
    }
    if wants("preserve-resources") {
        for list in ["containers", "initContainers"] {
            let pointer = format!("/spec/template/spec/{list}");
            let live: Vec<&Value> = live.pointer(&pointer).and_then(Value::as_array).into_iter().flatten().collect();
            let containers = merged.pointer_mut(&pointer).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                let same = live.iter().find(|found| text(found, "/name") == text(container, "/name"));
                if let Some(resources) = same.and_then(|same| same.get("resources")) {
                    set(container, "", "resources", resources.clone());
                }
            }
        }
    }
}

/// What is desired, and of what is live everything that was not put there by us.
fn three_way(
    live: &BTreeMap<String, String>,
    recorded: Option<&BTreeMap<String, String>>,
    desired: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let is_foreign = |key: &String| recorded.is_none_or(|recorded| !recorded.contains_key(key));
    let foreign = live.iter().filter(|(key, _)| is_foreign(key));
    foreign.chain(desired).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Workloads, Services and ServiceAccounts go through their Go types first, which take no number for a text nor the reverse.
fn check_types(reference: &Reference, object: &Value) -> Result<(), String> {
    fn check<T: serde::de::DeserializeOwned>(object: &Value) -> Result<(), String> {
        T::deserialize(object).map(drop).map_err(|error| error.to_string())
    }
    let checked = match (reference.api_version.as_str(), reference.kind.as_str()) {
        ("apps/v1", "DaemonSet") => check::<DaemonSet>(object),
        ("apps/v1", "Deployment") => check::<Deployment>(object),
        ("v1", "Service") => check::<Service>(object),
        ("v1", "ServiceAccount") => check::<ServiceAccount>(object),
        _ => Ok(()),
    };
    let Reference { api_version, kind, .. } = reference;
    checked.map_err(|error| format!("unable to convert unstructured object to {api_version}, Kind={kind}: {error}"))
}

/// The server's own words where it has any.
fn error_text(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

fn keep(merged: &mut Value, live: &Value, place: &str, fields: &[&str]) {
    for field in fields {
        let pointer = format!("{place}/{field}");
        if let (None, Some(value)) = (merged.pointer(&pointer), live.pointer(&pointer)) {
            set(merged, place, field, value.clone());
        }
    }
}

fn set(object: &mut Value, place: &str, field: &str, value: Value) {
    if let Some(Value::Object(fields)) = object.pointer_mut(place) {
        fields.insert(field.to_owned(), value);
    }
}

/// Adds to a map of texts, which may not be there yet.
fn add<'a>(object: &mut Value, place: &str, name: &str, entries: impl IntoIterator<Item = (&'a str, &'a str)>) {
    if let Some((parent, last)) = place.rsplit_once('/')
        && object.pointer(place).is_none_or(Value::is_null)
    {
        set(object, parent, last, Value::Object(Map::new()));
    }
    let Some(Value::Object(fields)) = object.pointer_mut(place) else { return };
    let map = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if map.is_null() {
        *map = Value::Object(Map::new());
    }
    if let Value::Object(map) = map {
        map.extend(entries.into_iter().map(|(key, value)| (key.to_owned(), value.into())));
    }
}

/// The replicas of a workload that are to run; one where nothing is said.
pub(in crate::world) fn replicas(workload: &Value) -> i64 {
    if workload.pointer("/spec/replicas").is_some() { number(workload, "/spec/replicas") } else { 1 }
}
