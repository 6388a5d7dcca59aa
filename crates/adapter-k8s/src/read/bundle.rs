//! The bundle last written, live: the ManagedResource and every Secret that it names.

use std::collections::BTreeMap;

use calico_policy::in_effect::ObservedDataplane;
use calico_policy::{ReadFailure, ReadFailureKind, Reading};
use gardener_api::managed_resource::{ManagedResource, ManagedResourceStatus};
use gardener_api::meta::ObjectMeta;
use gardener_api::secret::Secret;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::metadata::PartialObject;
use crate::client::resource::{MANAGED_RESOURCES, SECRETS};
use crate::client::{ApiClient, ApiError, Request, decode, optional};
use crate::facts::bundle::{self as facts, MANAGED_RESOURCE};

/// A ManagedResource as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveManagedResource {
    /// The slice that is judged.
    pub slice: ManagedResource,
    /// Everything but the status and who owns which field, to be written over.
    pub object: Value,
}

/// A Secret as it was read, or only its metadata.
#[derive(Clone, Debug)]
pub enum LiveSecret {
    /// Everything.
    Whole {
        /// The slice that is judged.
        slice: Secret,
        /// The answer, for whoever must write over it. Never shown.
        text: SecretText,
    },
    /// Its metadata, which are those of a Secret that was read before: an immutable Secret of the same resource version is the
    /// same Secret.
    Unchanged(ObjectMeta),
}

/// The JSON of a Secret; `Debug` shows none of it.
#[derive(Clone)]
pub struct SecretText(Vec<u8>);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

impl SecretText {
    /// As JSON; `None` where the answer was none.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.0).ok()
    }
}

impl LiveSecret {
    /// `metadata`.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Whole { slice, .. } => &slice.metadata,
            Self::Unchanged(metadata) => metadata,
        }
    }
}

/// What is known of a Secret from an earlier read, or because it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSecret {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// The dataplane in it, where the ManagedResource named it alone.
    pub dataplane: Reading<ObservedDataplane>,
}

/// The bundle as it was read.
#[derive(Clone, Debug)]
pub struct LiveBundle {
    /// The ManagedResource.
    pub managed_resource: Reading<Box<LiveManagedResource>>,
    /// The Secrets that it names, as far as they exist and could be read.
    pub secrets: BTreeMap<String, LiveSecret>,
    /// The dataplane in it.
    pub dataplane: Reading<ObservedDataplane>,
    /// Whether [`Self::dataplane`] is from an earlier look. No encapsulation may be removed on its word.
    pub from_memory: bool,
}

impl LiveBundle {
    /// The ManagedResource, where it is known.
    #[must_use]
    pub fn known(&self) -> Option<&LiveManagedResource> {
        self.managed_resource.known().map(Box::as_ref)
    }

    /// What to remember of the Secret, where the ManagedResource names exactly one.
    #[must_use]
    pub fn to_remember(&self) -> Option<KnownSecret> {
        let [reference] = self.known()?.slice.spec.secret_refs.as_slice() else { return None };
        let metadata = self.secrets.get(&reference.name)?.metadata();
        Some(KnownSecret {
            name: reference.name.clone(),
            uid: metadata.uid.clone(),
            resource_version: metadata.resource_version.clone(),
            dataplane: self.dataplane.clone(),
        })
    }
}

#[derive(Deserialize)]
struct Parts {
    metadata: Metadata,
    spec: Value,
}

/// `metadata` without `managedFields`, which are longer than all the rest. An API server keeps them where a write does not name them.
#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "managedFields", default)]
    _managed_fields: IgnoredAny,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Reads a ManagedResource of ours; `None` where it is proven not to exist.
///
/// # Errors
/// [`ApiError`].
pub async fn managed_resource(
    seed: &ApiClient,
    namespace: &str,
    name: &str,
) -> Result<Option<LiveManagedResource>, ApiError> {
    let request = Request::get(&MANAGED_RESOURCES, namespace, name);
    optional(seed.text(&request).await)?.map(|text| live(&request, &text)).transpose()
}

