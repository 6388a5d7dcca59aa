//! Merge, JSON and strategic merge patches.

use serde_json::{Value, json};

use crate::cluster::{JSON_PATCH, MAPS, MERGE_PATCH, STRATEGIC_PATCH, Space, WIDGETS, refusal, text};

crate::behaviours![
    a_merge_patch_deletes_with_null,
    a_merge_patch_replaces_lists,
    a_patch_with_an_outdated_revision_conflicts,
    a_patch_cannot_rename,
    a_json_patch_adds_and_removes,
    a_failed_test_of_a_json_patch_is_invalid,
    a_test_for_null_passes_on_what_is_absent,
    custom_resources_have_no_strategic_merge,
    an_unknown_patch_type_is_refused,
    what_is_missing_cannot_be_patched,
    node_conditions_are_merged_by_type,
    a_strategic_patch_of_containers,
];

async fn a_merge_patch_deletes_with_null(space: Space) {
    space.config_map("m", json!({"a": "1", "b": "2"})).await;
    let changed = space.patch(MERGE_PATCH, &format!("{MAPS}/m"), json!({"data": {"a": null, "c": "3"}})).await.body;
    assert_eq!(changed["data"], json!({"b": "2", "c": "3"}));
}

async fn a_merge_patch_replaces_lists(space: Space) {
    space.widget("w", json!({"type": "t", "parts": [{"name": "a"}, {"name": "b"}]})).await;
    let changed =
        space.patch(MERGE_PATCH, &format!("{WIDGETS}/w"), json!({"spec": {"parts": [{"name": "c"}]}})).await.body;
    assert_eq!(changed["spec"]["parts"], json!([{"name": "c"}]));
}

async fn a_patch_with_an_outdated_revision_conflicts(space: Space) {
    let made = space.config_map("m", json!({})).await;
    let path = format!("{MAPS}/m");
    space.patch(MERGE_PATCH, &path, json!({"data": {"k": "1"}})).await;
    let version = text(&made, "/metadata/resourceVersion");
    let answer =
        space.patch(MERGE_PATCH, &path, json!({"metadata": {"resourceVersion": version}, "data": {"k": "2"}})).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (409, "Conflict".to_owned()));
}

async fn a_patch_cannot_rename(space: Space) {
    space.config_map("m", json!({})).await;
    let answer = space.patch(MERGE_PATCH, &format!("{MAPS}/m"), json!({"metadata": {"name": "other"}})).await;
    let message = "the name of the object (other) does not match the name on the URL (m)";
    assert_eq!(refusal(&answer), (400, "BadRequest".into(), message.into()));
}

async fn a_json_patch_adds_and_removes(space: Space) {
    space.config_map("m", json!({"a": "1"})).await;
    let operations = json!([
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "remove", "path": "/data/a"},
        {"op": "add", "path": "/data/b", "value": "2"},
    ]);
    let changed = space.patch(JSON_PATCH, &format!("{MAPS}/m"), operations).await.body;
    assert_eq!(changed["data"], json!({"b": "2"}));
}

async fn a_failed_test_of_a_json_patch_is_invalid(space: Space) {
    space.config_map("m", json!({"a": "1"})).await;
    let operations = json!([{"op": "test", "path": "/data/a", "value": "other"}]);
    let answer = space.patch(JSON_PATCH, &format!("{MAPS}/m"), operations).await;
    let message = "the server rejected our request due to an error in our request";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
}

async fn a_test_for_null_passes_on_what_is_absent(space: Space) {
    space.config_map("m", json!({})).await;
    let operations = json!([
        {"op": "test", "path": "/metadata/finalizers", "value": null},
        {"op": "add", "path": "/metadata/finalizers", "value": ["example.com/a"]},
    ]);
    let changed = space.patch(JSON_PATCH, &format!("{MAPS}/m"), operations).await;
    assert_eq!((changed.code, &changed.body["metadata"]["finalizers"]), (200, &json!(["example.com/a"])));
}

async fn custom_resources_have_no_strategic_merge(space: Space) {
    space.widget("w", json!({"type": "t"})).await;
    let answer = space.patch(STRATEGIC_PATCH, &format!("{WIDGETS}/w"), json!({"spec": {"type": "u"}})).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (415, "UnsupportedMediaType".to_owned()));
}

async fn an_unknown_patch_type_is_refused(space: Space) {
    space.config_map("m", json!({})).await;
    let answer = space.patch("application/json", &format!("{MAPS}/m"), json!({})).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (415, "UnsupportedMediaType".to_owned()));
}

async fn what_is_missing_cannot_be_patched(space: Space) {
    let answer = space.patch(MERGE_PATCH, &format!("{MAPS}/none"), json!({"data": {"k": "1"}})).await;
    assert_eq!(refusal(&answer), (404, "NotFound".into(), "configmaps \"none\" not found".into()));
}

async fn node_conditions_are_merged_by_type(space: Space) {
    let name = space.namespace.clone();
    let conditions = json!([{"type": "Ready", "status": "True"}, {"type": "CalicoIsUp", "status": "True"}]);
    let node = json!({"metadata": {"name": name}, "status": {"conditions": conditions}});
    assert_eq!(space.post("/api/v1/nodes", node).await.code, 201);
    let change = json!({"status": {"conditions": [
        {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"},
        {"type": "CalicoIsUp", "$patch": "delete"},
    ]}});
    let changed = space.patch(STRATEGIC_PATCH, &format!("/api/v1/nodes/{name}/status"), change).await.body;
    let mut found: Vec<(String, String)> = changed["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|condition| (text(condition, "/type"), text(condition, "/reason")))
        .collect();
    found.sort();
    let expected = [("NetworkUnavailable", "RouteCreated"), ("Ready", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(found, expected);
    assert_eq!(space.delete(&format!("/api/v1/nodes/{name}")).await.code, 200);
}

async fn a_strategic_patch_of_containers(space: Space) {
    let path = "/apis/apps/v1/namespaces/{ns}/daemonsets";
    let made = space.post(path, daemon_set(&["a", "b"])).await;
    assert_eq!(made.code, 201, "{}", made.body);
    let change = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "b", "image": "new"}, {"name": "a", "$patch": "delete"}]}}}});
    let changed = space.patch(STRATEGIC_PATCH, &format!("{path}/d"), change).await.body;
    let containers: Vec<(String, String)> = changed["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|container| (text(container, "/name"), text(container, "/image")))
        .collect();
    assert_eq!(containers, [("b".to_owned(), "new".to_owned())]);
    assert_eq!(changed["metadata"]["generation"], 2);
}

/// A DaemonSet with these containers.
pub(crate) fn daemon_set(containers: &[&str]) -> Value {
    let containers: Vec<Value> = containers.iter().map(|name| json!({"name": name, "image": "i"})).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": containers}},
        },
    })
}
