//! An object of which only the metadata count. The rest is not even asked for; who owns which field, which is the longest part of the
//! metadata, is skipped where it stands.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Resource;
use kube::core::{ApiResource, DynamicResourceScope};
use serde::{Deserialize, Deserializer};

/// An object of any kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Outline {
    #[serde(deserialize_with = "identity")]
    pub(super) metadata: ObjectMeta,
}

impl Resource for Outline {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    /// An API server is asked for `PartialObjectMetadata`.
    fn metadata_api() -> bool {
        true
    }

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        resource.api_version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Who an object is, in which state, and what is asked of it.
fn identity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Identity {
        namespace: Option<String>,
        name: Option<String>,
        uid: Option<String>,
        resource_version: Option<String>,
        generation: Option<i64>,
        deletion_timestamp: Option<Time>,
        finalizers: Option<Vec<String>>,
        annotations: Option<BTreeMap<String, String>>,
    }

    let read = Identity::deserialize(deserializer)?;
    let Identity { namespace, name, uid, resource_version, generation, deletion_timestamp, finalizers, annotations } =
        read;
    Ok(ObjectMeta {
        namespace,
        name,
        uid,
        resource_version,
        generation,
        deletion_timestamp,
        finalizers,
        annotations,
        ..ObjectMeta::default()
    })
}
