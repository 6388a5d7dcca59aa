//! GET and lists.

use serde_json::{Value, json};

use crate::cluster::{MAPS, Space, WIDGETS, names, refusal, text, version};

crate::behaviours![
    what_is_missing_is_not_found,
    a_list_has_kind_version_and_sorted_items,
    items_of_built_in_lists_carry_no_kind,
    lists_across_namespaces,
    labels_select,
    fields_select,
    unknown_fields_cannot_be_selected,
    a_list_comes_in_pages_of_one_revision,
    a_bad_continue_token_is_refused,
    a_selected_page_does_not_count_the_rest,
    a_future_revision_is_a_timeout,
    metadata_alone_of_an_object,
    metadata_alone_of_a_list,
    a_table_of_a_list,
    a_form_that_nobody_has_is_not_acceptable,
    an_exact_list_is_as_it_was,
    a_match_needs_a_revision,
];

const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";

async fn what_is_missing_is_not_found(space: Space) {
    let answer = space.get(&format!("{MAPS}/none")).await;
    assert_eq!(
        answer.body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "configmaps \"none\" not found", "reason": "NotFound",
            "details": {"name": "none", "kind": "configmaps"}, "code": 404,
        })
    );
    let answer = space.get(&format!("{WIDGETS}/none")).await;
    assert_eq!(answer.body["message"], "widgets.conformance.example \"none\" not found");
}

async fn a_list_has_kind_version_and_sorted_items(space: Space) {
    for name in ["b", "c", "a"] {
        space.widget(name, json!({"type": "t"})).await;
    }
    let list = space.get(WIDGETS).await;
    assert_eq!(list.code, 200);
    assert_eq!(list.body["kind"], "WidgetList");
    assert_eq!(list.body["apiVersion"], "conformance.example/v1");
    assert_eq!(names(&list.body), ["a", "b", "c"]);
    assert_eq!(list.body["items"][0]["kind"], "Widget");
    assert!(!version(&list.body).is_empty());
    assert_eq!(list.body["metadata"].get("remainingItemCount"), None);
}

async fn items_of_built_in_lists_carry_no_kind(space: Space) {
    space.config_map("m", json!({})).await;
    let list = space.get(MAPS).await.body;
    assert_eq!(list["kind"], "ConfigMapList");
    assert_eq!((list["items"][0].get("kind"), list["items"][0].get("apiVersion")), (None, None));
}

async fn lists_across_namespaces(space: Space) {
    space.widget("across", json!({"type": "t"})).await;
    let list = space.get("/apis/conformance.example/v1/widgets?fieldSelector=metadata.name%3Dacross").await.body;
    assert_eq!(text(&list["items"][0], "/metadata/namespace"), space.namespace);
}

async fn labels_select(space: Space) {
    for (name, labels) in [("a", json!({"app": "x", "tier": "1"})), ("b", json!({"app": "y"})), ("c", json!({}))] {
        space.post(MAPS, json!({"metadata": {"name": name, "labels": labels}})).await;
    }
    for (selector, expected) in [
        ("app=x", vec!["a"]),
        ("app!=x", vec!["b", "c"]),
        ("app in (x,y)", vec!["a", "b"]),
        ("app notin (x)", vec!["b", "c"]),
        ("app,!tier", vec!["b"]),
        ("app==x,tier=1", vec!["a"]),
    ] {
        let encoded = selector.replace(' ', "%20").replace('=', "%3D").replace(',', "%2C");
        let list = space.get(&format!("{MAPS}?labelSelector={encoded}")).await.body;
        assert_eq!(names(&list), expected, "{selector}");
    }
    let bad = space.get(&format!("{MAPS}?labelSelector=app%20in%20x")).await;
    assert_eq!((bad.code, text(&bad.body, "/reason")), (400, "BadRequest".to_owned()));
}

async fn fields_select(space: Space) {
    for name in ["a", "b"] {
        space.config_map(name, json!({})).await;
    }
    assert_eq!(names(&space.get(&format!("{MAPS}?fieldSelector=metadata.name%3Db")).await.body), ["b"]);
    assert_eq!(names(&space.get(&format!("{MAPS}?fieldSelector=metadata.name!%3Db")).await.body), ["a"]);
}

