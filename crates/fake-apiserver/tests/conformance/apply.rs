//! Server-side apply and ownership.

use serde_json::{Value, json};

use crate::cluster::{APPLY_PATCH, MAPS, MERGE_PATCH, Space, WIDGETS, owners, refusal, text, version, widget};
use crate::patch::daemon_set;

crate::behaviours![
    an_apply_creates,
    an_apply_needs_a_manager,
    dropped_fields_go,
    fields_of_another_applier_stay,
    another_value_conflicts,
    several_conflicts_are_all_named,
    force_takes_over,
    the_same_value_is_shared,
    an_apply_that_changes_nothing_writes_nothing,
    an_update_takes_ownership,
    an_apply_against_an_updater_names_its_version,
    list_map_items_have_owners,
    sets_are_merged,
    atomic_lists_are_replaced,
    containers_are_merged_by_name,
    an_apply_of_status_owns_only_status,
    an_apply_of_status_does_not_create,
    managed_fields_cannot_be_applied,
    an_apply_with_an_outdated_revision_conflicts,
    a_field_that_is_dropped_leaves_its_empty_parent_behind,
    force_is_for_apply_only,
];

fn map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data})
}

async fn apply(space: &Space, manager: &str, data: Value) -> crate::cluster::Answer {
    space.apply(&format!("{MAPS}/m"), manager, map(data)).await
}

async fn an_apply_creates(space: Space) {
    let made = apply(&space, "one", json!({"a": "1"})).await;
    assert_eq!(made.code, 201);
    let expected = ("one".to_owned(), "Apply".to_owned(), String::new(), json!({"f:data": {"f:a": {}}}));
    assert_eq!(owners(&made.body), [expected]);
    assert_eq!(apply(&space, "one", json!({"a": "2"})).await.code, 200);
}

async fn an_apply_needs_a_manager(space: Space) {
    let answer = space.patch(APPLY_PATCH, &format!("{MAPS}/m"), map(json!({}))).await;
    let message = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
}

async fn dropped_fields_go(space: Space) {
    apply(&space, "one", json!({"a": "1", "b": "2"})).await;
    assert_eq!(apply(&space, "one", json!({"a": "1"})).await.body["data"], json!({"a": "1"}));
}

async fn fields_of_another_applier_stay(space: Space) {
    apply(&space, "one", json!({"a": "1", "b": "2"})).await;
    apply(&space, "two", json!({"b": "2", "c": "3"})).await;
    assert_eq!(apply(&space, "one", json!({"a": "1"})).await.body["data"], json!({"a": "1", "b": "2", "c": "3"}));
}

async fn another_value_conflicts(space: Space) {
    apply(&space, "one", json!({"a": "1"})).await;
    let answer = apply(&space, "two", json!({"a": "2"})).await;
    assert_eq!(
        answer.body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Apply failed with 1 conflict: conflict with \"one\": .data.a",
            "reason": "Conflict",
            "details": {"causes": [
                {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a"}]},
            "code": 409,
        })
    );
}

async fn several_conflicts_are_all_named(space: Space) {
    apply(&space, "one", json!({"a": "1", "b": "1"})).await;
    let answer = apply(&space, "two", json!({"a": "2", "b": "2"})).await;
    let message = "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b";
    assert_eq!(refusal(&answer), (409, "Conflict".into(), message.into()));
}

async fn force_takes_over(space: Space) {
    apply(&space, "one", json!({"a": "1", "b": "1"})).await;
    let forced = space.apply(&format!("{MAPS}/m"), "two&force=true", map(json!({"a": "2"}))).await.body;
    assert_eq!(forced["data"], json!({"a": "2", "b": "1"}));
    let owner = |name: &str| owners(&forced).into_iter().find(|entry| entry.0 == name).unwrap().3;
    assert_eq!(owner("one"), json!({"f:data": {"f:b": {}}}));
    assert_eq!(owner("two"), json!({"f:data": {"f:a": {}}}));
}

async fn the_same_value_is_shared(space: Space) {
    apply(&space, "one", json!({"a": "1"})).await;
    assert_eq!(apply(&space, "two", json!({"a": "1"})).await.code, 200);
    assert_eq!(apply(&space, "one", json!({})).await.body["data"], json!({"a": "1"}));
    assert_eq!(apply(&space, "two", json!({})).await.body.get("data"), None);
}

async fn an_apply_that_changes_nothing_writes_nothing(space: Space) {
    let first = apply(&space, "one", json!({"a": "1"})).await.body;
    let second = apply(&space, "one", json!({"a": "1"})).await.body;
    assert_eq!(version(&first), version(&second));
}

async fn an_update_takes_ownership(space: Space) {
    apply(&space, "one", json!({"a": "1", "b": "1"})).await;
    let path = format!("{MAPS}/m?fieldManager=editor");
    let changed = space.patch(MERGE_PATCH, &path, json!({"data": {"a": "2"}})).await.body;
    let entries = owners(&changed);
    assert_eq!(entries[0], ("one".into(), "Apply".into(), String::new(), json!({"f:data": {"f:b": {}}})));
    assert_eq!(entries[1], ("editor".into(), "Update".into(), String::new(), json!({"f:data": {"f:a": {}}})));
}

async fn an_apply_against_an_updater_names_its_version(space: Space) {
    space.config_map("m", json!({"a": "1"})).await;
    let answer = apply(&space, "one", json!({"a": "2"})).await;
    let message = "Apply failed with 1 conflict: conflict with \"conformance\" using v1: .data.a";
    assert_eq!(refusal(&answer), (409, "Conflict".into(), message.into()));
}

async fn list_map_items_have_owners(space: Space) {
    let path = format!("{WIDGETS}/w");
    let spec = |parts: Value| widget("w", json!({"type": "t", "parts": parts}));
    space.apply(&path, "one", spec(json!([{"name": "a", "value": "1"}, {"name": "b", "value": "1"}]))).await;
    space.apply(&path, "two", spec(json!([{"name": "c", "value": "1"}]))).await;
    let changed = space.apply(&path, "one", spec(json!([{"name": "b", "value": "2"}]))).await.body;
    assert_eq!(changed["spec"]["parts"], json!([{"name": "b", "value": "2"}, {"name": "c", "value": "1"}]));
    let own = owners(&changed).into_iter().find(|entry| entry.0 == "one").unwrap().3;
    assert_eq!(
        own,
        json!({"f:spec": {"f:type": {}, "f:parts": {"k:{\"name\":\"b\"}": {".": {}, "f:name": {}, "f:value": {}}}}})
    );
    let answer = space.apply(&path, "two", spec(json!([{"name": "b", "value": "3"}]))).await;
    let message = "Apply failed with 1 conflict: conflict with \"one\": .spec.parts[name=\"b\"].value";
    assert_eq!(text(&answer.body, "/message"), message);
}

async fn sets_are_merged(space: Space) {
    let path = format!("{WIDGETS}/w");
    let spec = |tags: Value| widget("w", json!({"type": "t", "tags": tags}));
    space.apply(&path, "one", spec(json!(["x", "y"]))).await;
    space.apply(&path, "two", spec(json!(["z"]))).await;
    let changed = space.apply(&path, "one", spec(json!(["y"]))).await.body;
    assert_eq!(changed["spec"]["tags"], json!(["y", "z"]));
}

async fn atomic_lists_are_replaced(space: Space) {
    let path = format!("{WIDGETS}/w");
    let spec = |plain: Value| widget("w", json!({"type": "t", "plain": plain}));
    space.apply(&path, "one", spec(json!(["x", "y"]))).await;
    let answer = space.apply(&path, "two", spec(json!(["z"]))).await;
    assert_eq!(text(&answer.body, "/message"), "Apply failed with 1 conflict: conflict with \"one\": .spec.plain");
    let changed = space.apply(&path, "one", spec(json!(["z"]))).await.body;
    assert_eq!(changed["spec"]["plain"], json!(["z"]));
}

async fn containers_are_merged_by_name(space: Space) {
    let path = "/apis/apps/v1/namespaces/{ns}/daemonsets/d";
    assert_eq!(space.apply(path, "one", daemon_set(&["a", "b"])).await.code, 201);
    let sidecar = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}, "spec": {"template": {"spec": {
        "containers": [{"name": "sidecar", "image": "s"}]}}}});
    assert_eq!(space.apply(path, "two", sidecar).await.code, 200);
    let changed = space.apply(path, "one", daemon_set(&["b"])).await.body;
    let names: Vec<String> = changed["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|container| text(container, "/name"))
        .collect();
    assert_eq!(names, ["b", "sidecar"]);
}

