//! An overlay that goes: held, verified, written, told.

use fake_apiserver::{Fault, Verb};
use operator::controller::Next;
use serde_json::{Value, json};

use crate::world::{World, pass};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));
const CALICO: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));

fn on() -> Value {
    json!({"overlay": {"enabled": true}})
}

fn off() -> Value {
    json!({"overlay": {"enabled": false}})
}

/// A shoot with an overlay and these nodes.
async fn overlaid(nodes: &[(&str, Option<(&str, &str)>)]) -> World {
    let world = World::new();
    for (name, condition) in nodes {
        world.node(name, *condition);
    }
    world.ask("reconcile", on()).settle().await;
    assert_eq!(world.pool_mode(), "Always");
    pass(60).await;
    world.writes();
    world.decisions();
    world
}

#[tokio::test(start_paused = true)]
async fn a_switch_is_held_until_every_node_has_a_route_and_then_made() {
    let world = overlaid(&[("a", ROUTE), ("b", CALICO), ("c", None)]).await;
    world.ask("reconcile", off());
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(60)));
    assert_eq!(
        world.last_operation(),
        "Reconcile Processing 50 Reconciling the Network: 2 of 3 nodes have no route: `b`, `c`"
    );
    assert_eq!(world.pool_mode(), "Always");
    assert_eq!(
        world.status()["providerStatus"]["overlaySwitch"],
        json!({
            "phase": "AwaitingRoutes",
            "verdict": "Hold",
            "reason": "RoutesMissing",
            "message": "2 of 3 nodes have no route: `b`, `c`",
            "actor": "LandscapeOperator",
            "from": {"ipv4": "Ipip(Always)", "ipv6": null},
            "to": {"ipv4": "None", "ipv6": null},
            "bundle": "Held",
            "nodes": {"total": 3, "ready": 1, "byClass": {"NoCondition": 1, "WrittenByCalico": 1}, "joiners": 0},
            "waitingFor": [{"name": "b", "class": "WrittenByCalico"}, {"name": "c", "class": "NoCondition"}],
            "guard": {"state": "Disabled", "apiVersion": "v1"},
            "since": "2026-11-26T10:01:01Z",
            "deadline": "2026-11-26T10:31:01Z",
        })
    );
    assert_eq!(
        world.status()["state"]["overlaySwitch"],
        json!({"phase": "AwaitingRoutes", "since": "2026-11-26T10:01:01Z"})
    );

    // Within the window the operation is still processing, afterwards it is an error that may be tried again.
    pass(149).await;
    world.reconcile().await.unwrap();
    assert!(world.last_operation().starts_with("Reconcile Processing 50 "), "{}", world.last_operation());
    pass(1).await;
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(60)));
    let text = "Error reconciling Network: the overlay switch is held: 2 of 3 nodes have no route: `b`, `c`";
    assert_eq!(world.last_operation(), format!("Reconcile Error 50 {text}"));
    assert_eq!(world.status()["lastError"]["description"], json!(text));
    assert_eq!(world.status()["lastError"]["codes"], json!(["ERR_RETRYABLE_INFRA_DEPENDENCIES"]));

    world.node("b", ROUTE).node("c", ROUTE);
    world.reconcile().await.unwrap();
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.switch(), "Switching Proceed - Target");
    assert_eq!(world.last_operation(), "Reconcile Processing 1 Reconciling the Network");
    assert_eq!(world.status()["lastError"], json!(null));
    assert_eq!(world.status()["state"]["encapsulation"]["ipv4"], json!("Ipip(Always)"), "not applied yet");

    world.settle().await;
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.switch(), "Done Unchanged - Target");
    assert_eq!(world.status()["state"]["encapsulation"]["ipv4"], json!("None"));
    assert_eq!(world.status()["state"]["overlaySwitch"], json!(null));
}

const CONTROLLERS: &str = "name: calico-kube-controllers";

/// Whether the operation has succeeded when the first bundle is verified does not matter: here it has.
#[tokio::test(start_paused = true)]
async fn what_vanishes_with_the_overlay_goes_with_a_second_bundle() {
    let mut world = overlaid(&[("a", ROUTE)]).await;
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    assert_eq!((world.switch().as_str(), world.pool_mode().as_str()), ("Switching Proceed - Target", "Never"));
    assert!(world.bundle().contains(CONTROLLERS), "nothing is to be deleted before the switch is applied");

    // Applied, but calico-node is still rolling; and whoever looks next knows nothing of what was before.
    world.resource_manager("True").rolling();
    world.reconcile().await.unwrap();
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.switch(), "Verifying Unchanged - Target");
    world.restart();
    world.edit(|network| network["status"]["providerStatus"] = Value::Null);
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "Verifying Unchanged - Target");
    assert!(world.bundle().contains(CONTROLLERS));

    world.resource_manager("True");
    world.settle().await;
    assert_eq!(world.switch(), "Done Unchanged - Target");
    assert!(!world.bundle().contains(CONTROLLERS));
    assert_eq!(world.pool_mode(), "Never");
}

