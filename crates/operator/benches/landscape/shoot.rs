//! The API server of a shoot: full-size nodes, a pool that encapsulates, and our guard, as if gardener-resource-manager had applied it.

use calico_manifests::guard::Protection;
use calico_policy::admission_policy::GuardApi;
use fake_apiserver::world::{Cluster, guard, kinds};
use fake_apiserver::{Server, Serving};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::definition::definition;
use super::nodes;
use super::seed::now;

/// One API server at one or more addresses.
pub(crate) struct Shoot {
    pub(crate) server: Server,
    serving: Vec<Serving>,
}

/// Changes that are kept for watches to go on from.
const HISTORY: usize = 2_000;

impl Shoot {
    /// With so many nodes, all of which but the first have a route, at so many addresses. A client takes each address for a shoot of
    /// its own, so that many shoots need no more memory than one here.
    pub(crate) async fn start(count: usize, addresses: usize) -> Self {
        let pools = definition("crd.projectcalico.org", "v1", "IPPool", "ippools", "Cluster");
        let server = Server::builder().definition(pools).object(pool("Always")).history(HISTORY).build().unwrap();
        guard::install(&server);
        let client = Cluster::new(kube::Client::new(server.service(), "default"));
        for (key, object) in calico_manifests::guard::objects(GuardApi::V1, Protection::FromCalico).unwrap().iter() {
            let kind = match key.kind.as_str() {
                "MutatingAdmissionPolicy" => kinds::ADMISSION_POLICY,
                _ => kinds::ADMISSION_POLICY_BINDING,
            };
            client.create(&kind, object.clone()).await.unwrap();
        }
        let mut serving = Vec::new();
        for _ in 0..addresses {
            serving.push(server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap());
        }
        let shoot = Self { server, serving };
        for index in 0..count {
            shoot.put(node(index));
        }
        shoot
    }

    pub(crate) fn kubeconfig(&self, address: usize) -> String {
        self.serving[address].kubeconfig("shoot", Some("of-everybody"))
    }

    /// A route writer says that the first node has a route.
    pub(crate) fn route(&self) {
        self.put(with_route(self.node(0)));
    }

    /// A kubelet says that it is well.
    pub(crate) fn heartbeat(&self, index: usize) {
        let mut node = self.node(index);
        let conditions = node["status"]["conditions"].as_array_mut().unwrap();
        let ready = conditions.iter_mut().find(|condition| condition["type"] == "Ready").unwrap();
        ready["lastHeartbeatTime"] = now().into();
        self.put(node);
    }

    /// The bundle is applied.
    pub(crate) fn set_pool(&self, mode: &str) {
        self.put(pool(mode));
    }

    fn node(&self, index: usize) -> Value {
        let name = node(index)["metadata"]["name"].as_str().unwrap().to_owned();
        Value::clone(&self.server.stored("", "nodes", "", &name).unwrap())
    }

    fn put(&self, object: Value) {
        self.server.restore(object).unwrap();
    }
}

/// A node of a new shoot.
pub(crate) fn node(index: usize) -> Value {
    let mut node = nodes::node(index);
    if index == 0 {
        let conditions = node["status"]["conditions"].as_array_mut().unwrap();
        conditions.retain(|condition| condition["type"] != "NetworkUnavailable");
    }
    node
}

/// The same node with a route.
pub(crate) fn with_route(mut node: Value) -> Value {
    node["status"]["conditions"].as_array_mut().unwrap().push(json!({
        "type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated",
        "message": "RouteController created a route", "lastHeartbeatTime": now(), "lastTransitionTime": now(),
    }));
    node
}

fn pool(mode: &str) -> Value {
    json!({
        "apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": {"name": "default-ipv4-ippool"},
        "spec": {"cidr": "100.96.0.0/11", "ipipMode": mode, "vxlanMode": "Never"},
    })
}
