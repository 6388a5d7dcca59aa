//! What a server tells about itself.

use serde_json::{Value, json};

use crate::cluster::{MAPS, Space, text};

crate::behaviours![
    resources_of_a_group_are_listed,
    groups_are_listed,
    all_groups_come_in_one_document,
    the_server_is_healthy,
    the_version_is_told,
    a_method_that_is_none_is_not_allowed,
];

async fn resources_of_a_group_are_listed(space: Space) {
    let list = space.get("/apis/conformance.example/v1").await.body;
    assert_eq!((&list["kind"], &list["groupVersion"]), (&json!("APIResourceList"), &json!("conformance.example/v1")));
    let found: Vec<&Value> = list["resources"].as_array().unwrap().iter().collect();
    let names: Vec<&Value> = found.iter().map(|resource| &resource["name"]).collect();
    assert_eq!(names, ["widgets", "widgets/status"]);
    assert_eq!(found[0]["shortNames"], json!(["wd"]));
    assert_eq!(found[0]["namespaced"], true);
    let core = space.get("/api/v1").await.body;
    let names: Vec<String> = core["resources"].as_array().unwrap().iter().map(|r| text(r, "/name")).collect();
    for name in ["configmaps", "events", "namespaces", "nodes", "nodes/status", "secrets"] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
}

async fn groups_are_listed(space: Space) {
    let list = space.get("/apis").await.body;
    assert_eq!(list["kind"], "APIGroupList");
    let group = list["groups"].as_array().unwrap().iter().find(|group| group["name"] == "conformance.example");
    let version = json!({"groupVersion": "conformance.example/v1", "version": "v1"});
    assert_eq!(
        group.unwrap(),
        &json!({"name": "conformance.example", "versions": [version], "preferredVersion": version})
    );
}

async fn all_groups_come_in_one_document(space: Space) {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let answer = space.get_as("/apis", accept).await;
    assert_eq!(answer.content_type, accept);
    let items = answer.body["items"].as_array().unwrap();
    let group = items.iter().find(|group| group["metadata"]["name"] == "conformance.example").unwrap();
    let resource = &group["versions"][0]["resources"][0];
    assert_eq!((&resource["resource"], &resource["scope"]), (&json!("widgets"), &json!("Namespaced")));
    assert_eq!(resource["responseKind"], json!({"group": "conformance.example", "version": "v1", "kind": "Widget"}));
}

async fn the_server_is_healthy(space: Space) {
    for path in ["/healthz", "/livez", "/readyz"] {
        let answer = space.get(path).await;
        assert_eq!((answer.code, answer.body), (200, json!("ok")));
    }
}

async fn the_version_is_told(space: Space) {
    let version = space.get("/version").await.body;
    assert_eq!(version["major"], "1");
    assert!(text(&version, "/gitVersion").starts_with("v1."));
}

async fn a_method_that_is_none_is_not_allowed(space: Space) {
    let answer = space.request(http::Method::PUT, MAPS, &[], Some(json!({}))).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (405, "MethodNotAllowed".to_owned()));
}
