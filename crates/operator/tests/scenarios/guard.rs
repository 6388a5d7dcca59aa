//! The guard of an open switch: put there, waited for, cleaned under, and taken away when the overlay comes back.

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Verb};
use operator::controller::Next;
use serde_json::{Value, json};

use crate::world::{World, pass};

const GUARD: &str = "extension-networking-calico-guard";

pub(crate) fn guard(world: &World) -> Option<Value> {
    world.stored("resources.gardener.cloud", "managedresources", GUARD).map(|found| (*found).clone())
}

pub(crate) fn condition(world: &World, node: &str) -> Value {
    world.shoot.stored("", "nodes", "", node).unwrap()["status"]["conditions"].clone()
}

/// gardener-resource-manager has put policy and binding into the shoot, or taken them away.
pub(crate) async fn guard_in_shoot(world: &World, verb: &str) {
    let objects = [
        ("mutatingadmissionpolicies", json!({"kind": "MutatingAdmissionPolicy", "metadata": {"name": GUARD}})),
        (
            "mutatingadmissionpolicybindings",
            json!({
                "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": GUARD}, "spec": {"policyName": GUARD},
            }),
        ),
    ];
    for (plural, mut object) in objects {
        object["apiVersion"] = "admissionregistration.k8s.io/v1".into();
        let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}");
        let (path, body) = match verb {
            "POST" => (path, object.to_string().into_bytes()),
            _ => (format!("{path}/{GUARD}"), Vec::new()),
        };
        let request = http::Request::builder().method(verb).uri(path).header("content-type", "application/json");
        let client = kube::Client::new(world.shoot.service(), "default");
        client.request::<Value>(request.body(body).unwrap()).await.unwrap();
    }
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

/// Between two looks that are far apart, because only a route is waited for, the guard goes and comes again. Which API servers have learned
/// of the new one when the last route comes, nobody knows.
#[tokio::test(start_paused = true)]
async fn a_guard_that_was_replaced_between_two_looks_counts_anew() {
    for replaced in [false, true] {
        let world = switching().await;
        world.reconcile().await.unwrap();
        guard_in_shoot(&world, "POST").await;
        world.reconcile().await.unwrap();
        pass(5).await;
        world.reconcile().await.unwrap();
        assert_eq!(world.reconcile().await.unwrap(), Next::After(Duration::from_secs(60)));
        assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");
        pass(55).await;
        if replaced {
            guard_in_shoot(&world, "DELETE").await;
            pass(3).await;
            guard_in_shoot(&world, "POST").await;
        }
        world.node("b", Some(("False", "RouteCreated")));
        let next = world.reconcile().await.unwrap();
        if replaced {
            assert_eq!(next, Next::After(Duration::from_secs(1)));
            assert_eq!(world.switch(), "Guarding Hold GuardNotEffective Held");
            assert_eq!(world.pool_mode(), "Always");
            pass(5).await;
            world.reconcile().await.unwrap();
        }
        assert_eq!((world.switch().as_str(), world.pool_mode().as_str()), ("Switching Proceed - Target", "Never"));
    }
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
    // It is gone from the seed, and still acts in the shoot.
    world.node("a", Some(("True", "NoRouteCreated")));
    pass(5).await;
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "Reverting Unchanged - Target");
    assert_eq!(condition(&world, "a")[0]["reason"], "NoRouteCreated");

    // Without it, what a stopped route writer said last goes, or the machine would be replaced.
    guard_in_shoot(&world, "DELETE").await;
    world.reconcile().await.unwrap();
    assert_eq!((world.switch().as_str(), condition(&world, "a")), ("Reverting Unchanged - Target", json!([])));
    world.settle().await;
    assert_eq!(world.switch(), "Idle Unchanged - Target");
    assert_eq!(world.pool_mode(), "Always");
    assert_eq!(world.status()["providerStatus"]["overlaySwitch"]["nodes"], Value::Null, "as every later look tells it");
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

/// A node loses its route after the write, another gets a condition of Calico, and the process is killed in between.
#[tokio::test(start_paused = true)]
async fn a_switch_is_verified_on_its_nodes_and_not_taken_back() {
    let mut world = switching().await;
    world.reconcile().await.unwrap();
    guard_in_shoot(&world, "POST").await;
    world.node("b", Some(("False", "RouteCreated")));
    world.reconcile().await.unwrap();
    pass(5).await;
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "Switching Proceed - Target");
    let written = world.status()["providerStatus"]["overlaySwitch"]["since"].clone();

    world.node("a", Some(("True", "NoRouteCreated"))).node("b", Some(("False", "CalicoIsUp"))).resource_manager("True");
    world.restart();
    world.reconcile().await.unwrap();
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!((world.switch().as_str(), world.pool_mode().as_str()), ("Verifying Unchanged - Target", "Never"));
    let told = world.status()["providerStatus"].clone();
    let message = "the encapsulation is gone; still to be verified: a node has lost its route, a node carries a condition of Calico, \
                   the guard is not effective";
    assert_eq!(told["overlaySwitch"]["message"], json!(message), "the guard counts after five seconds again");
    assert_eq!(
        (&told["overlaySwitch"]["since"], &told["warnings"][0]["code"]),
        (&written, &json!("CalicoConditionCameBack"))
    );
    assert_eq!(told["warnings"][1]["message"], json!("1 node without a route after the switch: a"));

    pass(5).await;
    world.reconcile().await.unwrap();
    assert_eq!(condition(&world, "b"), json!([]), "cleaned although no operation runs");
    assert!(world.bundle().contains("name: calico-kube-controllers"));
    world.node("a", Some(("False", "RouteCreated"))).node("b", Some(("False", "RouteCreated")));
    world.settle().await;
    assert_eq!((world.switch().as_str(), world.pool_mode().as_str()), ("Done Unchanged - Target", "Never"));
    assert!(!world.bundle().contains("name: calico-kube-controllers"));
    let told = world.status()["providerStatus"]["overlaySwitch"].clone();
    assert_eq!(
        (&told["nodes"], &told["guard"]["state"]),
        (&Value::Null, &json!("NotNeeded")),
        "as every later look tells it"
    );
    assert!(guard(&world).is_some());
}

