//! Which resources are served now. Definitions come and go while the server runs.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::{Resource, builtin, definition};
use crate::resource::definition::DefinitionError;

/// The resources, in the order in which discovery shows them.
#[derive(Debug)]
pub(crate) struct Registry {
    resources: RwLock<Vec<Arc<Resource>>>,
}

impl Registry {
    /// The built-in resources without those versions.
    pub(crate) fn new(disabled: &BTreeSet<(String, String)>) -> Self {
        let mut resources = builtin::all();
        for resource in &mut resources {
            let group = resource.group.clone();
            resource.versions.retain(|version| !disabled.contains(&(group.clone(), version.name.clone())));
        }
        resources.retain(|resource| !resource.versions.is_empty());
        Self { resources: RwLock::new(resources.into_iter().map(Arc::new).collect()) }
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        self.read(|resources| {
            resources.iter().find(|resource| resource.is(group, plural) && resource.version(version).is_some()).cloned()
        })
    }

    /// The resource of an object, by what the object says of itself.
    pub(crate) fn find_kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.read(|resources| {
            resources
                .iter()
                .find(|resource| {
                    resource.group == group && resource.kind == kind && resource.version(version).is_some()
                })
                .cloned()
        })
    }

    pub(crate) fn all(&self) -> Vec<Arc<Resource>> {
        self.read(<[Arc<Resource>]>::to_vec)
    }

    /// Serves what the definition describes, in place of what it described before.
    pub(crate) fn define(&self, value: &Value) -> Result<(), DefinitionError> {
        let resource = definition::read(value)?;
        let mut resources = self.resources.write().unwrap_or_else(PoisonError::into_inner);
        if resources.iter().any(|known| !known.rules.custom && known.is(&resource.group, &resource.plural)) {
            let text = format!("names the built-in resource `{}`", resource.qualified());
            return Err(definition::problem("spec.names.plural", &text));
        }
        resources.retain(|known| !known.is(&resource.group, &resource.plural));
        resources.push(Arc::new(resource));
        Ok(())
    }

    /// Stops serving what a definition described.
    pub(crate) fn undefine(&self, group: &str, plural: &str) {
        let mut resources = self.resources.write().unwrap_or_else(PoisonError::into_inner);
        resources.retain(|known| !(known.rules.custom && known.is(group, plural)));
    }

    fn read<T>(&self, with: impl FnOnce(&[Arc<Resource>]) -> T) -> T {
        with(&self.resources.read().unwrap_or_else(PoisonError::into_inner))
    }
}
