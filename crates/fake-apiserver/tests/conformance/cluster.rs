//! Raw requests against a server, and a namespace of its own for each behaviour.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// A server under test.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: Client,
}

/// A server and a namespace that nobody else uses.
#[derive(Clone)]
pub(crate) struct Space {
    cluster: Cluster,
    /// The namespace; also unique for names of objects of the cluster.
    pub(crate) namespace: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
    pub(crate) content_type: String,
}

/// The events of a running watch.
pub(crate) struct Events {
    body: Body,
    buffer: Vec<u8>,
}

/// How long an event may take. A watch that should stay silent is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
pub(crate) const APPLY_PATCH: &str = "application/apply-patch+yaml";

impl Cluster {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates a definition and waits until it is served.
    pub(crate) async fn define(&self, definition: &Value) {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let made = self.send(Method::POST, path, &[], Some(definition)).await;
        assert_eq!(made.code, 201, "{}", made.body);
        let name = definition["metadata"]["name"].as_str().unwrap();
        let established = json!({"type": "Established", "status": "True"});
        let resource =
            format!("/apis/{}/v1/{}", text(definition, "/spec/group"), text(definition, "/spec/names/plural"));
        for _ in 0..100 {
            let now = self.send(Method::GET, &format!("{path}/{name}"), &[], None).await.body;
            let conditions = now.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
            let is = |condition: &Value| established.as_object().unwrap().iter().all(|(k, v)| &condition[k] == v);
            if conditions.iter().any(is) && self.send(Method::GET, &resource, &[], None).await.code == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("`{name}` is not established");
    }

    pub(crate) async fn space(&self, behaviour: &str) -> Space {
        let hash = behaviour.bytes().fold(5381_u32, |hash, byte| hash.wrapping_mul(33) ^ u32::from(byte));
        let namespace = format!("c-{hash:08x}");
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let made = self.send(Method::POST, "/api/v1/namespaces", &[], Some(&object)).await;
        assert_eq!(made.code, 201, "{}", made.body);
        Space { cluster: self.clone(), namespace }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let content = body.map(Value::to_string).unwrap_or_default();
        let mut request = Request::builder().method(method).uri(path).header("user-agent", "conformance/1");
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.send(request.body(Body::from(content.into_bytes())).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let content = body.collect().await.unwrap().to_bytes();
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        Answer {
            code: head.status.as_u16(),
            body: serde_json::from_slice(&content)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&content).into_owned())),
            warnings: head.headers.get_all("warning").iter().map(text).collect(),
            content_type: head.headers.get("content-type").map(text).unwrap_or_default(),
        }
    }
}

impl Space {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(path, "application/json").await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.cluster.send(Method::GET, &self.path(path), &[("accept", accept)], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.cluster.send(Method::POST, &self.path(path), &[], Some(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.cluster.send(Method::PUT, &self.path(path), &[], Some(&body)).await
    }

    pub(crate) async fn patch(&self, kind: &str, path: &str, body: Value) -> Answer {
        self.cluster.send(Method::PATCH, &self.path(path), &[("content-type", kind)], Some(&body)).await
    }

    pub(crate) async fn apply(&self, path: &str, manager: &str, body: Value) -> Answer {
        self.patch(APPLY_PATCH, &format!("{path}?fieldManager={manager}"), body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.cluster.send(Method::DELETE, &self.path(path), &[], None).await
    }

    pub(crate) async fn delete_with(&self, path: &str, options: Value) -> Answer {
        self.cluster.send(Method::DELETE, &self.path(path), &[], Some(&options)).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        self.cluster.send(method, &self.path(path), headers, body.as_ref()).await
    }

    pub(crate) async fn define(&self, definition: &Value) {
        self.cluster.define(definition).await;
    }

    pub(crate) async fn watch(&self, path: &str) -> Events {
        self.watch_as(path, "application/json").await
    }

    pub(crate) async fn watch_as(&self, path: &str, accept: &str) -> Events {
        let request = Request::builder().uri(self.path(path)).header("accept", accept).body(Body::empty()).unwrap();
        let response = self.cluster.client.send(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Events { body: response.into_body(), buffer: Vec::new() }
    }

    /// Creates a ConfigMap with these data.
    pub(crate) async fn config_map(&self, name: &str, data: Value) -> Value {
        let made = self.post(MAPS, json!({"metadata": {"name": name}, "data": data})).await;
        assert_eq!(made.code, 201, "{}", made.body);
        made.body
    }

    /// Creates a Widget with this spec.
    pub(crate) async fn widget(&self, name: &str, spec: Value) -> Value {
        let made = self.post(WIDGETS, widget(name, spec)).await;
        assert_eq!(made.code, 201, "{}", made.body);
        made.body
    }

    /// `{ns}` in a path stands for the namespace.
    fn path(&self, path: &str) -> String {
        path.replace("{ns}", &self.namespace)
    }
}

impl Events {
    /// The next event as type and object; nothing at the end of the watch.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let event: Value = serde_json::from_slice(&line).unwrap();
                return Some((text(&event, "/type"), event["object"].clone()));
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("an event in time");
            match frame {
                Some(frame) => self.buffer.extend_from_slice(frame.unwrap().data_ref().unwrap()),
                None => return None,
            }
        }
    }

    /// The types and names of the next events.
    pub(crate) async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            let (kind, object) = self.next().await.unwrap();
            names.push(format!("{kind} {}", text(&object, "/metadata/name")));
        }
        names
    }
}

pub(crate) const MAPS: &str = "/api/v1/namespaces/{ns}/configmaps";
pub(crate) const WIDGETS: &str = "/apis/conformance.example/v1/namespaces/{ns}/widgets";

/// A custom resource with what structural schemas can say.
pub(crate) fn widgets() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.conformance.example"},
        "spec": {
            "group": "conformance.example",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "shortNames": ["wd"]},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                    "spec": {"type": "object", "required": ["type"], "properties": {
                        "type": {"type": "string"},
                        "size": {"type": "integer", "minimum": 1, "maximum": 9},
                        "mode": {"type": "string", "enum": ["A", "B"]},
                        "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 4},
                        "level": {"type": "integer", "default": 5},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                        "fixed": {"type": "string", "x-kubernetes-validations": [
                            {"rule": "self == oldSelf", "message": "Value is immutable"}]},
                        "parts": {
                            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                            "items": {"type": "object", "required": ["name"], "properties": {
                                "name": {"type": "string"}, "value": {"type": "string"}}},
                        },
                        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                        "plain": {"type": "array", "items": {"type": "string"}},
                        "nested": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
                    }},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }],
        },
    })
}

pub(crate) fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "conformance.example/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec})
}

/// The text at a pointer; empty where there is none.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Code, reason and message of a refusal.
pub(crate) fn refusal(answer: &Answer) -> (u16, String, String) {
    (answer.code, text(&answer.body, "/reason"), text(&answer.body, "/message"))
}

/// Names of the items of a list.
pub(crate) fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| text(item, "/metadata/name")).collect()
}

pub(crate) fn version(object: &Value) -> String {
    text(object, "/metadata/resourceVersion")
}

/// Manager, operation, subresource and fields of each entry of the managed fields.
pub(crate) fn owners(object: &Value) -> Vec<(String, String, String, Value)> {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |entry: &Value| {
        (text(entry, "/manager"), text(entry, "/operation"), text(entry, "/subresource"), entry["fieldsV1"].clone())
    };
    entries.iter().map(one).collect()
}
