//! gardenlet's waits, with its timings.

use std::time::Duration;

use fake_apiserver::world::gardenlet::{Gardenlet, NotReady, Patience, WaitError};
use fake_apiserver::world::{Cluster, kinds};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{NAMESPACE, clock, cluster, definition, pass};

const NAME: &str = "world";

fn world() -> (Cluster, Gardenlet) {
    let clock = clock();
    let (_, seed) = cluster(clock, [definition(&kinds::NETWORK, "Namespaced")]);
    (seed.clone(), Gardenlet::new(seed, NAMESPACE, NAME, Patience::default(), clock))
}

/// What an extension answers.
async fn answer(seed: &Cluster, status: Value) {
    let taken = json!({"metadata": {"annotations": {"gardener.cloud/operation": null}}});
    seed.merge(&kinds::NETWORK, NAMESPACE, NAME, &taken).await.unwrap();
    seed.merge_status(&kinds::NETWORK, NAMESPACE, NAME, &status).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_asks_by_annotation_and_overwrites_the_whole_spec() {
    let (_seed, gardenlet) = world();
    gardenlet.deploy(&json!({"type": "calico", "old": 1})).await.unwrap();
    pass(1).await;
    gardenlet.deploy(&json!({"type": "calico", "new": 1})).await.unwrap();
    let network = gardenlet.network().await.unwrap().unwrap();
    assert_eq!(network["spec"], json!({"type": "calico", "new": 1}));
    let annotations = network["metadata"]["annotations"].as_object().unwrap();
    assert_eq!(annotations["gardener.cloud/operation"], "reconcile");
    assert!(annotations["gardener.cloud/timestamp"].as_str().unwrap().starts_with("2026-11-26T10:00:01."));
}

#[tokio::test(start_paused = true)]
async fn success_ends_the_wait() {
    let (seed, gardenlet) = world();
    let asked = gardenlet.deploy(&json!({"type": "calico"})).await.unwrap();
    let last = json!({"type": "Create", "state": "Succeeded", "lastUpdateTime": "2026-11-26T10:00:01Z"});
    answer(&seed, json!({"observedGeneration": 1, "lastOperation": last})).await;
    assert!(gardenlet.wait_until_ready(&asked).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_error_is_borne_for_half_a_minute_and_silence_for_three() {
    let (seed, gardenlet) = world();
    let asked = gardenlet.deploy(&json!({"type": "calico"})).await.unwrap();
    let started = Instant::now();
    let error = gardenlet.wait_until_ready(&asked).await.unwrap_err();
    assert!(matches!(error, WaitError::TimedOut(NotReady::OldGeneration)), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(180));

    answer(&seed, json!({"lastError": {"description": "no"}})).await;
    let started = Instant::now();
    let error = gardenlet.wait_until_ready(&asked).await.unwrap_err();
    assert!(matches!(&error, WaitError::GaveUp(NotReady::Error(text)) if text == "no"), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_network_is_moved_and_deleted_as_gardenlet_does() {
    let (seed, gardenlet) = world();
    let state = json!({"encapsulation": {"ipv4": "Ipip(Always)"}});
    let restored = gardenlet.restore(&json!({"type": "calico"}), Some(&state)).await.unwrap();
    assert_eq!(restored["metadata"]["annotations"]["gardener.cloud/operation"], "restore");
    assert_eq!(restored["status"]["state"], state);
    gardenlet.migrate().await.unwrap();
    let last = json!({"type": "Migrate", "state": "Succeeded", "lastUpdateTime": "2026-11-26T10:00:01Z"});
    answer(&seed, json!({"lastOperation": last})).await;
    gardenlet.wait_until_migrated().await.unwrap();
    gardenlet.delete().await.unwrap();
    gardenlet.wait_until_deleted().await.unwrap();
    assert_eq!(gardenlet.network().await.unwrap(), None);
}
