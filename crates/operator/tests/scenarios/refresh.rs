//! `refreshEvidence`: what a route writer said long ago is deleted once in a switch, under the guard. Who lives says it again.

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Verb};
use serde_json::{Value, json};

use crate::guard::{condition, guard_in_shoot};
use crate::world::{World, now, pass};

const LONG_AGO: &str = "2026-11-26T07:00:00Z";
const UP: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));

/// A route writer's condition from this time.
fn route(world: &World, node: &str, at: &str) {
    world.node(node, Some(("False", "RouteCreated")));
    let mut stored = (*world.shoot.stored("", "nodes", "", node).unwrap()).clone();
    stored["status"]["conditions"][0]["lastTransitionTime"] = json!(at);
    stored["status"]["conditions"][0]["lastHeartbeatTime"] = json!(at);
    world.shoot.restore(stored).unwrap();
}

/// A shoot whose overlay is to go, with two nodes of which somebody said long ago that they have a route.
async fn switching(refresh: bool) -> World {
    let world =
        World::new().configured(json!({"overlaySwitch": {"guard": {"enabled": true}, "refreshEvidence": refresh}}));
    fake_apiserver::world::guard::install(&world.shoot);
    for node in ["a", "b"] {
        route(&world, node, LONG_AGO);
    }
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    pass(60).await;
    world.ask("reconcile", json!({"overlay": {"enabled": false}}));
    world
}

/// The same, with a guard that counts from the next look on.
async fn guarded(refresh: bool) -> World {
    let world = switching(refresh).await;
    world.reconcile().await.unwrap();
    guard_in_shoot(&world, "POST").await;
    world.reconcile().await.unwrap();
    pass(5).await;
    world.shoot.take_requests();
    world
}

/// The nodes whose condition was written to, probes of the guard apart.
fn touched(world: &World) -> Vec<String> {
    let requests = world.shoot.take_requests().into_iter();
    let writes = requests.filter(|request| request.verb == Verb::Patch && !request.query.contains("dryRun"));
    let mut names: Vec<String> = writes.map(|request| request.name).collect();
    names.sort_unstable();
    names
}

fn told(world: &World) -> Value {
    world.status()["providerStatus"].clone()
}

