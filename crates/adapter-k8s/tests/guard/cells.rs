//! Every cell: writer × old condition × new condition × another condition in the same write or not × update or patch, and the nodes
//! that have no status at all.

use http::Method;
use serde_json::{Value, json};

use crate::shoot::{CALICO_NODE, KUBE_CONTROLLERS, ROUTE_WRITER, Shoot, network, ready};

/// What is written of the condition. `gone` takes it away.
const NEW: [&str; 5] = ["False/CalicoIsUp", "True/CalicoIsDown", "False/RouteCreated", "True/NoRouteCreated", "gone"];

/// Writer, old condition, and what is stored then for each of [`NEW`].
type Row = (&'static str, &'static str, [&'static str; 5]);

const NONE: [&str; 5] = ["-"; 5];
const AS_WRITTEN: [&str; 5] =
    ["False/CalicoIsUp", "True/CalicoIsDown", "False/RouteCreated", "True/NoRouteCreated", "-"];

/// With the guard.
const GUARDED: [Row; 18] = [
    (CALICO_NODE, "", NONE),
    (CALICO_NODE, "-", NONE),
    (CALICO_NODE, "False/RouteCreated", ["False/RouteCreated"; 5]),
    (CALICO_NODE, "True/NoRouteCreated", ["True/NoRouteCreated"; 5]),
    (CALICO_NODE, "False/CalicoIsUp", ["False/CalicoIsUp"; 5]),
    (CALICO_NODE, "True/CalicoIsDown", ["True/CalicoIsDown"; 5]),
    (KUBE_CONTROLLERS, "", NONE),
    (KUBE_CONTROLLERS, "-", NONE),
    (KUBE_CONTROLLERS, "False/RouteCreated", ["False/RouteCreated"; 5]),
    (KUBE_CONTROLLERS, "True/NoRouteCreated", ["True/NoRouteCreated"; 5]),
    (KUBE_CONTROLLERS, "False/CalicoIsUp", ["False/CalicoIsUp"; 5]),
    (KUBE_CONTROLLERS, "True/CalicoIsDown", ["True/CalicoIsDown"; 5]),
    (ROUTE_WRITER, "", AS_WRITTEN),
    (ROUTE_WRITER, "-", AS_WRITTEN),
    (ROUTE_WRITER, "False/RouteCreated", AS_WRITTEN),
    (ROUTE_WRITER, "True/NoRouteCreated", AS_WRITTEN),
    (ROUTE_WRITER, "False/CalicoIsUp", AS_WRITTEN),
    (ROUTE_WRITER, "True/CalicoIsDown", AS_WRITTEN),
];

/// Without one: the cells would otherwise hold on a server that never changes a condition.
const UNGUARDED: [Row; 4] = [
    (CALICO_NODE, "", AS_WRITTEN),
    (CALICO_NODE, "False/RouteCreated", AS_WRITTEN),
    (KUBE_CONTROLLERS, "False/RouteCreated", AS_WRITTEN),
    (ROUTE_WRITER, "False/RouteCreated", AS_WRITTEN),
];

/// With the guard that also keeps nodes from being reported as unavailable.
const PROTECTED: [Row; 6] = [
    (CALICO_NODE, "False/RouteCreated", ["False/RouteCreated"; 5]),
    (ROUTE_WRITER, "", ["False/CalicoIsUp", "-", "False/RouteCreated", "-", "-"]),
    (ROUTE_WRITER, "-", ["False/CalicoIsUp", "-", "False/RouteCreated", "-", "-"]),
    (
        ROUTE_WRITER,
        "False/RouteCreated",
        ["False/CalicoIsUp", "False/RouteCreated", "False/RouteCreated", "False/RouteCreated", "-"],
    ),
    (ROUTE_WRITER, "True/NoRouteCreated", AS_WRITTEN),
    (ROUTE_WRITER, "True/CalicoIsDown", AS_WRITTEN),
];

/// How it is written.
#[derive(Clone, Copy, Debug)]
enum By {
    Update,
    Patch,
}

/// Every cell with the guard.
pub(crate) async fn check(shoot: &Shoot) {
    check_rows(shoot, "guarded", &GUARDED, 360).await;
    // A whole status that is empty, or missing, takes away everything but what is kept.
    for (number, (writer, old, status, expected)) in [
        (CALICO_NODE, "False/RouteCreated", Some(json!({})), "False/RouteCreated"),
        (CALICO_NODE, "False/RouteCreated", None, "False/RouteCreated"),
        (CALICO_NODE, "False/RouteCreated", Some(json!({"conditions": null})), "False/RouteCreated"),
        (CALICO_NODE, "False/RouteCreated", Some(json!({"conditions": []})), "False/RouteCreated"),
        (CALICO_NODE, "-", None, "-"),
        (CALICO_NODE, "", None, "-"),
        (CALICO_NODE, "", Some(json!({})), "-"),
        (ROUTE_WRITER, "False/RouteCreated", Some(json!({})), "-"),
        (ROUTE_WRITER, "False/RouteCreated", None, "-"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("empty-{number}");
        shoot.node(&name, old).await;
        let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
        if let Some(status) = &status {
            node["status"] = status.clone();
        }
        let (code, body) = shoot.send(Method::PUT, &format!("/api/v1/nodes/{name}/status"), writer, &node).await;
        assert_eq!(code, 200, "{writer} {old} {status:?}: {body}");
        let stored = shoot.stored(&name).await;
        assert_eq!((network(&stored).as_str(), ready(&stored).as_str()), (expected, "-"), "{writer} {old} {status:?}");
    }
}

/// A part of the cells without a guard.
pub(crate) async fn check_without_guard(shoot: &Shoot) {
    check_rows(shoot, "unguarded", &UNGUARDED, 80).await;
}

/// The cells of the guard that protects from unavailability, once that is in force.
pub(crate) async fn check_protected(shoot: &Shoot) {
    shoot.node("protected", "False/RouteCreated").await;
    let down = json!({"type": "NetworkUnavailable", "status": "True", "reason": "NoRouteCreated"});
    for _ in 0..200 {
        let path = "/api/v1/nodes/protected/status?dryRun=All";
        let patch = json!({"status": {"conditions": [down.clone()]}});
        let (_, answer) = shoot.send(Method::PATCH, path, ROUTE_WRITER, &patch).await;
        if network(&answer) == "False/RouteCreated" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    check_rows(shoot, "protected", &PROTECTED, 120).await;
}

/// However many conditions a node has, calico-node can write its status.
pub(crate) async fn check_many_conditions(shoot: &Shoot) {
    let many = |reason: &str| -> Vec<Value> {
        (0..5_000).map(|n| json!({"type": format!("T{n}"), "status": "True", "reason": reason})).collect()
    };
    shoot.node("many", "False/RouteCreated").await;
    let (code, _) = shoot.patch_status("many", "", &json!({"status": {"conditions": many("Before")}})).await;
    assert_eq!(code, 200);
    let mut node = shoot.stored("many").await;
    let mut conditions = many("Written");
    conditions.push(json!({"type": "NetworkUnavailable", "status": "True", "reason": "CalicoIsDown"}));
    node["status"]["conditions"] = conditions.into();
    let (code, body) = shoot.send(Method::PUT, "/api/v1/nodes/many/status", CALICO_NODE, &node).await;
    assert_eq!(code, 200, "{body}");
    let stored = shoot.stored("many").await;
    assert_eq!(network(&stored), "False/RouteCreated");
    let written = stored["status"]["conditions"].as_array().unwrap();
    assert_eq!(written.iter().filter(|condition| condition["reason"] == "Written").count(), 5_000);
}

/// Writes every cell of these rows and names all that differ.
async fn check_rows(shoot: &Shoot, name: &str, rows: &[Row], count: usize) {
    let mut cells = 0;
    let mut differ = Vec::new();
    for (writer, old, expected) in rows {
        for (new, expected) in NEW.iter().zip(expected) {
            for others in [false, true] {
                for by in [By::Update, By::Patch] {
                    cells += 1;
                    let node = format!("{name}-{cells}");
                    let stored = write(shoot, &node, writer, old, new, others, by).await;
                    let ready_expected = match (others, *old) {
                        (true, _) => "False/Written",
                        (false, "") => "-",
                        (false, _) => "True/Before",
                    };
                    if stored != format!("{expected} {ready_expected}") {
                        differ.push(format!("{writer}: `{old}` -> `{new}`, others {others}, {by:?}: `{stored}`"));
                    }
                }
            }
        }
    }
    println!("{cells} cells {name}");
    assert_eq!(cells, count, "the matrix must not shrink unnoticed");
    assert!(differ.is_empty(), "{} of {cells} cells differ: {differ:#?}", differ.len());
}

/// One write, and what is stored then: `NetworkUnavailable` and `Ready`.
async fn write(shoot: &Shoot, name: &str, writer: &str, old: &str, new: &str, others: bool, by: By) -> String {
    shoot.node(name, old).await;
    let path = format!("/api/v1/nodes/{name}/status");
    let condition = match new.split_once('/') {
        Some((status, reason)) => json!({"type": "NetworkUnavailable", "status": status, "reason": reason}),
        None => json!({"type": "NetworkUnavailable", "$patch": "delete"}),
    };
    let ready_written = json!({"type": "Ready", "status": "False", "reason": "Written"});
    let (code, body) = match by {
        By::Patch => {
            let mut conditions = vec![condition];
            conditions.extend(others.then_some(ready_written));
            shoot.send(Method::PATCH, &path, writer, &json!({"status": {"conditions": conditions}})).await
        }
        By::Update => {
            let mut node = shoot.stored(name).await;
            let mut conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.retain(|found| found["type"] != "NetworkUnavailable" && !(others && found["type"] == "Ready"));
            conditions.extend((new != "gone").then_some(condition));
            conditions.extend(others.then_some(ready_written));
            node["status"]["conditions"] = conditions.into();
            shoot.send(Method::PUT, &path, writer, &node).await
        }
    };
    if code != 200 {
        return format!("{code} {body}");
    }
    let stored = shoot.stored(name).await;
    format!("{} {}", network(&stored), ready(&stored))
}
