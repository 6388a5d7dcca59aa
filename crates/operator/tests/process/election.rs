//! Several processes and one Lease: one is frozen, one loses its API server.

use std::time::Duration;

use fake_apiserver::LoggedRequest;

use crate::replica::Replica;
use crate::seed::Seed;

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_leader_wakes_sends_no_write_and_ends() {
    let seed = Seed::start(&["a", "b"]).await;
    // A heartbeat each second: on waking, one is overdue.
    let flags = ["--heartbeat-renew-interval-seconds=1"];
    let mut first = Replica::start(&seed, "a", &flags);
    first.leads().await;
    let mut second = Replica::start(&seed, "b", &flags);
    second.ready().await;
    let holder = seed.holder();

    first.signal("STOP");
    second.leads().await;
    assert_ne!(seed.holder(), holder);
    assert_eq!(seed.lease("networking-calico-leader-election")["leaseTransitions"], 1);
    seed.server.take_requests();
    first.signal("CONT");
    assert_eq!(first.end().await, 1);
    let end = first.logged("the process ends").unwrap();
    assert_eq!(end["error"], "leader election lost: the lease could not be renewed for 10 s");
    let written: Vec<LoggedRequest> = seed
        .server
        .requests()
        .into_iter()
        .filter(|request| request.user.name == "a" && request.verb.writes())
        .collect();
    assert_eq!(written, []);

    // Cut off from its API server, the other ends as well.
    seed.serving.stop().await;
    let ended = tokio::time::timeout(Duration::from_secs(30), second.end()).await.expect("ends by the renew deadline");
    assert_eq!(ended, 1);
    assert_eq!(
        second.logged("the process ends").unwrap()["error"],
        "leader election lost: the lease could not be renewed for 10 s"
    );
}
