//! The Secret in which the webhook keeps its certificates, live.

use std::collections::BTreeMap;

use gardener_api::secret::Secret;

use crate::client::resource::SECRETS;
use crate::client::{ApiClient, ApiError, Request, optional};

/// The entries of the Secret as they were read. Secret: neither log nor show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Entries {
    /// For whoever writes them back.
    pub resource_version: String,
    /// Each entry by its name; one that is no base64 is left out, as if it were not there.
    pub entries: BTreeMap<String, Vec<u8>>,
}

/// Reads the Secret; `None` where it is proven not to exist.
///
/// # Errors
/// [`ApiError`].
pub async fn certificates(client: &ApiClient, namespace: &str, name: &str) -> Result<Option<Entries>, ApiError> {
    let secret = optional(client.json::<Secret>(&Request::get(&SECRETS, namespace, name)).await)?;
    Ok(secret.map(|secret| Entries {
        entries: secret.keys().filter_map(|key| Some((key.to_owned(), secret.bytes(key).ok()?))).collect(),
        resource_version: secret.metadata.resource_version,
    }))
}
