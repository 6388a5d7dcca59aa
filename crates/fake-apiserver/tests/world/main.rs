//! The parts of Gardener and of a shoot that live around API servers, on paused time.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking, in its helpers too")]

mod gardenlet;
mod machines;
mod resource_manager;

use std::time::Duration;

use fake_apiserver::Server;
use fake_apiserver::world::{Clock, Cluster, Kind};
use kube::Client;
use serde_json::{Value, json};

const NAMESPACE: &str = "shoot--demo--world";

/// A server on the clock of tokio, with its client.
fn cluster(clock: Clock, definitions: impl IntoIterator<Item = Value>) -> (Server, Cluster) {
    let builder = Server::builder().namespace(NAMESPACE).clock(move || clock.now());
    let server = definitions.into_iter().fold(builder, fake_apiserver::Builder::definition).build().unwrap();
    let cluster = Cluster::new(Client::new(server.service(), "default"));
    (server, cluster)
}

fn clock() -> Clock {
    Clock::starting_at("2026-11-26T10:00:00Z".parse().unwrap())
}

/// A definition whose objects may hold anything.
fn definition(kind: &Kind, scope: &str) -> Value {
    let Kind { group, version, kind, plural } = kind;
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{
                "name": version, "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": anything, "status": anything}}},
            }],
        },
    })
}

/// Lets so many seconds pass, and everything that falls into them happen.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// The named parts of a condition: status, reason, message.
fn condition(object: &Value, kind: &str) -> (String, String, String) {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default();
    let part = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (part("status"), part("reason"), part("message"))
}
