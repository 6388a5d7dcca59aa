//! An API server as its clients in this world see it: objects are JSON, and nothing is known about them but where they live.

use std::fmt;

use futures::{Stream, StreamExt, TryStreamExt};
use http::{Method, Request, header};
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Config};
use serde_json::{Value, json};

/// Why a request failed.
pub type RequestError = kube::Error;

/// Where the objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// API version without the group.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The plural name of its resource.
    pub plural: &'static str,
}

/// The kinds that this world deals with.
pub mod kinds {
    use super::Kind;

    const fn core(kind: &'static str, plural: &'static str) -> Kind {
        Kind { group: "", version: "v1", kind, plural }
    }

    const fn of(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Kind {
        Kind { group, version, kind, plural }
    }

    /// `Namespace`
    pub const NAMESPACE: Kind = core("Namespace", "namespaces");
    /// `Node`
    pub const NODE: Kind = core("Node", "nodes");
    /// `Pod`
    pub const POD: Kind = core("Pod", "pods");
    /// `Secret`
    pub const SECRET: Kind = core("Secret", "secrets");
    /// `ConfigMap`
    pub const CONFIG_MAP: Kind = core("ConfigMap", "configmaps");
    /// `Event`
    pub const EVENT: Kind = core("Event", "events");
    /// `DaemonSet`
    pub const DAEMON_SET: Kind = of("apps", "v1", "DaemonSet", "daemonsets");
    /// `Deployment`
    pub const DEPLOYMENT: Kind = of("apps", "v1", "Deployment", "deployments");
    /// Gardener's `Network`
    pub const NETWORK: Kind = of("extensions.gardener.cloud", "v1alpha1", "Network", "networks");
    /// Gardener's `Cluster`
    pub const CLUSTER: Kind = of("extensions.gardener.cloud", "v1alpha1", "Cluster", "clusters");
    /// Gardener's `ManagedResource`
    pub const MANAGED_RESOURCE: Kind =
        of("resources.gardener.cloud", "v1alpha1", "ManagedResource", "managedresources");
    /// Calico's `IPPool`
    pub const IP_POOL: Kind = of("crd.projectcalico.org", "v1", "IPPool", "ippools");
    /// `MutatingAdmissionPolicy`
    pub const ADMISSION_POLICY: Kind =
        of("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies");
    /// `MutatingAdmissionPolicyBinding`
    pub const ADMISSION_POLICY_BINDING: Kind =
        of("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings");
}

/// A client of an API server. Clones share their connections.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
}