async fn unknown_fields_cannot_be_selected(space: Space) {
    let answer = space.get(&format!("{WIDGETS}?fieldSelector=spec.type%3Dt")).await;
    assert_eq!(refusal(&answer), (400, "BadRequest".into(), "field label not supported: spec.type".into()));
}

async fn a_list_comes_in_pages_of_one_revision(space: Space) {
    for name in ["a", "b", "c"] {
        space.config_map(name, json!({})).await;
    }
    let first = space.get(&format!("{MAPS}?limit=2")).await.body;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    space.config_map("d", json!({})).await;
    space.delete(&format!("{MAPS}/c")).await;
    let token = text(&first, "/metadata/continue");
    let second = space.get(&format!("{MAPS}?limit=2&continue={token}")).await.body;
    assert_eq!(names(&second), ["c"]);
    assert_eq!(version(&second), version(&first));
    assert_eq!(text(&second, "/metadata/continue"), "");
}

async fn a_bad_continue_token_is_refused(space: Space) {
    let answer = space.get(&format!("{MAPS}?limit=2&continue=nonsense")).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (400, "BadRequest".to_owned()));
}

async fn a_selected_page_does_not_count_the_rest(space: Space) {
    for name in ["a", "b"] {
        space.post(MAPS, json!({"metadata": {"name": name, "labels": {"x": "y"}}})).await;
    }
    let first = space.get(&format!("{MAPS}?limit=1&labelSelector=x")).await.body;
    assert_eq!(first["metadata"].get("remainingItemCount"), None);
    assert!(!text(&first, "/metadata/continue").is_empty());
}

async fn a_future_revision_is_a_timeout(space: Space) {
    let answer = space.get(&format!("{MAPS}?resourceVersion=999999999&resourceVersionMatch=Exact")).await;
    assert_eq!(answer.code, 504);
    assert_eq!(answer.body["reason"], "Timeout");
    assert_eq!(answer.body["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
}

async fn metadata_alone_of_an_object(space: Space) {
    space.widget("w", json!({"type": "t"})).await;
    let answer = space.get_as(&format!("{WIDGETS}/w"), METADATA).await.body;
    assert_eq!(answer["kind"], "PartialObjectMetadata");
    assert_eq!(answer["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(answer["metadata"]["name"], "w");
    assert_eq!(answer.as_object().unwrap().keys().collect::<Vec<_>>(), ["apiVersion", "kind", "metadata"]);
}

async fn metadata_alone_of_a_list(space: Space) {
    space.widget("w", json!({"type": "t"})).await;
    let answer = space.get_as(WIDGETS, METADATA_LIST).await.body;
    assert_eq!(answer["kind"], "PartialObjectMetadataList");
    assert_eq!(answer["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(answer["items"][0]["kind"], "PartialObjectMetadata");
    assert_eq!(answer["items"][0].get("spec"), None);
    assert_eq!(names(&answer), ["w"]);
}

async fn a_table_of_a_list(space: Space) {
    space.widget("w", json!({"type": "t", "size": 3})).await;
    let table = space.get_as(WIDGETS, TABLE).await.body;
    assert_eq!(table["kind"], "Table");
    let columns: Vec<&Value> = table["columnDefinitions"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(columns, ["Name", "Size"]);
    assert_eq!(table["rows"][0]["cells"], json!(["w", 3]));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}

async fn a_form_that_nobody_has_is_not_acceptable(space: Space) {
    let answer = space.get_as(MAPS, "text/csv").await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (406, "NotAcceptable".to_owned()));
}

async fn an_exact_list_is_as_it_was(space: Space) {
    let first = space.config_map("a", json!({"k": "1"})).await;
    space.put(&format!("{MAPS}/a"), json!({"metadata": {"name": "a"}, "data": {"k": "2"}})).await;
    space.config_map("b", json!({})).await;
    let then = space.get(&format!("{MAPS}?resourceVersion={}&resourceVersionMatch=Exact", version(&first))).await.body;
    assert_eq!(version(&then), version(&first));
    assert_eq!(then["items"][0]["data"]["k"], "1");
    assert!(!names(&then).contains(&"b".to_owned()));
}

async fn a_match_needs_a_revision(space: Space) {
    let answer = space.get(&format!("{MAPS}?resourceVersionMatch=Exact")).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (422, "Invalid".to_owned()));
    assert_eq!(answer.body["details"]["causes"][0]["field"], "resourceVersionMatch");
}
