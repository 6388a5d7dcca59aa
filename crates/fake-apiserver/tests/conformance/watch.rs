//! Watches.

use serde_json::json;

use crate::cluster::{MAPS, MERGE_PATCH, Space, WIDGETS, text, version};

crate::behaviours![
    a_watch_without_revision_begins_with_what_exists,
    a_watch_resumes_after_a_revision,
    an_object_that_leaves_the_selection_is_deleted,
    an_object_that_enters_the_selection_is_added,
    a_deletion_carries_its_own_revision,
    a_watch_ends_after_its_time,
    a_streamed_list_ends_with_a_bookmark,
    a_streamed_list_needs_a_match,
    a_watch_of_metadata,
    a_watch_of_one_name,
    a_no_op_is_no_event,
];

async fn a_watch_without_revision_begins_with_what_exists(space: Space) {
    space.config_map("a", json!({})).await;
    let mut events = space.watch(&format!("{MAPS}?watch=true&timeoutSeconds=30")).await;
    assert_eq!(events.names(1).await, ["ADDED a"]);
    space.config_map("b", json!({})).await;
    assert_eq!(events.names(1).await, ["ADDED b"]);
}

async fn a_watch_resumes_after_a_revision(space: Space) {
    let first = space.config_map("a", json!({"k": "1"})).await;
    space.patch(MERGE_PATCH, &format!("{MAPS}/a"), json!({"data": {"k": "2"}})).await;
    space.delete(&format!("{MAPS}/a")).await;
    let mut events = space.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&first))).await;
    assert_eq!(events.names(2).await, ["MODIFIED a", "DELETED a"]);
}

async fn an_object_that_leaves_the_selection_is_deleted(space: Space) {
    let made =
        space.post(MAPS, json!({"metadata": {"name": "a", "labels": {"x": "y"}}, "data": {"k": "old"}})).await.body;
    let path = format!("{MAPS}?watch=1&labelSelector=x%3Dy&resourceVersion={}", version(&made));
    let mut events = space.watch(&path).await;
    let change = json!({"metadata": {"labels": {"x": "z"}}, "data": {"k": "new"}});
    let changed = space.patch(MERGE_PATCH, &format!("{MAPS}/a"), change).await.body;
    let (kind, object) = events.next().await.unwrap();
    assert_eq!(kind, "DELETED");
    assert_eq!(object["data"]["k"], "old");
    assert_eq!(version(&object), version(&changed));
}

async fn an_object_that_enters_the_selection_is_added(space: Space) {
    let made = space.config_map("a", json!({})).await;
    let path = format!("{MAPS}?watch=1&labelSelector=x&resourceVersion={}", version(&made));
    let mut events = space.watch(&path).await;
    space.patch(MERGE_PATCH, &format!("{MAPS}/a"), json!({"metadata": {"labels": {"x": "y"}}})).await;
    assert_eq!(events.names(1).await, ["ADDED a"]);
}

async fn a_deletion_carries_its_own_revision(space: Space) {
    let made = space.config_map("a", json!({"k": "1"})).await;
    space.delete(&format!("{MAPS}/a")).await;
    let mut events = space.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&made))).await;
    let (kind, object) = events.next().await.unwrap();
    assert_eq!((kind.as_str(), &object["data"]["k"]), ("DELETED", &json!("1")));
    assert!(version(&object).parse::<u64>().unwrap() > version(&made).parse::<u64>().unwrap());
}

async fn a_watch_ends_after_its_time(space: Space) {
    let mut events = space.watch(&format!("{MAPS}?watch=1&timeoutSeconds=1&labelSelector=none")).await;
    assert!(events.next().await.is_none());
}

async fn a_streamed_list_ends_with_a_bookmark(space: Space) {
    space.widget("a", json!({"type": "t"})).await;
    let path =
        format!("{WIDGETS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    let mut events = space.watch(&path).await;
    assert_eq!(events.names(1).await, ["ADDED a"]);
    let (kind, object) = events.next().await.unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(object["kind"], "Widget");
    assert_eq!(object["metadata"]["annotations"], json!({"k8s.io/initial-events-end": "true"}));
    assert!(!version(&object).is_empty());
}

async fn a_streamed_list_needs_a_match(space: Space) {
    let answer = space.get(&format!("{MAPS}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true")).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (422, "Invalid".to_owned()));
    assert_eq!(answer.body["details"]["causes"][0]["field"], "resourceVersionMatch");
}

async fn a_watch_of_metadata(space: Space) {
    space.widget("a", json!({"type": "t"})).await;
    let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let mut events = space.watch_as(&format!("{WIDGETS}?watch=1"), accept).await;
    let (kind, object) = events.next().await.unwrap();
    assert_eq!(kind, "ADDED");
    assert_eq!(object["kind"], "PartialObjectMetadata");
    assert_eq!(object.get("spec"), None);
}

async fn a_watch_of_one_name(space: Space) {
    for name in ["a", "b"] {
        space.config_map(name, json!({})).await;
    }
    let mut events = space.watch(&format!("{MAPS}?watch=1&fieldSelector=metadata.name%3Db")).await;
    assert_eq!(events.names(1).await, ["ADDED b"]);
}

async fn a_no_op_is_no_event(space: Space) {
    let made = space.config_map("a", json!({"k": "1"})).await;
    let same = space.patch(MERGE_PATCH, &format!("{MAPS}/a"), json!({"data": {"k": "1"}})).await.body;
    assert_eq!(version(&same), version(&made));
    let mut events = space.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&made))).await;
    space.config_map("b", json!({})).await;
    assert_eq!(events.names(1).await, ["ADDED b"]);
}
