//! Where a Network comes from leaves no trace: neither another configuration, nor an error, nor what nobody saw.

use std::collections::BTreeMap;

use fake_apiserver::{Fault, Verb};
use serde_json::{Value, json};

use crate::play;
use crate::snapshot;
use crate::world::{NAME, NAMESPACE, World, pass};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));

/// Configurations that differ in everything that leaves something in the seed. All name the overlay: without it, whether the pool is part
/// of the bundle depends on whether it was before, because taking it away would delete it.
fn configurations() -> Vec<Value> {
    vec![
        json!({"overlay": {"enabled": true}}),
        json!({"overlay": {"enabled": false}}),
        json!({"overlay": {"enabled": false, "createPodRoutes": true}, "birdExporter": {"enabled": true}}),
        json!({"overlay": {"enabled": true}, "vxlan": {"enabled": true}}),
        json!({"overlay": {"enabled": true}, "typha": {"enabled": false}}),
        json!({"overlay": {"enabled": false}, "birdExporter": {"enabled": true}, "vethMTU": "1400"}),
        json!({
            "overlay": {"enabled": true},
            "autoScaling": {"mode": "vpa"}, "multus": {"enabled": true, "installCNIPlugins": true},
        }),
    ]
}

fn world() -> World {
    let world = World::new();
    world.node("a", ROUTE);
    world
}

/// A new request, to its end.
async fn settle(world: &mut World, configuration: &Value) {
    pass(5).await;
    world.ask("reconcile", configuration.clone());
    play::until_quiet(world).await;
    assert!(world.last_operation().ends_with("Succeeded 100 Successfully reconciled Network"), "{configuration}");
}

/// What is left, without what tells of the way: which operation it was, and how a switch ended.
async fn left(world: &World) -> BTreeMap<String, Value> {
    let mut all = snapshot::of(world).await;
    let network = all.get_mut(&format!("networks/{NAME}")).unwrap();
    network["metadata"]["generation"] = Value::Null;
    network["status"]["observedGeneration"] = Value::Null;
    network["status"]["lastOperation"]["type"] = Value::Null;
    let switch = &mut network["status"]["providerStatus"]["overlaySwitch"];
    switch["phase"] = Value::Null;
    switch["message"] = Value::Null;
    all
}

async fn assert_same(world: &World, expected: &BTreeMap<String, Value>, what: &str) {
    assert_eq!(snapshot::differences(&left(world).await, expected), Vec::new(), "{what}");
}

#[tokio::test(start_paused = true)]
async fn there_and_back_leaves_what_a_fresh_one_leaves() {
    let configurations = configurations();
    let mut expected = Vec::new();
    for configuration in &configurations {
        let mut world = world();
        settle(&mut world, configuration).await;
        expected.push(left(&world).await);
    }
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..30 {
        let way: Vec<usize> = (0..3).map(|_| random.usize(..configurations.len())).collect();
        let mut world = world();
        for index in [way[0], way[1], way[2], way[0]] {
            settle(&mut world, &configurations[index]).await;
        }
        assert_same(&world, &expected[way[0]], &format!("by {way:?}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_no_op_changes_no_object() {
    for configuration in configurations() {
        let mut world = world();
        settle(&mut world, &configuration).await;
        let before = snapshot::versions(&world).await;
        assert!(before.len() > 4, "{before:?}");
        for _ in 0..2 {
            settle(&mut world, &configuration).await;
            assert_eq!(snapshot::versions(&world).await, before, "{configuration}");
            // The second time without memory.
            world.restart();
        }
    }
}

/// An error state: what brings it about, and what it takes to be out of it besides a good configuration.
struct Trouble {
    name: &'static str,
    begin: fn(&World) -> &World,
    end: fn(&World) -> &World,
}

fn troubles() -> Vec<Trouble> {
    let trouble = |name, begin, end| Trouble { name, begin, end };
    vec![
        trouble("configuration", |world| world.ask("reconcile", json!({"backend": "x"})), |world| world),
        trouble("unknown field", |world| world.ask("reconcile", json!({"bakcend": "bird"})), |world| world),
        trouble("network", |world| world.edit(|network| network["spec"]["podCIDR"] = json!("x")), |world| world),
        trouble(
            "families",
            |world| world.edit(|network| network["spec"]["ipFamilies"] = json!(["IPv4", "IPv6"])),
            |world| world,
        ),
        trouble(
            "kube-proxy",
            |world| world.shoot_is(&json!({"spec": {"kubernetes": {"kubeProxy": {"enabled": false}}}})),
            |world| world.shoot_is(&json!({})),
        ),
        trouble(
            "no shoot",
            |world| {
                world.put(json!({
                    "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster",
                    "metadata": {"name": NAMESPACE}, "spec": {"shoot": null},
                }))
            },
            |world| world.shoot_is(&json!({})),
        ),
        trouble("no Cluster", |world| forbid(world, "clusters"), works_again),
        trouble("no bundle", |world| forbid(world, "managedresources"), works_again),
        trouble("no Secrets", |world| forbid(world, "secrets"), works_again),
        trouble("no monitoring", |world| forbid(world, "scrapeconfigs"), works_again),
        trouble("no status", forbid_status, works_again),
    ]
}

fn forbid<'a>(world: &'a World, resource: &str) -> &'a World {
    world.seed.faults().add(Fault::status(403).resource(resource));
    world
}

fn forbid_status(world: &World) -> &World {
    world.seed.faults().add(Fault::status(403).resource("networks").subresource("status").verb(Verb::Patch));
    world
}

fn works_again(world: &World) -> &World {
    world.seed.faults().clear();
    world
}

#[tokio::test(start_paused = true)]
async fn a_good_configuration_leads_out_of_every_error() {
    let good = json!({"overlay": {"enabled": true}, "birdExporter": {"enabled": true}});
    let mut fresh = world();
    settle(&mut fresh, &good).await;
    let expected = left(&fresh).await;
    for Trouble { name, begin, end } in troubles() {
        for installed in [false, true] {
            let mut world = world();
            if installed {
                settle(&mut world, &Value::Null).await;
            }
            pass(5).await;
            world.ask("reconcile", json!({"typha": {"enabled": false}}));
            begin(&world);
            let mut failed = false;
            for _ in 0..3 {
                failed |= world.reconcile().await.is_err();
                pass(1).await;
            }
            assert!(failed || !world.last_operation().contains("Succeeded"), "`{name}` is no error");
            end(&world);
            settle(&mut world, &good).await;
            assert_same(&world, &expected, &format!("out of `{name}`, installed: {installed}")).await;
        }
    }
}

/// Several requests of which only the last was seen, and one that was taken away unseen.
#[tokio::test(start_paused = true)]
async fn events_that_nobody_saw_are_made_up_for() {
    let (good, other) = (json!({"overlay": {"enabled": true}}), json!({"typha": {"enabled": false}}));
    let mut fresh = world();
    settle(&mut fresh, &good).await;
    let expected = left(&fresh).await;

    let mut world = world();
    settle(&mut world, &other).await;
    pass(5).await;
    world.ask("reconcile", json!({"backend": "x"}));
    world.ask("reconcile", other);
    settle(&mut world, &good).await;
    assert_same(&world, &expected, "").await;

    // While no process runs, the object is made anew by the same name.
    pass(5).await;
    world.edit(|network| network["metadata"]["uid"] = json!("another")).edit(|network| {
        network["status"] = Value::Null;
        network["metadata"]["finalizers"] = Value::Null;
    });
    world.restart();
    settle(&mut world, &good).await;
    assert_same(&world, &expected, "").await;
}
