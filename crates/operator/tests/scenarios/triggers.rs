//! What makes a Network that is settled be reconciled again: the annotation of gardenlet, or with `--ignore-operation-annotation` a new
//! generation. And that the answer to it cannot be taken from the one before.

use std::time::Duration;

use fake_apiserver::world::gardenlet;
use fake_apiserver::{Effect, Fault};
use operator::controller::{Next, Trigger};
use serde_json::{Value, json};

use crate::world::{World, now, pass};

fn overlay(enabled: bool) -> Value {
    json!({"overlay": {"enabled": enabled}})
}

async fn settled() -> World {
    let world = World::new();
    world.node("a", Some(("False", "RouteCreated"))).ask("reconcile", overlay(true)).settle().await;
    pass(60).await;
    world.writes();
    world
}

/// The spec changes, and nobody asks for anything.
fn change(world: &World, provider_config: Value) {
    world.ask("reconcile", provider_config).edit(|network| network["metadata"]["annotations"] = json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_new_generation_alone_asks_for_nothing() {
    let world = settled().await;
    change(&world, overlay(false));
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!((world.status()["observedGeneration"].clone(), world.pool_mode().as_str()), (json!(1), "Always"));
}

#[tokio::test(start_paused = true)]
async fn a_new_generation_is_reason_enough_where_the_annotation_is_ignored() {
    let mut world = settled().await;
    world.trigger(Trigger::Generation);
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), Vec::<String>::new(), "nothing is new");

    change(&world, overlay(false));
    world.settle().await;
    assert_eq!((world.status()["observedGeneration"].clone(), world.pool_mode().as_str()), (json!(2), "Never"));
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    world.writes();
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), Vec::<String>::new(), "own writes are no new generation");
}

#[tokio::test(start_paused = true)]
async fn where_the_annotation_is_ignored_a_new_process_looks_after_every_network() {
    let mut world = settled().await;
    world.trigger(Trigger::Generation);
    world.restart();
    world.settle().await;
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], json!(now()));

    world.trigger(Trigger::OperationAnnotation);
    pass(60).await;
    world.restart();
    world.writes();
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn where_the_annotation_is_ignored_a_new_network_needs_none() {
    let mut world = World::new();
    world.trigger(Trigger::Generation);
    change(&world, overlay(true));
    world.settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}

/// A control plane that moves says so by annotation only, and whoever asks for a reconcile waits for the annotation to go.
#[tokio::test(start_paused = true)]
async fn where_the_annotation_is_ignored_it_is_answered_all_the_same() {
    let mut world = settled().await;
    world.trigger(Trigger::Generation);
    world.ask("reconcile", overlay(true)).settle().await;
    assert_eq!(world.annotation("gardener.cloud/operation"), None);
    assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], json!(now()));
    world.ask("migrate", overlay(true)).settle().await;
    assert_eq!(world.last_operation(), "Migrate Succeeded 100 Successfully migrated Network");
}

/// gardenlet compares whole seconds: in the second of the last answer only annotation and state tell that another one is due.
#[tokio::test(start_paused = true)]
async fn no_poll_takes_the_last_answer_for_one_to_a_request_of_the_same_second() {
    for request in 0.. {
        let mut world = World::new();
        world.ask("reconcile", overlay(true)).settle().await;
        world.ask("reconcile", overlay(true));
        let timestamp = world.annotation("gardener.cloud/timestamp").unwrap();
        assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], json!(timestamp), "the same second");
        world.decisions();
        // The look stands still before this request, as often as gardenlet likes to poll.
        world.seed.faults().add(Fault::new(Effect::Latency(Duration::from_secs(86_400))).skip(request).times(1));
        let looked = tokio::time::timeout(Duration::from_secs(1), world.reconcile()).await;
        let judged = gardenlet::ready(world.network().map(|network| (*network).clone()), &timestamp);
        if looked.is_ok() {
            assert!(judged.is_ok(), "{judged:?}");
            assert!(request > 3, "a look of so few requests cannot have been one");
            return;
        }
        assert!(judged.is_err(), "done before request {request} was sent");

        // Killed there, another process answers the request.
        world.seed.faults().clear();
        world.restart();
        world.settle().await;
        assert_eq!(world.decisions().len(), 1, "forgotten when killed before request {request}");
    }
}
