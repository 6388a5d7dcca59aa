//! From the Go extension to this one and back, with a gardener-resource-manager that applies what either leaves: nothing is deleted on
//! the way, every object stays the same one, and calico-node rolls once in each direction.

use std::collections::{BTreeMap, BTreeSet};

use fake_apiserver::Verb;
use fake_apiserver::world::nodes::{self, Nodes};
use fake_apiserver::world::resource_manager::{ResourceManager, Timing};
use fake_apiserver::world::{Clock, Cluster, Running, kinds};
use operator::controller::Next;
use serde_json::{Value, json};

use crate::take_over::{ask_again, recorded_world};
use crate::world::{BUNDLE, World, now, pass};

/// A recorded shoot as the Go extension leaves it, in both clusters.
struct Landscape {
    world: World,
    namespace: String,
    seed: Cluster,
    shoot: Cluster,
    _running: [Running; 2],
}

impl Landscape {
    /// `None` where the recordings are not there.
    async fn left_by_go(name: &str) -> Option<Self> {
        let world = recorded_world(name)?;
        let namespace = format!("shoot--demo--{name}");
        let seed = Cluster::new(kube::Client::new(world.seed.service(), "default"));
        let shoot = Cluster::new(kube::Client::new(world.shoot.service(), "default"));
        let clock = Clock::starting_at(now().parse().unwrap());
        let manager = ResourceManager::new(seed.clone(), shoot.clone(), &namespace, Timing::default(), clock).start();
        // For the sake of the Deployments, which somebody must let go.
        let nodes = Nodes::new(shoot.clone(), Vec::new(), nodes::Timing::default(), clock, 1).start();
        let landscape = Self { world, namespace, seed, shoot, _running: [manager, nodes] };
        landscape.applied().await;
        Some(landscape)
    }

    async fn managed_resource(&self) -> Value {
        self.seed.get(&kinds::MANAGED_RESOURCE, &self.namespace, BUNDLE).await.unwrap().unwrap()
    }

    /// Waits until the manager has applied what is in the seed.
    async fn applied(&self) {
        for _ in 0..300 {
            pass(1).await;
            let found = self.managed_resource().await;
            let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let applied = conditions.iter().any(|c| c["type"] == "ResourcesApplied" && c["status"] == "True");
            if applied && found["status"]["observedGeneration"] == found["metadata"]["generation"] {
                return;
            }
        }
        panic!("never applied: {:#}", self.managed_resource().await["status"]);
    }

    /// One operation of this extension, until its bundle is applied.
    async fn reconcile(&self) {
        ask_again(&self.world);
        let mut looks = 0;
        while let Next::After(delay) = self.world.reconcile().await.unwrap() {
            tokio::time::sleep(delay).await;
            looks += 1;
            if looks == 20 {
                break;
            }
        }
        self.applied().await;
    }

    /// What the Go extension writes where it finds the ManagedResource of somebody else: the whole spec, its label and its reference.
    async fn rolled_back(&self, before: &Value) {
        let mut found = self.managed_resource().await;
        found["spec"] = before["spec"].clone();
        found["metadata"]["labels"] = before["metadata"]["labels"].clone();
        found["metadata"]["annotations"] = before["metadata"]["annotations"].clone();
        self.seed.update(&kinds::MANAGED_RESOURCE, found).await.unwrap();
        self.applied().await;
    }

    /// Every object of the bundle by kind and name, as the manager recorded them.
    async fn identities(&self) -> BTreeSet<String> {
        let found = self.managed_resource().await;
        let resources = found["status"]["resources"].as_array().unwrap().clone();
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        resources
            .iter()
            .map(|entry| ["apiVersion", "kind", "namespace", "name"].map(|field| text(entry, field)).join(" "))
            .collect()
    }

    async fn calico_node(&self) -> Value {
        self.shoot.get(&kinds::DAEMON_SET, "kube-system", "calico-node").await.unwrap().unwrap()
    }

    /// What was deleted in the shoot since the last call.
    fn deleted(&self) -> Vec<String> {
        let requests = self.world.shoot.take_requests();
        let deletions =
            requests.into_iter().filter(|request| matches!(request.verb, Verb::Delete | Verb::DeleteCollection));
        deletions.map(|request| format!("{} {}", request.resource, request.name)).collect()
    }

    /// The `uid` of some objects of each sort.
    async fn uids(&self) -> BTreeMap<&'static str, Value> {
        let mut uids = BTreeMap::new();
        for (kind, namespace, name) in [
            (&kinds::DAEMON_SET, "kube-system", "calico-node"),
            (&kinds::CONFIG_MAP, "kube-system", "calico-config"),
            (&kinds::IP_POOL, "", "default-ipv4-ippool"),
        ] {
            if let Some(found) = self.shoot.get(kind, namespace, name).await.unwrap() {
                uids.insert(name, found["metadata"]["uid"].clone());
            }
        }
        assert!(uids.len() >= 2, "{uids:?}");
        uids
    }
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap()
}

/// There and back for a shoot in which nothing is switched.
async fn check(name: &str) {
    let Some(landscape) = Landscape::left_by_go(name).await else { return };
    let (left, go, uids, objects) = (
        landscape.managed_resource().await,
        landscape.calico_node().await,
        landscape.uids().await,
        landscape.identities().await,
    );
    assert!(objects.len() > 40, "{objects:?}");
    landscape.deleted();

    landscape.reconcile().await;
    let ours = landscape.calico_node().await;
    assert_ne!(
        landscape.managed_resource().await["spec"]["secretRefs"],
        left["spec"]["secretRefs"],
        "{name}: nothing written"
    );
    assert_eq!(landscape.deleted(), Vec::<String>::new(), "{name}: taken over");
    assert_eq!(landscape.identities().await, objects, "{name}: taken over");
    assert_eq!(landscape.uids().await, uids, "{name}: taken over");
    assert_eq!(generation(&ours), generation(&go) + 1, "{name}: calico-node rolls once");

    landscape.reconcile().await;
    assert_eq!(generation(&landscape.calico_node().await), generation(&ours), "{name}: and never again");

    landscape.rolled_back(&left).await;
    let back = landscape.calico_node().await;
    assert_eq!(landscape.deleted(), Vec::<String>::new(), "{name}: rolled back");
    assert_eq!(landscape.identities().await, objects, "{name}: rolled back");
    assert_eq!(landscape.uids().await, uids, "{name}: rolled back");
    assert_eq!(generation(&back), generation(&ours) + 1, "{name}: calico-node rolls once");
    assert_eq!(back["spec"], go["spec"], "{name}: as it was");
}

#[tokio::test(start_paused = true)]
async fn a_shoot_whose_switch_is_held_changes_hands() {
    check("held").await;
}

#[tokio::test(start_paused = true)]
async fn a_shoot_with_ebpf_changes_hands() {
    check("ebpf").await;
}

/// Here the first bundle of ours switches, too: one roll for both.
#[tokio::test(start_paused = true)]
async fn a_take_over_that_switches_rolls_calico_node_once() {
    let Some(landscape) = Landscape::left_by_go("ready").await else { return };
    let (go, uids) = (landscape.calico_node().await, landscape.uids().await);
    landscape.reconcile().await;
    assert_eq!(landscape.world.pool_mode(), "Never");
    assert_eq!(landscape.uids().await, uids);
    assert_eq!(generation(&landscape.calico_node().await), generation(&go) + 1);
    let pool = landscape.shoot.get(&kinds::IP_POOL, "", "default-ipv4-ippool").await.unwrap().unwrap();
    assert_eq!(pool["spec"]["ipipMode"], json!("Never"));
}
