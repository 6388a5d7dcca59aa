//! Which monitoring objects of ours are in a shoot's namespace in the seed, and in which state.

use std::collections::BTreeMap;

use calico_manifests::ObjectKey;

use super::metadata::{PartialObject, PartialObjects};
use crate::client::resource::{CONFIG_MAPS, SCRAPE_CONFIGS};
use crate::client::{ApiClient, ApiError, Request, optional};

/// The resource version of every object that is there.
pub type Versions = BTreeMap<ObjectKey, String>;

/// Asks for these objects: one request for all ScrapeConfigs and one per ConfigMap, metadata only.
///
/// # Errors
/// [`ApiError`].
pub async fn versions(seed: &ApiClient, namespace: &str, keys: &[ObjectKey]) -> Result<Versions, ApiError> {
    let mut versions = Versions::new();
    let list = Request::list(&SCRAPE_CONFIGS, namespace).metadata_only();
    let PartialObjects { items } = seed.json(&list).await?;
    for key in keys {
        let found = if key.kind == SCRAPE_CONFIGS.kind {
            items.iter().find(|object| object.metadata.name == key.name).map(|object| object.metadata.clone())
        } else {
            let get = Request::get(&CONFIG_MAPS, namespace, &key.name).metadata_only();
            optional(seed.json::<PartialObject>(&get).await)?.map(|object| object.metadata)
        };
        if let Some(metadata) = found {
            versions.insert(key.clone(), metadata.resource_version);
        }
    }
    Ok(versions)
}
