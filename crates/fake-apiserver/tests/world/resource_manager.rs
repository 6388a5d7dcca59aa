//! What gardener-resource-manager does with bundles, as seen on real API servers.

mod failures;

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_apiserver::world::resource_manager::{ResourceManager, Timing};
use fake_apiserver::world::{Clock, Cluster, Running, kinds};
use fake_apiserver::{Server, Verb};
use serde_json::{Value, json};

use super::{NAMESPACE, clock, cluster, condition, definition, pass};

const NAME: &str = "extension-networking-calico-config";

struct World {
    seed: Cluster,
    seed_server: Server,
    shoot: Cluster,
    shoot_server: Server,
    clock: Clock,
}

impl World {
    fn new() -> Self {
        let clock = clock();
        let (seed_server, seed) = cluster(clock, [definition(&kinds::MANAGED_RESOURCE, "Namespaced")]);
        let (shoot_server, shoot) = cluster(clock, []);
        Self { seed, seed_server, shoot, shoot_server, clock }
    }

    fn manager(&self) -> Running {
        let (seed, shoot) = (self.seed.clone(), self.shoot.clone());
        ResourceManager::new(seed, shoot, NAMESPACE, Timing::default(), self.clock).start()
    }

    /// Stores these keys in a Secret of that name and points the ManagedResource to it.
    async fn store(&self, secret: &str, data: &[(&str, &[u8])]) {
        let data: serde_json::Map<String, Value> =
            data.iter().map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into())).collect();
        let object = json!({"metadata": {"name": secret, "namespace": NAMESPACE}, "data": data});
        self.seed.create(&kinds::SECRET, object).await.unwrap();
        let spec = json!({"secretRefs": [{"name": secret}], "injectLabels": {"shoot.gardener.cloud/no-cleanup": "true"}, "keepObjects": false});
        match self.seed.get(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME).await.unwrap() {
            None => {
                let object = json!({"metadata": {"name": NAME, "namespace": NAMESPACE}, "spec": spec});
                self.seed.create(&kinds::MANAGED_RESOURCE, object).await.unwrap();
            }
            Some(_) => {
                let patch = json!({"spec": spec});
                self.seed.merge(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME, &patch).await.unwrap();
            }
        }
    }

    async fn found(&self) -> Option<Value> {
        self.seed.get(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME).await.unwrap()
    }

    async fn applied(&self) -> (String, String, String) {
        condition(&self.found().await.unwrap(), "ResourcesApplied")
    }

    async fn config_map(&self, name: &str) -> Option<Value> {
        self.shoot.get(&kinds::CONFIG_MAP, "kube-system", name).await.unwrap()
    }
}

fn config_map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: kube-system}}\ndata: {{k: {value}}}\n"
    )
}

fn daemon_set(more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: calico-node, namespace: kube-system{more}}}\nspec:\n  \
         selector: {{matchLabels: {{k8s-app: calico-node}}}}\n  template:\n    metadata: {{labels: {{k8s-app: calico-node}}}}\n    \
         spec: {{containers: [{{name: calico-node, image: node, resources: {{requests: {{cpu: 250m}}}}}}]}}\n"
    )
}

fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: kube-system}}\nspec:\n  selector: {{}}\n  template:\n    spec: {{containers: []}}\n"
    )
}

fn stream(documents: &[String]) -> Vec<u8> {
    documents.join("---\n").into_bytes()
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*text, &mut out, &brotli::enc::BrotliEncoderParams::default()).unwrap();
    out
}

fn says(status: &str, reason: &str, message: &str) -> (String, String, String) {
    (status.to_owned(), reason.to_owned(), message.to_owned())
}

const POOL_DEFINITION: &str = r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "ippools.crd.projectcalico.org"},
    "spec": {"group": "crd.projectcalico.org", "scope": "Cluster",
        "names": {"kind": "IPPool", "plural": "ippools", "singular": "ippool", "listKind": "IPPoolList"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
            "properties": {"spec": {"type": "object", "properties": {"blockSize": {"type": "integer"}}}}}}}]}}"#;
const POOL: &str = "apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {blockSize: 26}\n";

