//! Create, reconcile and restore without a switch.

use operator::controller::Next;
use serde_json::{Value, json};

use crate::world::{BUNDLE, World, now, pass};

/// The status of a Network with an overlay that is not touched.
pub(crate) fn settled_provider_status() -> Value {
    json!({
        "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1",
        "kind": "NetworkStatus",
        "privilege": {"mode": "Privileged", "because": "GateDisabled", "caveats": []},
        "overlaySwitch": {
            "phase": "Idle",
            "verdict": "Unchanged",
            "reason": null,
            "message": "no encapsulation that is in effect would be removed",
            "actor": "Nobody",
            "from": {"ipv4": "Ipip(Always)", "ipv6": null},
            "to": {"ipv4": "Ipip(Always)", "ipv6": null},
            "bundle": "Target",
            "nodes": null,
            "waitingFor": [],
            "guard": {"state": "NotNeeded", "apiVersion": "v1"},
            "since": null,
            "deadline": null,
        },
        "warnings": [],
    })
}

#[tokio::test(start_paused = true)]
async fn a_network_is_created_and_told_of_in_two_statuses() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    let next = world.reconcile().await.unwrap();
    assert_eq!(next, Next::After(std::time::Duration::from_secs(1)), "the bundle is not applied yet");
    assert_eq!(world.last_operation(), "Create Processing 1 Reconciling the Network");
    assert_eq!(
        world.writes(),
        [
            "patch networks bar",
            "patch networks/status bar",
            "create secrets HASH",
            "create managedresources extension-networking-calico-config",
            "apply configmaps calico-dashboards",
            "apply scrapeconfigs shoot-calico-felix",
            "apply scrapeconfigs shoot-calico-typha",
        ]
    );
    assert_eq!(world.annotation("gardener.cloud/operation"), None);
    assert_eq!(world.network().unwrap()["metadata"]["finalizers"], json!(["extensions.gardener.cloud/network"]));

    pass(1).await;
    world.resource_manager("True");
    assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
    assert_eq!(world.writes(), ["patch networks/status bar"]);
    assert_eq!(
        world.status(),
        json!({
            "lastOperation": {
                "type": "Create", "state": "Succeeded", "progress": 100,
                "description": "Successfully reconciled Network", "lastUpdateTime": now(),
            },
            "observedGeneration": 1,
            "ipFamilies": ["IPv4"],
            "providerStatus": settled_provider_status(),
            "state": {
                "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1",
                "kind": "NetworkState",
                "encapsulation": {"ipv4": "Ipip(Always)", "ipv6": null},
                "overlaySwitch": null,
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn the_bundle_is_stored_as_gardener_stores_it() {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    let managed_resource = world.managed_resource().unwrap();
    let secret_name = managed_resource["spec"]["secretRefs"][0]["name"].as_str().unwrap();
    assert!(secret_name.starts_with("managedresource-extension-networking-calico-config-"), "{secret_name}");
    assert_eq!(managed_resource["metadata"]["labels"], json!({"origin": "extension-networking-calico"}));
    assert_eq!(managed_resource["spec"]["injectLabels"], json!({"shoot.gardener.cloud/no-cleanup": "true"}));
    assert_eq!(managed_resource["spec"]["keepObjects"], json!(false));
    let annotations = managed_resource["metadata"]["annotations"].as_object().unwrap();
    assert_eq!(annotations.values().collect::<Vec<_>>(), [secret_name]);

    let secret = world.stored("", "secrets", secret_name).unwrap();
    assert_eq!(secret["immutable"], json!(true));
    let labels = json!({"resources.gardener.cloud/garbage-collectable-reference": "true"});
    assert_eq!(secret["metadata"]["labels"], labels);
}

#[tokio::test(start_paused = true)]
async fn a_second_reconcile_changes_nothing_but_the_status() {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    let before: Vec<_> = objects(&world);
    pass(60).await;
    world.ask("reconcile", json!(null));
    world.writes();
    world.settle().await;
    assert_eq!(world.writes(), ["patch networks bar", "patch networks/status bar"]);
    assert_eq!(objects(&world), before);
    assert_eq!(world.last_operation(), "Reconcile Succeeded 100 Successfully reconciled Network");
    assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], json!(now()));
}

fn objects(world: &World) -> Vec<Value> {
    let name = world.managed_resource().unwrap()["spec"]["secretRefs"][0]["name"].as_str().unwrap().to_owned();
    [
        ("resources.gardener.cloud", "managedresources", BUNDLE),
        ("", "secrets", &name),
        ("", "configmaps", "calico-dashboards"),
        ("monitoring.coreos.com", "scrapeconfigs", "shoot-calico-felix"),
        ("monitoring.coreos.com", "scrapeconfigs", "shoot-calico-typha"),
    ]
    .map(|(group, plural, name)| (*world.stored(group, plural, name).unwrap()).clone())
    .to_vec()
}

/// The budgets: 14 requests for the first reconcile, 8 where nothing has to be done.
#[tokio::test(start_paused = true)]
async fn few_requests_are_made() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    world.reconcile().await.unwrap();
    // And one status, where the bundle is applied by the time the last of these is answered.
    assert_eq!(world.requests(), 12);
    world.resource_manager("True").settle().await;
    world.requests();
    // In the second of the last answer one more is made.
    pass(1).await;
    world.ask("reconcile", json!(null));
    world.reconcile().await.unwrap();
    assert_eq!(world.requests(), 8);
}

#[tokio::test(start_paused = true)]
async fn of_a_bundle_that_was_written_only_the_metadata_are_read_again() {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    world.seed.take_requests();
    pass(1).await;
    world.ask("reconcile", json!(null)).settle().await;
    let requests = world.seed.take_requests().into_iter();
    let accepted: Vec<String> =
        requests.filter(|request| request.resource == "secrets").map(|request| request.accept).collect();
    assert_eq!(accepted, ["application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"]);
}

#[tokio::test(start_paused = true)]
async fn a_status_is_never_older_than_the_request() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    world.edit(|network| {
        network["metadata"]["annotations"]["gardener.cloud/timestamp"] = json!("2026-11-26T10:00:07.9Z");
    });
    world.settle().await;
    assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], json!("2026-11-26T10:00:07Z"));
}

