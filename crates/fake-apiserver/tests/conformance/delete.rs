//! Deletion: finalizers, preconditions, collections.

use serde_json::json;

use crate::cluster::{MAPS, MERGE_PATCH, Space, WIDGETS, names, refusal, text, version, widget};

crate::behaviours![
    a_deletion_answers_with_success,
    what_is_missing_cannot_be_deleted,
    a_finalizer_keeps_the_object,
    a_second_deletion_changes_nothing,
    the_last_finalizer_ends_it,
    a_deletion_raises_the_generation,
    another_uid_is_not_deleted,
    another_revision_is_not_deleted,
    a_collection_is_deleted_by_label,
    a_dry_run_deletes_nothing,
    foreground_deletion_waits,
    a_deletion_timestamp_cannot_be_taken_back,
    a_namespace_is_terminated,
];

async fn a_deletion_answers_with_success(space: Space) {
    let made = space.config_map("m", json!({})).await;
    let answer = space.delete(&format!("{MAPS}/m")).await;
    assert_eq!(
        answer.body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": "m", "kind": "configmaps", "uid": made["metadata"]["uid"]},
        })
    );
    assert_eq!(space.get(&format!("{MAPS}/m")).await.code, 404);
}

async fn what_is_missing_cannot_be_deleted(space: Space) {
    let answer = space.delete(&format!("{MAPS}/none")).await;
    assert_eq!(refusal(&answer), (404, "NotFound".into(), "configmaps \"none\" not found".into()));
}

async fn finalized(space: &Space) -> serde_json::Value {
    let mut body = widget("w", json!({"type": "t"}));
    body["metadata"]["finalizers"] = json!(["example.com/a"]);
    space.post(WIDGETS, body).await.body
}

async fn a_finalizer_keeps_the_object(space: Space) {
    finalized(&space).await;
    let answer = space.delete(&format!("{WIDGETS}/w")).await;
    assert_eq!((answer.code, text(&answer.body, "/kind")), (200, "Widget".to_owned()));
    assert!(!text(&answer.body, "/metadata/deletionTimestamp").is_empty());
    assert_eq!(answer.body["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(space.get(&format!("{WIDGETS}/w")).await.code, 200);
}

async fn a_second_deletion_changes_nothing(space: Space) {
    finalized(&space).await;
    let first = space.delete(&format!("{WIDGETS}/w")).await.body;
    let second = space.delete(&format!("{WIDGETS}/w")).await.body;
    assert_eq!(version(&first), version(&second));
}

async fn the_last_finalizer_ends_it(space: Space) {
    finalized(&space).await;
    let deleting = space.delete(&format!("{WIDGETS}/w")).await.body;
    let mut events = space.watch(&format!("{WIDGETS}?watch=1&resourceVersion={}", version(&deleting))).await;
    let last = space.patch(MERGE_PATCH, &format!("{WIDGETS}/w"), json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(last.code, 200);
    assert_eq!(last.body["metadata"].get("finalizers"), None);
    assert_eq!(space.get(&format!("{WIDGETS}/w")).await.code, 404);
    assert_eq!(events.names(1).await, ["DELETED w"]);
}

async fn a_deletion_raises_the_generation(space: Space) {
    finalized(&space).await;
    let deleting = space.delete(&format!("{WIDGETS}/w")).await.body;
    assert_eq!(deleting["metadata"]["generation"], 2);
}

async fn another_uid_is_not_deleted(space: Space) {
    let made = space.config_map("m", json!({})).await;
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "other"}});
    let answer = space.delete_with(&format!("{MAPS}/m"), options).await;
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"m\": the UID in the precondition (other) does not match the UID \
         in record ({}). The object might have been deleted and then recreated",
        text(&made, "/metadata/uid")
    );
    assert_eq!(refusal(&answer), (409, "Conflict".into(), message));
}

async fn another_revision_is_not_deleted(space: Space) {
    let made = space.config_map("m", json!({})).await;
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": "1"}});
    let answer = space.delete_with(&format!("{MAPS}/m"), options).await;
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"m\": the ResourceVersion in the precondition (1) does not match \
         the ResourceVersion in record ({}). The object might have been modified",
        version(&made)
    );
    assert_eq!(refusal(&answer), (409, "Conflict".into(), message));
    let options =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": version(&made)}});
    assert_eq!(space.delete_with(&format!("{MAPS}/m"), options).await.code, 200);
}

async fn a_collection_is_deleted_by_label(space: Space) {
    for (name, labels) in [("a", json!({"x": "y"})), ("b", json!({"x": "y"})), ("c", json!({}))] {
        let mut body = widget(name, json!({"type": "t"}));
        body["metadata"]["labels"] = labels;
        space.post(WIDGETS, body).await;
    }
    let answer = space.delete(&format!("{WIDGETS}?labelSelector=x%3Dy")).await;
    assert_eq!((answer.code, text(&answer.body, "/kind")), (200, "WidgetList".to_owned()));
    assert_eq!(names(&space.get(WIDGETS).await.body), ["c"]);
}

async fn a_dry_run_deletes_nothing(space: Space) {
    space.config_map("m", json!({})).await;
    assert_eq!(space.delete(&format!("{MAPS}/m?dryRun=All")).await.code, 200);
    assert_eq!(space.get(&format!("{MAPS}/m")).await.code, 200);
}

async fn foreground_deletion_waits(space: Space) {
    space.config_map("m", json!({})).await;
    let answer = space.delete(&format!("{MAPS}/m?propagationPolicy=Foreground")).await;
    assert_eq!(answer.code, 200);
    assert_eq!(answer.body["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    space.patch(MERGE_PATCH, &format!("{MAPS}/m"), json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(space.get(&format!("{MAPS}/m")).await.code, 404);
}

async fn a_deletion_timestamp_cannot_be_taken_back(space: Space) {
    finalized(&space).await;
    let deleting = space.delete(&format!("{WIDGETS}/w")).await.body;
    let change = json!({"metadata": {"deletionTimestamp": null, "labels": {"a": "b"}}});
    let changed = space.patch(MERGE_PATCH, &format!("{WIDGETS}/w"), change).await.body;
    assert_eq!(changed["metadata"]["deletionTimestamp"], deleting["metadata"]["deletionTimestamp"]);
    assert_eq!(changed["metadata"]["labels"], json!({"a": "b"}));
}

async fn a_namespace_is_terminated(space: Space) {
    let answer = space.delete("/api/v1/namespaces/{ns}").await;
    assert_eq!((answer.code, text(&answer.body, "/status/phase")), (200, "Terminating".to_owned()));
    let refused = space.post(MAPS, json!({"metadata": {"name": "m"}})).await;
    let message = format!(
        "configmaps \"m\" is forbidden: unable to create new content in namespace {0} because it is being terminated",
        space.namespace
    );
    assert_eq!(refusal(&refused), (403, "Forbidden".into(), message));
    assert_eq!(refused.body["details"]["causes"][0]["reason"], "NamespaceTerminating");
}
