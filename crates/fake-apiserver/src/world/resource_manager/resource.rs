//! Objects of any kind in a shoot: how they are named, and where they live, as far as the shoot knows the kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::Method;
use serde_json::{Value, json};

use crate::world::cluster::{Cluster, optional, path, text};

/// How an object is told from others: the version of its API does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    group: String,
    kind: String,
    namespace: String,
    name: String,
}

/// An object as a bundle or `status.resources` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Where the objects of a kind live.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) plural: String,
    pub(super) namespaced: bool,
}

/// What the shoot is known to serve. What it did not serve is asked for again.
#[derive(Debug, Default)]
pub(super) struct Resources(Mutex<BTreeMap<(String, String), Home>>);

impl Reference {
    /// How a document names its object.
    pub(super) fn of_object(object: &Value) -> Self {
        Self::at(object, "/metadata")
    }

    /// How `status.resources` names an object.
    pub(super) fn of_status(entry: &Value) -> Self {
        Self::at(entry, "")
    }

    fn at(value: &Value, place: &str) -> Self {
        let field = |name: &str| text(value, &format!("{place}/{name}")).to_owned();
        let map = |name: &str| strings(value.pointer(&format!("{place}/{name}")));
        Self {
            api_version: text(value, "/apiVersion").to_owned(),
            kind: text(value, "/kind").to_owned(),
            namespace: field("namespace"),
            name: field("name"),
            labels: map("labels"),
            annotations: map("annotations"),
        }
    }

    /// An entry of `status.resources`; empty parts are left out.
    pub(super) fn entry(&self) -> Value {
        let mut entry = json!({"apiVersion": self.api_version, "kind": self.kind, "name": self.name});
        if let Value::Object(fields) = &mut entry {
            if !self.namespace.is_empty() {
                fields.insert("namespace".to_owned(), self.namespace.clone().into());
            }
            for (name, map) in [("labels", &self.labels), ("annotations", &self.annotations)] {
                if !map.is_empty() {
                    fields.insert(name.to_owned(), json!(map));
                }
            }
        }
        entry
    }

    pub(super) fn identity(&self) -> Identity {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        Identity {
            group: group.to_owned(),
            kind: self.kind.clone(),
            namespace: self.namespace_or_default().to_owned(),
            name: self.name.clone(),
        }
    }

    /// As messages name it.
    pub(super) fn text(&self) -> String {
        format!("{}/{}/{}/{}", self.api_version, self.kind, self.namespace_or_default(), self.name)
    }

    /// `namespace/name`, or the name alone.
    pub(super) fn key(&self) -> String {
        if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name) }
    }

    pub(super) fn has_annotation(&self, name: &str, value: &str) -> bool {
        self.annotations.get(&format!("resources.gardener.cloud/{name}")).is_some_and(|found| found == value)
    }

    pub(super) fn path(&self, home: &Home, name: &str) -> String {
        let namespace = if home.namespaced { self.namespace.as_str() } else { "" };
        path(&self.api_version, &home.plural, namespace, name, "")
    }

    fn namespace_or_default(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }
}

impl Resources {
    /// Where objects of a kind live; `None` where the shoot does not serve it.
    pub(super) async fn home(&self, shoot: &Cluster, reference: &Reference) -> Result<Option<Home>, kube::Error> {
        let key = (reference.api_version.clone(), reference.kind.clone());
        if let Some(home) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(home.clone()));
        }
        let group = path(&reference.api_version, "", "", "", "");
        let Some(served) = optional(shoot.send(Method::GET, &group, None).await)? else { return Ok(None) };
        let served = served.get("resources").and_then(Value::as_array);
        let is_it = |found: &&Value| text(found, "/kind") == reference.kind && !text(found, "/name").contains('/');
        let home = served.into_iter().flatten().find(is_it).map(|found| Home {
            plural: text(found, "/name").to_owned(),
            namespaced: found.get("namespaced").and_then(Value::as_bool).unwrap_or_default(),
        });
        if let Some(home) = &home {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, home.clone());
        }
        Ok(home)
    }

    /// The live object; `None` where there is none, or none could be.
    pub(super) async fn live(&self, shoot: &Cluster, reference: &Reference) -> Result<Option<Value>, kube::Error> {
        match self.home(shoot, reference).await? {
            None => Ok(None),
            Some(home) => {
                let path = reference.path(&home, &reference.name);
                optional(shoot.send(Method::GET, &path, None).await)
            }
        }
    }
}

/// A map of texts; what is no text is left out.
pub(super) fn strings(value: Option<&Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
