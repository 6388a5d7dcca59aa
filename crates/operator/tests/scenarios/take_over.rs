//! What the Go extension left behind is taken over, and what it would find after a rollback is what it knows.

use std::path::{Path, PathBuf};

use operator::controller::Next;
use serde_json::{Value, json};

use crate::create::settled_provider_status;
use crate::skip::skip;
use crate::world::{BUNDLE, World};

/// The objects of a recorded shoot; `None` where the recordings are not there, which only a developer may accept.
fn recorded(name: &str) -> Option<Vec<Value>> {
    let folder = shared(&format!("dumps/{name}"))?;
    let files = ["network", "cluster", "managedresource", "secret", "nodes"];
    Some(files.iter().flat_map(|file| objects(&folder.join(format!("{file}.yaml")))).collect())
}

/// A folder beside the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if !folder.is_dir() {
        skip(&format!("no `{name}` beside the repository"));
        return None;
    }
    Some(folder)
}

fn objects(path: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let document: Value = serde_saphyr::from_str(&text).unwrap();
    document["items"].as_array().cloned().unwrap_or_else(|| vec![document.clone()])
}

/// A world that holds the recorded shoot.
pub(crate) fn recorded_world(name: &str) -> Option<World> {
    let world = World::of(&format!("shoot--demo--{name}"), name);
    for object in recorded(name)? {
        if object["kind"] == "Node" {
            world.shoot.restore(object).unwrap()
        } else {
            world.seed.restore(object).unwrap()
        };
    }
    Some(world)
}

pub(crate) fn ask_again(world: &World) {
    world.edit(|network| {
        network["metadata"]["annotations"]["gardener.cloud/operation"] = json!("reconcile");
        network["metadata"]["annotations"]["gardener.cloud/timestamp"] = json!("2026-11-26T10:00:00Z");
    });
}

#[tokio::test(start_paused = true)]
async fn a_settled_network_is_left_alone_until_it_is_asked_for() {
    let Some(world) = recorded_world("ready") else { return };
    world.edit(|network| {
        let generation = network["metadata"]["generation"].clone();
        network["status"]["observedGeneration"] = generation;
        network["status"]["lastOperation"]["lastUpdateTime"] = json!("2026-11-26T09:59:00Z");
    });
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_go_would_hold_is_held_with_the_bundle_taken_over() {
    let Some(world) = recorded_world("held") else { return };
    let old = world.managed_resource().unwrap()["spec"]["secretRefs"][0]["name"].as_str().unwrap().to_owned();
    ask_again(&world);
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");
    assert_eq!(world.pool_mode(), "Always");

    // The old Secret stays for the garbage collector of the seed, with the label by which it finds it.
    let label = "resources.gardener.cloud/garbage-collectable-reference";
    assert_eq!(world.stored("", "secrets", &old).unwrap()["metadata"]["labels"][label], json!("true"));
    let managed_resource = world.managed_resource().unwrap();
    let new = managed_resource["spec"]["secretRefs"][0]["name"].as_str().unwrap();
    assert_ne!(new, old);
    let annotations = managed_resource["metadata"]["annotations"].as_object().unwrap();
    let references: Vec<&Value> = annotations
        .iter()
        .filter(|(key, _)| key.starts_with("reference.resources.gardener.cloud/"))
        .map(|(_, value)| value)
        .collect();
    assert_eq!(references, [new], "a Secret that is named must be referred to, and no other");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_ready_is_made() {
    let Some(world) = recorded_world("ready") else { return };
    ask_again(&world);
    world.settle().await;
    assert_eq!(world.pool_mode(), "Never");
    assert_eq!(world.switch(), "Done Unchanged - Target");
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert!(world.stored("resources.gardener.cloud", "managedresources", BUNDLE).is_some());
}

/// Gardener's own definitions prune, and want what they want.
#[tokio::test(start_paused = true)]
async fn gardeners_own_definitions_take_all_that_is_written() {
    let Some(folder) = shared("crds") else { return };
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let definitions: Vec<Value> =
        files.map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect();
    assert_eq!(definitions.len(), 4);
    let world = World::with(definitions, "shoot--foo--bar", "bar");
    world.node("a", Some(("False", "CalicoIsUp")));
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.status()["providerStatus"], settled_provider_status());

    world.ask("reconcile", json!({"overlay": {"enabled": false}}));
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held");
    world.node("a", Some(("False", "RouteCreated"))).settle().await;
    assert_eq!(world.switch(), "Done Unchanged - Target");
    assert_eq!(world.status()["state"]["encapsulation"], json!({"ipv4": "None", "ipv6": null}));
}

#[tokio::test(start_paused = true)]
async fn calico_node_stays_where_go_finds_it() {
    let Some(world) = recorded_world("held") else { return };
    ask_again(&world);
    world.reconcile().await.unwrap();
    let bundle = world.bundle();
    assert!(bundle.contains("kind: DaemonSet") && bundle.contains("name: calico-node"), "in the plain key");
}
