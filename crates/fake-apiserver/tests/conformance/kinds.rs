//! What is special about some built-in kinds.

use serde_json::json;

use crate::cluster::{MAPS, MERGE_PATCH, Space, refusal, text, version};
use crate::patch::daemon_set;

crate::behaviours![
    string_data_becomes_data,
    an_immutable_secret_stays,
    an_immutable_config_map_stays,
    an_event_is_of_its_namespace,
    events_are_selected_by_what_they_are_about,
    an_event_has_two_faces,
    a_new_daemon_set_has_generation_and_no_status,
    the_selector_of_a_workload_stays,
    a_lease_needs_a_duration_above_zero,
    a_lease_is_fought_over_by_revision,
    a_new_namespace_is_active,
    a_status_write_of_a_node_may_label_it,
    a_role_binding_keeps_its_role,
    a_deployment_gets_its_replicas,
];

async fn string_data_becomes_data(space: Space) {
    let body = json!({"metadata": {"name": "s"}, "data": {"a": "MQ=="}, "stringData": {"b": "2"}});
    let made = space.post("/api/v1/namespaces/{ns}/secrets", body).await.body;
    assert_eq!(made["data"], json!({"a": "MQ==", "b": "Mg=="}));
    assert_eq!((made.get("stringData"), &made["type"]), (None, &json!("Opaque")));
}

async fn an_immutable_secret_stays(space: Space) {
    let path = "/api/v1/namespaces/{ns}/secrets";
    space.post(path, json!({"metadata": {"name": "s"}, "immutable": true, "data": {"a": "MQ=="}})).await;
    let answer = space.patch(MERGE_PATCH, &format!("{path}/s"), json!({"data": {"a": "Mg=="}})).await;
    let message = "Secret \"s\" is invalid: data: Forbidden: field is immutable when `immutable` is set";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
    let labelled = space.patch(MERGE_PATCH, &format!("{path}/s"), json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert_eq!(labelled.code, 200);
}

async fn an_immutable_config_map_stays(space: Space) {
    space.post(MAPS, json!({"metadata": {"name": "m"}, "immutable": true, "data": {"a": "1"}})).await;
    let answer = space.patch(MERGE_PATCH, &format!("{MAPS}/m"), json!({"immutable": false})).await;
    let message = "ConfigMap \"m\" is invalid: immutable: Forbidden: field is immutable when `immutable` is set";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
}

async fn an_event_is_of_its_namespace(space: Space) {
    let event = |namespace: &str| {
        json!({
            "metadata": {"name": "e"}, "reason": "Held", "message": "m", "type": "Normal",
            "involvedObject": {"kind": "ConfigMap", "name": "m", "namespace": namespace},
        })
    };
    let answer = space.post("/api/v1/namespaces/{ns}/events", event("other")).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (422, "Invalid".to_owned()));
    assert_eq!(space.post("/api/v1/namespaces/{ns}/events", event(&space.namespace)).await.code, 201);
}

async fn events_are_selected_by_what_they_are_about(space: Space) {
    for (name, about) in [("e1", "a"), ("e2", "b")] {
        let event = json!({
            "metadata": {"name": name}, "reason": "Held", "message": "m", "type": "Normal",
            "involvedObject": {"kind": "ConfigMap", "name": about, "namespace": space.namespace},
        });
        space.post("/api/v1/namespaces/{ns}/events", event).await;
    }
    let path = "/api/v1/namespaces/{ns}/events?fieldSelector=involvedObject.name%3Db%2CinvolvedObject.kind%3DConfigMap";
    assert_eq!(crate::cluster::names(&space.get(path).await.body), ["e2"]);
}

async fn a_new_daemon_set_has_generation_and_no_status(space: Space) {
    let path = "/apis/apps/v1/namespaces/{ns}/daemonsets";
    let mut body = daemon_set(&["a"]);
    body["status"] =
        json!({"numberReady": 9, "currentNumberScheduled": 9, "desiredNumberScheduled": 9, "numberMisscheduled": 0});
    let made = space.post(path, body).await.body;
    assert_eq!(made["metadata"]["generation"], 1);
    assert_ne!(made["status"]["numberReady"], 9);
    let status = json!({"status": {"observedGeneration": 1, "numberReady": 1, "currentNumberScheduled": 1, "desiredNumberScheduled": 1, "numberMisscheduled": 0}});
    let changed = space.patch(MERGE_PATCH, &format!("{path}/d/status"), status).await.body;
    assert_eq!(changed["status"]["numberReady"], 1);
    assert_eq!(changed["metadata"]["generation"], 1);
}