#[tokio::test(start_paused = true)]
async fn a_bundle_is_applied_in_one_round_by_kind_whatever_its_order() {
    let world = World::new();
    let manager = world.manager();
    let plain = stream(&[POOL.to_owned(), daemon_set(""), config_map("calico-config", "v")]);
    let definitions = compressed(POOL_DEFINITION.as_bytes());
    world.store("s-1", &[("config.yaml", &plain), ("crds.yaml.br", &definitions)]).await;
    pass(2).await;

    let created: Vec<String> = world
        .shoot_server
        .take_requests()
        .into_iter()
        .filter(|request| request.verb == Verb::Create)
        .map(|request| request.resource)
        .collect();
    assert_eq!(created, ["configmaps", "customresourcedefinitions", "daemonsets", "ippools"]);
    let found = world.found().await.unwrap();
    assert_eq!(found["status"]["observedGeneration"], 1);
    assert_eq!(found["metadata"]["finalizers"], json!(["resources.gardener.cloud/gardener-resource-manager"]));
    let types: Vec<&Value> =
        found["status"]["conditions"].as_array().unwrap().iter().map(|found| &found["type"]).collect();
    assert_eq!(types, ["ResourcesHealthy", "ResourcesProgressing", "ResourcesApplied"]);
    assert_eq!(condition(&found, "ResourcesApplied"), says("True", "ApplySucceeded", "All resources are applied."));
    assert_eq!(
        condition(&found, "ResourcesHealthy"),
        says(
            "False",
            "DaemonSetUnhealthy",
            "DaemonSet \"kube-system/calico-node\" is unhealthy: observed generation outdated (0/1)"
        )
    );
    assert_eq!(
        condition(&found, "ResourcesProgressing"),
        says(
            "True",
            "DaemonSetProgressing",
            "DaemonSet \"kube-system/calico-node\" is progressing: observed generation outdated (0/1)"
        )
    );

    let stored = world.config_map("calico-config").await.unwrap();
    assert_eq!(
        stored["metadata"]["labels"],
        json!({"resources.gardener.cloud/managed-by": "gardener", "shoot.gardener.cloud/no-cleanup": "true"})
    );
    assert_eq!(
        stored["metadata"]["annotations"]["resources.gardener.cloud/origin"],
        "shoot--demo--world/extension-networking-calico-config"
    );
    let node = world.shoot.get(&kinds::DAEMON_SET, "kube-system", "calico-node").await.unwrap().unwrap();
    assert_eq!(
        node["spec"]["template"]["metadata"]["labels"],
        json!({"k8s-app": "calico-node", "shoot.gardener.cloud/no-cleanup": "true"})
    );

    // Its kind was not known when the pool was decoded, so that it counted as one of namespaces. The next round knows better.
    let pool = |found: &Value| {
        let entries = found["status"]["resources"].as_array().unwrap();
        entries.iter().find(|entry| entry["kind"] == "IPPool").cloned().unwrap()
    };
    assert_eq!(pool(&found)["namespace"], "default");
    let patch = json!({"metadata": {"annotations": {"gardener.cloud/operation": "reconcile"}}});
    world.seed.merge(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME, &patch).await.unwrap();
    pass(2).await;
    let found = world.found().await.unwrap();
    assert_eq!(pool(&found)["namespace"], Value::Null);
    assert_eq!(found["metadata"]["annotations"]["gardener.cloud/operation"], Value::Null);
    manager.stop().await;
}

/// Records what the conditions say with every status: applied, healthy, progressing.
fn told(world: &World) -> Arc<Mutex<Vec<String>>> {
    let told = Arc::new(Mutex::new(Vec::<String>::new()));
    let sink = Arc::clone(&told);
    world.seed_server.admit(move |request| {
        if let Some(object) = request.object.as_deref().filter(|_| request.subresource == "status") {
            let states = ["ResourcesApplied", "ResourcesHealthy", "ResourcesProgressing"].map(|kind| {
                let (status, reason, _) = condition(object, kind);
                format!("{status}/{reason}")
            });
            sink.lock().unwrap().push(states.join(" "));
        }
        Ok(())
    });
    told
}

