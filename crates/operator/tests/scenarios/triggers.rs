//! What makes a Network that is settled be reconciled again: the annotation of gardenlet, or with `--ignore-operation-annotation` a new
//! generation.

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
