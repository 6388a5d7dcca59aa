//! Finalizer and annotations of a Network.
//!
//! Every change is a JSON patch that carries the resource version it was made for. Where somebody else was faster, it is made
//! anew from what is there then: an annotation that has another value by now stays.

use gardener_api::meta::ObjectMeta;
use serde_json::{Value, json};

use crate::client::resource::NETWORKS;
use crate::client::{ApiClient, ApiError, Request, optional};
use crate::facts::network::TIMESTAMP;
use crate::read::network::{self, LiveNetwork};

/// The finalizer of this controller.
pub const FINALIZER: &str = "extensions.gardener.cloud/network";
/// The annotation by which gardenlet asks for an operation.
pub const OPERATION: &str = "gardener.cloud/operation";

/// How often a change is made anew because somebody else was faster.
const ATTEMPTS: u32 = 4;

/// What to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change<'a> {
    /// The finalizers.
    pub finalizers: Finalizers,
    /// An annotation to remove, as long as it still has this value.
    pub remove_annotation: Option<(&'a str, &'a str)>,
}

/// What to do to the finalizers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finalizers {
    /// Nothing.
    #[default]
    Keep,
    /// Ours is there.
    AddOurs,
    /// Ours is gone.
    RemoveOurs,
    /// None is left, whoever put it there: a control plane that moves away leaves nothing that could hold the object.
    RemoveAll,
}

