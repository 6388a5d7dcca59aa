//! The Secret in which the webhook keeps its certificates. It is created where there is none and replaced where it is as it was
//! read, so that of several replicas one wins.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gardener_api::secret::Secret;
use serde_json::{Value, json};

use crate::client::resource::SECRETS;
use crate::client::{ApiClient, ApiError, Request};

/// Creates the Secret.
///
/// # Errors
/// [`ApiError`]; where somebody else was first it [is a conflict](ApiError::is_conflict): read again.
pub async fn create(
    client: &ApiClient,
    namespace: &str,
    name: &str,
    entries: &BTreeMap<String, Vec<u8>>,
) -> Result<(), ApiError> {
    let request = Request::create(&SECRETS, namespace, name, &secret(namespace, name, None, entries));
    client.text(&request).await.map(|_| ())
}

/// Replaces the Secret that has this version, and says which one it has then.
///
/// # Errors
/// [`ApiError`]; where somebody else wrote in the meantime it [is a conflict](ApiError::is_conflict): read again.
pub async fn replace(
    client: &ApiClient,
    namespace: &str,
    name: &str,
    resource_version: &str,
    entries: &BTreeMap<String, Vec<u8>>,
) -> Result<String, ApiError> {
    let request = Request::update(&SECRETS, namespace, name, &secret(namespace, name, Some(resource_version), entries));
    let written: Secret = client.json(&request).await?;
    Ok(written.metadata.resource_version)
}

fn secret(namespace: &str, name: &str, version: Option<&str>, entries: &BTreeMap<String, Vec<u8>>) -> Value {
    let data: serde_json::Map<String, Value> =
        entries.iter().map(|(name, bytes)| (name.clone(), Value::from(STANDARD.encode(bytes)))).collect();
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data,
        "metadata": {"namespace": namespace, "name": name, "labels": {"app.kubernetes.io/managed-by": "networking-calico"}},
    });
    if let (Some(version), Some(metadata)) = (version, secret.get_mut("metadata").and_then(Value::as_object_mut)) {
        metadata.insert("resourceVersion".to_owned(), Value::from(version));
    }
    secret
}
