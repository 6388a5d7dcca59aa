//! One request: what to ask, and how long to wait for the answer.

use std::time::Duration;

use serde_json::Value;

use super::USER_AGENT;
use super::error::{ApiError, Problem};
use super::resource::Resource;

/// What is asked of an API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// One object.
    Get,
    /// A list.
    List,
    /// A new object.
    Create,
    /// A whole object in the place of another.
    Update,
    /// A change.
    Patch,
    /// Its end.
    Delete,
}

impl Verb {
    /// The HTTP method.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Get | Self::List => "GET",
            Self::Create => "POST",
            Self::Update => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it changes anything.
    #[must_use]
    pub const fn writes(self) -> bool {
        match self {
            Self::Get | Self::List => false,
            Self::Create | Self::Update | Self::Patch | Self::Delete => true,
        }
    }

    /// For people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// A request that can be sent any number of times.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) verb: Verb,
    pub(super) deadline: Option<Duration>,
    resource: &'static Resource,
    namespace: String,
    name: String,
    subresource: &'static str,
    query: String,
    accept: &'static str,
    content_type: &'static str,
    impersonated: Option<&'static str>,
    body: Vec<u8>,
}

const JSON: &str = "application/json";
const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const METADATA_LIST_ONLY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

impl Request {
    /// One object. An empty namespace is for what belongs to the whole cluster.
    #[must_use]
    pub fn get(resource: &'static Resource, namespace: &str, name: &str) -> Self {
        Self::new(Verb::Get, resource, namespace, name)
    }

    /// All objects of a namespace; with an empty one, of the cluster.
    #[must_use]
    pub fn list(resource: &'static Resource, namespace: &str) -> Self {
        Self::new(Verb::List, resource, namespace, "")
    }

    /// A new object, whose name is `name`.
    #[must_use]
    pub fn create(resource: &'static Resource, namespace: &str, name: &str, object: &Value) -> Self {
        Self::new(Verb::Create, resource, namespace, name).with_body(JSON, object)
    }

    /// A whole object in the place of the one whose `resourceVersion` it carries.
    #[must_use]
    pub fn update(resource: &'static Resource, namespace: &str, name: &str, object: &Value) -> Self {
        Self::new(Verb::Update, resource, namespace, name).with_body(JSON, object)
    }

    /// A JSON patch (RFC 6902).
    #[must_use]
    pub fn json_patch(resource: &'static Resource, namespace: &str, name: &str, operations: &Value) -> Self {
        Self::new(Verb::Patch, resource, namespace, name).with_body("application/json-patch+json", operations)
    }

    /// A merge patch (RFC 7386).
    #[must_use]
    pub fn merge_patch(resource: &'static Resource, namespace: &str, name: &str, patch: &Value) -> Self {
        Self::new(Verb::Patch, resource, namespace, name).with_body("application/merge-patch+json", patch)
    }

    /// A strategic merge patch, which knows the lists of a built-in kind.
    #[must_use]
    pub fn strategic_patch(resource: &'static Resource, namespace: &str, name: &str, patch: &Value) -> Self {
        Self::new(Verb::Patch, resource, namespace, name).with_body("application/strategic-merge-patch+json", patch)
    }

    /// A server-side apply that takes fields over from whoever owns them.
    #[must_use]
    pub fn apply(resource: &'static Resource, namespace: &str, name: &str, object: &Value, manager: &str) -> Self {
        Self::new(Verb::Patch, resource, namespace, name)
            .with_body("application/apply-patch+yaml", object)
            .with_query(&[("fieldManager", manager), ("force", "true")])
    }

