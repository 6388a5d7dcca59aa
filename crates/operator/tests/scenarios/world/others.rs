//! What everybody but the controller does.

use serde_json::{Value, json};

use super::objects::{cluster, spec};
use super::{BUNDLE, NAME, NAMESPACE, World, now};

impl World {
    /// What gardenlet does for an operation: the whole spec, the annotation and a new timestamp.
    pub(crate) fn ask(&self, operation: &str, provider_config: Value) -> &Self {
        let mut network = match self.network() {
            Some(network) => (*network).clone(),
            None => json!({
                "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
                "metadata": {"name": NAME, "namespace": NAMESPACE, "generation": 0},
            }),
        };
        let generation = network["metadata"]["generation"].as_i64().unwrap();
        let spec = spec(provider_config);
        if network["spec"] != spec {
            network["spec"] = spec;
            network["metadata"]["generation"] = (generation + 1).into();
        }
        network["metadata"]["annotations"]["gardener.cloud/operation"] = operation.into();
        network["metadata"]["annotations"]["gardener.cloud/timestamp"] = now().into();
        self.put(network)
    }

    /// Changes what is stored of the Network.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) -> &Self {
        let mut network = (*self.network().unwrap()).clone();
        change(&mut network);
        self.put(network)
    }

    /// Stores an object in the seed as it is.
    pub(crate) fn put(&self, object: Value) -> &Self {
        self.seed.restore(object).unwrap();
        self
    }

    /// Another shoot; what is not named stays.
    pub(crate) fn shoot_is(&self, shoot: &Value) -> &Self {
        self.put(cluster(shoot))
    }

    /// A node of the shoot; `condition` is status and reason of `NetworkUnavailable`.
    pub(crate) fn node(&self, name: &str, condition: Option<(&str, &str)>) -> &Self {
        let conditions: Vec<Value> = condition
            .into_iter()
            .map(|(status, reason)| json!({"type": "NetworkUnavailable", "status": status, "reason": reason}))
            .collect();
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "uid": format!("uid-{name}"), "creationTimestamp": "2026-11-01T00:00:00Z"},
            "spec": {"podCIDRs": ["100.96.0.0/24"], "podCIDR": "100.96.0.0/24"},
            "status": {"conditions": conditions},
        });
        self.shoot.restore(node).unwrap();
        self
    }

    /// gardener-resource-manager has applied the bundle, or not: the status of the ManagedResource for its current generation.
    pub(crate) fn resource_manager(&self, applied: &str) -> &Self {
        if let Some(found) = self.stored("resources.gardener.cloud", "managedresources", BUNDLE) {
            let mut object = (*found).clone();
            let observed = if applied == "True" { object["metadata"]["generation"].clone() } else { 0.into() };
            let condition = |kind: &str, status: &str| {
                json!({
                    "type": kind, "status": status, "reason": "Test", "message": "by the test",
                    "lastTransitionTime": now(), "lastUpdateTime": now(),
                })
            };
            object["status"] = json!({
                "observedGeneration": observed,
                "conditions": [
                    condition("ResourcesApplied", applied),
                    condition("ResourcesHealthy", "True"),
                    condition("ResourcesProgressing", "False"),
                ],
            });
            self.put(object);
        }
        self
    }

    /// calico-node is still rolling, says gardener-resource-manager.
    pub(crate) fn rolling(&self) -> &Self {
        let mut object = (*self.managed_resource().unwrap()).clone();
        object["status"]["conditions"][2]["status"] = "True".into();
        self.put(object)
    }
}
