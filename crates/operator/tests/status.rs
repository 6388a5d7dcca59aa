//! `status`: what it tells of the Networks in files and of those of a living seed, and that it only looks.
//!
//! After a wanted change, `UPDATE_SNAPSHOTS=1 cargo test -p operator --test status` rewrites the snapshots; review the diff.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use fake_apiserver::{Fault, Server, Verb};
use serde_json::{Value, json};

#[path = "support/fleet.rs"]
mod fleet;
mod support;

use fleet::{ask, command, namespace, network, requests, seed};
use support::{assert_as_reviewed, assert_valid, fleet_arguments, run, run_and_listen};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// A file with this text, and the folder that it goes with.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("networks.yaml");
    std::fs::write(&path, text).unwrap();
    (folder, path.display().to_string())
}

#[test]
fn the_fleet_of_the_example_is_told_as_reviewed() {
    let arguments = fleet_arguments("status");
    let (code, table) = run(&arguments);
    assert_eq!(code, 0);
    assert_as_reviewed("examples/fleet/expected/status.txt", &table);
    let (code, json) = run(&[arguments, words(&["-o", "json"])].concat());
    assert_eq!(code, 0);
    assert_as_reviewed("examples/fleet/expected/status.json", &json);
    assert_valid("status-list.schema.json", None, &parsed(&json));
}

#[test]
fn somebody_elses_network_is_left_out_and_named() {
    let (_, _, said) = run_and_listen(&["status", "-f", "examples/fleet"]);
    assert_eq!(said, "note: 1 Network of type cilium ignored\n");
}

#[test]
fn only_open_switches_are_shown_on_demand() {
    let (code, json) = run(&words(&["status", "-f", "examples/fleet", "--open", "-o", "json"]));
    let json = parsed(&json);
    let names: Vec<&Value> = json["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    assert_eq!((code, names), (0, vec![&json!("held")]));
}

#[test]
fn a_bundle_tells_what_is_in_effect_where_no_status_does() {
    let (code, json) = run(&words(&["status", "-f", "examples/held", "-o", "json"]));
    let item = &parsed(&json)["items"][0];
    assert_eq!(code, 0);
    assert_eq!(item["encapsulation"]["source"], "Bundle");
    assert_eq!(item["encapsulation"]["inEffect"]["ipv4"], "Ipip(Always)");
    assert_eq!(item["overlaySwitch"], Value::Null);
    let (code, json) = run(&words(&["status", "-f", "examples/held/network.yaml", "-o", "json"]));
    let item = &parsed(&json)["items"][0];
    assert_eq!((code, &item["encapsulation"]["source"]), (0, &Value::Null));
}

#[test]
fn a_bundle_that_cannot_be_read_is_an_error_of_its_network() {
    let (code, answer, said) = run_and_listen(&["status", "-f", "examples/unreadable-bundle", "-o", "json"]);
    let answer = parsed(&answer);
    assert_eq!((code, &answer["items"][0]["error"]["kind"]), (1, &json!("Unreadable")));
    assert!(said.contains("error: items[0]: the bundle: Secret "), "{said}");
    assert_valid("status-list.schema.json", None, &answer);
}

/// Two Networks that cannot be read, each in its own way, and one that can.
const FAULTY: &str = "\
apiVersion: v1
kind: List
items:
- apiVersion: extensions.gardener.cloud/v1alpha1
  kind: Network
  metadata: {namespace: c, name: fine}
  spec: {type: calico}
- apiVersion: extensions.gardener.cloud/v1alpha1
  kind: Network
  metadata: {namespace: a, name: field}
  spec: {type: calico, ipFamilies: IPv4}
- apiVersion: extensions.gardener.cloud/v1alpha1
  kind: Network
  metadata: {namespace: b, name: foreign}
  spec: {type: calico}
  status:
    providerStatus: {apiVersion: v1, kind: Other}
    state:
      apiVersion: calico.networking.extensions.gardener.cloud/v1alpha1
      kind: NetworkState
      encapsulation: {ipv4: None, ipv6: null}
";

#[test]
fn one_that_cannot_be_read_hides_neither_the_others_nor_what_else_it_says() {
    let (_folder, path) = file(FAULTY);
    let (code, answer, said) = run_and_listen(&["status", "-f", &path, "-o", "json"]);
    assert_eq!(code, 1);
    let answer = parsed(&answer);
    assert_valid("status-list.schema.json", None, &answer);
    let of = |index: usize, pointer: &str| answer["items"][index].pointer(pointer).unwrap().clone();
    assert_eq!([of(0, "/name"), of(1, "/name"), of(2, "/name")], [json!("field"), json!("foreign"), json!("fine")]);
    assert_eq!(of(0, "/error/path"), "spec.ipFamilies");
    assert_eq!(of(1, "/error/path"), "status.providerStatus");
    assert_eq!(of(1, "/encapsulation/inEffect/ipv4"), "None");
    assert_eq!(of(2, "/error"), Value::Null);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains("networks.yaml:11:36: error: items[1].spec.ipFamilies: invalid type"), "{said}");
    assert!(lines[1].contains("error: items[2].status.providerStatus: is `v1 Other`, expected"), "{said}");
}

