//! The registration of the webhook. What others wrote beside it stays.

use serde_json::{Map, Value, json};

use crate::client::resource::VALIDATING_WEBHOOKS;
use crate::client::{ApiClient, ApiError, Request};

/// Keeps gardener from taking the webhook for one that a shoot owner has misconfigured.
const EXCLUDED: &str = "remediation.webhook.shoot.gardener.cloud/exclude";

/// The Namespace with which the registration is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// Makes the registration as it should be, over what was read, and says whether that was a write. Without an owner the one that is
/// there stays.
///
/// # Errors
/// [`ApiError`]; where somebody else wrote in the meantime it [is a conflict](ApiError::is_conflict): read again.
pub async fn register(
    client: &ApiClient,
    name: &str,
    read: Option<&Value>,
    webhooks: &Value,
    owner: Option<&Owner>,
) -> Result<bool, ApiError> {
    let wanted = wanted(name, read, webhooks, owner);
    match read {
        Some(read) if *read == wanted => Ok(false),
        Some(_) => client.text(&Request::update(&VALIDATING_WEBHOOKS, "", name, &wanted)).await.map(|_| true),
        None => client.text(&Request::create(&VALIDATING_WEBHOOKS, "", name, &wanted)).await.map(|_| true),
    }
}

/// Replaces the webhooks in a registration that is as it was read. For what may not wait until somebody leads.
///
/// # Errors
/// [`ApiError`]; where somebody else wrote in the meantime it [is a conflict](ApiError::is_conflict): read again.
pub async fn trust(client: &ApiClient, name: &str, read: &Value, webhooks: &Value) -> Result<(), ApiError> {
    let mut trusting = read.clone();
    if let Some(object) = trusting.as_object_mut() {
        object.insert("webhooks".to_owned(), webhooks.clone());
    }
    client.text(&Request::update(&VALIDATING_WEBHOOKS, "", name, &trusting)).await.map(|_| ())
}

fn wanted(name: &str, read: Option<&Value>, webhooks: &Value, owner: Option<&Owner>) -> Value {
    let mut wanted = read.cloned().unwrap_or_else(|| {
        json!({
            "apiVersion": VALIDATING_WEBHOOKS.api_version(), "kind": VALIDATING_WEBHOOKS.kind, "metadata": {"name": name},
        })
    });
    let Some(object) = wanted.as_object_mut() else { return wanted };
    object.insert("webhooks".to_owned(), webhooks.clone());
    if let Some(metadata) = object.entry("metadata").or_insert_with(|| json!({})).as_object_mut() {
        let labels = metadata.entry("labels").or_insert_with(|| Value::Object(Map::new()));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert(EXCLUDED.to_owned(), Value::from("true"));
        }
        if let Some(Owner { name, uid }) = owner {
            let reference = json!({
                "apiVersion": "v1", "kind": "Namespace", "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": false,
            });
            metadata.insert("ownerReferences".to_owned(), json!([reference]));
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_registration_goes_with_its_namespace() {
        let owner = Owner { name: "garden".to_owned(), uid: "7".to_owned() };
        assert_eq!(
            wanted("a", None, &json!([]), Some(&owner)),
            json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": {
                    "name": "a",
                    "labels": {"remediation.webhook.shoot.gardener.cloud/exclude": "true"},
                    "ownerReferences": [{
                        "apiVersion": "v1", "kind": "Namespace", "name": "garden", "uid": "7", "controller": true,
                        "blockOwnerDeletion": false
                    }],
                },
                "webhooks": [],
            })
        );
    }

    #[test]
    fn what_others_wrote_stays_and_what_is_right_is_left_alone() {
        let read = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "a", "resourceVersion": "3", "annotations": {"x": "y"}, "labels": {"z": "1"}},
            "webhooks": [{"name": "old"}],
        });
        let mut expected = read.clone();
        expected["webhooks"] = json!([{"name": "new"}]);
        expected["metadata"]["labels"][EXCLUDED] = json!("true");
        let written = wanted("a", Some(&read), &json!([{"name": "new"}]), None);
        assert_eq!(written, expected);
        assert_eq!(wanted("a", Some(&written), &json!([{"name": "new"}]), None), written);
    }
}
