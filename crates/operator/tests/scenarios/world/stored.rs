//! What is stored in the seed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{BUNDLE, EXTENSIONS, World};

impl World {
    pub(crate) fn network(&self) -> Option<Arc<Value>> {
        self.stored(EXTENSIONS, "networks", &self.key.name)
    }

    /// `status` of the Network.
    pub(crate) fn status(&self) -> Value {
        self.network().unwrap()["status"].clone()
    }

    /// `type state progress description` of the last operation.
    pub(crate) fn last_operation(&self) -> String {
        let last = &self.status()["lastOperation"];
        let text = |field: &str| last[field].as_str().unwrap().to_owned();
        format!("{} {} {} {}", text("type"), text("state"), last["progress"], text("description"))
    }

    /// `phase verdict reason bundle` of the overlay switch.
    pub(crate) fn switch(&self) -> String {
        let switch = &self.status()["providerStatus"]["overlaySwitch"];
        let text = |field: &str| switch[field].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("phase"), text("verdict"), text("reason"), text("bundle"))
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<String> {
        self.network().unwrap()["metadata"]["annotations"][key].as_str().map(str::to_owned)
    }

    pub(crate) fn stored(&self, group: &str, plural: &str, name: &str) -> Option<Arc<Value>> {
        self.seed.stored(group, plural, &self.key.namespace, name)
    }

    pub(crate) fn managed_resource(&self) -> Option<Arc<Value>> {
        self.stored("resources.gardener.cloud", "managedresources", BUNDLE)
    }

    /// The text of the bundle that the ManagedResource names.
    pub(crate) fn bundle(&self) -> String {
        let managed_resource = self.managed_resource().unwrap();
        let name = managed_resource["spec"]["secretRefs"][0]["name"].as_str().unwrap();
        let secret = self.stored("", "secrets", name).unwrap();
        String::from_utf8(STANDARD.decode(secret["data"]["config.yaml"].as_str().unwrap()).unwrap()).unwrap()
    }

    /// The encapsulation that the bundle's pool has: `ipipMode` of its IPPool.
    pub(crate) fn pool_mode(&self) -> String {
        let bundle = self.bundle();
        let pool = bundle.split("\n---\n").find(|document| document.contains("kind: IPPool")).unwrap().to_owned();
        pool.lines().find_map(|line| line.trim().strip_prefix("ipipMode: ")).unwrap().to_owned()
    }

    /// `type reason message` of every Event, in the order in which they were recorded.
    pub(crate) async fn events(&self) -> Vec<String> {
        let client = kube::Client::new(self.seed.service(), "default");
        let path = format!("/api/v1/namespaces/{}/events", self.key.namespace);
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        let list: Value = client.request(request).await.unwrap();
        let mut events: Vec<&Value> = list["items"].as_array().unwrap().iter().collect();
        events.sort_by_key(|event| event["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap());
        let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
        let line = |event| format!("{} {} {}", text(event, "type"), text(event, "reason"), text(event, "message"));
        events.into_iter().map(line).collect()
    }
}
