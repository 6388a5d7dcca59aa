//! A hold whose nodes are watched: how soon it ends, and what is left of the watch.

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Verb};
use operator::controller::{Next, WatchCounts};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::world::{World, pass};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));
const CALICO: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));
const POLL: Next = Next::After(Duration::from_secs(5));
/// While the nodes are watched.
const SELDOM: Next = Next::After(Duration::from_secs(60));

fn off() -> Value {
    json!({"overlay": {"enabled": false}})
}

/// A shoot whose switch waits for a route of `b`.
async fn held() -> World {
    let world = World::new();
    world.node("a", ROUTE).node("b", CALICO);
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    assert_eq!(watched(&world), 0, "who waits for nothing is not watched");
    pass(60).await;
    world.ask("reconcile", off());
    assert_eq!(world.reconcile().await.unwrap(), SELDOM);
    assert_eq!(watched(&world), 1);
    // Looks once more, so that the watch has begun.
    pass(1).await;
    world
}

fn watched(world: &World) -> usize {
    world.watches().watched
}

fn watch_requests(world: &World) -> usize {
    world.shoot.take_requests().iter().filter(|request| request.verb == Verb::Watch).count()
}

#[tokio::test(start_paused = true)]
async fn from_the_last_route_to_the_bundle_it_takes_less_than_a_second() {
    let world = held().await;
    world.node("b", ROUTE);
    let routed = Instant::now();
    assert!(world.is_woken_within(Duration::from_millis(250)).await);
    world.reconcile().await.unwrap();
    assert_eq!(world.pool_mode(), "Never");
    assert!(routed.elapsed() < Duration::from_millis(500), "{:?}", routed.elapsed());
    assert_eq!(world.watches(), WatchCounts::default(), "the hold is over, and so is the watch");
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_one_connection_however_often_it_is_looked_at() {
    let world = held().await;
    for _ in 0..30 {
        world.reconcile().await.unwrap();
        pass(5).await;
    }
    assert_eq!(watch_requests(&world), 1);
}

/// Looks when it is told to, or woken, for five minutes: how often, and with how many requests.
async fn five_minutes(world: &World) -> (usize, usize) {
    world.requests();
    let end = Instant::now() + Duration::from_secs(300);
    let mut looks = 0;
    while Instant::now() < end {
        let Next::After(delay) = world.reconcile().await.unwrap() else { panic!("a hold is looked at again") };
        looks += 1;
        world.is_woken_within(delay.min(end - Instant::now())).await;
    }
    (looks, world.requests())
}

/// In the five minutes the window of progress ends, and the watch, which has to begin anew, for which it is polled once.
#[tokio::test(start_paused = true)]
async fn a_hold_is_looked_at_seldom_while_its_nodes_are_watched() {
    let world = held().await;
    assert_eq!(five_minutes(&world).await, (7, 93));
    assert_eq!(world.status()["lastOperation"]["state"], json!("Error"), "told in time");

    let world = World::new();
    world.shoot.faults().add(Fault::status(403).verb(Verb::Watch));
    world.node("a", ROUTE).node("b", CALICO);
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    pass(60).await;
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    assert_eq!(five_minutes(&world).await, (60, 788));
    assert_eq!(world.status()["lastOperation"]["state"], json!("Error"));
}

/// Whatever becomes of the watch, what it cannot tell is polled again at once.
#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_is_replaced_by_the_poll_at_once() {
    let world = World::new();
    world.shoot.faults().add(Fault::new(Effect::DroppedWatch { after: 1 }).verb(Verb::Watch).times(1));
    world.node("a", ROUTE).node("b", CALICO);
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    pass(60).await;
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    pass(1).await;
    assert_eq!(world.reconcile().await.unwrap(), SELDOM);
    // A node joins, and with that event the connection breaks.
    world.node("c", CALICO);
    assert!(world.is_woken_within(Duration::from_secs(1)).await);
    pass(1).await;
    assert_eq!(watched(&world), 0);
    assert_eq!(world.reconcile().await.unwrap(), POLL);
    pass(5).await;
    assert_eq!(world.reconcile().await.unwrap(), SELDOM, "it is begun again");
}

/// The watch lives, and its server has gone dark.
#[tokio::test(start_paused = true)]
async fn a_watch_that_tells_nothing_puts_a_switch_off_for_a_minute_at_most() {
    let world = World::new();
    world.shoot.faults().add(Fault::new(Effect::Lag(Duration::from_secs(86_400))).verb(Verb::Watch));
    world.node("a", CALICO);
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    pass(60).await;
    world.ask("reconcile", off());
    assert_eq!(world.reconcile().await.unwrap(), SELDOM);
    pass(1).await;
    world.node("a", ROUTE);
    assert!(!world.is_woken_within(Duration::from_secs(59)).await);
    assert_eq!(watched(&world), 1);
    world.reconcile().await.unwrap();
    assert_eq!(world.pool_mode(), "Never");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_not_allowed_changes_nothing_but_the_time() {
    let world = World::new();
    world.shoot.faults().add(Fault::status(403).verb(Verb::Watch));
    world.node("a", CALICO);
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    world.ask("reconcile", off());
    assert_eq!(world.reconcile().await.unwrap(), POLL);
    pass(1).await;
    assert_eq!(world.watches(), WatchCounts { watched: 0, queued: 0, failed: 1 });
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");
    world.node("a", ROUTE);
    assert!(!world.is_woken_within(Duration::from_secs(5)).await);
    world.reconcile().await.unwrap();
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.watches(), WatchCounts::default());
}

#[tokio::test(start_paused = true)]
async fn whoever_need_not_be_watched_any_more_is_not() {
    // Called off.
    let world = held().await;
    world.ask("reconcile", json!({"overlay": {"enabled": true}}));
    world.reconcile().await.unwrap();
    assert_eq!(watched(&world), 0);
    // Sent to sleep.
    let world = held().await;
    world.shoot_is(&json!({"spec": {"hibernation": {"enabled": true}}}));
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold Hibernated Held");
    assert_eq!(watched(&world), 0);
    // Given up by Gardener.
    let world = held().await;
    world.shoot_is(&json!({"status": {"lastOperation": {"type": "Reconcile", "state": "Failed"}}}));
    world.reconcile().await.unwrap();
    assert_eq!(watched(&world), 0);
    // Served by somebody else.
    let world = held().await;
    world.edit(|network| network["spec"]["type"] = json!("cilium"));
    world.reconcile().await.unwrap();
    assert_eq!(watched(&world), 0);
    // Out of reach: only a survey says what a change is.
    let world = held().await;
    world.shoot.faults().add(Fault::new(Effect::ConnectionReset));
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold ShootUnreachable Held");
    assert_eq!(watched(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_process_nothing_is_watched() {
    let world = held().await;
    world.close().await;
    world.node("b", ROUTE);
    assert!(!world.is_woken_within(Duration::from_secs(600)).await);
    assert_eq!(world.watches(), WatchCounts::default());
}
