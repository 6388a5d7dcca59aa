//! The ManagedResource of the guard and its Secret, in the seed.

use std::collections::BTreeMap;

use calico_manifests::RenderError;
use calico_manifests::guard::{Protection, objects};
use calico_policy::Reading;
use calico_policy::admission_policy::GuardApi;

use crate::bundle::{Bundle, BundleError};
use crate::client::{ApiClient, ApiError};
use crate::read::bundle::{LiveBundle, LiveManagedResource, managed_resource, secret};
use crate::write::bundle::{Removal, WriteError, is_there, write};
use crate::write::deletion::{self, DeletionErrors, GUARD_MANAGED_RESOURCE};

/// Why the guard was not deployed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ApiError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A defect of the renderer.
    #[error("render the guard: {0}")]
    Render(#[from] RenderError),
    /// A defect of the encoder.
    #[error("encode the guard: {0}")]
    Encode(#[from] BundleError),
}

/// What the seed says of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// There is no ManagedResource, so that the shoot has no guard of ours.
    Absent,
    /// There is one.
    Present,
    /// It is on its way out.
    Leaving,
}

/// Whether the shoot has a guard of ours, or is about to have one.
///
/// # Errors
/// [`ApiError`].
pub async fn live(seed: &ApiClient, namespace: &str) -> Result<Live, ApiError> {
    let found = managed_resource(seed, namespace, GUARD_MANAGED_RESOURCE).await?;
    Ok(found.as_ref().map_or(Live::Absent, state))
}

/// Writes the guard in this version of its API over the one that is there, in whatever version. What is there already is not written
/// again, so calling it twice is harmless. Says whether anything was written.
///
/// # Errors
/// [`GuardError`].
pub async fn deploy(
    seed: &ApiClient,
    namespace: &str,
    api: GuardApi,
    protection: Protection,
) -> Result<bool, GuardError> {
    let live = read(seed, namespace).await?;
    if live.known().map(state) == Some(Live::Leaving) {
        // What is written now would go with it. It is deployed again once it has gone.
        return Ok(false);
    }
    let wanted = Bundle::of_guard(namespace, &objects(api, protection)?)?;
    if is_there(&live, &wanted.managed_resource, wanted.secret.name()) {
        return Ok(false);
    }
    Ok(write(seed, namespace, &live, &wanted, Removal::None).await?.changed)
}

/// Takes the guard away. One that is gone, or on its way out, is as good as removed, so calling it twice is harmless.
///
/// # Errors
/// [`DeletionErrors`].
pub async fn remove(seed: &ApiClient, namespace: &str) -> Result<Live, DeletionErrors> {
    let remaining = deletion::guard(seed, namespace).await?;
    Ok(if remaining.is_some() { Live::Leaving } else { Live::Absent })
}

fn state(found: &LiveManagedResource) -> Live {
    if found.slice.metadata.deletion_timestamp.is_some() { Live::Leaving } else { Live::Present }
}

async fn read(seed: &ApiClient, namespace: &str) -> Result<LiveBundle, ApiError> {
    let mut secrets = BTreeMap::new();
    let found = managed_resource(seed, namespace, GUARD_MANAGED_RESOURCE).await?;
    for reference in found.iter().flat_map(|found| &found.slice.spec.secret_refs) {
        if let Some(secret) = secret(seed, namespace, &reference.name).await? {
            secrets.insert(reference.name.clone(), secret);
        }
    }
    Ok(LiveBundle {
        managed_resource: found.map_or(Reading::Absent, |found| Reading::Known(Box::new(found))),
        secrets,
        dataplane: Reading::Absent,
        from_memory: false,
    })
}