/// Changes a Network and returns it as it is then; `None` where it is gone. Where nothing has to change nothing is sent.
///
/// # Errors
/// [`ApiError`]; a conflict only after several attempts.
pub async fn change(seed: &ApiClient, live: &LiveNetwork, change: Change<'_>) -> Result<Option<LiveNetwork>, ApiError> {
    let mut live = live.clone();
    let uid = live.object.metadata.uid.clone();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let metadata = &live.object.metadata;
        let operations = operations(metadata, change);
        if operations.is_empty() {
            return Ok(Some(live));
        }
        let (namespace, name) = (metadata.namespace.clone(), metadata.name.clone());
        let request = Request::json_patch(&NETWORKS, &namespace, &name, &Value::Array(operations));
        match optional(seed.text(&request).await) {
            Ok(Some(text)) => return network::live(&request, &text).map(Some),
            Ok(None) => return Ok(None),
            Err(error) if error.is_conflict() && attempt < ATTEMPTS => {
                match network::network(seed, &namespace, &name).await? {
                    Some(again) if again.object.metadata.uid == uid => live = again,
                    _ => return Ok(None),
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes sure that a Network is there, in the state that was read: a patch that changes nothing, and is a conflict where the answer was an
/// old one. `false` where it is gone. Calling it twice is harmless.
///
/// # Errors
/// [`ApiError`].
pub async fn confirm(seed: &ApiClient, live: &LiveNetwork) -> Result<bool, ApiError> {
    let metadata = &live.object.metadata;
    let operations = Value::Array(vec![precondition(metadata)]);
    let request = Request::json_patch(&NETWORKS, &metadata.namespace, &metadata.name, &operations);
    Ok(optional(seed.text(&request).await)?.is_some())
}

/// Whether two states of a Network ask for the same, as far as metadata tell: spec, deletion, operation, and when it was asked for.
#[must_use]
pub fn asks_the_same(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    let asks = |metadata: &ObjectMeta| {
        let annotation = |key| metadata.annotations.get(key).cloned();
        (metadata.generation, metadata.deletion_timestamp.clone(), annotation(OPERATION), annotation(TIMESTAMP))
    };
    asks(one) == asks(other)
}

fn operations(metadata: &ObjectMeta, change: Change<'_>) -> Vec<Value> {
    let mut operations = Vec::new();
    let finalizers = &metadata.finalizers;
    let ours = finalizers.iter().position(|finalizer| finalizer == FINALIZER);
    match (change.finalizers, ours) {
        (Finalizers::AddOurs, None) if finalizers.is_empty() => {
            operations.push(json!({"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]}));
        }
        (Finalizers::AddOurs, None) => {
            operations.push(json!({"op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER}));
        }
        (Finalizers::RemoveOurs, Some(position)) => {
            operations.push(json!({"op": "remove", "path": format!("/metadata/finalizers/{position}")}));
        }
        (Finalizers::RemoveAll, _) if !finalizers.is_empty() => {
            operations.push(json!({"op": "remove", "path": "/metadata/finalizers"}));
        }
        _ => {}
    }
    if let Some((key, value)) = change.remove_annotation
        && metadata.annotations.get(key).is_some_and(|found| found == value)
    {
        operations.push(json!({"op": "remove", "path": format!("/metadata/annotations/{}", pointer_token(key))}));
    }
    if !operations.is_empty() {
        operations.insert(0, precondition(metadata));
    }
    operations
}

/// The operation that makes an API server refuse a patch for another state of the object.
pub(super) fn precondition(metadata: &ObjectMeta) -> Value {
    json!({"op": "replace", "path": "/metadata/resourceVersion", "value": metadata.resource_version})
}

/// A key as one token of a JSON pointer (RFC 6901).
fn pointer_token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(finalizers: &[&str], operation: Option<&str>) -> ObjectMeta {
        ObjectMeta {
            resource_version: "7".to_owned(),
            finalizers: finalizers.iter().map(ToString::to_string).collect(),
            annotations: operation.map(|value| (OPERATION.to_owned(), value.to_owned())).into_iter().collect(),
            ..ObjectMeta::default()
        }
    }

    fn check(metadata: &ObjectMeta, change: Change<'_>, expected: &Value) {
        assert_eq!(Value::Array(operations(metadata, change)), *expected);
    }

    #[test]
    fn finalizer_and_annotation_go_in_one_patch() {
        let change = Change { finalizers: Finalizers::AddOurs, remove_annotation: Some((OPERATION, "reconcile")) };
        let precondition = json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"});
        let remove = json!({"op": "remove", "path": "/metadata/annotations/gardener.cloud~1operation"});
        check(
            &metadata(&[], Some("reconcile")),
            change,
            &json!([
                precondition,
                {"op": "add", "path": "/metadata/finalizers", "value": ["extensions.gardener.cloud/network"]},
                remove
            ]),
        );
        check(
            &metadata(&["other"], None),
            change,
            &json!([
                precondition,
                {"op": "add", "path": "/metadata/finalizers/-", "value": "extensions.gardener.cloud/network"}
            ]),
        );
        check(&metadata(&[FINALIZER], Some("reconcile")), change, &json!([precondition, remove]));
    }

    #[test]
    fn another_operation_stays() {
        let change = Change { finalizers: Finalizers::Keep, remove_annotation: Some((OPERATION, "reconcile")) };
        check(&metadata(&[FINALIZER], Some("migrate")), change, &json!([]));
    }

    #[test]
    fn what_is_asked_for_is_spec_deletion_operation_and_time() {
        let one = metadata(&[], Some("reconcile"));
        let others = [
            ObjectMeta { generation: 2, ..one.clone() },
            ObjectMeta { deletion_timestamp: Some("2026-11-26T10:00:00Z".into()), ..one.clone() },
            metadata(&[], Some("migrate")),
            metadata(&[], None),
            ObjectMeta {
                annotations: [(TIMESTAMP.to_owned(), "2026-11-26T10:00:00Z".to_owned())].into(),
                ..one.clone()
            },
        ];
        for other in others {
            assert!(!asks_the_same(&one, &other), "{other:?}");
        }
        assert!(asks_the_same(
            &one,
            &ObjectMeta { resource_version: "8".to_owned(), ..metadata(&[FINALIZER], Some("reconcile")) }
        ));
    }

    #[test]
    fn foreign_finalizers_stay_unless_the_control_plane_moves() {
        let precondition = json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"});
        let both = metadata(&["other", FINALIZER], None);
        let of = |finalizers| Change { finalizers, remove_annotation: None };
        check(
            &both,
            of(Finalizers::RemoveOurs),
            &json!([precondition, {"op": "remove", "path": "/metadata/finalizers/1"}]),
        );
        check(
            &both,
            of(Finalizers::RemoveAll),
            &json!([precondition, {"op": "remove", "path": "/metadata/finalizers"}]),
        );
        check(&metadata(&["other"], None), of(Finalizers::RemoveOurs), &json!([]));
        check(&metadata(&[], None), of(Finalizers::RemoveAll), &json!([]));
    }
}
