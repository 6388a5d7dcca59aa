//! `kubectl` against the server on loopback: the one beside the real servers in `KUBEBUILDER_ASSETS`, or else that of the path.
//! Without one the tests are skipped, which they say; with `CI=true` that is a failure.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "kubectl/program.rs"]
mod program;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use fake_apiserver::{Server, Serving};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

struct Kubectl {
    program: PathBuf,
    config: PathBuf,
    _serving: Serving,
}

impl Kubectl {
    async fn start(name: &str) -> Option<Self> {
        let program = program::kubectl()?;
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "networks.extensions.gardener.cloud"},
            "spec": {
                "group": "extensions.gardener.cloud", "scope": "Namespaced",
                "names": {"kind": "Network", "plural": "networks", "singular": "network", "listKind": "NetworkList"},
                "versions": [{
                    "name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}},
                    "additionalPrinterColumns": [{"name": "Type", "type": "string", "jsonPath": ".spec.type"}],
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
                        "type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}}}},
                }],
            },
        });
        let server = Server::builder().definition(definition).build().unwrap();
        let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        let config = std::env::temp_dir().join(format!("kubectl-{name}-{}", std::process::id()));
        std::fs::write(&config, serving.kubeconfig("seed", None)).unwrap();
        Some(Self { program, config, _serving: serving })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // Its cache of discovery must not outlive the server.
        command.arg("--kubeconfig").arg(&self.config).arg("--cache-dir").arg(self.config.with_extension("cache"));
        command.args(arguments).kill_on_drop(true);
        command
    }

    /// What it prints; it must succeed.
    async fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }
}

impl Drop for Kubectl {
    fn drop(&mut self) {
        let _best_effort = std::fs::remove_file(&self.config);
        let _best_effort = std::fs::remove_dir_all(self.config.with_extension("cache"));
    }
}

const NETWORK: &str = "
apiVersion: extensions.gardener.cloud/v1alpha1
kind: Network
metadata: {name: net}
spec: {type: calico}
";
const DAEMON_SET: &str = "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: a, image: one}, {name: b, image: one}]}
";

fn config_map(name: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_resource_is_applied_shown_patched_and_deleted() {
    let Some(kubectl) = Kubectl::start("custom").await else { return };
    assert_eq!(kubectl.run(&["apply", "-f", "-"], NETWORK).await, "network.extensions.gardener.cloud/net created");
    assert_eq!(kubectl.run(&["apply", "-f", "-"], NETWORK).await, "network.extensions.gardener.cloud/net unchanged");
    let changed = NETWORK.replace("calico", "cilium");
    assert_eq!(kubectl.run(&["apply", "-f", "-"], &changed).await, "network.extensions.gardener.cloud/net configured");
    assert_eq!(kubectl.run(&["get", "network"], "").await, "NAME   TYPE\nnet    cilium");
    assert_eq!(kubectl.run(&["get", "network", "net", "-o", "jsonpath={.spec.type}"], "").await, "cilium");
    let described = kubectl.run(&["describe", "network", "net"], "").await;
    assert!(described.contains("Type:  cilium") && described.ends_with("Events:  <none>"), "{described}");
    let patch = ["patch", "network", "net", "--type=merge", "-p", r#"{"spec": {"type": "calico"}}"#];
    assert_eq!(kubectl.run(&patch, "").await, "network.extensions.gardener.cloud/net patched");
    let server_side = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    assert_eq!(kubectl.run(&server_side, NETWORK).await, "network.extensions.gardener.cloud/net serverside-applied");
    let deleted = kubectl.run(&["delete", "network", "net"], "").await;
    // A younger kubectl says from which namespace, too.
    assert!(deleted.starts_with("network.extensions.gardener.cloud \"net\" deleted"), "{deleted}");
    assert_eq!(kubectl.run(&["get", "networks", "-A", "-o", "name"], "").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_set_is_applied_again_without_a_container() {
    let Some(kubectl) = Kubectl::start("builtin").await else { return };
    assert_eq!(kubectl.run(&["apply", "-f", "-"], DAEMON_SET).await, "daemonset.apps/d created");
    let changed = DAEMON_SET.replace("{name: a, image: one}, ", "");
    assert_eq!(kubectl.run(&["apply", "-f", "-"], &changed).await, "daemonset.apps/d configured");
    let names = ["get", "ds", "d", "-o", "jsonpath={.spec.template.spec.containers[*].name} {.metadata.generation}"];
    assert_eq!(kubectl.run(&names, "").await, "b 2");
    let deleted = kubectl.run(&["delete", "ds", "d"], "").await;
    assert!(deleted.starts_with("daemonset.apps \"d\" deleted"), "{deleted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_and_a_node_are_described() {
    let Some(kubectl) = Kubectl::start("describe").await else { return };
    kubectl.run(&["apply", "-f", "-"], &DAEMON_SET.replace("DaemonSet", "Deployment")).await;
    let described = kubectl.run(&["describe", "deployment", "d"], "").await;
    assert!(described.contains("StrategyType:           RollingUpdate"), "{described}");
    let node =
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "spec": {"podCIDR": "10.0.0.0/24"}});
    kubectl.run(&["apply", "-f", "-"], &node.to_string()).await;
    let described = kubectl.run(&["describe", "node", "node-1"], "").await;
    assert!(described.contains("PodCIDR:                      10.0.0.0/24"), "{described}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_followed() {
    let Some(kubectl) = Kubectl::start("watch").await else { return };
    kubectl.run(&["apply", "-f", "-"], &config_map("one")).await;
    let mut child = kubectl.command(&["get", "cm", "-w", "-o", "name"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await.unwrap().unwrap();
    assert_eq!(next().await.as_deref(), Some("configmap/one"));
    kubectl.run(&["apply", "-f", "-"], &config_map("two")).await;
    assert_eq!(next().await.as_deref(), Some("configmap/two"));
    child.kill().await.unwrap();
}