#[tokio::test(start_paused = true)]
async fn conditions_are_written_in_the_order_seen_and_end_healthy_once_the_workload_is() {
    let world = World::new();
    let told = told(&world);
    let _manager = world.manager();
    world.store("s-1", &[("config.yaml", daemon_set("").as_bytes())]).await;
    pass(2).await;
    let status = json!({"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "updatedNumberScheduled": 2});
    world.shoot.merge_status(&kinds::DAEMON_SET, "kube-system", "calico-node", &status).await.unwrap();
    pass(2).await;
    assert_eq!(
        *told.lock().unwrap(),
        [
            "Progressing/ApplyProgressing Unknown/ChecksPending Unknown/ChecksPending",
            "True/ApplySucceeded Unknown/ChecksPending Unknown/ChecksPending",
            "True/ApplySucceeded False/DaemonSetUnhealthy True/DaemonSetProgressing",
            "True/ApplySucceeded True/ResourcesHealthy False/ResourcesRolledOut",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn new_content_makes_health_unknown_for_a_moment_and_a_bare_request_does_not() {
    let world = World::new();
    let _manager = world.manager();
    world.store("s-1", &[("config.yaml", config_map("one", "v").as_bytes())]).await;
    pass(2).await;
    let told = told(&world);
    let patch = json!({"metadata": {"annotations": {"gardener.cloud/operation": "reconcile"}}});
    world.seed.merge(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME, &patch).await.unwrap();
    pass(2).await;
    assert!(
        told.lock()
            .unwrap()
            .iter()
            .all(|told| told == "True/ApplySucceeded True/ResourcesHealthy False/ResourcesRolledOut")
    );
    told.lock().unwrap().clear();
    let same_with_a_comment = format!("# new\n{}", config_map("one", "v"));
    world.store("s-2", &[("config.yaml", same_with_a_comment.as_bytes())]).await;
    pass(2).await;
    assert_eq!(
        *told.lock().unwrap(),
        [
            "Progressing/ApplyProgressing Unknown/ChecksPending Unknown/ChecksPending",
            "True/ApplySucceeded Unknown/ChecksPending Unknown/ChecksPending",
            "True/ApplySucceeded True/ResourcesHealthy False/ResourcesRolledOut",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_guard_is_created_policy_first_and_is_gone_soon_after_its_managed_resource() {
    let world = World::new();
    let _manager = world.manager();
    let object = |kind: &str| {
        format!("apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata: {{name: g}}\nspec: {{}}\n")
    };
    let binding_first = stream(&[object("MutatingAdmissionPolicyBinding"), object("MutatingAdmissionPolicy")]);
    world.store("s-1", &[("config.yaml", &binding_first)]).await;
    pass(1).await;
    let created: Vec<String> = world
        .shoot_server
        .take_requests()
        .into_iter()
        .filter(|request| request.verb == Verb::Create)
        .map(|request| request.resource)
        .collect();
    assert_eq!(created, ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"]);
    world.seed.delete(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME).await.unwrap();
    pass(1).await;
    assert_eq!(world.found().await, None, "its turn to unhealthy makes the manager look again at once");
    assert_eq!(world.shoot.list(&kinds::ADMISSION_POLICY, "").await.unwrap(), Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_changed_in_place_is_noticed_and_an_ignored_managed_resource_is_left_alone() {
    let world = World::new();
    let _manager = world.manager();
    world.store("s-1", &[("config.yaml", config_map("one", "v").as_bytes())]).await;
    pass(2).await;
    let change = async |value: &str| {
        let patch = json!({"data": {"config.yaml": STANDARD.encode(config_map("one", value))}});
        world.seed.merge(&kinds::SECRET, NAMESPACE, "s-1", &patch).await.unwrap();
        pass(2).await;
        world.config_map("one").await.unwrap()["data"]["k"].clone()
    };
    assert_eq!(change("w").await, "w");
    let ignore = json!({"metadata": {"annotations": {"resources.gardener.cloud/ignore": "true"}}});
    world.seed.merge(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME, &ignore).await.unwrap();
    assert_eq!(change("x").await, "w");
    assert_eq!(world.applied().await.1, "ManagedResourceIgnored");
}

#[tokio::test(start_paused = true)]
async fn what_left_the_bundle_goes_first_and_nothing_is_applied_until_it_is_gone() {
    let world = World::new();
    let _manager = world.manager();
    let both = stream(&[config_map("calico-config", "old"), deployment("calico-kube-controllers")]);
    world.store("s-1", &[("config.yaml", &both)]).await;
    pass(2).await;
    world.store("s-2", &[("config.yaml", config_map("calico-config", "new").as_bytes())]).await;
    pass(30).await;

    let value = async || world.config_map("calico-config").await.unwrap()["data"]["k"].clone();
    assert_eq!(value().await, "old", "nobody collects the pods of the Deployment");
    let pending = "Could not clean all old resources: 1 error occurred: deletion of old resource \
                   \"apps/v1/Deployment/kube-system/calico-kube-controllers\" is still pending";
    assert_eq!(world.applied().await, says("Progressing", "DeletionPending", pending));
    let found = world.found().await.unwrap();
    assert_eq!((&found["metadata"]["generation"], &found["status"]["observedGeneration"]), (&json!(2), &json!(1)));

    let patch = json!({"metadata": {"finalizers": null}});
    world.shoot.merge(&kinds::DEPLOYMENT, "kube-system", "calico-kube-controllers", &patch).await.unwrap();
    pass(6).await;
    assert_eq!(value().await, "new");
    assert_eq!(world.found().await.unwrap()["status"]["observedGeneration"], 2);
}

#[tokio::test(start_paused = true)]
async fn deletion_waits_for_every_object_and_says_for_which() {
    let world = World::new();
    let _manager = world.manager();
    world.store("s-1", &[("config.yaml", &stream(&[config_map("one", "v"), config_map("two", "v")]))]).await;
    pass(2).await;
    let hold = json!({"metadata": {"finalizers": ["example.com/stuck"]}});
    world.shoot.merge(&kinds::CONFIG_MAP, "kube-system", "two", &hold).await.unwrap();
    world.seed.delete(&kinds::SECRET, NAMESPACE, "s-1").await.unwrap();
    world.seed.delete(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME).await.unwrap();
    pass(20).await;
    assert_eq!(world.config_map("one").await, None);
    let found = world.found().await.unwrap();
    assert_eq!(
        condition(&found, "ResourcesHealthy"),
        says("False", "DeletionPending", "The resources are currently being deleted.")
    );
    assert_eq!(
        condition(&found, "ResourcesProgressing"),
        says("True", "DeletionPending", "The resources are currently being deleted.")
    );
    assert_eq!(
        condition(&found, "ResourcesApplied"),
        says(
            "Progressing",
            "DeletionPending",
            "Could not clean all old resources: 1 error occurred: deletion of old resource \
             \"v1/ConfigMap/kube-system/two\" is still pending"
        )
    );
    let release = json!({"metadata": {"finalizers": null}});
    world.shoot.merge(&kinds::CONFIG_MAP, "kube-system", "two", &release).await.unwrap();
    pass(6).await;
    assert_eq!(world.found().await, None);
}

#[tokio::test(start_paused = true)]
async fn kept_objects_stay_as_they_are_and_are_adopted_again() {
    let world = World::new();
    let _manager = world.manager();
    world.store("s-1", &[("config.yaml", config_map("one", "v").as_bytes())]).await;
    pass(2).await;
    let before = world.config_map("one").await;
    let keep = json!({"spec": {"keepObjects": true}});
    world.seed.merge(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME, &keep).await.unwrap();
    world.seed.delete(&kinds::MANAGED_RESOURCE, NAMESPACE, NAME).await.unwrap();
    pass(2).await;
    assert_eq!(world.found().await, None);
    assert_eq!(world.config_map("one").await, before);
    world.seed.delete(&kinds::SECRET, NAMESPACE, "s-1").await.unwrap();
    world.store("s-1", &[("config.yaml", config_map("one", "v").as_bytes())]).await;
    pass(2).await;
    assert_eq!(world.config_map("one").await, before);
    assert_eq!(world.applied().await.0, "True");
}

#[tokio::test(start_paused = true)]
async fn what_others_put_on_an_object_stays_and_what_was_ours_goes() {
    let world = World::new();
    let _manager = world.manager();
    let labelled =
        daemon_set(", labels: {ours: a}, annotations: {resources.gardener.cloud/preserve-resources: 'true'}");
    world.store("s-1", &[("config.yaml", labelled.as_bytes())]).await;
    pass(2).await;
    let foreign = json!({
        "metadata": {"labels": {"theirs": "b"}},
        "spec": {"template": {"spec": {"containers": [
            {"name": "calico-node", "image": "node", "resources": {"requests": {"cpu": "500m"}}},
        ]}}},
    });
    world.shoot.merge(&kinds::DAEMON_SET, "kube-system", "calico-node", &foreign).await.unwrap();
    let changed = labelled.replace("ours: a", "other: c");
    world.store("s-2", &[("config.yaml", changed.as_bytes())]).await;
    pass(2).await;
    let found = world.shoot.get(&kinds::DAEMON_SET, "kube-system", "calico-node").await.unwrap().unwrap();
    assert_eq!(
        found["metadata"]["labels"],
        json!({
            "other": "c",
            "theirs": "b",
            "resources.gardener.cloud/managed-by": "gardener",
            "shoot.gardener.cloud/no-cleanup": "true",
        })
    );
    let resources = found.pointer("/spec/template/spec/containers/0/resources").unwrap();
    assert_eq!(*resources, json!({"requests": {"cpu": "500m"}}), "live values win");
    assert_eq!(found["metadata"]["generation"], 2, "only the foreign change was one of the spec");
}

#[tokio::test(start_paused = true)]
async fn one_key_or_two_makes_no_difference() {
    let world = World::new();
    let _manager = world.manager();
    let (one, two) = (config_map("one", "v"), config_map("two", "v"));
    world.store("s-1", &[("config.yaml", &stream(&[one.clone(), two.clone()]))]).await;
    pass(2).await;
    let before = (world.config_map("one").await, world.config_map("two").await);
    let shoot_revision = world.shoot_server.revision();
    world.store("s-2", &[("a.yaml.br", &compressed(two.as_bytes())), ("config.yaml", one.as_bytes())]).await;
    pass(2).await;
    assert_eq!((world.config_map("one").await, world.config_map("two").await), before);
    assert_eq!(world.shoot_server.revision(), shoot_revision);
    assert_eq!(world.applied().await.0, "True");
}