#[tokio::test(start_paused = true)]
async fn who_lives_says_it_again_and_is_not_asked_twice() {
    let mut world = switching(true).await;
    route(&world, "c", &now());
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "Guarding Hold GuardNotEffective Held");
    guard_in_shoot(&world, "POST").await;
    world.reconcile().await.unwrap();
    assert_eq!(touched(&world), [""; 0], "not before the guard was seen to act");

    pass(5).await;
    world.reconcile().await.unwrap();
    assert_eq!(touched(&world), ["a", "b"]);
    assert_eq!([condition(&world, "a"), condition(&world, "b")], [json!([]), json!([])]);
    assert_eq!(
        (world.switch().as_str(), world.pool_mode().as_str()),
        ("AwaitingRoutes Hold RoutesMissing Held", "Always")
    );
    assert_eq!(told(&world)["overlaySwitch"]["message"], json!("2 of 3 nodes have no route: `a`, `b`"));
    assert_eq!(told(&world)["overlaySwitch"]["nodes"]["byClass"], json!({"Stale": 2}));

    world.reconcile().await.unwrap();
    assert_eq!(told(&world)["overlaySwitch"]["nodes"]["byClass"], json!({"NoCondition": 2}));
    // One comes back within the minute, the other when what the first one says is older than an hour.
    route(&world, "a", &now());
    for _ in 0..100 {
        pass(60).await;
        world.reconcile().await.unwrap();
    }
    world.restart();
    world.reconcile().await.unwrap();
    pass(5).await;
    world.reconcile().await.unwrap();
    assert_eq!(touched(&world), [""; 0], "it said so during this hold");
    assert_eq!(world.pool_mode(), "Always");

    route(&world, "b", &now());
    world.settle().await;
    assert_eq!((world.switch().as_str(), world.pool_mode().as_str()), ("Done Unchanged - Target", "Never"));
    assert_eq!(touched(&world), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn who_is_dead_says_nothing_and_that_is_told() {
    let world = guarded(true).await;
    world.reconcile().await.unwrap();
    assert_eq!(touched(&world), ["a", "b"]);
    pass(600).await;
    world.reconcile().await.unwrap();
    assert_eq!(
        (world.switch().as_str(), world.pool_mode().as_str()),
        ("AwaitingRoutes Hold NoRouteWriter Held", "Always")
    );
    assert_eq!(told(&world)["overlaySwitch"]["waitingFor"][0], json!({"name": "a", "class": "NoCondition"}));
    assert_eq!(touched(&world), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn without_the_option_it_counts_and_is_told() {
    let world = guarded(false).await;
    world.reconcile().await.unwrap();
    assert_eq!((world.switch().as_str(), world.pool_mode().as_str()), ("Switching Proceed - Target", "Never"));
    assert_eq!(touched(&world), [""; 0]);
    assert_eq!(told(&world)["warnings"][0]["code"], json!("EvidenceOld"));
}

/// Whatever becomes of the request, the next look sees what is left to do.
#[tokio::test(start_paused = true)]
async fn a_write_that_fails_or_is_lost_is_made_by_the_next_look() {
    for effect in [
        Effect::Status { code: 409, retry_after: None },
        Effect::Status { code: 403, retry_after: None },
        Effect::ConnectionReset,
        Effect::LostResponse,
    ] {
        let world = guarded(true).await;
        // The three connections that probe the guard patch a node, too.
        let fault = Fault::new(effect.clone()).verb(Verb::Patch).resource("nodes").name("b");
        world.shoot.faults().add(fault);
        world.reconcile().await.unwrap();
        assert_eq!(condition(&world, "a"), json!([]), "{effect:?}");
        assert_eq!(world.pool_mode(), "Always", "{effect:?}");
        world.shoot.faults().clear();
        world.reconcile().await.unwrap();
        assert_eq!(condition(&world, "b"), json!([]), "{effect:?}");
        assert_eq!(
            (world.switch().as_str(), world.pool_mode().as_str()),
            ("AwaitingRoutes Hold RoutesMissing Held", "Always")
        );
        for node in ["a", "b"] {
            route(&world, node, &now());
        }
        world.settle().await;
        assert_eq!(world.pool_mode(), "Never", "{effect:?}");
    }
}

/// Between the list of nodes and the deletion the writer speaks, Calico does, or the machine is another one.
#[tokio::test(start_paused = true)]
async fn what_was_not_seen_is_not_deleted() {
    let world = guarded(true).await;
    route(&world, "c", LONG_AGO);
    let slow = Fault::new(Effect::Latency(Duration::from_secs(2))).verb(Verb::Get).resource("nodes");
    world.shoot.faults().add(slow);
    let meanwhile = async {
        pass(1).await;
        route(&world, "a", &now());
        world.node("b", UP);
        let mut other = (*world.shoot.stored("", "nodes", "", "c").unwrap()).clone();
        other["metadata"]["uid"] = json!("uid-of-another");
        world.shoot.restore(other).unwrap();
    };
    tokio::join!(async { world.reconcile().await.unwrap() }, meanwhile);
    assert_eq!(touched(&world), [""; 0]);
    assert_eq!(condition(&world, "a")[0]["reason"], "RouteCreated");
    assert_eq!(condition(&world, "b")[0]["reason"], "CalicoIsUp");
    assert_eq!(condition(&world, "c")[0]["reason"], "RouteCreated");
    world.shoot.faults().clear();
    world.reconcile().await.unwrap();
    assert_eq!(touched(&world), ["b", "c"], "now both were seen: Calico's, and the other machine's");
}

/// Nobody waits for evidence with an operator who says so, and then none is taken away.
#[tokio::test(start_paused = true)]
async fn break_glass_leaves_it() {
    let world = guarded(true).await;
    world.edit(|network| {
        let annotations = &mut network["metadata"]["annotations"];
        annotations["calico.networking.extensions.gardener.cloud/skip-route-check"] = json!("INC-4711");
    });
    world.reconcile().await.unwrap();
    assert_eq!((touched(&world), world.pool_mode().as_str()), (vec![], "Never"));
}
