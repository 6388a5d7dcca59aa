//! The bundle: Secret first, then the ManagedResource that names it.

use std::collections::BTreeSet;

use calico_policy::Reading;
use calico_policy::nodes::NodeUid;
use calico_policy::overlay::UnverifiedReason;
use calico_policy::survey::RoutesReady;
use gardener_api::meta::ObjectMeta;
use serde_json::json;

use crate::bundle::{Bundle, BundleManagedResource, BundleSecret, GARBAGE_COLLECTABLE};
use crate::client::resource::{MANAGED_RESOURCES, SECRETS};
use crate::client::{ApiClient, ApiError, Request, optional};
use crate::read::bundle::{KnownSecret, LiveBundle, LiveManagedResource, LiveSecret, secret};
use crate::read::metadata::PartialObject;
use crate::read::nodes::{self, NodesError};

/// What a write does to the encapsulation in effect, and why it may.
#[derive(Debug)]
pub enum Removal<'a> {
    /// It removes none.
    None,
    /// It removes some, because every node has a route.
    Verified {
        /// The proof, given up with the write.
        witness: RoutesReady,
        /// Where to look whether the nodes are still those of the proof.
        shoot: &'a ApiClient,
        /// The resource version of the list that the proof was made from.
        surveyed_at: String,
    },
    /// It removes some, and there is no node that could need it.
    NoNodes {
        /// Where to look whether there is still none.
        shoot: &'a ApiClient,
    },
    /// It removes some, and nobody has looked at routes.
    Unverified(UnverifiedReason),
}

/// Why a bundle was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A request failed.
    #[error("{what}: {source}")]
    Request {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: ApiError,
    },
    /// The ManagedResource could not be read, so there is nothing to write over.
    #[error("could not create or update managed resource: {0}")]
    Unreadable(String),
    /// A node joined, or was created again, after the survey: the question is open again.
    #[error("the nodes changed after their routes were seen: look again")]
    NodesChanged,
    /// The Secret is there and was not found: one of the answers was an old one.
    #[error("the Secret of the bundle is there and was not found: look again")]
    SecretChanged,
    /// The nodes could not be read again.
    #[error("could not read the nodes again before the encapsulation goes: {0}")]
    Nodes(#[from] NodesError),
    /// An encapsulation would go on the word of an earlier read.
    #[error("the bundle in effect was not read again before the encapsulation goes")]
    FromMemory,
    /// The Secret cannot be written as JSON. A defect of ours.
    #[error("the Secret cannot be written as JSON")]
    NoJson,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Whether anything was.
    pub changed: bool,
    /// The ManagedResource as it is now.
    pub managed_resource: LiveManagedResource,
    /// The Secret that it names.
    pub secret: KnownSecret,
}

/// Whether this bundle is what is there already, so that nothing would be written. Only the metadata of the Secret are needed,
/// because its name is a digest of its content.
#[must_use]
pub fn is_there(live: &LiveBundle, managed_resource: &BundleManagedResource, secret_name: &str) -> bool {
    let (label, on) = GARBAGE_COLLECTABLE;
    let is_ours = |secret: &LiveSecret| {
        let metadata = secret.metadata();
        metadata.annotations.is_empty()
            && metadata.labels.len() == 1
            && metadata.labels.get(label).is_some_and(|value| value == on)
    };
    let is_named = |live: &LiveManagedResource| managed_resource.over(&live.object).is_none();
    live.known().is_some_and(is_named) && live.secrets.len() == 1 && live.secrets.get(secret_name).is_some_and(is_ours)
}

/// Writes a bundle over what was read. What is there already is not written again, so calling it twice is harmless.
///
/// # Errors
/// [`WriteError`]. The Secret may have been written then; nothing refers to it yet.
pub async fn write(
    seed: &ApiClient,
    namespace: &str,
    live: &LiveBundle,
    bundle: &Bundle,
    removal: Removal<'_>,
) -> Result<Written, WriteError> {
    let live_managed_resource = match &live.managed_resource {
        Reading::Known(known) => Some(known.as_ref()),
        Reading::Absent => None,
        Reading::Unreadable(failure) => return Err(WriteError::Unreadable(failure.detail.clone())),
    };
    let (secret_written, metadata) = write_secret(seed, namespace, live, &bundle.secret).await.map_err(of_secret)??;
    let secret = KnownSecret {
        name: bundle.secret.name().to_owned(),
        uid: metadata.uid,
        resource_version: metadata.resource_version,
        dataplane: bundle.dataplane.clone(),
    };
    label_old_secrets(seed, namespace, live, bundle.secret.name()).await.map_err(of_secret)?;

    let Some(live_managed_resource) = live_managed_resource else {
        check(live, removal).await?;
        let managed_resource = create(seed, namespace, &bundle.managed_resource).await.map_err(of_managed_resource)?;
        return Ok(Written { changed: true, managed_resource, secret });
    };
    let Some(object) = bundle.managed_resource.over(&live_managed_resource.object) else {
        return Ok(Written { changed: secret_written, managed_resource: live_managed_resource.clone(), secret });
    };
    check(live, removal).await?;
    let request = Request::update(&MANAGED_RESOURCES, namespace, bundle.managed_resource.name(), &object);
    let text = seed.text(&request).await.map_err(of_managed_resource)?;
    let managed_resource = crate::read::bundle::live(&request, &text).map_err(of_managed_resource)?;
    Ok(Written { changed: true, managed_resource, secret })
}

