//! The guard of an open switch: put there, waited for, cleaned under, and taken away when the overlay comes back.

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Verb};
use operator::controller::Next;
use serde_json::{Value, json};

use crate::world::{World, pass};

const GUARD: &str = "extension-networking-calico-guard";

fn guard(world: &World) -> Option<Value> {
    world.stored("resources.gardener.cloud", "managedresources", GUARD).map(|found| (*found).clone())
}

fn condition(world: &World, node: &str) -> Value {
    world.shoot.stored("", "nodes", "", node).unwrap()["status"]["conditions"].clone()
}

/// gardener-resource-manager has put the guard into the shoot, or taken it away.
async fn guard_in_shoot(world: &World, verb: &str) {
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings";
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": GUARD}, "spec": {"policyName": GUARD},
    });
    let (path, body) = match verb {
        "POST" => (path.to_owned(), binding.to_string().into_bytes()),
        _ => (format!("{path}/{GUARD}"), Vec::new()),
    };
    let request =
        http::Request::builder().method(verb).uri(path).header("content-type", "application/json").body(body).unwrap();
    kube::Client::new(world.shoot.service(), "default").request::<Value>(request).await.unwrap();
}

/// A shoot with an overlay that is to go, one node with a route and one for which Calico spoke.
async fn switching() -> World {
    let world = World::new().configured(json!({"overlaySwitch": {"guard": {"enabled": true}}}));
    fake_apiserver::world::guard::install(&world.shoot);
    world.node("a", Some(("False", "RouteCreated"))).node("b", Some(("False", "CalicoIsUp")));
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    assert_eq!(guard(&world), None);
    pass(60).await;
    world.ask("reconcile", json!({"overlay": {"enabled": false}}));
    world
}

#[tokio::test(start_paused = true)]
async fn guard_then_cleaning_then_routes_then_the_switch() {
    let world = switching().await;
    assert_eq!(world.reconcile().await.unwrap(), Next::After(Duration::from_secs(1)));
    assert_eq!(world.switch(), "Guarding Hold GuardNotEffective Held");
    let reported = || world.status()["providerStatus"]["overlaySwitch"]["guard"].clone();
    assert_eq!(reported(), json!({"state": "NotEffective", "apiVersion": "v1"}));
    let secret = guard(&world).unwrap()["spec"]["secretRefs"][0]["name"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("managedresource-extension-networking-calico-guard-"), "{secret}");
    assert_eq!(condition(&world, "b")[0]["reason"], "CalicoIsUp", "not cleaned before it would stay clean");

    guard_in_shoot(&world, "POST").await;
    world.reconcile().await.unwrap();
    assert_eq!(reported(), json!({"state": "Unknown", "apiVersion": "v1"}), "one look proves nothing");
    pass(5).await;
    world.writes();
    world.reconcile().await.unwrap();
    assert_eq!(reported(), json!({"state": "Effective", "apiVersion": "v1"}));
    assert_eq!(world.switch(), "Cleaning Hold RoutesMissing Held");
    assert_eq!(condition(&world, "b"), json!([]));
    assert!(!world.writes().iter().any(|write| write.contains(GUARD)), "the guard is not written again");
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");

    world.node("b", Some(("False", "RouteCreated")));
    world.settle().await;
    assert_eq!(world.switch(), "Done Unchanged - Target");
    assert_eq!(world.pool_mode(), "Never");
    assert!(guard(&world).is_some(), "it stays while the overlay is off");
}

#[tokio::test(start_paused = true)]
async fn an_overlay_that_comes_back_takes_the_guard_away() {
    let world = switching().await;
    world.reconcile().await.unwrap();
    guard_in_shoot(&world, "POST").await;
    world.ask("reconcile", json!({"overlay": {"enabled": true}}));
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "Reverting Unchanged - Target");
    assert_eq!(guard(&world), None);
    world.settle().await;
    assert_eq!(world.switch(), "Idle Unchanged - Target");
    assert_eq!(world.pool_mode(), "Always");
}

#[tokio::test(start_paused = true)]
async fn an_overlay_that_comes_back_releases_nodes_that_a_stopped_route_writer_has_tainted() {
    let world = switching().await;
    world.reconcile().await.unwrap();
    world.node("a", Some(("True", "NoRouteCreated"))).node("b", Some(("False", "CalicoIsUp")));
    world.ask("reconcile", json!({"overlay": {"enabled": true}}));
    world.reconcile().await.unwrap();
    assert_eq!(condition(&world, "a")[0]["reason"], "NoRouteCreated", "the guard may still be there");
    // Whoever cannot be asked is not done with.
    world.shoot.faults().add(Fault::new(Effect::ConnectionReset));
    pass(5).await;
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "Reverting Unchanged - Target");
    world.shoot.faults().clear();
    world.settle().await;
    assert_eq!(world.switch(), "Idle Unchanged - Target");
    assert_eq!(condition(&world, "a"), json!([]));
    assert_eq!(condition(&world, "b")[0]["reason"], "CalicoIsUp", "Calico speaks for itself again");
}

/// Our record tells of a guard before it is there, also where no bundle can be written.
#[tokio::test(start_paused = true)]
async fn a_frozen_switch_tells_of_its_guard_first() {
    let world = switching().await;
    let name = world.managed_resource().unwrap()["spec"]["secretRefs"][0]["name"].as_str().unwrap().to_owned();
    world.seed.faults().add(Fault::status(403).resource("secrets").verb(Verb::Get).name(&name));
    world.edit(|network| network["status"]["providerStatus"] = Value::Null);
    let deploys = Fault::status(403).resource("managedresources").verb(Verb::Create).name(GUARD);
    world.seed.faults().add(deploys);
    world.reconcile().await.unwrap_err();
    assert_eq!(world.status()["state"]["overlaySwitch"]["phase"], json!("Guarding"));
    assert_eq!(world.status()["state"]["encapsulation"]["ipv4"], json!("Ipip(Always)"));
}