/// The ManagedResource in an answer.
pub(crate) fn live(request: &Request, text: &[u8]) -> Result<LiveManagedResource, ApiError> {
    let Parts { metadata: Metadata { others: metadata, .. }, spec } = decode(request, text)?;
    let (api_version, kind) = (MANAGED_RESOURCES.api_version(), MANAGED_RESOURCES.kind);
    let object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec});
    Ok(LiveManagedResource { slice: decode(request, text)?, object })
}

/// Reads the status of the ManagedResource again.
///
/// # Errors
/// [`ApiError`], absence included.
pub async fn status(seed: &ApiClient, namespace: &str) -> Result<ManagedResource, ApiError> {
    let mut read: ManagedResource = seed.json(&Request::get(&MANAGED_RESOURCES, namespace, MANAGED_RESOURCE)).await?;
    // Of all that is kept between two looks, the conditions are the most.
    let ManagedResourceStatus { conditions, .. } = &mut read.status;
    conditions.shrink_to_fit();
    Ok(read)
}

/// Reads the bundle of a shoot. Of a Secret that is `known` only the metadata are read again.
pub async fn bundle(seed: &ApiClient, namespace: &str, known: Option<&KnownSecret>) -> LiveBundle {
    let managed_resource = match managed_resource(seed, namespace, MANAGED_RESOURCE).await {
        Ok(Some(live)) => live,
        Ok(None) => return nothing(Reading::Absent, Reading::Absent),
        Err(error) => {
            return nothing(Reading::Unreadable(error.failure()), Reading::Unreadable(error.failure()));
        }
    };
    let references = &managed_resource.slice.spec.secret_refs;
    if let (Some(known), [reference]) = (known, references.as_slice())
        && reference.name == known.name
        && let Ok(metadata) = secret_metadata(seed, namespace, &known.name).await
        && metadata.uid == known.uid
        && metadata.resource_version == known.resource_version
    {
        return LiveBundle {
            secrets: BTreeMap::from([(known.name.clone(), LiveSecret::Unchanged(metadata))]),
            managed_resource: Reading::Known(Box::new(managed_resource)),
            dataplane: known.dataplane.clone(),
            from_memory: true,
        };
    }
    let mut secrets = BTreeMap::new();
    let mut failure: Option<ReadFailure> = None;
    for reference in references {
        match secret(seed, namespace, &reference.name).await {
            Ok(Some(secret)) => {
                secrets.insert(reference.name.clone(), secret);
            }
            Ok(None) => {}
            Err(error) => failure = Some(error.failure()),
        }
    }
    let dataplane = match failure {
        Some(failure) => Reading::Unreadable(failure),
        None => facts::reading(Some(&managed_resource.slice), |name| match secrets.get(name) {
            Some(LiveSecret::Whole { slice, .. }) => Some(slice),
            Some(LiveSecret::Unchanged(_)) | None => None,
        }),
    };
    LiveBundle { managed_resource: Reading::Known(Box::new(managed_resource)), secrets, dataplane, from_memory: false }
}

/// Reads a Secret; `None` where it is proven not to exist.
///
/// # Errors
/// [`ApiError`].
pub async fn secret(seed: &ApiClient, namespace: &str, name: &str) -> Result<Option<LiveSecret>, ApiError> {
    let request = Request::get(&SECRETS, namespace, name);
    let Some(text) = optional(seed.text(&request).await)? else { return Ok(None) };
    Ok(Some(LiveSecret::Whole { slice: decode(&request, &text)?, text: SecretText(text) }))
}

async fn secret_metadata(seed: &ApiClient, namespace: &str, name: &str) -> Result<ObjectMeta, ApiError> {
    let PartialObject { metadata } = seed.json(&Request::get(&SECRETS, namespace, name).metadata_only()).await?;
    Ok(metadata)
}

fn nothing(managed_resource: Reading<Box<LiveManagedResource>>, dataplane: Reading<ObservedDataplane>) -> LiveBundle {
    LiveBundle { managed_resource, secrets: BTreeMap::new(), dataplane, from_memory: false }
}

/// A failure that says that nobody has looked yet. It permits nothing.
#[must_use]
pub fn not_read_yet() -> ReadFailure {
    ReadFailure::new(ReadFailureKind::Refused, "not read yet")
}
