//! What there is to see at one moment, as short texts that a story compares with literals.

use std::collections::BTreeMap;
use std::sync::Arc;

use fake_apiserver::world::{Cluster, Kind, RequestError, kinds};
use serde_json::Value;

use super::journal::{Side, View};
use super::landscape::{BUNDLE, NAME};

/// One moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scene {
    /// `lastOperation`, such as `Reconcile Succeeded 100`.
    pub(super) operation: String,
    pub(super) description: String,
    /// Phase, verdict, reason and bundle of the switch, such as `AwaitingRoutes Hold RoutesMissing Held`.
    pub(super) switch: String,
    /// From and to, such as `Ipip(Always) -> None`.
    pub(super) encapsulation: String,
    /// Nodes that are waited for, with their class.
    pub(super) waiting: String,
    /// State and API version of the guard.
    pub(super) guard: String,
    /// `ResourcesApplied` of the bundle, status and reason.
    pub(super) applied: String,
    /// Mode of the IPv4 pool in the shoot.
    pub(super) pool: String,
    /// calico-node pods with the newest template, of those that are to be; empty without a DaemonSet.
    pub(super) rollout: String,
    /// How many nodes say what of their network.
    pub(super) nodes: String,
    /// Admission policies in the shoot.
    pub(super) policies: String,
    /// Generation of the bundle.
    pub(super) generation: i64,
    /// The bundle is applied, healthy and rolled out.
    pub(super) settled: bool,
}

/// The objects of a scene.
#[derive(Default)]
struct Objects {
    network: Option<Arc<Value>>,
    bundle: Option<Arc<Value>>,
    pool: Option<Arc<Value>>,
    daemon_set: Option<Arc<Value>>,
    nodes: Vec<Arc<Value>>,
    policies: Vec<Arc<Value>>,
}

const SYSTEM: &str = "kube-system";
const CALICO_NODE: &str = "calico-node";
const POOL: &str = "default-ipv4-ippool";

impl Scene {
    /// As the watches tell it.
    pub(super) fn watched(view: &View, namespace: &str, policy: &Kind) -> Self {
        Self::of(&Objects {
            network: view.get(Side::Seed, &kinds::NETWORK, namespace, NAME),
            bundle: view.get(Side::Seed, &kinds::MANAGED_RESOURCE, namespace, BUNDLE),
            pool: view.get(Side::Shoot, &kinds::IP_POOL, "", POOL),
            daemon_set: view.get(Side::Shoot, &kinds::DAEMON_SET, SYSTEM, CALICO_NODE),
            nodes: view.list(Side::Shoot, &kinds::NODE),
            policies: view.list(Side::Shoot, policy),
        })
    }

    /// Read from the API servers.
    pub(super) async fn read(
        seed: &Cluster,
        shoot: &Cluster,
        namespace: &str,
        policy: &Kind,
    ) -> Result<Self, RequestError> {
        let all = |found: Vec<Value>| found.into_iter().map(Arc::new).collect();
        Ok(Self::of(&Objects {
            network: seed.get(&kinds::NETWORK, namespace, NAME).await?.map(Arc::new),
            bundle: seed.get(&kinds::MANAGED_RESOURCE, namespace, BUNDLE).await?.map(Arc::new),
            pool: shoot.get(&kinds::IP_POOL, "", POOL).await?.map(Arc::new),
            daemon_set: shoot.get(&kinds::DAEMON_SET, SYSTEM, CALICO_NODE).await?.map(Arc::new),
            nodes: all(shoot.list(&kinds::NODE, "").await?),
            policies: all(shoot.list(policy, "").await?),
        }))
    }