/// The guard of a shoot whose switch is done follows the shoot's version, and goes where it is turned off.
#[tokio::test(start_paused = true)]
async fn the_guard_of_a_settled_shoot_is_kept_current() {
    let world = switching().await;
    guard_in_shoot(&world, "POST").await;
    world.node("b", Some(("False", "RouteCreated"))).settle().await;
    assert_eq!(world.switch(), "Done Unchanged - Target");
    let secret = || guard(&world).map(|guard| guard["spec"]["secretRefs"][0]["name"].clone());
    let v1 = secret().unwrap();

    let old = json!({"spec": {"kubernetes": {"version": "1.34.2", "kubeAPIServer": {
        "featureGates": {"MutatingAdmissionPolicy": true}, "runtimeConfig": {"admissionregistration.k8s.io/v1beta1": true},
    }}}});
    world.shoot_is(&old).ask("reconcile", json!({"overlay": {"enabled": false}})).settle().await;
    assert_ne!(secret().unwrap(), v1, "another version of the API");
    world.shoot_is(&json!({})).ask("reconcile", json!({"overlay": {"enabled": false}})).settle().await;
    assert_eq!(secret(), Some(v1));

    let world = world.configured(json!({"overlaySwitch": {"guard": {"enabled": false}}}));
    world.ask("reconcile", json!({"overlay": {"enabled": false}})).settle().await;
    assert_eq!(guard(&world), None);
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

#[tokio::test(start_paused = true)]
async fn a_guard_that_cannot_be_deployed_holds_and_the_status_says_so() {
    let world = switching().await;
    world.seed.faults().add(Fault::status(403).resource("managedresources").verb(Verb::Create).name(GUARD));
    world.reconcile().await.unwrap_err();
    assert_eq!(world.switch(), "Guarding Hold GuardNotEffective Held");
    assert_eq!(world.pool_mode(), "Always");
    let error = world.status()["lastError"]["description"].clone();
    assert!(error.as_str().unwrap().contains("deploy the guard: "), "{error}");

    world.seed.faults().clear();
    world.reconcile().await.unwrap();
    assert!(guard(&world).is_some());
    assert_eq!(world.status()["lastOperation"]["state"], json!("Processing"));
}

/// The process is killed before each write of the look that cleans, the probes of the guard among them: what is held stays, and the new process begins with the guard.
#[tokio::test(start_paused = true)]
async fn a_kill_while_cleaning_costs_a_look_at_the_guard_and_nothing_else() {
    let mut kills = 0;
    for at in ["seed", "shoot"] {
        for request in 0.. {
            let mut world = switching().await;
            world.reconcile().await.unwrap();
            guard_in_shoot(&world, "POST").await;
            world.reconcile().await.unwrap();
            pass(5).await;
            let server = if at == "seed" { world.seed.clone() } else { world.shoot.clone() };
            let hit_before = server.faults().hits();
            let never_answered = Fault::new(Effect::Latency(Duration::from_secs(86_400))).verb(Verb::Patch);
            server.faults().add(never_answered.skip(request).times(1));
            let _ = tokio::time::timeout(Duration::from_secs(1), world.reconcile()).await;
            let was_hit = server.faults().hits() > hit_before;
            server.faults().clear();
            if !was_hit {
                break;
            }
            kills += 1;
            world.restart();

            let mut phases = Vec::new();
            while phases.last().map(String::as_str) != Some("AwaitingRoutes Hold RoutesMissing Held") {
                assert!(phases.len() < 20, "killed before request {request} to the {at}: {phases:?}");
                world.reconcile().await.unwrap();
                phases.push(world.switch());
                pass(1).await;
            }
            assert_eq!(phases[0], "Guarding Hold GuardNotEffective Held", "the five seconds begin anew");
            assert_eq!((condition(&world, "b"), world.pool_mode().as_str()), (json!([]), "Always"));
            world.node("b", Some(("False", "RouteCreated"))).settle().await;
            assert_eq!((world.switch().as_str(), world.pool_mode().as_str()), ("Done Unchanged - Target", "Never"));
        }
    }
    assert_eq!(kills, 6);
}
