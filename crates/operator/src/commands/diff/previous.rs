//! What is there already: the bundle in the dump, or objects in files.

use std::path::Path;

use adapter_k8s::bundle::stored;
use adapter_k8s::facts::bundle::MANAGED_RESOURCE;
use calico_manifests::ObjectKey;
use serde_json::Value;

use super::ByIdentity;
use crate::commands::note;
use crate::commands::rendering::{Rendering, about_the_input};
use crate::diagnostics::Diagnostic;
use crate::dump;

/// What gardener-resource-manager tells objects apart by: the version of the API is not among it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) group: String,
}

impl From<ObjectKey> for Identity {
    fn from(key: ObjectKey) -> Self {
        let ObjectKey { api_version, kind, namespace, name } = key;
        let group = api_version.split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
        Self { kind, namespace, name, group }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(formatter, "{}/{}", self.kind, self.name),
        }
    }
}

/// The objects to compare with.
pub(super) fn read(rendering: &Rendering, against: Option<&Path>) -> Result<ByIdentity, Diagnostic> {
    let Some(path) = against else { return of_the_bundle(rendering) };
    let objects = dump::read_objects(path)?;
    by_identity(objects.into_iter().map(|object| (object.value, object.file)))
}

fn of_the_bundle(rendering: &Rendering) -> Result<ByIdentity, Diagnostic> {
    let objects = &rendering.dump.objects;
    let namespace = &rendering.namespace;
    let managed_resource = objects
        .managed_resources
        .iter()
        .map(|located| &located.value)
        .filter(|resource| resource.metadata.namespace == *namespace)
        .find(|resource| resource.metadata.name == MANAGED_RESOURCE);
    let Some(managed_resource) = managed_resource else {
        note(&format!("note: there is no ManagedResource `{namespace}/{MANAGED_RESOURCE}`, so every object is new"));
        return Ok(ByIdentity::new());
    };
    let secret = |name: &str| {
        let secrets = objects.secrets.iter().map(|located| &located.value);
        secrets.filter(|secret| secret.metadata.namespace == *namespace).find(|secret| secret.metadata.name == name)
    };
    let values = stored(managed_resource, secret)
        .map_err(|error| about_the_input(format!("the bundle to compare with cannot be read: {error}")))?;
    by_identity(values.into_iter().map(|value| (value, "the bundle to compare with".to_owned())))
}

fn by_identity(objects: impl Iterator<Item = (Value, String)>) -> Result<ByIdentity, Diagnostic> {
    let mut found = ByIdentity::new();
    for (value, file) in objects {
        let about = |text: String| Diagnostic { file: file.clone(), ..about_the_input(text) };
        let key = ObjectKey::of(&value).map_err(|error| about(format!("{error}, so it is no Kubernetes object")))?;
        let identity = Identity::from(key);
        if found.insert(identity.clone(), value).is_some() {
            return Err(about(format!("`{identity}` is there twice")));
        }
    }
    Ok(found)
}
