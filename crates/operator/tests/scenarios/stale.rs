//! Answers that are older than what is stored, and bundles that are stored but not applied: neither is told as success.

use std::time::Duration;

use adapter_k8s::client::resource::NETWORKS;
use fake_apiserver::{Effect, Fault, Verb};
use operator::controller::Next;
use operator::process::health::{Health, Source};
use operator::process::metrics::Metrics;
use operator::process::queue::{BackOff, Queue};
use operator::process::watch;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::asked::as_controller;
use crate::world::{World, pass};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));
const CALICO: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));

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

/// So many reads of the Network are answered as of one write ago.
fn stale_network(world: &World, times: usize) {
    let fault = Fault::new(Effect::StaleRead { revisions: 1 }).resource("networks").verb(Verb::Get).times(times);
    world.seed.faults().add(fault);
}

/// A watch that tells the controller of every state of a Network, as in the process. The looks are those of the scenario.
async fn watched(world: &World) -> JoinSet<()> {
    let queue = Queue::new(BackOff::default(), Metrics::new().queue.clone());
    let changes = adapter_k8s::watch::metadata(&as_controller(&world.seed), &NETWORKS);
    let mut tasks = JoinSet::new();
    tasks.spawn(watch::networks(changes, world.known.clone(), queue, Health::new(&[Source::Networks])));
    pass(1).await;
    tasks
}

fn after(milliseconds: u64) -> Next {
    Next::After(Duration::from_millis(milliseconds))
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

/// The event was told of, and the answer does not know of it yet. Nothing would wake the Network again.
#[tokio::test(start_paused = true)]
async fn an_answer_from_before_the_event_is_no_answer() {
    let world = settled(true).await;
    let _watch = watched(&world).await;
    world.ask("reconcile", json!({"overlay": {"enabled": true}, "typha": {"enabled": false}}));
    pass(1).await;
    stale_network(&world, 3);
    world.requests();
    for wait in [50, 100, 200] {
        assert_eq!(world.reconcile().await.unwrap(), after(wait));
        assert_eq!(world.requests(), 1);
    }
    assert_eq!(world.annotation("gardener.cloud/operation").as_deref(), Some("reconcile"));
    world.settle().await;
    assert_eq!(world.annotation("gardener.cloud/operation"), None);
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert!(!world.bundle().contains("name: typha-cpha"));
}

#[tokio::test(start_paused = true)]
async fn a_network_that_an_answer_does_not_know_yet_is_not_given_up() {
    let world = World::new();
    let _watch = watched(&world).await;
    world.ask("reconcile", overlay(true));
    pass(1).await;
    stale_network(&world, 1);
    assert_eq!(world.reconcile().await.unwrap(), after(50));
    world.settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}

/// The switch was called off, then the last route came. An answer from before the first allows what the second was missing for.
#[tokio::test(start_paused = true)]
async fn a_switch_that_was_called_off_does_not_go_on_by_an_old_answer() {
    let world = settled(true).await;
    world.node("b", CALICO).ask("reconcile", overlay(false));
    world.reconcile().await.unwrap();
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");
    let _watch = watched(&world).await;

    world.ask("reconcile", overlay(true)).node("b", ROUTE);
    pass(1).await;
    stale_network(&world, 1);
    world.decisions();
    assert_eq!(world.reconcile().await.unwrap(), after(50));
    assert_eq!((world.decisions(), world.pool_mode().as_str()), (vec![], "Always"));
    world.settle().await;
    assert_eq!(world.pool_mode(), "Always");
}

/// Between the answer to a request and the removal of its annotation the same is asked for once more.
#[tokio::test(start_paused = true)]
async fn a_restore_that_is_asked_for_again_while_the_last_one_ends_is_done_again() {
    let world = World::new();
    world.ask("restore", overlay(true));
    world.reconcile().await.unwrap();
    world.resource_manager("True");
    let (seed, asked) = (world.seed.clone(), std::sync::atomic::AtomicBool::new(false));
    world.seed.admit(move |request| {
        let ends = request.resource == "networks" && request.subresource.is_empty();
        if let (true, Some(old)) = (ends && !asked.swap(ends, std::sync::atomic::Ordering::Relaxed), request.old) {
            let mut again = old.clone();
            again["metadata"]["annotations"]["gardener.cloud/timestamp"] = "2026-11-26T10:30:00Z".into();
            seed.restore(again).unwrap();
        }
        Ok(())
    });
    world.settle().await;
    assert_eq!(world.annotation("gardener.cloud/operation"), None);
    assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], "2026-11-26T10:30:00Z");
    assert!(world.last_operation().ends_with("Succeeded 100 Successfully reconciled Network"));
}

/// Nobody would take away again what is made for a Network that is gone.
#[tokio::test(start_paused = true)]
async fn an_answer_from_before_the_deletion_makes_nothing() {
    let world = World::new();
    world.ask("reconcile", overlay(true));
    world.reconcile().await.unwrap();
    assert_eq!(world.last_operation(), "Create Processing 1 Reconciling the Network");
    pass(100).await;
    world.edit(|network| network["metadata"]["deletionTimestamp"] = json!("2026-11-26T10:30:00Z")).settle().await;
    assert!(world.network().is_none() && world.managed_resource().is_none());
    world.writes();

    let lag = Effect::Lag(Duration::from_secs(50));
    world.seed.faults().add(Fault::new(lag).resource("networks").verb(Verb::Get).times(1));
    assert_eq!(world.reconcile().await.unwrap(), after(1_000));
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
}
