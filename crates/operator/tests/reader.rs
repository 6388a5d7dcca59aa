//! The role for people allows what the commands ask a living seed for, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use fake_apiserver::{Builder, Verb};
use operator::permissions::READER;
use serde_json::json;

#[path = "support/fleet.rs"]
mod fleet;
#[expect(dead_code, reason = "the rules of the controller are for others")]
#[path = "permitted/mod.rs"]
mod permitted;

use fleet::{access, ask, cluster, command, namespace, network, seed, shoot};
use permitted::{everything, held_to};

#[tokio::test(flavor = "multi_thread")]
async fn every_command_on_a_living_seed_needs_all_of_the_role_and_no_more() {
    let listen = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shoot = shoot(&[("n1", true)]);
    let serving = shoot.serve(listen().await).unwrap();
    let bundle = json!({
        "apiVersion": "resources.gardener.cloud/v1alpha1", "kind": "ManagedResource",
        "metadata": {"name": "extension-networking-calico-config", "namespace": namespace("a")},
        "spec": {"class": "", "secretRefs": [{"name": "managedresource-x"}]},
    });
    let objects = [network("a"), cluster("a", false), access("a", &serving.kubeconfig("shoot", Some("t"))), bundle];
    let seed = objects.into_iter().fold(seed(), Builder::object).build().unwrap();

    let meant = format!("{}/a", namespace("a"));
    for arguments in [
        &["status"][..],
        &["status", "--bundles"],
        &["status", "--network", &meant],
        &["plan"],
        &["plan", "--network", &meant],
        &["decide", "--network", &meant],
        &["render", "--network", &meant],
        &["diff", "--network", &meant],
    ] {
        let before = seed.requests().len();
        let (code, _, said) = ask(&seed, arguments).await;
        assert_ne!(code, 2, "{arguments:?}: {said}");
        assert!(seed.requests().len() > before, "{arguments:?} asked for nothing: {said}");
    }
    let of_seed = seed.serve(listen().await).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut watching = command(&folder, &of_seed.kubeconfig("seed", None), &["status", "--watch"]);
    let mut watching = watching.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap());
    tokio::task::block_in_place(|| lines.read_line(&mut String::new())).unwrap();
    for _ in 0..600 {
        if seed.requests().iter().any(|request| request.verb == Verb::Watch) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    watching.kill().unwrap();
    watching.wait().unwrap();
    of_seed.stop().await;
    serving.stop().await;

    assert_eq!(held_to(READER, &seed.requests()), everything(READER));
}
