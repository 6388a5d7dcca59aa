//! The guard on API servers: what becomes of every write of a node's condition, and how its effect is seen. The same cells run against
//! the server of the tests, where a hook stands for the policy, and, where `KUBEBUILDER_ASSETS` names a folder with `etcd` and
//! `kube-apiserver`, against the real ones, where the policy itself does.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it did"
)]

mod cells;
#[path = "../../../fake-apiserver/tests/conformance/real.rs"]
mod real;
mod shoot;

use calico_manifests::guard::Protection;
use calico_policy::admission_policy::GuardApi;
use calico_policy::nodes::NodeName;
use calico_policy::survey::StaleRoute;
use fake_apiserver::{Fault, Server, Verb, world};
use serde_json::json;

use adapter_k8s::guard::{Cleaned, GuardSeen, clean, refresh};
use shoot::{CALICO_NODE, Shoot, network};

#[tokio::test]
async fn the_hook_of_our_server_stands_for_the_policy_in_every_cell() {
    let server = Server::builder().build().unwrap();
    world::guard::install(&server);
    let shoot = Shoot::new(kube::Client::new(server.service(), "default"));
    cells::check_without_guard(&shoot).await;
    shoot.deploy(GuardApi::V1, Protection::FromCalico).await;
    cells::check(&shoot).await;
    cleaning(&shoot).await;
    refreshing(&shoot).await;
}

