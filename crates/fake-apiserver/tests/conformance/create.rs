//! POST.

use serde_json::json;

use crate::cluster::{MAPS, Space, WIDGETS, refusal, text, widget};

crate::behaviours![
    a_new_object_gets_what_the_server_sets,
    a_name_is_generated,
    a_second_object_of_the_name_is_refused,
    a_name_is_required,
    a_name_must_be_a_subdomain,
    the_namespace_must_exist,
    the_namespace_of_body_and_path_agree,
    a_resource_version_cannot_be_chosen,
    another_kind_is_refused,
    another_api_version_is_refused,
    an_unknown_resource_is_not_found,
    an_unknown_media_type_is_refused,
    a_dry_run_stores_nothing,
    a_dry_run_is_all_or_not_at_all,
    status_is_dropped_on_creation,
];

async fn a_new_object_gets_what_the_server_sets(space: Space) {
    let made = space.post(MAPS, json!({"metadata": {"name": "m", "generation": 7, "uid": "chosen"}})).await;
    assert_eq!(made.code, 201);
    assert_eq!(made.body["kind"], "ConfigMap");
    assert_eq!(made.body["apiVersion"], "v1");
    assert_eq!(text(&made.body, "/metadata/namespace"), space.namespace);
    assert_eq!(text(&made.body, "/metadata/uid").len(), 36);
    assert_eq!(text(&made.body, "/metadata/creationTimestamp").len(), "2026-01-01T00:00:00Z".len());
    assert!(!text(&made.body, "/metadata/resourceVersion").is_empty());
}

async fn a_name_is_generated(space: Space) {
    let made = space.post(MAPS, json!({"metadata": {"generateName": "m-"}})).await;
    let name = text(&made.body, "/metadata/name");
    assert_eq!((name.len(), name.starts_with("m-")), (7, true));
    assert_eq!(made.body["metadata"]["generateName"], "m-");
}

async fn a_second_object_of_the_name_is_refused(space: Space) {
    space.config_map("m", json!({})).await;
    let second = space.post(MAPS, json!({"metadata": {"name": "m"}})).await;
    assert_eq!(
        second.body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "configmaps \"m\" already exists", "reason": "AlreadyExists",
            "details": {"name": "m", "kind": "configmaps"}, "code": 409,
        })
    );
    space.widget("w", json!({"type": "t"})).await;
    let second = space.post(WIDGETS, widget("w", json!({"type": "t"}))).await;
    assert_eq!(second.body["message"], "widgets.conformance.example \"w\" already exists");
    assert_eq!(second.body["details"], json!({"name": "w", "group": "conformance.example", "kind": "widgets"}));
}

async fn a_name_is_required(space: Space) {
    let answer = space.post(MAPS, json!({"metadata": {}})).await;
    assert_eq!(answer.code, 422);
    assert_eq!(answer.body["reason"], "Invalid");
    assert!(text(&answer.body, "/message").contains("metadata.name: Required value: name or generateName is required"));
}

async fn a_name_must_be_a_subdomain(space: Space) {
    let answer = space.post(MAPS, json!({"metadata": {"name": "No_Good"}})).await;
    assert_eq!(answer.code, 422);
    assert_eq!(answer.body["details"]["causes"][0]["reason"], "FieldValueInvalid");
    assert_eq!(answer.body["details"]["causes"][0]["field"], "metadata.name");
    let message = text(&answer.body, "/message");
    assert!(
        message.starts_with("ConfigMap \"No_Good\" is invalid: metadata.name: Invalid value: \"No_Good\": "),
        "{message}"
    );
}

async fn the_namespace_must_exist(space: Space) {
    let answer = space.post("/api/v1/namespaces/not-there/configmaps", json!({"metadata": {"name": "m"}})).await;
    assert_eq!(refusal(&answer), (404, "NotFound".into(), "namespaces \"not-there\" not found".into()));
    assert_eq!(answer.body["details"], json!({"name": "not-there", "kind": "namespaces"}));
}

async fn the_namespace_of_body_and_path_agree(space: Space) {
    let answer = space.post(MAPS, json!({"metadata": {"name": "m", "namespace": "other"}})).await;
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    assert_eq!(refusal(&answer), (400, "BadRequest".into(), message.into()));
}

async fn a_resource_version_cannot_be_chosen(space: Space) {
    let answer = space.post(MAPS, json!({"metadata": {"name": "m", "resourceVersion": "5"}})).await;
    assert_eq!(answer.code, 500);
    assert_eq!(answer.body["message"], "resourceVersion should not be set on objects to be created");
}

async fn another_kind_is_refused(space: Space) {
    let answer = space.post(MAPS, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}})).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (400, "BadRequest".to_owned()));
}

async fn another_api_version_is_refused(space: Space) {
    let body = json!({"apiVersion": "conformance.example/v2", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"type": "t"}});
    let answer = space.post(WIDGETS, body).await;
    let message = "the API version in the data (conformance.example/v2) does not match the expected API version \
         (conformance.example/v1)";
    assert_eq!(refusal(&answer), (400, "BadRequest".into(), message.into()));
}

async fn an_unknown_resource_is_not_found(space: Space) {
    let answer = space.post("/apis/conformance.example/v1/namespaces/{ns}/gadgets", json!({})).await;
    assert_eq!(answer.code, 404);
}

async fn an_unknown_media_type_is_refused(space: Space) {
    let headers = [("content-type", "text/csv")];
    let answer = space.request(http::Method::POST, MAPS, &headers, Some(json!({"metadata": {"name": "m"}}))).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (415, "UnsupportedMediaType".to_owned()));
}

async fn a_dry_run_stores_nothing(space: Space) {
    let made = space.post(&format!("{MAPS}?dryRun=All"), json!({"metadata": {"name": "m"}})).await;
    assert_eq!(made.code, 201);
    assert_eq!(text(&made.body, "/metadata/uid").len(), 36);
    assert_eq!(made.body["metadata"].get("resourceVersion"), None);
    assert_eq!(space.get(&format!("{MAPS}/m")).await.code, 404);
}

async fn a_dry_run_is_all_or_not_at_all(space: Space) {
    let answer = space.post(&format!("{MAPS}?dryRun=Some"), json!({"metadata": {"name": "m"}})).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (422, "Invalid".to_owned()));
    assert_eq!(answer.body["details"]["kind"], "CreateOptions");
}

async fn status_is_dropped_on_creation(space: Space) {
    let mut body = widget("w", json!({"type": "t"}));
    body["status"] = json!({"ready": true});
    let made = space.post(WIDGETS, body).await;
    assert_eq!(made.body.get("status"), None);
    assert_eq!(made.body["metadata"]["generation"], 1);
}
