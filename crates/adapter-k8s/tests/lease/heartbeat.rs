//! The heartbeat Lease.

use adapter_k8s::lease::{HEARTBEAT_LEASE, Heartbeat};
use serde_json::json;

use crate::server::{Line, Server};

#[tokio::test(start_paused = true)]
async fn a_beat_creates_the_lease_and_replaces_its_spec() {
    let server = Server::default();
    let (client, _) = server.connect();
    let heartbeat = Heartbeat::new(client, "garden", 30).unwrap();
    heartbeat.beat().await.unwrap();
    let mut spec = server.spec("gardener-extension-heartbeat");
    assert_eq!(spec["renewTime"].as_str().unwrap().len(), "2026-11-26T10:00:00.123456Z".len());
    spec["renewTime"] = json!("now");
    let expected = json!({"holderIdentity": "networking-calico", "leaseDurationSeconds": 30, "renewTime": "now"});
    assert_eq!(spec, expected);

    server.put(
        HEARTBEAT_LEASE,
        &json!({"holderIdentity": "somebody", "leaseDurationSeconds": 7, "leaseTransitions": 3,
            "acquireTime": "2020-01-01T00:00:00.000000Z", "renewTime": "2020-01-01T00:00:00.000000Z"}),
    );
    heartbeat.beat().await.unwrap();
    let mut spec = server.spec(HEARTBEAT_LEASE);
    assert_ne!(spec["renewTime"], "2020-01-01T00:00:00.000000Z");
    spec["renewTime"] = json!("now");
    assert_eq!(spec, expected);
}

#[tokio::test(start_paused = true)]
async fn a_beat_that_fails_says_so_and_the_next_one_works() {
    let server = Server::default();
    let (client, connection) = server.connect();
    let heartbeat = Heartbeat::new(client, "garden", 30).unwrap();
    connection.set(Line::Broken);
    assert!(heartbeat.beat().await.is_err());
    connection.set(Line::Open);
    heartbeat.beat().await.unwrap();
    assert_eq!(server.spec(HEARTBEAT_LEASE)["holderIdentity"], "networking-calico");
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_the_start() {
    let (client, _) = Server::default().connect();
    let refusal = |namespace: &str, interval| {
        Heartbeat::new(client.clone(), namespace, interval).map(drop).unwrap_err().to_string()
    };
    assert_eq!(refusal("garden", 0), "--heartbeat-renew-interval-seconds must be greater than 0");
    assert_eq!(refusal("garden", -30), "--heartbeat-renew-interval-seconds must be greater than 0");
    assert_eq!(
        refusal("", 30),
        "no namespace for the heartbeat: set --heartbeat-namespace or LEADER_ELECTION_NAMESPACE"
    );
    for namespace in ["Garden", "-garden", "garden-", "gar/den", "garden.local", &"x".repeat(64)] {
        assert_eq!(
            refusal(namespace, 30),
            format!("--heartbeat-namespace: `{namespace}` cannot be the name of a namespace")
        );
    }
    for namespace in ["g", "extension-networking-calico-x7v2p", &"x".repeat(63)] {
        assert!(Heartbeat::new(client.clone(), namespace, 1).is_ok(), "{namespace}");
    }
}
