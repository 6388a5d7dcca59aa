//! What a person sees of a hold: the Network as `kubectl get network -o yaml` prints it.

use std::path::PathBuf;
use std::process::Command;

use fake_apiserver::Server;
use serde_json::{Value, json};

use crate::guard::guard_in_shoot;
use crate::program;
use crate::world::objects::network_definition;
use crate::world::{NAME, NAMESPACE, World, pass};

/// Held for three minutes: the window of progress is over, a node is about to lose its machine, two others are silent.
async fn held() -> World {
    let world = World::new().configured(json!({"overlaySwitch": {"guard": {"enabled": true}}}));
    fake_apiserver::world::guard::install(&world.shoot);
    let route = Some(("False", "RouteCreated"));
    for node in ["ip-10-250-0-1", "ip-10-250-0-2", "ip-10-250-0-3"] {
        world.node(node, route);
    }
    world
        .node("ip-10-250-0-4", Some(("False", "CalicoIsUp")))
        .node("ip-10-250-0-5", Some(("True", "NoRouteCreated")))
        .node("ip-10-250-0-6", None);
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    pass(60).await;
    world.ask("reconcile", json!({"overlay": {"enabled": false}}));
    world.reconcile().await.unwrap();
    guard_in_shoot(&world, "POST").await;
    for _ in 0..36 {
        world.reconcile().await.unwrap();
        pass(5).await;
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_hold_as_kubectl_prints_it() {
    let Some(kubectl) = program::kubectl() else { return };
    let world = held().await;
    let network = (*world.network().unwrap()).clone();
    let printed = std::thread::spawn(move || printed(network, &kubectl)).join().unwrap();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("held", redacted(&printed));
    });
}

/// What kubectl prints of this object, from a server with a clock of its own.
fn printed(network: Value, kubectl: &PathBuf) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _entered = runtime.enter();
    let server = Server::builder().definition(network_definition()).namespace(NAMESPACE).build().unwrap();
    server.restore(network).unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let serving = server.serve(listener).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, serving.kubeconfig("seed", None)).unwrap();
    let output = Command::new(kubectl)
        .args(["-n", NAMESPACE, "get", "networks.extensions.gardener.cloud", NAME, "-o", "yaml"])
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .arg("--cache-dir")
        .arg(folder.path())
        .output()
        .unwrap();
    let (printed, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.is_empty(), "{said}");
    printed
}

/// What the server of the test makes up is covered; every other time is that of the scenario, which began at 10:00:00.
fn redacted(printed: &str) -> String {
    let covered = |line: &str| {
        let (key, _) = line.split_once(": ")?;
        matches!(key.trim_start(), "uid" | "resourceVersion" | "creationTimestamp")
            .then(|| format!("{key}: [covered]\n"))
    };
    printed.lines().map(|line| covered(line).unwrap_or_else(|| format!("{line}\n"))).collect()
}
