//! Delete, force delete and migrate.

use fake_apiserver::{Fault, Verb};
use operator::controller::Next;
use serde_json::json;

use crate::world::{BUNDLE, World, pass};

/// A Network that is settled, whose ManagedResource is held by the finalizer of gardener-resource-manager.
async fn settled() -> World {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    hold(&world, &["resources.gardener.cloud/gardener-resource-manager"]);
    world.writes();
    world
}

fn hold(world: &World, finalizers: &[&str]) {
    let mut managed_resource = (*world.managed_resource().unwrap()).clone();
    managed_resource["metadata"]["finalizers"] = json!(finalizers);
    world.put(managed_resource);
}

/// The resource manager lets go.
async fn let_go(world: &World) {
    let client = kube::Client::new(world.seed.service(), "default");
    let path = format!("/apis/resources.gardener.cloud/v1alpha1/namespaces/shoot--foo--bar/managedresources/{BUNDLE}");
    let request = http::Request::patch(path)
        .header("Content-Type", "application/merge-patch+json")
        .body(br#"{"metadata": {"finalizers": null}}"#.to_vec())
        .unwrap();
    client.request_text(request).await.unwrap();
}

fn delete(world: &World) {
    world.edit(|network| network["metadata"]["deletionTimestamp"] = json!("2026-11-26T10:30:00Z"));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_takes_everything_back_and_waits_without_a_worker() {
    let world = settled().await;
    delete(&world);
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(2)));
    assert_eq!(world.last_operation(), "Delete Processing 1 Deleting the Network");
    assert_eq!(
        world.writes(),
        [
            "patch networks/status bar",
            "delete configmaps calico-dashboards",
            "delete scrapeconfigs shoot-calico-felix",
            "delete scrapeconfigs shoot-calico-typha",
            "delete secrets HASH",
            "delete managedresources extension-networking-calico-config",
        ]
    );
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(2)));
    assert_eq!(world.writes(), Vec::<String>::new());

    let_go(&world).await;
    world.writes();
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), ["patch networks/status bar", "patch networks bar"]);
    assert!(world.network().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_go_is_told_after_two_minutes() {
    let world = settled().await;
    delete(&world);
    world.reconcile().await.unwrap();
    pass(119).await;
    world.reconcile().await.unwrap();
    assert_eq!(world.last_operation(), "Delete Processing 1 Deleting the Network");
    pass(1).await;
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(5)));
    assert_eq!(
        world.last_operation(),
        "Delete Error 50 Error deleting Network: retry failed with context deadline exceeded, last error: resource \
         shoot--foo--bar/extension-networking-calico-config still exists"
    );
    let_go(&world).await;
    world.settle().await;
    assert!(world.network().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_needs_neither_configuration_nor_cluster() {
    let world = settled().await;
    world.edit(|network| network["spec"]["providerConfig"] = json!({"nonsense": true}));
    world.seed.faults().add(Fault::status(403).resource("clusters"));
    let_go(&world).await;
    delete(&world);
    world.settle().await;
    assert!(world.network().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_ignores_wait_for_state() {
    let world = settled().await;
    world.ask("wait-for-state", json!(null));
    let_go(&world).await;
    delete(&world);
    world.settle().await;
    assert!(world.network().is_none());
}

#[tokio::test(start_paused = true)]
async fn one_object_that_cannot_be_deleted_leaves_no_other_behind() {
    let world = settled().await;
    let_go(&world).await;
    world.seed.faults().add(Fault::status(403).resource("configmaps").verb(Verb::Delete));
    delete(&world);
    let error = world.reconcile().await.unwrap_err();
    assert!(
        error.to_string().contains("delete ConfigMap `shoot--foo--bar/calico-dashboards`: not allowed (403)"),
        "{error}"
    );
    assert!(world.stored("monitoring.coreos.com", "scrapeconfigs", "shoot-calico-felix").is_none());
    world.seed.faults().clear();
    world.settle().await;
    assert!(world.network().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_waits_for_nobody_and_succeeds() {
    let world = settled().await;
    world.shoot_is(&json!({"metadata": {"annotations": {"confirmation.gardener.cloud/force-deletion": "true"}}}));
    world.seed.faults().add(Fault::status(403).resource("scrapeconfigs"));
    delete(&world);
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert!(world.network().is_none());
    assert!(world.managed_resource().unwrap()["metadata"]["deletionTimestamp"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_migration_keeps_the_objects_and_leaves_nothing_of_ours() {
    let world = settled().await;
    world.edit(|network| network["metadata"]["finalizers"].as_array_mut().unwrap().push(json!("someone.else/x")));
    world.ask("migrate", json!(null));
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(2)));
    assert_eq!(world.last_operation(), "Migrate Processing 1 Migrating the Network");
    let writes = world.writes();
    assert_eq!(
        writes[0..2],
        ["patch networks/status bar", "patch managedresources extension-networking-calico-config"]
    );
    assert_eq!(world.managed_resource().unwrap()["spec"]["keepObjects"], json!(true));
    let_go(&world).await;
    world.settle().await;
    assert_eq!(world.last_operation(), "Migrate Succeeded 100 Successfully migrated Network");
    let network = world.network().unwrap();
    assert_eq!(network["metadata"]["finalizers"], json!(null));
    assert_eq!(world.annotation("gardener.cloud/operation"), None);
    assert_eq!(network["status"]["state"]["encapsulation"]["ipv4"], json!("Ipip(Always)"));

    world.writes();
    world.edit(|network| network["metadata"]["generation"] = json!(9));
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), Vec::<String>::new(), "what has left this seed is left alone");
}

#[tokio::test(start_paused = true)]
async fn the_guard_is_taken_back_as_well() {
    let world = settled().await;
    let_go(&world).await;
    world.put(json!({
        "apiVersion": "resources.gardener.cloud/v1alpha1", "kind": "ManagedResource",
        "metadata": {"name": "extension-networking-calico-guard", "namespace": "shoot--foo--bar"},
        "spec": {"secretRefs": []},
    }));
    delete(&world);
    world.settle().await;
    assert!(
        world.stored("resources.gardener.cloud", "managedresources", "extension-networking-calico-guard").is_none()
    );
    assert!(world.network().is_none());
}