    /// The end of an object. With a `uid`: only of that one, and not of another that has its name since.
    #[must_use]
    pub fn delete(resource: &'static Resource, namespace: &str, name: &str, uid: Option<&str>) -> Self {
        let request = Self::new(Verb::Delete, resource, namespace, name);
        match uid {
            None => request,
            Some(uid) => request.with_body(
                JSON,
                &serde_json::json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}),
            ),
        }
    }

    /// Asks for the metadata alone.
    #[must_use]
    pub fn metadata_only(mut self) -> Self {
        self.accept = if self.verb == Verb::List { METADATA_LIST_ONLY } else { METADATA_ONLY };
        self
    }

    /// Addresses a subresource.
    #[must_use]
    pub fn subresource(mut self, subresource: &'static str) -> Self {
        self.subresource = subresource;
        self
    }

    /// Asks as somebody else, which whoever asks must be allowed to.
    #[must_use]
    pub fn impersonating(mut self, user: &'static str) -> Self {
        self.impersonated = Some(user);
        self
    }

    /// Waits only this long for each answer.
    #[must_use]
    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Adds parameters to the query; their values are escaped.
    #[must_use]
    pub fn with_query(mut self, parameters: &[(&str, &str)]) -> Self {
        for (name, value) in parameters {
            self.query.push(if self.query.is_empty() { '?' } else { '&' });
            self.query.push_str(name);
            self.query.push('=');
            self.query.push_str(&escaped(value));
        }
        self
    }

    /// A failure of this request.
    pub(crate) fn error(&self, problem: Problem) -> ApiError {
        ApiError { verb: self.verb, object: self.object(), problem, retry_after: None }
    }

    /// Whether what goes to and fro must not be shown.
    pub(super) fn is_secret(&self) -> bool {
        self.resource.kind == "Secret"
    }

    pub(super) fn to_http(&self) -> Result<http::Request<Vec<u8>>, http::Error> {
        let mut request = http::Request::builder()
            .method(self.verb.method())
            .uri(self.uri())
            .header(http::header::ACCEPT, self.accept)
            .header(http::header::USER_AGENT, USER_AGENT);
        if !self.body.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, self.content_type);
        }
        if let Some(user) = self.impersonated {
            request = request.header("Impersonate-User", user);
        }
        request.body(self.body.clone())
    }

    fn new(verb: Verb, resource: &'static Resource, namespace: &str, name: &str) -> Self {
        Self {
            verb,
            deadline: None,
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: "",
            query: String::new(),
            accept: JSON,
            content_type: JSON,
            impersonated: None,
            body: Vec::new(),
        }
    }

    fn with_body(mut self, content_type: &'static str, body: &Value) -> Self {
        self.content_type = content_type;
        self.body = body.to_string().into_bytes();
        self
    }

    fn uri(&self) -> String {
        let mut path = self.resource.path(&self.namespace);
        if self.verb != Verb::Create && !self.name.is_empty() {
            path.push('/');
            path.push_str(&escaped(&self.name));
        }
        if !self.subresource.is_empty() {
            path.push('/');
            path.push_str(self.subresource);
        }
        path + &self.query
    }

    fn object(&self) -> String {
        let kind = self.resource.kind;
        match (self.namespace.as_str(), self.name.as_str()) {
            ("", "") => format!("{kind} objects"),
            (namespace, "") => format!("{kind} objects in `{namespace}`"),
            ("", name) => format!("{kind} `{name}`"),
            (namespace, name) => format!("{kind} `{namespace}/{name}`"),
        }
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::resource::{CLUSTERS, NETWORKS, NODES};

    #[test]
    fn addresses() {
        let uri = |request: Request| request.to_http().unwrap().uri().to_string();
        assert_eq!(
            uri(Request::get(&NETWORKS, "shoot--foo--bar", "bar")),
            "/apis/extensions.gardener.cloud/v1alpha1/namespaces/shoot--foo--bar/networks/bar"
        );
        assert_eq!(
            uri(Request::json_patch(&NETWORKS, "a", "b", &Value::Null).subresource("status")),
            "/apis/extensions.gardener.cloud/v1alpha1/namespaces/a/networks/b/status"
        );
        assert_eq!(uri(Request::get(&CLUSTERS, "", "a")), "/apis/extensions.gardener.cloud/v1alpha1/clusters/a");
        assert_eq!(
            uri(Request::list(&NODES, "").with_query(&[("limit", "500"), ("continue", "a+b/=")])),
            "/api/v1/nodes?limit=500&continue=a%2Bb%2F%3D"
        );
        let create = Request::create(&NETWORKS, "a", "b", &Value::Null);
        assert_eq!(uri(create), "/apis/extensions.gardener.cloud/v1alpha1/namespaces/a/networks");
    }

    #[test]
    fn an_error_says_what_was_tried_on_what() {
        let error = Request::get(&NETWORKS, "a", "b").error(Problem::Absent);
        assert_eq!(error.to_string(), "get Network `a/b`: not found");
        let error = Request::list(&NODES, "").error(Problem::Unreachable("connection refused".to_owned()));
        assert_eq!(error.to_string(), "list Node objects: unreachable: connection refused");
    }
}
