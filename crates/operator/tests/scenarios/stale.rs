//! Answers that are older than what is stored, and bundles that are stored but not applied: neither is told as success.

use fake_apiserver::{Effect, Fault, Verb};
use serde_json::{Value, json};

use crate::world::{World, pass};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));

fn overlay(enabled: bool) -> Value {
    json!({"overlay": {"enabled": enabled}})
}

async fn settled(enabled: bool) -> World {
    let world = World::new();
    world.node("a", ROUTE).ask("reconcile", overlay(enabled)).settle().await;
    pass(60).await;
    world
}

/// The next read of the ManagedResource is answered as of so many writes ago.
fn stale(world: &World, revisions: u64) {
    let fault = Fault::new(Effect::StaleRead { revisions }).resource("managedresources").verb(Verb::Get).times(1);
    world.seed.faults().add(fault);
}

fn recorded(world: &World) -> Value {
    world.status()["state"]["encapsulation"]["ipv4"].clone()
}

#[tokio::test(start_paused = true)]
async fn the_record_keeps_the_encapsulation_until_the_bundle_without_it_is_applied() {
    let world = settled(true).await;
    world.ask("reconcile", overlay(false));
    for _ in 0..3 {
        world.reconcile().await.unwrap();
        assert_eq!((world.pool_mode().as_str(), recorded(&world)), ("Never", json!("Ipip(Always)")));
        pass(1).await;
    }
    world.settle().await;
    assert_eq!(recorded(&world), json!("None"));
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_the_write_does_not_tell_that_the_bundle_is_applied() {
    let world = settled(true).await;
    world.ask("reconcile", overlay(false));
    // After the write the ManagedResource is read again: from before it, when another bundle was applied.
    let fault = Fault::new(Effect::StaleRead { revisions: 1 }).resource("managedresources").verb(Verb::Get);
    world.seed.faults().add(fault.skip(1).times(1));
    world.reconcile().await.unwrap();
    assert_eq!((world.seed.faults().hits(), world.pool_mode().as_str()), (1, "Never"));
    assert_eq!(recorded(&world), json!("Ipip(Always)"));
    assert_eq!(world.last_operation(), "Reconcile Processing 1 Reconciling the Network");
}

/// There and back: the bundle that is wanted was the stored one once.
#[tokio::test(start_paused = true)]
async fn a_bundle_that_was_there_once_is_not_taken_for_the_one_that_is_there() {
    for restarts in [false, true] {
        let mut world = settled(true).await;
        let versions = |world: &World| -> u64 {
            world.managed_resource().unwrap()["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
        };
        let before = versions(&world);
        world.ask("reconcile", overlay(false)).settle().await;
        pass(60).await;
        if restarts {
            world.restart();
        }
        world.ask("reconcile", overlay(true));
        let now: u64 = world.network().unwrap()["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
        stale(&world, now - before);
        let _ = world.reconcile().await;
        assert_eq!((world.seed.faults().hits(), world.pool_mode().as_str()), (1, "Never"), "restarts: {restarts}");
        let network = world.network().unwrap();
        assert_ne!(network["status"]["observedGeneration"], network["metadata"]["generation"], "restarts: {restarts}");
        world.settle().await;
        assert_eq!(world.pool_mode(), "Always", "restarts: {restarts}");
        assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    }
}

/// Between look and status gardenlet asks for something else.
#[tokio::test(start_paused = true)]
async fn success_is_not_told_for_what_is_no_longer_asked_for() {
    let world = settled(true).await;
    world.ask("reconcile", json!({"overlay": {"enabled": true}, "typha": {"enabled": false}}));
    let fault = Fault::new(Effect::StaleRead { revisions: 1 }).resource("networks").verb(Verb::Get).times(1);
    world.seed.faults().add(fault);
    let generation = || world.network().unwrap()["metadata"]["generation"].clone();
    assert_ne!(world.status()["observedGeneration"], generation());
    world.settle().await;
    assert_eq!(world.seed.faults().hits(), 1);
    world.settle().await;
    assert_eq!(world.status()["observedGeneration"], generation());
    assert!(!world.bundle().contains("name: typha-cpha"));
}
