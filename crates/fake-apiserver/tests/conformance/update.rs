//! PUT, generations and the status subresource.

use serde_json::json;

use crate::cluster::{MAPS, MERGE_PATCH, Space, WIDGETS, refusal, text, version, widget};

crate::behaviours![
    an_outdated_update_conflicts,
    an_update_without_revision_is_unconditional_for_config_maps,
    an_update_without_revision_is_refused_for_custom_resources,
    what_is_missing_cannot_be_updated,
    a_lease_is_created_by_update,
    the_name_of_body_and_path_agree,
    another_uid_conflicts,
    creation_time_and_uid_stay,
    generation_follows_the_spec,
    a_status_update_leaves_the_rest,
    an_update_leaves_the_status,
    a_status_update_checks_the_revision,
    config_maps_have_no_status,
    no_finalizer_is_added_to_what_is_deleted,
    a_dry_run_changes_nothing,
];

async fn an_outdated_update_conflicts(space: Space) {
    let mut object = space.config_map("m", json!({"k": "1"})).await;
    space.patch(MERGE_PATCH, &format!("{MAPS}/m"), json!({"data": {"k": "2"}})).await;
    object["data"]["k"] = json!("3");
    let answer = space.put(&format!("{MAPS}/m"), object).await;
    assert_eq!(
        answer.body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; please apply \
                 your changes to the latest version and try again",
            "reason": "Conflict", "details": {"name": "m", "kind": "configmaps"}, "code": 409,
        })
    );
}

async fn an_update_without_revision_is_unconditional_for_config_maps(space: Space) {
    space.config_map("m", json!({"k": "1"})).await;
    let answer = space.put(&format!("{MAPS}/m"), json!({"metadata": {"name": "m"}, "data": {"k": "2"}})).await;
    assert_eq!((answer.code, &answer.body["data"]["k"]), (200, &json!("2")));
}

async fn an_update_without_revision_is_refused_for_custom_resources(space: Space) {
    space.widget("w", json!({"type": "t"})).await;
    let answer = space.put(&format!("{WIDGETS}/w"), widget("w", json!({"type": "u"}))).await;
    let message = "widgets.conformance.example \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be \
         specified for an update";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
}

async fn what_is_missing_cannot_be_updated(space: Space) {
    let answer = space.put(&format!("{MAPS}/none"), json!({"metadata": {"name": "none"}})).await;
    assert_eq!(refusal(&answer), (404, "NotFound".into(), "configmaps \"none\" not found".into()));
}

async fn a_lease_is_created_by_update(space: Space) {
    let path = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l";
    let body = json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}});
    assert_eq!(space.put(path, body).await.code, 201);
}

async fn the_name_of_body_and_path_agree(space: Space) {
    space.config_map("m", json!({})).await;
    let answer = space.put(&format!("{MAPS}/m"), json!({"metadata": {"name": "other"}})).await;
    let message = "the name of the object (other) does not match the name on the URL (m)";
    assert_eq!(refusal(&answer), (400, "BadRequest".into(), message.into()));
}

async fn another_uid_conflicts(space: Space) {
    space.config_map("m", json!({})).await;
    let answer = space.put(&format!("{MAPS}/m"), json!({"metadata": {"name": "m", "uid": "another"}})).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (409, "Conflict".to_owned()));
    assert!(text(&answer.body, "/message").contains("Precondition failed: UID in precondition: another"));
}

async fn creation_time_and_uid_stay(space: Space) {
    let made = space.config_map("m", json!({})).await;
    let body = json!({"metadata": {"name": "m", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 9}, "data": {"k": "v"}});
    let changed = space.put(&format!("{MAPS}/m"), body).await.body;
    for field in ["uid", "creationTimestamp"] {
        assert_eq!(changed["metadata"][field], made["metadata"][field]);
    }
    assert_eq!(changed["metadata"].get("generation"), None);
}

async fn generation_follows_the_spec(space: Space) {
    space.widget("w", json!({"type": "t"})).await;
    let path = format!("{WIDGETS}/w");
    let labelled = space.patch(MERGE_PATCH, &path, json!({"metadata": {"labels": {"a": "b"}}})).await.body;
    assert_eq!(labelled["metadata"]["generation"], 1);
    let changed = space.patch(MERGE_PATCH, &path, json!({"spec": {"type": "u"}})).await.body;
    assert_eq!(changed["metadata"]["generation"], 2);
    let status = space.patch(MERGE_PATCH, &format!("{path}/status"), json!({"status": {"a": 1}})).await.body;
    assert_eq!(status["metadata"]["generation"], 2);
}

async fn a_status_update_leaves_the_rest(space: Space) {
    let mut object = space.widget("w", json!({"type": "t"})).await;
    object["spec"]["type"] = json!("ignored");
    object["metadata"]["labels"] = json!({"ignored": "too"});
    object["status"] = json!({"ready": true});
    let changed = space.put(&format!("{WIDGETS}/w/status"), object).await;
    assert_eq!(changed.code, 200);
    assert_eq!(changed.body["spec"]["type"], "t");
    assert_eq!(changed.body["metadata"].get("labels"), None);
    assert_eq!(changed.body["status"], json!({"ready": true}));
}

async fn an_update_leaves_the_status(space: Space) {
    space.widget("w", json!({"type": "t"})).await;
    space.patch(MERGE_PATCH, &format!("{WIDGETS}/w/status"), json!({"status": {"ready": true}})).await;
    let change = json!({"spec": {"size": 2}, "status": {"ready": false}});
    let changed = space.patch(MERGE_PATCH, &format!("{WIDGETS}/w"), change).await.body;
    assert_eq!(changed["status"], json!({"ready": true}));
    assert_eq!(changed["spec"]["size"], 2);
}

async fn a_status_update_checks_the_revision(space: Space) {
    let mut object = space.widget("w", json!({"type": "t"})).await;
    space.patch(MERGE_PATCH, &format!("{WIDGETS}/w"), json!({"spec": {"type": "u"}})).await;
    object["status"] = json!({"ready": true});
    let answer = space.put(&format!("{WIDGETS}/w/status"), object).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (409, "Conflict".to_owned()));
}

async fn config_maps_have_no_status(space: Space) {
    space.config_map("m", json!({})).await;
    assert_eq!(space.get(&format!("{MAPS}/m/status")).await.code, 404);
}

async fn no_finalizer_is_added_to_what_is_deleted(space: Space) {
    let path = format!("{MAPS}/m");
    space.post(MAPS, json!({"metadata": {"name": "m", "finalizers": ["example.com/a"]}})).await;
    space.delete(&path).await;
    let change = json!({"metadata": {"finalizers": ["example.com/a", "example.com/b"]}});
    let answer = space.patch(MERGE_PATCH, &path, change).await;
    assert_eq!(answer.code, 422);
    assert_eq!(answer.body["details"]["causes"][0]["reason"], "FieldValueForbidden");
    assert_eq!(answer.body["details"]["causes"][0]["field"], "metadata.finalizers");
}

async fn a_dry_run_changes_nothing(space: Space) {
    let made = space.config_map("m", json!({"k": "1"})).await;
    let tried = space.patch(MERGE_PATCH, &format!("{MAPS}/m?dryRun=All"), json!({"data": {"k": "2"}})).await;
    assert_eq!((tried.code, &tried.body["data"]["k"]), (200, &json!("2")));
    let now = space.get(&format!("{MAPS}/m")).await.body;
    assert_eq!((&now["data"]["k"], version(&now)), (&json!("1"), version(&made)));
}