impl Cluster {
    /// A cluster behind a client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The cluster at an address such as `http://127.0.0.1:6443`, for everybody.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn at(address: &str) -> Result<Self, kube::Error> {
        let address = address.parse().map_err(|error: http::uri::InvalidUri| kube::Error::HttpError(error.into()))?;
        Client::try_from(Config::new(address)).map(Self::new)
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// An object; `None` where there is none. `namespace` is empty for objects of the cluster.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>, kube::Error> {
        optional(self.send(Method::GET, &kind.path(namespace, name, ""), None).await)
    }

    /// All objects of a kind, in one namespace or, where that is empty, in all of them.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn list(&self, kind: &Kind, namespace: &str) -> Result<Vec<Value>, kube::Error> {
        let mut list = self.send(Method::GET, &kind.path(namespace, "", ""), None).await?;
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    /// Creates an object, whose metadata say where.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn create(&self, kind: &Kind, mut object: Value) -> Result<Value, kube::Error> {
        kind.stamp(&mut object);
        let path = kind.path(text(&object, "/metadata/namespace"), "", "");
        self.send(Method::POST, &path, Some((JSON, &object))).await
    }

    /// Replaces an object.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn update(&self, kind: &Kind, mut object: Value) -> Result<Value, kube::Error> {
        kind.stamp(&mut object);
        let path = kind.path(text(&object, "/metadata/namespace"), text(&object, "/metadata/name"), "");
        self.send(Method::PUT, &path, Some((JSON, &object))).await
    }

    /// Changes an object by a merge patch.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn merge(&self, kind: &Kind, namespace: &str, name: &str, patch: &Value) -> Result<Value, kube::Error> {
        self.send(Method::PATCH, &kind.path(namespace, name, ""), Some((MERGE, patch))).await
    }

    /// Changes a status: by a merge patch.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn merge_status(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        status: &Value,
    ) -> Result<Value, kube::Error> {
        let patch = json!({"status": status});
        self.send(Method::PATCH, &kind.path(namespace, name, "status"), Some((MERGE, &patch))).await
    }

    /// Sets one condition of a node, as the user of that name where one is given.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn set_node_condition(
        &self,
        node: &str,
        condition: &Value,
        user: Option<&str>,
    ) -> Result<Value, kube::Error> {
        let patch = json!({"status": {"conditions": [condition]}});
        let path = kinds::NODE.path("", node, "status");
        self.send_as(Method::PATCH, &path, Some((STRATEGIC, &patch)), user).await
    }

    /// Deletes an object at once; one that is not there is as good as deleted.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn delete(&self, kind: &Kind, namespace: &str, name: &str) -> Result<(), kube::Error> {
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
        optional(self.send(Method::DELETE, &kind.path(namespace, name, ""), Some((JSON, &options))).await).map(|_| ())
    }

    /// The objects of a kind as they change, the ones that are there first. Interruptions are mended.
    pub(super) fn changes(
        &self,
        kind: &Kind,
        namespace: &str,
    ) -> impl Stream<Item = watcher::Event<Value>> + Send + use<> {
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(kind.group, kind.version, kind.kind), kind.plural);
        let api: Api<DynamicObject> = if namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        };
        let json = |object: DynamicObject| serde_json::to_value(object).unwrap_or_default();
        watcher(api, watcher::Config::default())
            .default_backoff()
            .map_ok(move |event| match event {
                watcher::Event::Apply(object) => watcher::Event::Apply(json(object)),
                watcher::Event::Delete(object) => watcher::Event::Delete(json(object)),
                watcher::Event::InitApply(object) => watcher::Event::InitApply(json(object)),
                watcher::Event::Init => watcher::Event::Init,
                watcher::Event::InitDone => watcher::Event::InitDone,
            })
            .filter_map(|event| std::future::ready(event.ok()))
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, &Value)>,
    ) -> Result<Value, kube::Error> {
        self.send_as(method, path, body, None).await
    }

    async fn send_as(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, &Value)>,
        user: Option<&str>,
    ) -> Result<Value, kube::Error> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(user) = user {
            request = request.header("Impersonate-User", user);
        }
        let bytes = match body {
            None => Vec::new(),
            Some((content_type, body)) => {
                request = request.header(header::CONTENT_TYPE, content_type);
                serde_json::to_vec(body).map_err(kube::Error::SerdeError)?
            }
        };
        let request = request.body(bytes).map_err(kube::Error::HttpError)?;
        self.client.request(request).await
    }
}

impl Kind {
    /// `group/version`, as objects name it.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    pub(super) fn path(&self, namespace: &str, name: &str, part: &str) -> String {
        path(&self.api_version(), self.plural, namespace, name, part)
    }

    fn stamp(&self, object: &mut Value) {
        if let Value::Object(fields) = object {
            fields.insert("apiVersion".to_owned(), self.api_version().into());
            fields.insert("kind".to_owned(), self.kind.into());
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cluster")
    }
}

pub(super) const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// The path of a resource; whatever is empty is left out.
pub(super) fn path(api_version: &str, plural: &str, namespace: &str, name: &str, part: &str) -> String {
    let mut path =
        if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") };
    if !namespace.is_empty() {
        path.push_str("/namespaces/");
        path.push_str(namespace);
    }
    for segment in [plural, name, part].into_iter().filter(|segment| !segment.is_empty()) {
        path.push('/');
        path.push_str(segment);
    }
    path
}

/// What is not there is not a failure.
pub(super) fn optional(answer: Result<Value, kube::Error>) -> Result<Option<Value>, kube::Error> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// A text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A number at a JSON pointer; zero where there is none.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Value, condition_type: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| text(condition, "/type") == condition_type)
}