#[test]
fn wrong_usage_and_wrong_input_are_told_apart() {
    let (_folder, nodes) = file("apiVersion: v1\nkind: NodeList\nitems: []\n");
    for (arguments, expected, text) in [
        (vec!["status"], 2, "--file <FILE>"),
        (vec!["status", "-f", "examples/fleet", "--watch"], 2, "cannot be used with"),
        (vec!["status", "-f", "examples/fleet", "--bundles"], 2, "cannot be used with"),
        (vec!["status", "-f", "examples/fleet", "--kubeconfig", "x"], 2, "cannot be used with"),
        (vec!["status", "-f", "examples/fleet", "--now", "yesterday"], 2, "yesterday"),
        (vec!["status", "-f", "examples/fleet", "--network", "a/b"], 1, "there is no Network `a/b`"),
        (vec!["status", "-f", &nodes], 1, "there is no Network to tell about"),
        (vec!["status", "-f", "no/such/file"], 1, "no/such/file"),
        (vec!["status", "--kubeconfig", "no/such/file"], 1, "kubeconfig `no/such/file` cannot be used"),
    ] {
        let (code, answer, said) = run_and_listen(&arguments);
        assert_eq!((code, answer.as_str()), (expected, ""), "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
    }
}

fn thousand() -> Server {
    (0..1000)
        .map(|number| network(&format!("n{number:03}")))
        .fold(seed(), fake_apiserver::Builder::object)
        .build()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_networks_take_two_requests() {
    let seed = thousand();
    let (code, answer, said) = ask(&seed, &["status", "-o", "json"]).await;
    assert_eq!((code, said.as_str()), (0, ""));
    let answer = parsed(&answer);
    assert_eq!(answer["items"].as_array().unwrap().len(), 1000);
    assert_eq!(answer["items"][999]["name"], "n999");
    assert_eq!(seed.requests().len(), 2, "pages of 500");
    assert_eq!(requests(&seed), ["list networks.extensions.gardener.cloud"].map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_are_asked_for_on_demand_and_nothing_else_is() {
    let seed = seed().object(network("a")).object(network("b")).build().unwrap();
    let (code, table, said) = ask(&seed, &["status", "--bundles"]).await;
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(table.contains("\n2 Networks\n"), "{table}");
    assert_eq!(
        requests(&seed),
        [
            "list networks.extensions.gardener.cloud",
            "get managedresources.resources.gardener.cloud extension-networking-calico-config",
        ]
        .map(str::to_owned)
        .into()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_is_asked_for_alone() {
    let seed = seed().object(network("a")).object(network("b")).build().unwrap();
    let (code, answer, _) = ask(&seed, &["status", "--network", "shoot--foo--b/b", "-o", "json"]).await;
    assert_eq!((code, &parsed(&answer)["items"][0]["name"]), (0, &json!("b")));
    assert_eq!(requests(&seed), ["get networks.extensions.gardener.cloud"].map(str::to_owned).into());
    let (code, _, said) = ask(&seed, &["status", "--network", "shoot--foo--b/c"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("there is no Network `shoot--foo--b/c`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_may_not_be_asked_is_an_error_and_an_empty_one_is_not() {
    let seed = seed().build().unwrap();
    let (code, table, said) = ask(&seed, &["status"]).await;
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(table.ends_with("\n0 Networks\n"), "{table}");
    seed.faults().add(Fault::status(403).resource("networks").verb(Verb::List));
    for arguments in [&["status"][..], &["status", "--watch"]] {
        let (code, answer, said) = ask(&seed, arguments).await;
        assert_eq!((code, answer.as_str()), (1, ""));
        assert!(said.contains("list Network objects: not allowed (403)"), "{said}");
    }
}

/// `status --watch` on a seed, and what it says line by line.
struct Watching {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    serving: fake_apiserver::Serving,
    _folder: tempfile::TempDir,
}

impl Watching {
    async fn start(seed: &Server, arguments: &[&str]) -> Self {
        let serving = seed.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(&folder, &serving.kubeconfig("seed", None), arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, serving, _folder: folder }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        tokio::task::block_in_place(|| self.lines.read_line(&mut line)).unwrap();
        line
    }

    fn json(&mut self) -> Value {
        let line = parsed(&self.line());
        assert_valid("status-list.schema.json", Some("Line"), &line);
        line
    }

    /// Waits for the end of the process: its exit code, and what it said besides.
    async fn end(mut self) -> (Option<i32>, String) {
        let status = tokio::task::block_in_place(|| self.child.wait()).unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        self.serving.stop().await;
        (status.code(), said)
    }
}

fn interrupt(child: &Child) {
    // The shell's own: not every machine has a program of this name.
    let kill = format!("kill -INT {}", child.id());
    assert!(std::process::Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_every_change_until_interrupted() {
    let seed = seed().object(network("a")).object(network("b")).build().unwrap();
    let mut watching = Watching::start(&seed, &["status", "--watch", "-o", "json"]).await;
    for name in ["a", "b"] {
        let line = watching.json();
        assert_eq!((&line["event"], &line["item"]["name"]), (&json!("Shown"), &json!(name)));
    }
    let mut changed = network("b");
    changed["status"]["state"]["encapsulation"]["ipv4"] = "None".into();
    seed.restore(changed).unwrap();
    let line = watching.json();
    assert_eq!((&line["event"], &line["item"]["name"]), (&json!("Changed"), &json!("b")));
    assert_eq!(line["item"]["encapsulation"]["inEffect"]["ipv4"], "None");

    // Nobody tells a change of what is not shown: the next line is about the Network that comes.
    let mut unchanged = network("a");
    unchanged["metadata"]["labels"] = json!({"some": "label"});
    seed.restore(unchanged).unwrap();
    seed.restore(network("c")).unwrap();
    let line = watching.json();
    assert_eq!((&line["event"], &line["item"]["name"]), (&json!("Changed"), &json!("c")));

    interrupt(&watching.child);
    assert_eq!(watching.end().await, (Some(0), String::new()));
    let expected = ["list networks.extensions.gardener.cloud", "watch networks.extensions.gardener.cloud"];
    assert_eq!(requests(&seed), expected.map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_when_nobody_reads_any_more() {
    let seed = seed().object(network("a")).build().unwrap();
    let mut watching = Watching::start(&seed, &["status", "--watch"]).await;
    assert!(watching.line().starts_with("NAMESPACE "));
    assert!(watching.line().starts_with(&namespace("a")));
    // Nothing happens on the seed: that the reader is gone is noticed without a line to write.
    let Watching { child, lines, serving, _folder } = watching;
    drop(lines);
    let mut child = child;
    let status = tokio::task::block_in_place(|| child.wait()).unwrap();
    serving.stop().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_interrupted_goes_on() {
    let seed = seed().object(network("a")).build().unwrap();
    seed.faults().add(Fault::status(500).resource("networks").verb(Verb::Watch).times(1));
    let mut watching = Watching::start(&seed, &["status", "--watch"]).await;
    let mut said = String::new();
    let stderr = watching.child.stderr.as_mut().unwrap();
    tokio::task::block_in_place(|| BufReader::new(stderr).read_line(&mut said)).unwrap();
    assert!(said.starts_with("note: the watch was interrupted"), "{said}");
    watching.line();
    watching.line();
    seed.restore(network("b")).unwrap();
    assert!(watching.line().starts_with(&namespace("b")));
    interrupt(&watching.child);
    assert_eq!(watching.end().await, (Some(0), String::new()));
}
