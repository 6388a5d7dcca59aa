//! A seed with many shoots, which are all one API server, and the binary asking it.

#![allow(dead_code, reason = "no test needs everything here")]

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_apiserver::{Builder, LoggedRequest, Server, Verb};
use serde_json::{Value, json};

#[path = "definition.rs"]
mod definition;
use definition::definition;

/// A seed without Networks.
pub(crate) fn seed() -> Builder {
    Server::builder()
        .definition(definition("extensions.gardener.cloud", "v1alpha1", "Network", "networks", "Namespaced"))
        .definition(definition("extensions.gardener.cloud", "v1alpha1", "Cluster", "clusters", "Cluster"))
        .definition(definition(
            "resources.gardener.cloud",
            "v1alpha1",
            "ManagedResource",
            "managedresources",
            "Namespaced",
        ))
}

/// A shoot's API server: Calico encapsulates, and these nodes have a route or not.
pub(crate) fn shoot(nodes: &[(&str, bool)]) -> Server {
    let pools = definition("crd.projectcalico.org", "v1", "IPPool", "ippools", "Cluster");
    let shoot = Server::builder().definition(pools).object(json!({
        "apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": {"name": "default-ipv4-ippool"},
        "spec": {"cidr": "100.96.0.0/11", "ipipMode": "Always"},
    }));
    let nodes = nodes.iter().map(|(name, route)| {
        let condition = json!({"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"});
        let conditions: Vec<Value> = Some(condition).filter(|_| *route).into_iter().collect();
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"conditions": conditions}})
    });
    nodes.fold(shoot, Builder::object).build().unwrap()
}

/// A Network with its overlay on.
pub(crate) fn network(name: &str) -> Value {
    json!({
        "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
        "metadata": {"name": name, "namespace": namespace(name), "generation": 1},
        "spec": {
            "type": "calico", "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
            "providerConfig": {
                "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkConfig",
                "overlay": {"enabled": true},
            },
        },
        "status": {
            "observedGeneration": 1,
            "lastOperation": {"type": "Reconcile", "state": "Succeeded", "description": "done", "progress": 100},
            "state": {
                "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkState",
                "encapsulation": {"ipv4": "Ipip(Always)", "ipv6": null},
            },
        },
    })
}

pub(crate) fn namespace(name: &str) -> String {
    format!("shoot--foo--{name}")
}

/// What the seed has besides of a shoot.
pub(crate) fn cluster(name: &str, hibernated: bool) -> Value {
    json!({
        "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster", "metadata": {"name": namespace(name)},
        "spec": {"shoot": {"spec": {
            "kubernetes": {"version": "1.36.2"}, "provider": {"type": "aws"}, "hibernation": {"enabled": hibernated},
        }}},
    })
}

/// The Secret that leads to a shoot.
pub(crate) fn access(name: &str, kubeconfig: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gardener", "namespace": namespace(name)},
        "data": {"kubeconfig": STANDARD.encode(kubeconfig)},
    })
}

/// The binary with these arguments and a kubeconfig of this seed, kept in the folder.
pub(crate) fn command(folder: &tempfile::TempDir, kubeconfig: &str, arguments: &[&str]) -> Command {
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, kubeconfig).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_networking-calico"));
    command.args(arguments).arg("--kubeconfig").arg(file);
    command
}

/// Exit code, standard output and standard error of a command on this seed.
pub(crate) async fn ask(seed: &Server, arguments: &[&str]) -> (i32, String, String) {
    let serving = seed.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder, &serving.kubeconfig("seed", None), arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    serving.stop().await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What was asked, without repetitions: verb, resource, and the name of a single object where it does not depend on the shoot.
pub(crate) fn requests(server: &Server) -> BTreeSet<String> {
    let word = |request: LoggedRequest| {
        let LoggedRequest { verb, group, resource, subresource, name, .. } = request;
        assert_eq!(subresource, "");
        assert!(matches!(verb, Verb::Get | Verb::List | Verb::Watch), "{verb:?} {resource}");
        let name = if name.starts_with("shoot--") || resource == "networks" { String::new() } else { name };
        format!("{verb:?} {resource}.{group} {name}").trim_end().to_lowercase()
    };
    server.requests().into_iter().map(word).collect()
}
