//! A life from start to a signal.

use serde_json::json;

use operator::permissions::Part;

use crate::permitted::{everything_of, held_to_the_rules};
use crate::replica::Replica;
use crate::seed::{Seed, foreign_network};

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_becomes_ready_leads_works_and_gives_the_lease_back() {
    let seed = Seed::start(&["a"]).await;
    seed.server.restore(foreign_network()).unwrap();
    let mut replica = Replica::start(&seed, "a", &["--gardener-version=v1.140.0"]);
    replica.ready().await;
    replica.leads().await;
    assert!(seed.holder().contains('_'), "{}", seed.holder());
    replica
        .until("reconcile", async |replica| {
            let done = "controller_runtime_reconcile_total{controller=\"network\",result=\"success\"} 1";
            replica.metrics().await.lines().any(|line| line == done)
        })
        .await;
    replica.until("heartbeat", async |_| seed.lease("gardener-extension-heartbeat") != json!(null)).await;
    let heartbeat = seed.lease("gardener-extension-heartbeat");
    assert_eq!(
        (&heartbeat["holderIdentity"], &heartbeat["leaseDurationSeconds"]),
        (&json!("networking-calico"), &json!(30))
    );
    let metrics = replica.metrics().await;
    assert!(metrics.contains("rest_client_requests_total{code=\"200\",method=\"GET\",host=\"127.0.0.1:"), "{metrics}");
    assert_eq!(replica.logged("this flag has no effect").unwrap()["flag"], "--gardener-version");

    replica.signal("TERM");
    assert_eq!(replica.end().await, 0);
    let released = seed.lease("networking-calico-leader-election");
    assert_eq!((&released["holderIdentity"], &released["leaseDurationSeconds"]), (&json!(""), &json!(1)));
    let used = held_to_the_rules(&seed.server.requests());
    let unused: Vec<String> = everything_of(Part::Process).difference(&used).cloned().collect();
    assert_eq!(unused, Vec::<String>::new(), "rules of the chart that the process does not use");
    let changed: Vec<String> = seed
        .server
        .requests()
        .into_iter()
        .filter(|request| request.resource == "networks" && request.verb.writes())
        .map(|request| request.name)
        .collect();
    assert_eq!(changed, Vec::<String>::new(), "a foreign Network is not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_replica_that_waits_for_the_lease_without_taking_it() {
    let seed = Seed::start(&["a", "b"]).await;
    let mut leader = Replica::start(&seed, "a", &[]);
    leader.leads().await;
    let holder = seed.holder();
    let mut standby = Replica::start(&seed, "b", &[]);
    standby.ready().await;
    standby.signal("INT");
    assert_eq!(standby.end().await, 0);
    assert_eq!(seed.holder(), holder);
    leader.signal("TERM");
    assert_eq!(leader.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_election_nobody_waits_and_no_lease_is_made() {
    let seed = Seed::start(&["a"]).await;
    let mut replica = Replica::start(&seed, "a", &["--leader-election=false", "--disable-controllers=heartbeat"]);
    replica.ready().await;
    seed.server.restore(foreign_network()).unwrap();
    replica
        .until("reconcile", async |replica| {
            let done = "controller_runtime_reconcile_total{controller=\"network\",result=\"success\"} 1";
            replica.metrics().await.lines().any(|line| line == done)
        })
        .await;
    assert!(!seed.server.requests().iter().any(|request| request.resource == "leases"));
    replica.signal("TERM");
    assert_eq!(replica.end().await, 0);
}