#[tokio::test(start_paused = true)]
async fn a_second_bundle_waits_for_the_next_operation_where_anything_else_has_changed() {
    let mut world = overlaid(&[("a", ROUTE)]).await;
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    world.resource_manager("True").rolling();
    world.reconcile().await.unwrap();
    // Another version of this software renders another calico-node; nobody has asked for that roll.
    world.images(&json!([{"name": "calico-node", "repository": "example.org/calico-node", "tag": "v3.99.0"}]));
    world.resource_manager("True");
    world.writes();
    world.settle().await;
    assert_eq!(world.switch(), "Done Unchanged - Target");
    assert!(world.bundle().contains(CONTROLLERS) && !world.bundle().contains("v3.99.0"));
    // After the restart the ManagedResource is written once as it is, to know that it was not an old answer.
    let confirmed = "update managedresources extension-networking-calico-config";
    assert_eq!(world.writes(), [confirmed, "patch networks/status bar", "create events EVENT"]);

    world.ask("reconcile", off()).settle().await;
    assert!(!world.bundle().contains(CONTROLLERS) && world.bundle().contains("v3.99.0"));
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_does_not_change_writes_nothing() {
    let world = overlaid(&[("a", CALICO)]).await;
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    world.writes();
    pass(5).await;
    world.reconcile().await.unwrap();
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn while_it_is_held_everything_else_is_applied() {
    let world = overlaid(&[("a", CALICO)]).await;
    world.ask("reconcile", json!({"overlay": {"enabled": false}, "typha": {"enabled": false}}));
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");
    assert_eq!(world.pool_mode(), "Always");
    assert!(!world.bundle().contains("name: calico-typha-deploy"), "typha is gone although the switch is held");
}

/// Secrets of the bundle cannot be read.
fn forbid_bundle(world: &World) {
    let managed_resource = world.managed_resource().unwrap();
    let name = managed_resource["spec"]["secretRefs"][0]["name"].as_str().unwrap();
    world.seed.faults().add(Fault::status(403).resource("secrets").verb(Verb::Get).name(name));
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_cannot_be_read_holds_and_freezes() {
    let world = overlaid(&[("a", ROUTE)]).await;
    // As the Go extension leaves it: without our record.
    world.edit(|network| network["status"]["state"] = Value::Null);
    forbid_bundle(&world);
    world.ask("reconcile", off());
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(5)));
    assert_eq!(world.switch(), "AwaitingRoutes Hold CurrentStateUnreadable Frozen");
    assert_eq!(world.pool_mode(), "Always");
    let told = "patch networks/status bar";
    assert_eq!(world.writes(), ["patch networks bar", told, told, "create events EVENT"]);
    let message = world.status()["providerStatus"]["overlaySwitch"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("not allowed (403)"), "{message}");

    world.seed.faults().clear();
    world.settle().await;
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
}

#[tokio::test(start_paused = true)]
async fn our_record_tells_of_an_encapsulation_that_the_bundle_does_not() {
    let world = overlaid(&[("a", CALICO)]).await;
    forbid_bundle(&world);
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Frozen");
    assert_eq!(world.status()["state"]["encapsulation"]["ipv4"], json!("Ipip(Always)"));
}

#[tokio::test(start_paused = true)]
async fn a_shoot_that_cannot_be_reached_holds() {
    let world = overlaid(&[("a", ROUTE)]).await;
    world.shoot.faults().add(Fault::new(fake_apiserver::Effect::ConnectionReset));
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold ShootUnreachable Held");
    assert_eq!(world.pool_mode(), "Always");
}

#[tokio::test(start_paused = true)]
async fn a_hibernated_shoot_is_not_read_and_waits_for_nobody() {
    let world = overlaid(&[("a", CALICO)]).await;
    world.shoot_is(&json!({"spec": {"hibernation": {"enabled": true}}}));
    world.shoot.faults().add(Fault::new(fake_apiserver::Effect::ConnectionReset));
    world.ask("reconcile", off());
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.switch(), "AwaitingRoutes Hold Hibernated Held");
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.pool_mode(), "Always");
    assert_eq!(world.shoot.take_requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn break_glass_is_good_for_one_switch() {
    let world = overlaid(&[("a", CALICO)]).await;
    world.ask("reconcile", off()).edit(|network| {
        network["metadata"]["annotations"]["calico.networking.extensions.gardener.cloud/skip-route-check"] =
            json!("INC-1");
    });
    world.reconcile().await.unwrap();
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.switch(), "Switching ProceedUnverified BreakGlass Target");
    assert_eq!(world.annotation("calico.networking.extensions.gardener.cloud/skip-route-check"), None);
    // Nobody would take the condition away here, so the switch ends with its deadline and says so.
    world.resource_manager("True").reconcile().await.unwrap();
    assert_eq!(world.switch(), "Verifying Unchanged - Target");
    pass(1_800).await;
    world.settle().await;
    let told = world.status()["providerStatus"]["warnings"].clone();
    assert_eq!(
        (&told[0]["message"], &told[1]["message"]),
        (
            &json!("1 of 1 nodes carry a condition of Calico"),
            &json!("the switch was not verified in its time: a node carries a condition of Calico")
        )
    );
    assert_eq!(world.switch(), "Done Unchanged - Target");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_joins_between_survey_and_write_reopens_the_question() {
    let world = overlaid(&[("a", ROUTE)]).await;
    world.ask("reconcile", off());
    // The second list of nodes is the one right before the write.
    let shoot = world.shoot.clone();
    world.seed.admit(move |request| {
        if request.resource.contains("secrets") {
            let late = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "late", "uid": "uid-late"}});
            shoot.restore(late).unwrap();
        }
        Ok(())
    });
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(1)));
    assert_eq!(world.pool_mode(), "Always");
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_called_off_settles_again() {
    let world = overlaid(&[("a", CALICO)]).await;
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    pass(10).await;
    world.ask("reconcile", on());
    world.reconcile().await.unwrap();
    world.settle().await;
    assert_eq!(world.pool_mode(), "Always");
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.switch(), "Idle Unchanged - Target");
    assert_eq!(world.status()["state"]["overlaySwitch"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn a_restore_without_bundle_rests_on_the_living_shoot() {
    let world = World::new();
    world.node("a", CALICO);
    world
        .shoot
        .restore(json!({
            "apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": {"name": "default-ipv4-ippool"},
            "spec": {"cidr": "100.96.0.0/11", "ipipMode": "Always", "vxlanMode": "Never"},
        }))
        .unwrap();
    world.ask("restore", off());
    world.reconcile().await.unwrap();
    let switch = world.switch();
    assert!(switch.starts_with("AwaitingRoutes Hold RoutesMissing"), "{switch}");
    assert!(
        world.last_operation().starts_with("Restore Processing 50 Restoring the Network: "),
        "{}",
        world.last_operation()
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_installation_has_nothing_to_lose() {
    let world = World::new();
    world.node("a", CALICO);
    world.ask("reconcile", off()).settle().await;
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.shoot.take_requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn with_the_gate_off_nobody_looks() {
    let world = World::new().configured(json!({"featureGates": {"SeamlessOverlaySwitch": false}}));
    world.node("a", CALICO);
    world.ask("reconcile", on()).settle().await;
    world.ask("reconcile", off());
    world.reconcile().await.unwrap();
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.switch(), "Switching ProceedUnverified GateDisabled Target");
    assert_eq!(world.shoot.take_requests().len(), 0);
}

/// A process that is killed after each look and starts anew ends where one ends that lives.
#[tokio::test(start_paused = true)]
async fn a_controller_that_forgets_everything_ends_the_same() {
    let mut world = overlaid(&[("a", ROUTE), ("b", CALICO)]).await;
    world.ask("reconcile", off());
    for look in 0..20 {
        world.restart();
        if look == 3 {
            world.node("b", ROUTE);
        }
        if world.reconcile().await.unwrap() == Next::OnChange {
            break;
        }
        world.resource_manager("True");
        pass(1).await;
    }
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.switch(), "Done Unchanged - Target");
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.status()["lastError"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn events_tell_of_each_phase_once() {
    let world = overlaid(&[("a", Some(("True", "NoRouteCreated")))]).await;
    world.ask("reconcile", off());
    for _ in 0..5 {
        world.reconcile().await.unwrap();
        pass(5).await;
    }
    world.node("a", ROUTE).settle().await;
    assert_eq!(
        world.events().await,
        [
            "Warning OverlaySwitchAwaitingRoutes 1 of 1 node has no route: `a`",
            "Normal OverlaySwitchSwitching the only node has a route; the encapsulation may go",
            "Normal OverlaySwitchDone calico-node has rolled; the overlay is off",
        ]
    );
}
