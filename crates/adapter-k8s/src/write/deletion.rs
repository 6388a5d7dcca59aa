//! The end of everything that this extension wrote for a shoot. Each object is deleted on its own, and one that is gone already is
//! as good as deleted: what fails for one must not leave the others behind.

use calico_manifests::seed;
use gardener_api::managed_resource::ManagedResource;
use serde_json::json;

use super::monitoring::resource;
use crate::client::resource::{MANAGED_RESOURCES, SECRETS};
use crate::client::{ApiClient, ApiError, Problem, Request, optional};
use crate::facts::bundle::MANAGED_RESOURCE;
use crate::read::bundle::managed_resource;

/// The ManagedResource of the guard in the shoot.
pub const GUARD_MANAGED_RESOURCE: &str = "extension-networking-calico-guard";

/// All ManagedResources of this extension, in the order in which they are deleted.
pub const MANAGED_RESOURCE_NAMES: [&str; 2] = [MANAGED_RESOURCE, GUARD_MANAGED_RESOURCE];

/// A ManagedResource that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// `namespace/name`.
    pub object: String,
    /// What gardener-resource-manager says about the objects that it cannot delete; `None` where it says nothing.
    pub pending: Option<String>,
}

/// Several failures, none of which kept the others from being tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct DeletionErrors(pub Vec<ApiError>);

impl DeletionErrors {
    /// Nothing, where nothing failed.
    ///
    /// # Errors
    /// Itself.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    fn note(&mut self, result: Result<Vec<u8>, ApiError>) {
        match optional(result) {
            // An API server that does not know the kind has none of its objects.
            Ok(_) | Err(ApiError { problem: Problem::NotServed, .. }) => {}
            Err(error) => self.0.push(error),
        }
    }
}

/// Deletes the monitoring objects, whatever the configuration says: all names that there ever were.
///
/// # Errors
/// [`DeletionErrors`].
pub async fn monitoring(seed: &ApiClient, namespace: &str) -> Result<(), DeletionErrors> {
    let mut errors = DeletionErrors::default();
    for key in seed::keys(namespace) {
        errors.note(seed.text(&Request::delete(resource(&key), namespace, &key.name, None)).await);
    }
    errors.into_result()
}

/// Makes gardener-resource-manager leave the objects in the shoot when their ManagedResources go.
///
/// # Errors
/// [`DeletionErrors`].
pub async fn keep_objects(seed: &ApiClient, namespace: &str) -> Result<(), DeletionErrors> {
    let mut errors = DeletionErrors::default();
    for name in MANAGED_RESOURCE_NAMES {
        let patch = json!({"spec": {"keepObjects": true}});
        errors.note(seed.text(&Request::merge_patch(&MANAGED_RESOURCES, namespace, name, &patch)).await);
    }
    errors.into_result()
}

/// Deletes the bundle and the guard, Secrets first, and says what is still there. What is on its way out already is not asked to go
/// again, so calling it often is cheap.
///
/// # Errors
/// [`DeletionErrors`].
pub async fn managed_resources(seed: &ApiClient, namespace: &str) -> Result<Vec<Remaining>, DeletionErrors> {
    let mut errors = DeletionErrors::default();
    let mut remaining = Vec::new();
    for name in MANAGED_RESOURCE_NAMES {
        match managed_resource(seed, namespace, name).await {
            Ok(Some(live)) => remaining.push(let_go(seed, namespace, name, &live.slice, &mut errors).await),
            Ok(None) => errors.note(legacy_secret(seed, namespace, name).await),
            Err(error) => errors.0.push(error),
        }
    }
    errors.into_result().map(|()| remaining)
}

/// Deletes the guard alone, Secrets first, and says whether it is still there.
///
/// # Errors
/// [`DeletionErrors`].
pub async fn guard(seed: &ApiClient, namespace: &str) -> Result<Option<Remaining>, DeletionErrors> {
    let mut errors = DeletionErrors::default();
    let remaining = match managed_resource(seed, namespace, GUARD_MANAGED_RESOURCE).await {
        Ok(Some(live)) => Some(let_go(seed, namespace, GUARD_MANAGED_RESOURCE, &live.slice, &mut errors).await),
        Ok(None) => None,
        Err(error) => return Err(DeletionErrors(vec![error])),
    };
    errors.into_result().map(|()| remaining)
}

async fn let_go(
    seed: &ApiClient,
    namespace: &str,
    name: &str,
    managed_resource: &ManagedResource,
    errors: &mut DeletionErrors,
) -> Remaining {
    if managed_resource.metadata.deletion_timestamp.is_none() {
        delete(seed, namespace, name, managed_resource, errors).await;
    }
    Remaining { object: format!("{namespace}/{name}"), pending: pending(managed_resource) }
}

async fn delete(
    seed: &ApiClient,
    namespace: &str,
    name: &str,
    managed_resource: &ManagedResource,
    errors: &mut DeletionErrors,
) {
    errors.note(legacy_secret(seed, namespace, name).await);
    for reference in &managed_resource.spec.secret_refs {
        errors.note(seed.text(&Request::delete(&SECRETS, namespace, &reference.name, None)).await);
    }
    let uid = Some(managed_resource.metadata.uid.as_str()).filter(|uid| !uid.is_empty());
    errors.note(seed.text(&Request::delete(&MANAGED_RESOURCES, namespace, name, uid)).await);
}

/// Releases before immutable Secrets used one without a digest in its name.
async fn legacy_secret(seed: &ApiClient, namespace: &str, name: &str) -> Result<Vec<u8>, ApiError> {
    seed.text(&Request::delete(&SECRETS, namespace, &format!("managedresource-{name}"), None)).await
}

fn pending(managed_resource: &ManagedResource) -> Option<String> {
    let applied = managed_resource.status.conditions.iter().find(|found| found.condition_type == "ResourcesApplied")?;
    let says_why = applied.status != "True" && ["DeletionFailed", "DeletionPending"].contains(&applied.reason.as_str());
    says_why.then(|| applied.message.clone())
}