#[tokio::test(start_paused = true)]
async fn a_new_process_finds_what_another_left_undone() {
    let mut world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    pass(10).await;
    // Killed between hearing of the request and saying so.
    world.ask("reconcile", json!(null)).edit(|network| {
        network["metadata"]["annotations"].as_object_mut().unwrap().remove("gardener.cloud/operation");
    });
    world.restart();
    world.settle().await;
    assert_eq!(world.status()["lastOperation"]["lastUpdateTime"], json!(now()));
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_is_not_applied_is_waited_for_a_minute_and_then_told_of() {
    let world = World::new();
    world.ask("reconcile", json!(null));
    let mut waited = 0;
    let next = loop {
        let next = world.reconcile().await.unwrap();
        world.resource_manager("False");
        let Next::After(delay) = next else { break next };
        if !world.last_operation().contains("Processing") {
            break next;
        }
        waited += delay.as_secs();
        pass(delay.as_secs()).await;
    };
    assert!((60..64).contains(&waited), "{waited}");
    assert_eq!(next, Next::After(std::time::Duration::from_secs(60)));
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
    assert_eq!(
        world.status()["providerStatus"]["warnings"],
        json!([{
            "code": "BundleNotApplied",
            "message": "the bundle was not applied within 60 s: Test: by the test",
        }])
    );
    world.resource_manager("True").settle().await;
    assert_eq!(world.status()["providerStatus"]["warnings"], json!([]));
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}

#[tokio::test(start_paused = true)]
async fn the_job_of_bird_comes_and_goes_with_its_exporter() {
    let world = World::new();
    let is_there =
        |world: &World| world.stored("monitoring.coreos.com", "scrapeconfigs", "shoot-calico-bird").is_some();
    world.ask("reconcile", json!({"birdExporter": {"enabled": true}})).settle().await;
    assert!(is_there(&world));
    world.ask("reconcile", json!(null)).settle().await;
    assert!(!is_there(&world));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_in_the_monitoring_is_put_right() {
    let world = World::new();
    world.ask("reconcile", json!(null)).settle().await;
    let mut felix = (*world.stored("monitoring.coreos.com", "scrapeconfigs", "shoot-calico-felix").unwrap()).clone();
    felix["spec"]["scheme"] = json!("HTTP");
    felix["metadata"]["labels"]["someone"] = json!("else");
    world.put(felix);
    world.ask("reconcile", json!(null)).settle().await;
    let felix = world.stored("monitoring.coreos.com", "scrapeconfigs", "shoot-calico-felix").unwrap();
    assert_eq!(felix["spec"]["scheme"], json!("HTTPS"));
    assert_eq!(felix["metadata"]["labels"]["someone"], json!("else"));
}

#[tokio::test(start_paused = true)]
async fn a_restore_keeps_its_annotation_until_it_has_succeeded() {
    let world = World::new();
    world.ask("restore", json!(null));
    world.reconcile().await.unwrap();
    assert_eq!(world.last_operation(), "Restore Processing 1 Restoring the Network");
    assert_eq!(world.annotation("gardener.cloud/operation").as_deref(), Some("restore"));
    world.settle().await;
    assert_eq!(world.last_operation(), "Restore Succeeded 100 Successfully restored Network");
    assert_eq!(world.annotation("gardener.cloud/operation"), None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_for_others_for_a_failed_shoot_or_before_the_state_is_there() {
    let nothing_happens = async |world: &World| {
        world.writes();
        assert_eq!(world.reconcile().await.unwrap(), Next::OnChange);
        assert_eq!(world.writes(), Vec::<String>::new());
    };
    let world = World::new();
    world.ask("reconcile", json!(null)).edit(|network| network["spec"]["type"] = json!("cilium"));
    nothing_happens(&world).await;
    world.edit(|network| {
        network["spec"]["type"] = json!("calico");
        network["spec"]["class"] = json!("seed");
    });
    nothing_happens(&world).await;
    world.ask("wait-for-state", json!(null));
    nothing_happens(&world).await;
    world.ask("reconcile", json!(null)).shoot_is(&json!({"status": {"lastOperation": {"state": "Failed"}}}));
    assert_eq!(world.reconcile().await.unwrap(), Next::After(std::time::Duration::from_secs(60)));
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.annotation("gardener.cloud/operation").as_deref(), Some("reconcile"), "the request is not lost");
    world.shoot_is(&json!({})).settle().await;
    assert_eq!(world.last_operation(), "Create Succeeded 100 Successfully reconciled Network");
}
