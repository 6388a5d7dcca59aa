//! A shoot as these tests use it: nodes, writers, and policy and binding as gardener-resource-manager would put them there.

use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::client::resource::{guard_binding, guard_policy};
use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::facts::node::facts;
use adapter_k8s::guard::{GuardSeen, observe};
use adapter_k8s::read::nodes::nodes;
use calico_manifests::guard::{NAME, Protection, objects};
use calico_policy::admission_policy::GuardApi;
use calico_policy::nodes::NetworkUnavailable;
use calico_policy::survey::StaleRoute;
use http::{Method, Request};
use kube::client::Body;
use serde_json::{Value, json};

pub(crate) const CALICO_NODE: &str = "system:serviceaccount:kube-system:calico-node";
pub(crate) const KUBE_CONTROLLERS: &str = "system:serviceaccount:kube-system:calico-kube-controllers";
pub(crate) const ROUTE_WRITER: &str = "system:serviceaccount:kube-system:route-controller";

const STRATEGIC: &str = "application/strategic-merge-patch+json";
const ROLE_BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/// A shoot.
pub(crate) struct Shoot {
    client: kube::Client,
    pub(crate) api: ApiClient,
}

/// Status and reason of a node's `NetworkUnavailable`; `-` without one.
pub(crate) fn network(node: &Value) -> String {
    condition(node, "NetworkUnavailable")
}

/// Status and reason of a node's `Ready`; `-` without one.
pub(crate) fn ready(node: &Value) -> String {
    condition(node, "Ready")
}

fn condition(node: &Value, kind: &str) -> String {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let found: Vec<String> = conditions
        .iter()
        .filter(|condition| condition["type"] == kind)
        .map(|condition| format!("{}/{}", condition["status"].as_str().unwrap(), condition["reason"].as_str().unwrap()))
        .collect();
    if found.is_empty() { "-".to_owned() } else { found.join(" ") }
}

impl Shoot {
    pub(crate) fn new(client: kube::Client) -> Self {
        let api = ApiClient::new(client.clone(), "shoot", RateLimit::none(), Arc::new(Unobserved));
        Self { client, api }
    }

    /// Sends a request and returns code and body of the answer.
    pub(crate) async fn send(&self, method: Method, path: &str, user: &str, body: &Value) -> (u16, Value) {
        let kind = if method == Method::PATCH { STRATEGIC } else { "application/json" };
        let mut request = Request::builder().method(method).uri(path).header("content-type", kind);
        if !user.is_empty() {
            request = request.header("impersonate-user", user);
        }
        let content = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.client.send(request.body(Body::from(content)).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body.collect_bytes().await.unwrap();
        (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// A new node that is ready and has this condition; `-` for none, and an empty one for a node without any status.
    pub(crate) async fn node(&self, name: &str, condition: &str) {
        let mut node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
        if !condition.is_empty() {
            let mut conditions = vec![json!({"type": "Ready", "status": "True", "reason": "Before"})];
            if let Some((status, reason)) = condition.split_once('/') {
                conditions.insert(0, json!({"type": "NetworkUnavailable", "status": status, "reason": reason}));
            }
            node["status"] = json!({"conditions": conditions});
        }
        // The guard judges updates: a node comes with its conditions.
        let (code, body) = self.send(Method::POST, "/api/v1/nodes", "", &node).await;
        assert_eq!(code, 201, "{body}");
        let expected = if condition.is_empty() { "-" } else { condition };
        assert_eq!(network(&body), expected, "{name}");
    }

    pub(crate) async fn stored(&self, name: &str) -> Value {
        self.send(Method::GET, &format!("/api/v1/nodes/{name}"), "", &Value::Null).await.1
    }

    /// The route of this node as a survey sees it.
    pub(crate) async fn seen_route(&self, name: &str) -> StaleRoute {
        let node = facts(&serde_json::from_value(self.stored(name).await).unwrap()).unwrap();
        let NetworkUnavailable::One(condition) = node.network_unavailable else { panic!("{name}: {node:?}") };
        StaleRoute { name: node.name, uid: node.uid, condition }
    }

    pub(crate) async fn delete(&self, name: &str) {
        let (code, body) = self.send(Method::DELETE, &format!("/api/v1/nodes/{name}"), "", &Value::Null).await;
        assert_eq!(code, 200, "{body}");
    }

    pub(crate) async fn patch_status(&self, name: &str, user: &str, patch: &Value) -> (u16, Value) {
        self.send(Method::PATCH, &format!("/api/v1/nodes/{name}/status"), user, patch).await
    }

    /// Creates policy and binding, or puts them over those that are there.
    pub(crate) async fn deploy(&self, api: GuardApi, protection: Protection) {
        for (key, object) in objects(api, protection).unwrap().iter() {
            let path =
                if key.kind == "MutatingAdmissionPolicy" { guard_policy(api) } else { guard_binding(api) }.path("");
            let (code, found) = self.send(Method::GET, &format!("{path}/{NAME}"), "", &Value::Null).await;
            let (code, body) = if code == 200 {
                let mut object = object.clone();
                object["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"].clone();
                self.send(Method::PUT, &format!("{path}/{NAME}"), "", &object).await
            } else {
                self.send(Method::POST, &path, "", object).await
            };
            assert!(code == 200 || code == 201, "{code} {body}");
        }
    }

    pub(crate) async fn remove(&self, api: GuardApi) {
        for path in [guard_binding(api).path(""), guard_policy(api).path("")] {
            let (code, body) = self.send(Method::DELETE, &format!("{path}/{NAME}"), "", &Value::Null).await;
            assert_eq!(code, 200, "{body}");
        }
    }

    pub(crate) async fn policy(&self, api: GuardApi) -> Value {
        self.send(Method::GET, &format!("{}/{NAME}", guard_policy(api).path("")), "", &Value::Null).await.1
    }

    /// Gives all writers the right to write a node's status.
    pub(crate) async fn allow(&self) {
        let group = "rbac.authorization.k8s.io";
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "writers"},
            "rules": [{"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch", "update"]}],
        });
        let subjects = [CALICO_NODE, KUBE_CONTROLLERS, ROUTE_WRITER]
            .map(|name| json!({"kind": "User", "apiGroup": group, "name": name}));
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "writers"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "writers"}, "subjects": subjects,
        });
        let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        let (code, body) = self.send(Method::POST, roles, "", &role).await;
        assert!(code == 201 || code == 409, "{body}");
        let (code, body) = self.send(Method::POST, ROLE_BINDINGS, "", &binding).await;
        assert_eq!(code, 201, "{body}");
    }

    /// Takes the right away again.
    pub(crate) async fn forbid(&self) {
        let (code, body) = self.send(Method::DELETE, &format!("{ROLE_BINDINGS}/writers"), "", &Value::Null).await;
        assert_eq!(code, 200, "{body}");
    }

    /// What the probe says.
    pub(crate) async fn seen(&self, api: GuardApi) -> GuardSeen {
        let nodes = nodes(&self.api).await.unwrap().nodes;
        observe(&[self.api.clone(), self.api.clone()], &nodes, api).await
    }

    /// Probes until this is seen: API servers learn of policies and roles a moment later.
    pub(crate) async fn until(&self, api: GuardApi, wanted: impl Fn(&GuardSeen) -> bool) {
        for _ in 0..200 {
            if wanted(&self.seen(api).await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("after 20 s the probe says {:?}", self.seen(api).await);
    }
}