/// Makes sure that what was read is what is stored: writes it as it is, which changes nothing, and is a conflict where the answer was
/// an old one. Calling it twice is harmless.
///
/// # Errors
/// [`WriteError::Request`].
pub async fn confirm(
    seed: &ApiClient,
    namespace: &str,
    read: &LiveManagedResource,
) -> Result<LiveManagedResource, WriteError> {
    let request = Request::update(&MANAGED_RESOURCES, namespace, &read.slice.metadata.name, &read.object);
    let text = seed.text(&request).await.map_err(of_managed_resource)?;
    crate::read::bundle::live(&request, &text).map_err(of_managed_resource)
}

/// Looks once more, as late as possible, whether the encapsulation may go.
async fn check(live: &LiveBundle, removal: Removal<'_>) -> Result<(), WriteError> {
    match removal {
        Removal::None => Ok(()),
        Removal::Unverified(_) | Removal::NoNodes { .. } | Removal::Verified { .. } if live.from_memory => {
            Err(WriteError::FromMemory)
        }
        Removal::Unverified(_) => Ok(()),
        Removal::NoNodes { shoot } if nodes::nodes(shoot).await?.nodes.is_empty() => Ok(()),
        Removal::NoNodes { .. } => Err(WriteError::NodesChanged),
        Removal::Verified { witness, shoot, surveyed_at } => {
            let again = nodes::nodes(shoot).await?;
            let uids: BTreeSet<&NodeUid> = again.nodes.iter().map(|node| &node.uid).collect();
            if again.is_at_least_as_new_as(&surveyed_at) && witness.covers(uids) {
                Ok(())
            } else {
                Err(WriteError::NodesChanged)
            }
        }
    }
}

async fn create(
    seed: &ApiClient,
    namespace: &str,
    managed_resource: &BundleManagedResource,
) -> Result<LiveManagedResource, ApiError> {
    let object = managed_resource.object();
    let request = Request::create(&MANAGED_RESOURCES, namespace, managed_resource.name(), object);
    let text = seed.text(&request).await?;
    crate::read::bundle::live(&request, &text)
}

/// Whether the Secret had to be written, and its metadata then.
async fn write_secret(
    seed: &ApiClient,
    namespace: &str,
    live: &LiveBundle,
    wanted: &BundleSecret,
) -> Result<Result<(bool, ObjectMeta), WriteError>, ApiError> {
    let name = wanted.name();
    let found = match live.secrets.get(name) {
        Some(whole @ LiveSecret::Whole { .. }) => Some(whole.clone()),
        Some(LiveSecret::Unchanged(_)) => secret(seed, namespace, name).await?,
        None => {
            let Ok(object) = serde_json::to_value(wanted) else { return Ok(Err(WriteError::NoJson)) };
            let create = Request::create(&SECRETS, namespace, name, &object).metadata_only();
            match seed.json::<PartialObject>(&create).await {
                Ok(created) => return Ok(Ok((true, created.metadata))),
                // Left behind by a reconcile that came no further, or the answer to our own request was lost.
                Err(error) if error.is_conflict() => secret(seed, namespace, name).await?,
                Err(error) => return Err(error),
            }
        }
    };
    let Some(LiveSecret::Whole { slice, text }) = found else { return Ok(Err(WriteError::SecretChanged)) };
    let Some(found) = text.json() else { return Ok(Err(WriteError::NoJson)) };
    match wanted.over(&found) {
        Ok(None) => Ok(Ok((false, slice.metadata))),
        Ok(Some(object)) => {
            let update = Request::update(&SECRETS, namespace, name, &object).metadata_only();
            Ok(Ok((true, seed.json::<PartialObject>(&update).await?.metadata)))
        }
        Err(_) => Ok(Err(WriteError::NoJson)),
    }
}

/// A Secret that is no longer named must carry the label by which the garbage collector of the seed finds it.
async fn label_old_secrets(
    seed: &ApiClient,
    namespace: &str,
    live: &LiveBundle,
    current: &str,
) -> Result<(), ApiError> {
    let (label, on) = GARBAGE_COLLECTABLE;
    for (name, secret) in live.secrets.iter().filter(|(name, _)| *name != current) {
        if secret.metadata().labels.get(label).is_none_or(|value| value != on) {
            let patch = json!({"metadata": {"labels": {label: on}}});
            optional(seed.text(&Request::merge_patch(&SECRETS, namespace, name, &patch)).await)?;
        }
    }
    Ok(())
}

fn of_secret(source: ApiError) -> WriteError {
    WriteError::Request { what: "could not create or update secret of managed resources", source }
}

fn of_managed_resource(source: ApiError) -> WriteError {
    WriteError::Request { what: "could not create or update managed resource", source }
}