async fn an_apply_of_status_owns_only_status(space: Space) {
    space.apply(&format!("{WIDGETS}/w"), "one", widget("w", json!({"type": "t"}))).await;
    let mut body = widget("w", json!({"type": "ignored"}));
    body["status"] = json!({"ready": true});
    let changed = space.apply(&format!("{WIDGETS}/w/status"), "two", body).await;
    assert_eq!(changed.code, 200, "{}", changed.body);
    assert_eq!(changed.body["spec"]["type"], "t");
    let entry = owners(&changed.body).into_iter().find(|entry| entry.0 == "two").unwrap();
    assert_eq!((entry.1.as_str(), entry.2.as_str()), ("Apply", "status"));
    assert_eq!(entry.3, json!({"f:status": {"f:ready": {}}}));
}

async fn an_apply_of_status_does_not_create(space: Space) {
    let answer = space.apply(&format!("{WIDGETS}/none/status"), "one", widget("none", json!({"type": "t"}))).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (404, "NotFound".to_owned()));
}

async fn managed_fields_cannot_be_applied(space: Space) {
    let made = apply(&space, "one", json!({"a": "1"})).await.body;
    let mut body = map(json!({"a": "1"}));
    body["metadata"]["managedFields"] = made["metadata"]["managedFields"].clone();
    let answer = space.apply(&format!("{MAPS}/m"), "one", body).await;
    assert_eq!(refusal(&answer), (400, "BadRequest".into(), "metadata.managedFields must be nil".into()));
}

async fn an_apply_with_an_outdated_revision_conflicts(space: Space) {
    let made = apply(&space, "one", json!({"a": "1"})).await.body;
    apply(&space, "one", json!({"a": "2"})).await;
    let mut body = map(json!({"a": "3"}));
    body["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"].clone();
    let answer = space.apply(&format!("{MAPS}/m"), "one", body).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (409, "Conflict".to_owned()));
    assert!(text(&answer.body, "/message").contains("the object has been modified"));
}

async fn a_field_that_is_dropped_leaves_its_empty_parent_behind(space: Space) {
    let path = format!("{WIDGETS}/w");
    space.apply(&path, "one", widget("w", json!({"type": "t", "nested": {"a": "1"}, "labels": {"x": "y"}}))).await;
    let changed = space.apply(&path, "one", widget("w", json!({"type": "t"}))).await;
    assert_eq!(changed.code, 200, "{}", changed.body);
    assert_eq!(changed.body["spec"], json!({"type": "t", "level": 5}));
}

async fn force_is_for_apply_only(space: Space) {
    space.config_map("m", json!({})).await;
    let answer = space.patch(MERGE_PATCH, &format!("{MAPS}/m?force=true"), json!({"data": {"k": "1"}})).await;
    let message =
        "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
}
