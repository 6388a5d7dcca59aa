//! What there is to see at one moment, read over HTTP from the seed and from the shoot.

use std::collections::BTreeMap;

use fake_apiserver::world::{Cluster, RequestError, kinds};
use serde_json::Value;

use super::landscape::{NAME, NAMESPACE};

/// The bundle's ManagedResource.
pub(super) const MANAGED_RESOURCE: &str = "extension-networking-calico-config";

/// One moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scene {
    /// `lastOperation`, such as `Reconcile Processing 50 %`.
    pub(super) operation: String,
    pub(super) description: String,
    pub(super) privilege: String,
    pub(super) phase: String,
    pub(super) verdict: String,
    pub(super) reason: String,
    pub(super) message: String,
    /// `Target`, `Held` or `Frozen`.
    pub(super) bundle: String,
    pub(super) from: String,
    pub(super) to: String,
    /// `ResourcesApplied` of the ManagedResource, status and reason.
    pub(super) applied: String,
    /// Whether the ManagedResource says of its present generation that everything has been rolled out.
    pub(super) rolled_out: bool,
    pub(super) nodes: Vec<NodeScene>,
    /// How many calico-node pods have the newest template, and how many there are to be.
    pub(super) rollout: Option<(i64, i64)>,
    /// Whether calico-node as the DaemonSet has it is privileged.
    pub(super) privileged: Option<bool>,
    /// Whether calico-kube-controllers is there, which vanishes with the overlay.
    pub(super) kube_controllers: bool,
    /// Mode of the IPv4 pool, such as `Always`.
    pub(super) pool: String,
    /// Events on the Network: reason and message, by name.
    pub(super) events: BTreeMap<String, (String, String)>,
}

/// One node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeScene {
    pub(super) name: String,
    /// The reason of its condition `NetworkUnavailable`; empty without one.
    pub(super) network: String,
    /// Its calico-node pod, while that is ready.
    pub(super) pod: Option<String>,
}

impl Scene {
    /// Reads everything. What is not there yet is empty.
    pub(super) async fn read(seed: &Cluster, shoot: &Cluster) -> Result<Self, RequestError> {
        // The shoot first: what the seed says then is not older than what is seen in the shoot.
        let shown = Self::read_shoot(shoot).await?;
        let network = seed.get(&kinds::NETWORK, NAMESPACE, NAME).await?.unwrap_or_default();
        let managed_resource =
            seed.get(&kinds::MANAGED_RESOURCE, NAMESPACE, MANAGED_RESOURCE).await?.unwrap_or_default();
        let events = seed.list(&kinds::EVENT, NAMESPACE).await?;
        let status = |path: &str| text(&network, &format!("/status/{path}")).to_owned();
        let switch = |path: &str| status(&format!("providerStatus/overlaySwitch/{path}"));
        let operation = match status("lastOperation/type").as_str() {
            "" => String::new(),
            kind => {
                let progress = network.pointer("/status/lastOperation/progress").and_then(Value::as_i64);
                format!("{kind} {} {} %", status("lastOperation/state"), progress.unwrap_or_default())
            }
        };
        let because = match status("providerStatus/privilege/because").as_str() {
            "" => String::new(),
            because => format!(" ({because})"),
        };
        let says = |kind: &str| condition(&managed_resource, kind).map(|found| text(found, "/status").to_owned());
        let generation = |path: &str| managed_resource.pointer(path).and_then(Value::as_i64);
        let is_current = generation("/status/observedGeneration") == generation("/metadata/generation");
        Ok(Self {
            operation,
            description: status("lastOperation/description"),
            privilege: status("providerStatus/privilege/mode") + &because,
            phase: switch("phase"),
            verdict: switch("verdict"),
            reason: switch("reason"),
            message: switch("message"),
            bundle: switch("bundle"),
            from: switch("from/ipv4"),
            to: switch("to/ipv4"),
            applied: condition(&managed_resource, "ResourcesApplied")
                .map(|found| format!("{} {}", text(found, "/status"), text(found, "/reason")))
                .unwrap_or_default(),
            rolled_out: is_current
                && says("ResourcesHealthy").as_deref() == Some("True")
                && says("ResourcesProgressing").as_deref() == Some("False"),
            events: events.iter().map(event).collect(),
            ..shown
        })
    }

    /// What there is to see in the shoot; the rest is empty.
    async fn read_shoot(shoot: &Cluster) -> Result<Self, RequestError> {
        let mut scene = Self::default();
        let pods = shoot.list(&kinds::POD, "kube-system").await?;
        let pods: BTreeMap<&str, &str> = pods
            .iter()
            .filter(|pod| condition(pod, "Ready").is_some())
            .map(|pod| (text(pod, "/spec/nodeName"), text(pod, "/metadata/name")))
            .collect();
        scene.nodes = shoot
            .list(&kinds::NODE, "")
            .await?
            .iter()
            .map(|node| {
                let name = text(node, "/metadata/name");
                let network = condition(node, "NetworkUnavailable").map(|found| text(found, "/reason"));
                NodeScene {
                    name: name.to_owned(),
                    network: network.unwrap_or_default().to_owned(),
                    pod: pods.get(name).map(|pod| (*pod).to_owned()),
                }
            })
            .collect();
        scene.nodes.sort_by_key(|node| (node.name.len(), node.name.clone()));
        if let Some(daemon_set) = shoot.get(&kinds::DAEMON_SET, "kube-system", "calico-node").await? {
            let count = |field: &str| daemon_set.pointer(&format!("/status/{field}")).and_then(Value::as_i64);
            let current =
                count("observedGeneration") == daemon_set.pointer("/metadata/generation").and_then(Value::as_i64);
            let updated = count("updatedNumberScheduled").filter(|_| current).unwrap_or_default();
            scene.rollout = Some((updated, count("desiredNumberScheduled").unwrap_or_default()));
            scene.privileged = Some(is_privileged(&daemon_set));
        }
        scene.kube_controllers =
            shoot.get(&kinds::DEPLOYMENT, "kube-system", "calico-kube-controllers").await?.is_some();
        let pool = shoot.get(&kinds::IP_POOL, "", "default-ipv4-ippool").await?;
        scene.pool = pool.map(|pool| text(&pool, "/spec/ipipMode").to_owned()).unwrap_or_default();
        Ok(scene)
    }

    /// How many nodes have a route.
    pub(super) fn routes(&self) -> usize {
        self.nodes.iter().filter(|node| node.network == "RouteCreated").count()
    }

    /// Whether a switch has come to its end, with the bundle that follows once it is verified.
    pub(super) fn is_done(&self) -> bool {
        self.phase == "Done" && !self.kube_controllers && self.applied == "True ApplySucceeded" && self.is_settled()
    }

    /// Whether the shoot runs what it was given last.
    pub(super) fn is_settled(&self) -> bool {
        self.rolled_out && self.rollout.is_some_and(|(updated, desired)| updated == desired)
    }
}

fn is_privileged(daemon_set: &Value) -> bool {
    let containers = daemon_set.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let node = containers.into_iter().flatten().find(|container| text(container, "/name") == "calico-node");
    node.and_then(|node| node.pointer("/securityContext/privileged")).and_then(Value::as_bool).unwrap_or_default()
}

fn event(event: &Value) -> (String, (String, String)) {
    let part = |path: &str| text(event, path).to_owned();
    // Both forms of Events exist.
    let message = if text(event, "/message").is_empty() { part("/note") } else { part("/message") };
    (part("/metadata/name"), (part("/reason"), message))
}

/// A text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    conditions.iter().find(|condition| text(condition, "/type") == kind)
}
