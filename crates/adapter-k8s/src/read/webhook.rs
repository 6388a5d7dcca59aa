//! The registration of the webhook, live.

use serde::Deserialize;
use serde_json::Value;

use crate::client::resource::{NAMESPACES, VALIDATING_WEBHOOKS};
use crate::client::{ApiClient, ApiError, Request, optional};

/// Reads a ValidatingWebhookConfiguration, whole; `None` where it is proven not to exist.
///
/// # Errors
/// [`ApiError`].
pub async fn configuration(client: &ApiClient, name: &str) -> Result<Option<Value>, ApiError> {
    optional(client.json(&Request::get(&VALIDATING_WEBHOOKS, "", name)).await)
}

#[derive(Deserialize)]
struct Namespace {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    uid: String,
}

/// The uid of a Namespace, for whoever refers to it as an owner; `None` where it is proven not to exist.
///
/// # Errors
/// [`ApiError`].
pub async fn namespace_uid(client: &ApiClient, name: &str) -> Result<Option<String>, ApiError> {
    let namespace = client.json::<Namespace>(&Request::get(&NAMESPACES, "", name).metadata_only()).await;
    Ok(optional(namespace)?.map(|namespace| namespace.metadata.uid))
}
