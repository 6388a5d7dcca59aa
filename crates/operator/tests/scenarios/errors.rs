//! What goes wrong is told, with its code, and is over when it is over.

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Verb};
use operator::controller::Next;
use serde_json::json;

use crate::world::{World, now, pass};

#[tokio::test(start_paused = true)]
async fn a_configuration_that_is_wrong_is_the_shoot_owners_problem() {
    let world = World::new();
    world.ask("reconcile", json!({"backend": "x", "ipip": "y"}));
    let error = world.reconcile().await.unwrap_err();
    let text = "Error reconciling Network: invalid network config: [spec.providerConfig.backend: Invalid value: \"x\": \
        unsupported value \"x\" for backend, supported values are [\"bird\", \"none\", \"vxlan\"], \
        spec.providerConfig.ipip: Invalid value: \"y\": unsupported value \"y\" for ipip, supported values are \
        [\"Always\", \"Never\", \"CrossSubnet\", \"Off\"]]";
    assert_eq!(format!("Error reconciling Network: {error}"), text);
    assert_eq!(
        world.status(),
        json!({
            "lastOperation": {"type": "Create", "state": "Error", "progress": 50, "description": text, "lastUpdateTime": now()},
            "lastError": {"description": text, "codes": ["ERR_CONFIGURATION_PROBLEM"], "lastUpdateTime": now()},
            "observedGeneration": 1,
        })
    );
    pass(5).await;
    world.ask("reconcile", json!(null)).settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.status()["lastError"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_stays_is_not_written_again() {
    let world = World::new();
    world.ask("reconcile", json!({"backend": "x"}));
    world.reconcile().await.unwrap_err();
    world.writes();
    pass(5).await;
    world.reconcile().await.unwrap_err();
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_missing_is_told() {
    let world = World::new();
    world.put(json!({
        "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster",
        "metadata": {"name": "shoot--foo--bar"}, "spec": {"shoot": null},
    }));
    world.ask("reconcile", json!(null));
    world.reconcile().await.unwrap_err();
    assert_eq!(
        world.last_operation(),
        "Create Error 50 Error reconciling Network: Cluster `shoot--foo--bar` holds no shoot"
    );
    assert_eq!(world.status()["lastError"]["codes"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn an_ipv6_network_that_is_not_known_yet_is_nobodys_fault() {
    let world = World::new();
    world.ask("reconcile", json!(null)).edit(|network| {
        network["spec"]["ipFamilies"] = json!(["IPv4", "IPv6"]);
    });
    world.reconcile().await.unwrap_err();
    let last = world.last_operation();
    assert_eq!(last, "Create Error 50 Error reconciling Network: the shoot's status names no IPv6 pod network yet");
    assert_eq!(world.status()["lastError"]["codes"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_moment_is_not_told() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    world.seed.faults().add(Fault::status(500).resource("managedresources").verb(Verb::Create).times(2));
    world.settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_lasts_is_told_without_a_code_and_is_over_when_it_is_over() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    world.seed.faults().add(Fault::status(500).resource("secrets").verb(Verb::Create).times(4));
    world.reconcile().await.unwrap_err();
    let last = world.last_operation();
    let start = "Create Error 50 Error reconciling Network: could not create or update secret of managed resources: create Secret";
    assert!(last.starts_with(start), "{last}");
    assert_eq!(world.status()["lastError"]["codes"], json!(null));
    world.settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}

/// Every attempt but the last of each request times out, which together is more than one look may take. The status has time of its own.
#[tokio::test(start_paused = true)]
async fn a_reconcile_that_takes_too_long_is_told() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    for (resource, verb) in [
        ("clusters", Verb::Get),
        ("managedresources", Verb::Get),
        ("secrets", Verb::Create),
        ("managedresources", Verb::Create),
        ("configmaps", Verb::Get),
        ("configmaps", Verb::Patch),
        ("scrapeconfigs", Verb::List),
        ("scrapeconfigs", Verb::Patch),
    ] {
        let slow = Fault::new(Effect::Latency(Duration::from_secs(15)));
        world.seed.faults().add(slow.resource(resource).verb(verb).times(3));
    }
    world.reconcile().await.unwrap_err();
    let last = world.last_operation();
    assert_eq!(last, "Create Error 50 Error reconciling Network: it took longer than 180 s");
    assert_eq!(world.status()["lastError"]["codes"], json!(null));
    world.settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}

#[tokio::test(start_paused = true)]
async fn a_success_that_could_not_be_told_is_told_later() {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    pass(60).await;
    world.ask("reconcile", json!(null));
    // The request has been heard by then, and nothing but the status is left to write.
    world.seed.faults().add(Fault::status(500).resource("networks").subresource("status").times(6));
    world.reconcile().await.unwrap_err();
    assert_eq!(world.annotation("gardener.cloud/operation"), None);
    world.seed.faults().clear();
    world.settle().await;
    assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], json!(now()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_creates_nothing_twice() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    for resource in ["secrets", "managedresources"] {
        let fault = Fault::new(Effect::LostResponse);
        world.seed.faults().add(fault.resource(resource).verb(Verb::Create).times(1));
    }
    // The ManagedResource is there, and not known to be ours: the next look reads it.
    let _ = world.reconcile().await;
    world.settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.status()["lastError"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn that_somebody_else_was_faster_is_nothing_to_tell() {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    world.ask("reconcile", json!({"typha": {"enabled": false}}));
    // gardener-resource-manager writes its status between our read and our write.
    world.seed.faults().add(Fault::status(409).resource("managedresources").verb(Verb::Update).times(1));
    world.reconcile().await.unwrap_err();
    assert_eq!(world.last_operation(), "Reconcile Processing 1 Reconciling the Network");
    assert_eq!(world.status()["lastError"], json!(null));
    world.settle().await;
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_of_one_network() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    world.report_panic("index out of bounds").await;
    let last = world.last_operation();
    assert_eq!(last, "Create Error 50 Error reconciling Network: panic: index out of bounds");
    world.settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}

#[tokio::test(start_paused = true)]
async fn an_annotation_that_comes_meanwhile_is_not_lost() {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    world.ask("reconcile", json!(null));
    // gardenlet asks for another operation while the first patch is on its way.
    world.seed.faults().add(Fault::status(409).resource("networks").verb(Verb::Patch).times(1));
    world.edit(|network| network["metadata"]["annotations"]["gardener.cloud/operation"] = json!("migrate"));
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.last_operation(), "Migrate Succeeded 100 Successfully migrated Network");
}
