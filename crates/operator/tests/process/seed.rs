//! A seed: an API server that knows Networks and Clusters, and the users of the replicas.

use fake_apiserver::{Server, Serving, User};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) struct Seed {
    pub(crate) server: Server,
    pub(crate) serving: Serving,
}

impl Seed {
    /// A seed in which each of these users has a token of the same name.
    pub(crate) async fn start(users: &[&str]) -> Self {
        let mut builder = Server::builder()
            .definition(definition("Network", "networks", "Namespaced"))
            .definition(definition("Cluster", "clusters", "Cluster"))
            .namespace("garden")
            .namespace("shoot--foo--bar");
        for user in users {
            builder = builder.token(user, User::named(*user));
        }
        let server = builder.build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = server.serve(listener).unwrap();
        Self { server, serving }
    }

    pub(crate) fn lease(&self, name: &str) -> Value {
        let lease = self.server.stored("coordination.k8s.io", "leases", "garden", name);
        lease.map_or(Value::Null, |lease| lease["spec"].clone())
    }

    pub(crate) fn holder(&self) -> String {
        let spec = self.lease("networking-calico-leader-election");
        spec["holderIdentity"].as_str().unwrap_or_default().to_owned()
    }
}

/// A Network that is not ours.
pub(crate) fn foreign_network() -> Value {
    json!({
        "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
        "metadata": {"namespace": "shoot--foo--bar", "name": "bar"},
        "spec": {"type": "cilium", "podCIDR": "10.96.0.0/11", "serviceCIDR": "10.112.0.0/12"},
    })
}

fn definition(kind: &str, plural: &str, scope: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.extensions.gardener.cloud")},
        "spec": {
            "group": "extensions.gardener.cloud", "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    })
}
