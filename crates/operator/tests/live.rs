//! The commands on a living seed: what they say, and that they only look.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use std::process::Command;

use fake_apiserver::{Server, Verb};
use serde_json::{Value, json};

#[path = "support/definition.rs"]
mod definition;
use definition::definition;

const NETWORK: &str = "shoot--foo--bar/bar";

fn seed() -> Server {
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
        .namespace("shoot--foo--bar")
        .object(json!({
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
            "metadata": {"name": "bar", "namespace": "shoot--foo--bar"},
            "spec": {
                "type": "calico", "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
                "providerConfig": {"overlay": {"enabled": true}},
            },
        }))
        .object(json!({
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster",
            "metadata": {"name": "shoot--foo--bar"},
            "spec": {"shoot": {"spec": {"kubernetes": {"version": "1.36.2"}, "provider": {"type": "aws"}}}},
        }))
        .build()
        .unwrap()
}

/// Exit code, standard output and standard error of a command on this seed.
async fn ask(seed: &Server, arguments: &[&str]) -> (i32, String, String) {
    let serving = seed.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, serving.kubeconfig("seed", None)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_networking-calico"));
    command.args(arguments).arg("--kubeconfig").arg(&kubeconfig);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    serving.stop().await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn decide_answers_for_a_living_network_and_only_looks() {
    let seed = seed();
    let (code, answer, said) = ask(&seed, &["decide", "--network", NETWORK, "-o", "json"]).await;
    assert_eq!((code, said.as_str()), (0, ""));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let item = answer.pointer("/items/0").unwrap();
    assert_eq!(item.pointer("/overlaySwitch/to/ipv4"), Some(&json!("Ipip(Always)")));
    assert_eq!(item.pointer("/privilege/mode"), Some(&json!("Privileged")));
    let writes = seed.requests().into_iter().filter(|request| !matches!(request.verb, Verb::Get | Verb::List));
    assert_eq!(writes.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn render_and_diff_take_a_living_network_as_well() {
    let seed = seed();
    let (code, objects, said) =
        ask(&seed, &["render", "--network", NETWORK, "--only", "IPPool/default-ipv4-ippool"]).await;
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(objects.contains("ipipMode: Always"), "{objects}");
    let (code, _, said) = ask(&seed, &["diff", "--network", NETWORK]).await;
    assert_eq!(code, 4);
    assert!(said.contains("there is no ManagedResource"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named() {
    let seed = seed();
    let (code, _, said) = ask(&seed, &["decide", "--network", "shoot--foo--bar/other"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("there is no Network `shoot--foo--bar/other`"), "{said}");
    let (code, _, said) = ask(&seed, &["decide", "--network", "bar"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("expected NAMESPACE/NAME"), "{said}");
}
