//! What happens to bundles that cannot be read or applied.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_apiserver::world::kinds;
use fake_apiserver::{Effect, Fault};
use serde_json::{Value, json};

use super::{NAME, NAMESPACE, POOL, POOL_DEFINITION, World, compressed, config_map, daemon_set, pass, says, stream};

#[tokio::test(start_paused = true)]
async fn the_first_error_stops_the_round_and_what_was_never_recorded_is_never_deleted() {
    let world = World::new();
    let _manager = world.manager();
    let scaler =
        "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {name: v, namespace: kube-system}\n";
    let documents = stream(&[scaler.to_owned(), config_map("calico-config", "v")]);
    world.store("s-1", &[("config.yaml", &documents)]).await;
    pass(2).await;
    let (status, reason, message) = world.applied().await;
    let expected = "Could not apply all new resources: error during apply of object \
        \"autoscaling.k8s.io/v1/VerticalPodAutoscaler/kube-system/v\": no matches for kind \"VerticalPodAutoscaler\" in version \
        \"autoscaling.k8s.io/v1\"";
    // At a retry the state turns to Progressing, reason and message stay.
    assert!(status == "False" || status == "Progressing", "{status}");
    assert_eq!((reason.as_str(), message.as_str()), ("ApplyFailed", expected));
    let found = world.found().await.unwrap();
    assert_eq!((&found["status"]["resources"], &found["status"]["observedGeneration"]), (&Value::Null, &Value::Null));
    assert!(world.config_map("calico-config").await.is_some(), "what came before is there");

    world.seed.delete(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME).await.unwrap();
    pass(1).await;
    assert_eq!(world.found().await, None);
    assert!(world.config_map("calico-config").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_object_of_a_broken_document_is_deleted() {
    let world = World::new();
    let _manager = world.manager();
    let whole = stream(&[config_map("one", "v"), config_map("two", "v")]);
    world.store("s-1", &[("config.yaml", &whole)]).await;
    pass(2).await;
    let broken = stream(&[config_map("one", "w"), "kind: [\n".to_owned()]);
    world.store("s-2", &[("config.yaml", &broken)]).await;
    pass(10).await;
    assert_eq!(world.config_map("one").await.unwrap()["data"]["k"], "w");
    assert_eq!(world.config_map("two").await, None);
    let (status, reason, message) = world.applied().await;
    assert_eq!((status.as_str(), reason.as_str()), ("False", "DecodingFailed"));
    let start = format!(
        "Could not decode all new resources: [Could not decode resource at index 1 in 'config.yaml' in secret '{NAMESPACE}/s-2': \
         error converting YAML to JSON: "
    );
    assert!(message.starts_with(&start), "{message}");
    assert_eq!(world.found().await.unwrap()["status"]["observedGeneration"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_compressed_value_hangs_the_manager_until_both_are_mended() {
    let world = World::new();
    let manager = world.manager();
    let whole = compressed(config_map("one", "v").as_bytes());
    let damaged = whole.get(..whole.len() - 1).unwrap();
    world.store("s-1", &[("config.yaml.br", damaged)]).await;
    pass(60).await;
    assert_eq!(world.found().await.unwrap()["status"], Value::Null);
    world.store("s-2", &[("config.yaml.br", &whole)]).await;
    pass(60).await;
    assert_eq!(world.config_map("one").await, None, "mending the bundle alone does not help");
    manager.stop().await;
    let _manager = world.manager();
    pass(2).await;
    assert!(world.config_map("one").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_changes_nothing_and_is_picked_up_by_the_back_off() {
    let world = World::new();
    let _manager = world.manager();
    world.store("s-1", &[("config.yaml", config_map("one", "v").as_bytes())]).await;
    pass(2).await;
    world.seed.delete(&kinds::SECRET, NAMESPACE, "s-1").await.unwrap();
    pass(2).await;
    assert_eq!(world.applied().await.0, "True", "its deletion alone is not noticed");
    let patch = json!({"spec": {"secretRefs": [{"name": "s-2"}]}});
    world.seed.merge(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME, &patch).await.unwrap();
    pass(10).await;
    assert_eq!(world.applied().await, says("False", "CannotReadSecret", "Secret \"s-2\" not found"));
    assert_eq!(world.config_map("one").await.unwrap()["data"]["k"], "v");
    let data = json!({"config.yaml": STANDARD.encode(config_map("one", "w"))});
    let secret = json!({"metadata": {"name": "s-2", "namespace": NAMESPACE}, "data": data});
    world.seed.create(&kinds::SECRET, secret).await.unwrap();
    pass(30).await;
    assert_eq!(world.config_map("one").await.unwrap()["data"]["k"], "w");
    assert_eq!(world.applied().await.0, "True");
}

#[tokio::test(start_paused = true)]
async fn a_number_where_a_text_is_due_is_not_applied() {
    let world = World::new();
    let _manager = world.manager();
    let wrong = daemon_set("").replace("image: node", "image: 1");
    world.store("s-1", &[("config.yaml", wrong.as_bytes())]).await;
    pass(2).await;
    let (_, reason, message) = world.applied().await;
    assert_eq!(reason, "ApplyFailed");
    let start = "Could not apply all new resources: error during apply of object \
        \"apps/v1/DaemonSet/kube-system/calico-node\": unable to convert unstructured object to apps/v1, Kind=DaemonSet: ";
    assert!(message.starts_with(start), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_the_api_server_refuses_stops_what_comes_after_it() {
    let world = World::new();
    let _manager = world.manager();
    let wrong = stream(&[POOL.replace("26", "x"), config_map("one", "v")]);
    world.store("s-1", &[("config.yaml", &wrong), ("crds.yaml", POOL_DEFINITION.as_bytes())]).await;
    pass(2).await;
    let (_, reason, message) = world.applied().await;
    assert_eq!(reason, "ApplyFailed");
    assert!(message.contains("spec.blockSize: Invalid value: \"string\""), "{message}");
    assert!(world.config_map("one").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_shoot_that_cannot_be_reached_is_tried_again() {
    let world = World::new();
    let _manager = world.manager();
    pass(1).await;
    world.shoot_server.faults().add(Fault::new(Effect::ConnectionReset));
    world.store("s-1", &[("config.yaml", config_map("one", "v").as_bytes())]).await;
    pass(2).await;
    assert_eq!(world.applied().await.1, "ApplyFailed");
    world.shoot_server.faults().clear();
    pass(30).await;
    assert_eq!(world.applied().await, says("True", "ApplySucceeded", "All resources are applied."));
    assert_eq!(world.found().await.unwrap()["status"]["observedGeneration"], 1);
}