async fn the_selector_of_a_workload_stays(space: Space) {
    let path = "/apis/apps/v1/namespaces/{ns}/daemonsets";
    space.post(path, daemon_set(&["a"])).await;
    let change = json!({"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}}}});
    let answer = space.patch(MERGE_PATCH, &format!("{path}/d"), change).await;
    assert_eq!(answer.code, 422);
    assert!(text(&answer.body, "/message").ends_with("field is immutable"));
}

async fn a_lease_needs_a_duration_above_zero(space: Space) {
    let path = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
    let answer = space.post(path, json!({"metadata": {"name": "l"}, "spec": {"leaseDurationSeconds": 0}})).await;
    let message = "Lease.coordination.k8s.io \"l\" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be \
         greater than 0";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
}

async fn a_lease_is_fought_over_by_revision(space: Space) {
    let path = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
    let spec = json!({"holderIdentity": "a", "leaseDurationSeconds": 15});
    let made = space.post(path, json!({"metadata": {"name": "l"}, "spec": spec})).await.body;
    let take = |holder: &str| {
        json!({
            "metadata": {"name": "l", "resourceVersion": version(&made)},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15},
        })
    };
    assert_eq!(space.put(&format!("{path}/l"), take("b")).await.code, 200);
    assert_eq!(space.put(&format!("{path}/l"), take("c")).await.code, 409);
    assert_eq!(space.put(&format!("{path}/l"), json!({"metadata": {"name": "l"}})).await.code, 422);
}

async fn a_new_namespace_is_active(space: Space) {
    let found = space.get("/api/v1/namespaces/{ns}").await.body;
    assert_eq!(found["status"]["phase"], "Active");
    assert_eq!(found["spec"]["finalizers"], json!(["kubernetes"]));
    assert_eq!(found["metadata"]["labels"]["kubernetes.io/metadata.name"], json!(space.namespace));
}

async fn a_status_write_of_a_node_may_label_it(space: Space) {
    let name = space.namespace.clone();
    space.post("/api/v1/nodes", json!({"metadata": {"name": name}, "spec": {"podCIDR": "10.0.0.0/24"}})).await;
    let change = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"unschedulable": true}, "status": {"nodeInfo": {"bootID": "x"}}});
    let changed = space.patch(MERGE_PATCH, &format!("/api/v1/nodes/{name}/status"), change).await.body;
    assert_eq!(changed["metadata"]["labels"]["a"], "b");
    assert_eq!(changed["spec"].get("unschedulable"), None);
    assert_eq!(space.delete(&format!("/api/v1/nodes/{name}")).await.code, 200);
}

async fn a_role_binding_keeps_its_role(space: Space) {
    let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings";
    let role = |name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name});
    space.post(path, json!({"metadata": {"name": "b"}, "roleRef": role("view"), "subjects": []})).await;
    let answer = space.patch(MERGE_PATCH, &format!("{path}/b"), json!({"roleRef": {"name": "edit"}})).await;
    assert_eq!(answer.code, 422);
    assert!(text(&answer.body, "/message").ends_with("cannot change roleRef"));
}

async fn an_event_has_two_faces(space: Space) {
    let event = json!({
        "metadata": {"name": "e"}, "eventTime": "2026-01-01T00:00:00.000000Z", "reason": "Held", "note": "three nodes wait",
        "type": "Normal", "action": "Reconcile", "reportingController": "example.com/c", "reportingInstance": "c-0",
        "regarding": {"kind": "ConfigMap", "name": "m", "namespace": space.namespace},
    });
    let made = space.post("/apis/events.k8s.io/v1/namespaces/{ns}/events", event).await;
    assert_eq!((made.code, text(&made.body, "/note")), (201, "three nodes wait".to_owned()));
    let core = space.get("/api/v1/namespaces/{ns}/events/e").await.body;
    assert_eq!((text(&core, "/apiVersion"), text(&core, "/message")), ("v1".to_owned(), "three nodes wait".to_owned()));
    assert_eq!((&core["involvedObject"]["name"], &core["reportingComponent"]), (&json!("m"), &json!("example.com/c")));
    let list = space.get("/apis/events.k8s.io/v1/namespaces/{ns}/events").await.body;
    assert_eq!(text(&list["items"][0], "/regarding/name"), "m");
}

async fn a_deployment_gets_its_replicas(space: Space) {
    let mut body = daemon_set(&["a"]);
    body["kind"] = json!("Deployment");
    let made = space.post("/apis/apps/v1/namespaces/{ns}/deployments", body).await.body;
    let spec = &made["spec"];
    assert_eq!(
        (&spec["replicas"], &spec["revisionHistoryLimit"], &spec["progressDeadlineSeconds"]),
        (&json!(1), &json!(10), &json!(600))
    );
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    assert_eq!(spec["strategy"], strategy);
}
