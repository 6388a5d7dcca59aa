//! What makes a process reconcile a Network that is settled.

use serde_json::{Value, json};

use crate::replica::Replica;
use crate::seed::Seed;

/// One of ours, for which everything is done.
fn settled(generation: u8) -> Value {
    json!({
        "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
        "metadata": {
            "namespace": "shoot--foo--bar", "name": "bar", "generation": generation,
            "finalizers": ["extensions.gardener.cloud/network"],
        },
        "spec": {"type": "calico", "podCIDR": "10.96.0.0/11", "serviceCIDR": "10.112.0.0/12"},
        "status": {
            "observedGeneration": 1,
            "lastOperation": {
                "type": "Create", "state": "Succeeded", "progress": 100,
                "description": "Successfully reconciled Network", "lastUpdateTime": "2026-11-26T10:00:00Z",
            },
        },
    })
}

/// Type and state of the last operation.
fn last_operation(seed: &Seed) -> String {
    let network = seed.server.stored("extensions.gardener.cloud", "networks", "shoot--foo--bar", "bar").unwrap();
    let text = |field: &str| network["status"]["lastOperation"][field].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("type"), text("state"))
}

async fn looked(replica: &mut Replica, times: u8) {
    let done = format!("controller_runtime_reconcile_total{{controller=\"network\",result=\"success\"}} {times}");
    replica.until("looks", async |replica| replica.metrics().await.lines().any(|line| line == done)).await;
}

/// There is no Cluster, so a reconcile fails, which cannot be missed.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_is_reconciled_without_a_request_only_where_the_annotation_is_ignored() {
    let seed = Seed::start(&["a"]).await;
    seed.server.restore(settled(1)).unwrap();
    let mut replica = Replica::start(&seed, "a", &[]);
    looked(&mut replica, 1).await;
    seed.server.restore(settled(2)).unwrap();
    looked(&mut replica, 2).await;
    assert_eq!(last_operation(&seed), "Create Succeeded");
    replica.signal("TERM");
    assert_eq!(replica.end().await, 0);

    seed.server.restore(settled(1)).unwrap();
    let mut replica = Replica::start(&seed, "a", &["--ignore-operation-annotation"]);
    replica.until("a reconcile", async |_| last_operation(&seed) == "Reconcile Error").await;
    replica.signal("TERM");
    assert_eq!(replica.end().await, 0);
}