#[tokio::test]
async fn the_probe_of_our_server_is_true_false_or_forbidden() {
    let server = Server::builder().build().unwrap();
    world::guard::install(&server);
    let shoot = Shoot::new(kube::Client::new(server.service(), "default"));
    shoot.node("probed", "False/RouteCreated").await;
    assert_eq!(shoot.seen(GuardApi::V1).await, GuardSeen::NotEffective);
    let forbid = || server.faults().add(Fault::status(403).verb(Verb::Patch).resource("nodes").subresource("status"));
    forbid();
    assert_eq!(shoot.seen(GuardApi::V1).await, GuardSeen::NotEffective, "there is none");
    server.faults().clear();
    shoot.deploy(GuardApi::V1, Protection::FromCalico).await;
    assert_eq!(shoot.seen(GuardApi::V1).await, GuardSeen::Effective);
    forbid();
    assert!(matches!(shoot.seen(GuardApi::V1).await, GuardSeen::ExistsSince(_)));
    server.faults().clear();
    server.faults().add(Fault::status(500).verb(Verb::Patch).resource("nodes").subresource("status"));
    assert!(matches!(shoot.seen(GuardApi::V1).await, GuardSeen::Unproven(_)));
    assert_eq!(network(&shoot.stored("probed").await), "False/RouteCreated", "a probe stores nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_on_the_real_server() {
    let Some(assets) = real::assets() else { return };
    let running = real::start(assets.as_ref(), &["--runtime-config=admissionregistration.k8s.io/v1beta1=true"]).await;
    let shoot = Shoot::new(running.client());
    shoot.node("probed", "False/RouteCreated").await;
    let version = shoot.stored("probed").await["metadata"]["resourceVersion"].clone();

    // Without its role calico-node cannot be asked as.
    assert_eq!(shoot.seen(GuardApi::V1).await, GuardSeen::NotEffective, "forbidden, and there is none");
    shoot.allow().await;
    shoot.until(GuardApi::V1, |seen| *seen == GuardSeen::NotEffective).await;
    cells::check_without_guard(&shoot).await;

    // An older version of the API first, then the newer one over it.
    shoot.deploy(GuardApi::V1beta1, Protection::FromCalico).await;
    shoot.until(GuardApi::V1beta1, |seen| *seen == GuardSeen::Effective).await;
    let uid = shoot.policy(GuardApi::V1beta1).await["metadata"]["uid"].clone();
    shoot.deploy(GuardApi::V1, Protection::FromCalico).await;
    assert_eq!(shoot.policy(GuardApi::V1).await["metadata"]["uid"], uid, "it is the same object");
    assert_eq!(shoot.seen(GuardApi::V1).await, GuardSeen::Effective, "and never without effect");

    cells::check(&shoot).await;
    cells::check_many_conditions(&shoot).await;
    cleaning(&shoot).await;
    refreshing(&shoot).await;

    shoot.forbid().await;
    shoot.until(GuardApi::V1, |seen| matches!(seen, GuardSeen::ExistsSince(_))).await;
    shoot.allow().await;
    shoot.until(GuardApi::V1, |seen| *seen == GuardSeen::Effective).await;

    shoot.deploy(GuardApi::V1, Protection::FromCalicoAndUnavailability).await;
    cells::check_protected(&shoot).await;

    shoot.remove(GuardApi::V1).await;
    shoot.until(GuardApi::V1, |seen| *seen == GuardSeen::NotEffective).await;
    assert_eq!(shoot.stored("probed").await["metadata"]["resourceVersion"], version, "no probe stores anything");
}

/// What Calico wrote goes, what others wrote stays, and so does every other condition.
async fn cleaning(shoot: &Shoot) {
    for (name, condition) in
        [("up", "False/CalicoIsUp"), ("down", "True/CalicoIsDown"), ("route", "False/RouteCreated"), ("none", "-")]
    {
        shoot.node(name, condition).await;
    }
    let names = ["up", "down", "route", "none", "gone"].map(|name| NodeName(name.into()));
    assert_eq!(clean(&shoot.api, names.iter()).await, Cleaned { deleted: 2, left: 3, failed: None });
    for (name, expected) in [("up", "-"), ("down", "-"), ("route", "False/RouteCreated"), ("none", "-")] {
        let stored = shoot.stored(name).await;
        assert_eq!(network(&stored), expected, "{name}");
        assert_eq!(shoot::ready(&stored), "True/Before", "{name}");
    }
    // With the guard it does not come back.
    let up = json!({"type": "NetworkUnavailable", "status": "False", "reason": "CalicoIsUp"});
    shoot.patch_status("up", CALICO_NODE, &json!({"status": {"conditions": [up]}})).await;
    assert_eq!(network(&shoot.stored("up").await), "-");
}

/// Of the routes that were seen those go that nobody has written since, on nodes that are still the same.
async fn refreshing(shoot: &Shoot) {
    let names = ["old-kept", "old-ready", "old-beaten", "old-unset", "old-by-calico", "old-recreated", "old-gone"];
    for name in names {
        shoot.node(name, "False/RouteCreated").await;
    }
    let mut seen: Vec<StaleRoute> = Vec::new();
    for name in names {
        seen.push(shoot.seen_route(name).await);
    }
    let conditions = |conditions: &[serde_json::Value]| json!({"status": {"conditions": conditions}});
    let network = |status: &str, reason: &str, heartbeat: &str| json!({"type": "NetworkUnavailable", "status": status, "reason": reason, "lastHeartbeatTime": heartbeat});
    let heartbeat = "2026-11-27T08:00:00Z";
    for (name, patch) in [
        ("old-ready", json!({"type": "Ready", "status": "True", "reason": "After", "lastHeartbeatTime": heartbeat})),
        ("old-beaten", network("False", "RouteCreated", heartbeat)),
        ("old-unset", json!({"type": "NetworkUnavailable", "$patch": "delete"})),
        ("old-by-calico", network("True", "CalicoIsDown", heartbeat)),
    ] {
        let (code, body) = shoot.patch_status(name, "", &conditions(&[patch])).await;
        assert_eq!(code, 200, "{body}");
    }
    shoot.delete("old-gone").await;
    shoot.delete("old-recreated").await;
    shoot.node("old-recreated", "False/RouteCreated").await;

    assert_eq!(refresh(&shoot.api, &seen).await, Cleaned { deleted: 2, left: 5, failed: None });
    for (name, expected) in [
        ("old-kept", "-"),
        ("old-ready", "-"),
        ("old-beaten", "False/RouteCreated"),
        ("old-unset", "-"),
        ("old-by-calico", "True/CalicoIsDown"),
        ("old-recreated", "False/RouteCreated"),
    ] {
        assert_eq!(shoot::network(&shoot.stored(name).await), expected, "{name}");
    }
    assert_eq!(shoot::ready(&shoot.stored("old-ready").await), "True/After");
    assert_eq!(refresh(&shoot.api, &seen).await, Cleaned { deleted: 0, left: 7, failed: None }, "twice is harmless");
}