    fn of(objects: &Objects) -> Self {
        let status = |path: &str| optional(&objects.network, &format!("/status/{path}"));
        let switch = |path: &str| match status(&format!("providerStatus/overlaySwitch/{path}")) {
            "" => "-",
            text => text,
        };
        let operation = match status("lastOperation/type") {
            "" => String::new(),
            kind => {
                let progress =
                    objects.network.as_ref().and_then(|found| found.pointer("/status/lastOperation/progress"));
                format!("{kind} {} {}", status("lastOperation/state"), progress.unwrap_or(&Value::Null))
            }
        };
        let applied = condition(objects.bundle.as_deref(), "ResourcesApplied");
        let says = |kind: &str, wanted: &str| {
            condition(objects.bundle.as_deref(), kind).is_some_and(|found| text(found, "/status") == wanted)
        };
        let observed = |object: &Option<Arc<Value>>| {
            number(object, "/status/observedGeneration") == number(object, "/metadata/generation")
        };
        let rollout = objects.daemon_set.as_ref().map(|found| {
            let count =
                |field: &str| found.pointer(&format!("/status/{field}")).and_then(Value::as_i64).unwrap_or_default();
            let updated = if observed(&objects.daemon_set) { count("updatedNumberScheduled") } else { 0 };
            format!("{}/{}", updated.min(count("numberAvailable")), count("desiredNumberScheduled"))
        });
        let waiting = objects
            .network
            .as_ref()
            .and_then(|found| found.pointer("/status/providerStatus/overlaySwitch/waitingFor")?.as_array())
            .into_iter()
            .flatten()
            .map(|node| format!("{} {}", text(node, "/name"), text(node, "/class")));
        Self {
            operation,
            description: status("lastOperation/description").to_owned(),
            switch: ["phase", "verdict", "reason", "bundle"].map(switch).join(" "),
            encapsulation: format!("{} -> {}", switch("from/ipv4"), switch("to/ipv4")),
            waiting: waiting.collect::<Vec<_>>().join(", "),
            guard: format!("{} {}", switch("guard/state"), switch("guard/apiVersion")),
            applied: applied
                .map(|found| format!("{} {}", text(found, "/status"), text(found, "/reason")))
                .unwrap_or_default(),
            pool: optional(&objects.pool, "/spec/ipipMode").to_owned(),
            settled: observed(&objects.bundle)
                && says("ResourcesApplied", "True")
                && says("ResourcesHealthy", "True")
                && says("ResourcesProgressing", "False")
                && rollout.as_deref().and_then(|text| text.split_once('/')).is_some_and(|(done, all)| done == all),
            rollout: rollout.unwrap_or_default(),
            nodes: counted(&objects.nodes),
            policies: names(&objects.policies),
            generation: number(&objects.bundle, "/metadata/generation"),
        }
    }

    /// The phase of the switch.
    pub(super) fn phase(&self) -> &str {
        self.switch.split(' ').next().unwrap_or_default()
    }

    /// In one line, for whoever waited in vain.
    pub(super) fn line(&self) -> String {
        let Self { operation, description, switch, guard, applied, pool, rollout, nodes, .. } = self;
        format!("{operation} ({description}); {switch}; guard {guard}; {applied}; pool {pool}; {rollout}; {nodes}")
    }
}

/// How many nodes say what, such as `3 RouteCreated, 1 nothing`.
fn counted(nodes: &[Arc<Value>]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for node in nodes {
        let reason = condition(Some(node), "NetworkUnavailable").map_or("nothing", |found| text(found, "/reason"));
        *counts.entry(reason).or_default() += 1;
    }
    counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}

fn names(objects: &[Arc<Value>]) -> String {
    objects.iter().map(|object| text(object, "/metadata/name")).collect::<Vec<_>>().join(", ")
}

/// A text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn optional<'a>(object: &'a Option<Arc<Value>>, pointer: &str) -> &'a str {
    object.as_deref().map_or("", |object| text(object, pointer))
}

fn number(object: &Option<Arc<Value>>, pointer: &str) -> i64 {
    object.as_deref().and_then(|object| object.pointer(pointer)?.as_i64()).unwrap_or_default()
}

/// The condition of a type.
fn condition<'a>(object: Option<&'a Value>, kind: &str) -> Option<&'a Value> {
    let conditions = object?.pointer("/status/conditions").and_then(Value::as_array)?;
    conditions.iter().find(|condition| text(condition, "/type") == kind)
}
