//! `plan`: what it says of the shoots in files and of those of a living seed, and that it only looks.
//!
//! After a wanted change, `UPDATE_SNAPSHOTS=1 cargo test -p operator --test plan` rewrites the snapshots; review the diff.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use std::collections::BTreeMap;
use std::sync::Arc;

use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::settings::UnobservedGuard;
use adapter_k8s::shoot_access::{Address, ShootAccess};
use calico_policy::time::Timestamp;
use fake_apiserver::{Builder, Fault};
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use operator::commands::decide::{Assumption, Options};
use operator::commands::plan::{self, Outcome};
use serde_json::{Value, json};

#[path = "support/fleet.rs"]
mod fleet;
mod support;

use fleet::{access, ask, cluster, namespace, network, requests, seed, shoot};
use support::{STORIES, arguments, assert_as_reviewed, assert_valid, fleet_arguments, run, run_and_listen};

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_fleet_of_the_example_is_judged_as_reviewed() {
    let arguments = fleet_arguments("plan");
    let (code, table) = run(&arguments);
    assert_eq!(code, 3);
    assert_as_reviewed("examples/fleet/expected/plan.txt", &table);
    let (code, json) = run(&[arguments, vec!["-o".to_owned(), "json".to_owned()]].concat());
    assert_eq!(code, 3);
    assert_as_reviewed("examples/fleet/expected/plan.json", &json);
    assert_valid("plan-list.schema.json", None, &parsed(&json));
}

/// What would come of turning the overlay of each story's shoot off.
const OUTCOMES: [(&str, &str); 18] = [
    ("backend-none", "Blocked"),
    ("break-glass", "CanSwitchUnverified"),
    ("dual-stack", "Blocked"),
    ("ebpf-overrides-gate", "CanSwitch"),
    ("first-installation", "CanSwitchUnverified"),
    ("held", "Blocked"),
    ("hibernated", "Blocked"),
    ("no-route-writer", "Blocked"),
    ("non-privileged", "CanSwitch"),
    ("policy-api-unavailable", "CanSwitchUnverified"),
    ("policy-version-mismatch", "Blocked"),
    ("pool-variable-without-effect", "Blocked"),
    ("ready", "CanSwitch"),
    ("restore-with-record", "Blocked"),
    ("restore-without-record", "Blocked"),
    ("unreadable-bundle", "Blocked"),
    ("up-to-date", "CanSwitch"),
    ("zero-nodes", "CanSwitchUnverified"),
];

#[test]
fn every_story_comes_to_what_it_should_and_is_valid() {
    let mut seen = Vec::new();
    for (story, _) in STORIES {
        let mut arguments = arguments(story);
        assert_eq!(arguments[0], "decide", "{story}");
        arguments[0] = "plan".to_owned();
        let (code, json) = run(&[arguments, vec!["-o".to_owned(), "json".to_owned()]].concat());
        let json = parsed(&json);
        assert_valid("plan-list.schema.json", None, &json);
        let outcome = json["items"][0]["outcome"].as_str().unwrap().to_owned();
        assert_eq!(code, if outcome == "Blocked" { 3 } else { 0 }, "{story}");
        seen.push((story, outcome));
    }
    let expected: Vec<(&str, String)> = OUTCOMES.map(|(story, outcome)| (story, outcome.to_owned())).to_vec();
    assert_eq!(seen, expected);
}

#[test]
fn a_network_that_asks_for_it_is_judged_as_decide_does() {
    let list = |command: &str| {
        let mut arguments = arguments("held");
        arguments[0] = command.to_owned();
        let (code, json) = run(&[arguments, vec!["-o".to_owned(), "json".to_owned()]].concat());
        (code, parsed(&json)["items"][0].clone())
    };
    let ((plan_code, plan), (decide_code, decide)) = (list("plan"), list("decide"));
    assert_eq!((plan_code, decide_code, &plan["asked"]), (3, 3, &json!(true)));
    assert_eq!(plan["overlaySwitch"], decide["overlaySwitch"]);
}

#[test]
fn wrong_usage_and_wrong_input_are_told_apart() {
    for (arguments, expected, text) in [
        (vec!["plan"], 2, "--file <FILE>"),
        (vec!["plan", "-f", "examples/fleet", "--kubeconfig", "x"], 2, "cannot be used with"),
        (vec!["plan", "--kubeconfig", "x", "--require-guard"], 2, "cannot be used with"),
        (vec!["plan", "-f", "examples/fleet", "--nodes", "examples/fleet/nodes/held.yaml"], 1, "needs the namespace"),
        (vec!["plan", "-f", "examples/fleet", "--network", "a/b"], 1, "there is no Network `a/b`"),
        (vec!["plan", "-f", "examples/held/nodes.yaml"], 1, "there is no Network"),
        (vec!["plan", "--kubeconfig", "no/such/file"], 1, "kubeconfig `no/such/file` cannot be used"),
    ] {
        let (code, answer, said) = run_and_listen(&arguments);
        assert_eq!((code, answer.as_str()), (expected, ""), "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
    }
}

#[test]
fn one_that_cannot_be_judged_does_not_hide_the_others() {
    let (code, answer, said) = run_and_listen(&[
        "plan",
        "-f",
        "examples/fleet/networks.yaml",
        "-f",
        "examples/held/cluster.yaml",
        "-o",
        "json",
    ]);
    let answer = parsed(&answer);
    assert_eq!((code, answer["items"].as_array().unwrap().len()), (1, 5));
    assert_eq!(answer["items"][0]["error"]["kind"], "ClusterNotFound");
    assert_eq!(answer["items"][2]["outcome"], "Blocked");
    assert_valid("plan-list.schema.json", None, &answer);
    assert_eq!(said.lines().filter(|line| line.contains("there is no Cluster")).count(), 4, "{said}");
}

/// Names of Networks by what comes of them; of those without, the kind of error.
fn outcomes(answer: &Value) -> BTreeMap<String, Vec<String>> {
    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in answer.pointer("/items").and_then(Value::as_array).unwrap() {
        let text = |pointer| item.pointer(pointer).and_then(Value::as_str);
        let outcome = text("/outcome").or_else(|| text("/error/kind")).unwrap();
        let reason = text("/overlaySwitch/reason").unwrap_or("-");
        let name = text("/name").unwrap().to_owned();
        outcomes.entry(format!("{outcome} {reason}")).or_default().push(name);
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn shoots_of_a_living_seed_are_asked_and_nothing_else() {
    let (ready, missing) = (shoot(&[("n1", true), ("n2", true)]), shoot(&[("n1", true), ("n2", false)]));
    let listen = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (serving, serving_missing) = (ready.serve(listen().await).unwrap(), missing.serve(listen().await).unwrap());
    let mut invalid = network("invalid");
    invalid["spec"]["ipFamilies"] = "IPv4".into();
    let mut native = network("native");
    native["spec"]["providerConfig"]["overlay"]["enabled"] = false.into();
    native["status"]["state"]["encapsulation"]["ipv4"] = "None".into();
    let mut cilium = network("cilium");
    cilium["spec"]["type"] = "cilium".into();
    let networks = ["asleep", "forbidden", "locked", "missing", "orphan", "ready"].map(network);
    let clusters = ["forbidden", "locked", "missing", "native", "ready"].map(|name| cluster(name, false));
    let seed = networks
        .into_iter()
        .chain([invalid, native, cilium, cluster("asleep", true)])
        .chain(clusters)
        .chain([access("ready", &serving.kubeconfig("shoot", Some("t")))])
        .chain([access("missing", &serving_missing.kubeconfig("shoot", Some("t")))])
        .fold(seed(), Builder::object)
        .build()
        .unwrap();
    seed.faults().add(Fault::status(403).resource("clusters").name(&namespace("forbidden")));

    let (code, answer, said) = ask(&seed, &["plan", "-o", "json"]).await;
    assert_eq!(code, 1);
    let answer = parsed(&answer);
    assert_valid("plan-list.schema.json", None, &answer);
    let expected = [
        ("Blocked Hibernated", "asleep"),
        ("Blocked NodesUnreadable", "locked"),
        ("Blocked RoutesMissing", "missing"),
        ("CanSwitch -", "ready"),
        ("ClusterNotFound -", "orphan"),
        ("FieldValueInvalid -", "invalid"),
        ("NoOverlay -", "native"),
        ("Unreadable -", "forbidden"),
    ];
    assert_eq!(outcomes(&answer), expected.map(|(outcome, name)| (outcome.to_owned(), vec![name.to_owned()])).into());
    for text in ["note: 1 Network of type cilium ignored", "shoot--foo--invalid/invalid: error: spec.ipFamilies: "] {
        assert!(said.contains(text), "{said}");
    }

    let of_seed = [
        "get clusters.extensions.gardener.cloud",
        "get managedresources.resources.gardener.cloud extension-networking-calico-config",
        "get secrets. gardener",
        "get secrets. gardener-internal",
        "list networks.extensions.gardener.cloud",
    ];
    assert_eq!(requests(&seed), of_seed.map(str::to_owned).into());
    let of_shoot = [
        "get configmaps. calico-config",
        "get daemonsets.apps calico-node",
        "list ippools.crd.projectcalico.org",
        "list nodes.",
    ];
    assert_eq!(requests(&ready), of_shoot.map(str::to_owned).into());
    for serving in [serving, serving_missing] {
        serving.stop().await;
    }
}

/// One of somebody whom every shoot knows.
fn kubeconfig() -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "clusters": [{"name": "a", "cluster": {"server": "http://kube-apiserver"}}],
        "users": [{"name": "a", "user": {"token": "t"}}],
    })
    .to_string()
}

/// In memory and on paused time, so that no deadline of a client passes because this machine has other things to do.
#[tokio::test(start_paused = true)]
async fn a_thousand_shoots_are_judged() {
    let ready = shoot(&[("n1", true)]);
    let kubeconfig = kubeconfig();
    let names: Vec<String> = (0..1000).map(|number| format!("n{number:03}")).collect();
    // Every tenth is awake.
    let objects = names
        .iter()
        .enumerate()
        .flat_map(|(number, name)| [network(name), cluster(name, number % 10 != 0), access(name, &kubeconfig)]);
    let server = objects.fold(seed(), Builder::object).build().unwrap();
    let connection = kube::Client::new(server.service(), "default");
    let seed = ApiClient::new(connection, "seed", RateLimit::none(), Arc::new(Unobserved));
    let shoots = ShootAccess::connecting_by(seed.clone(), Address::ExternalFirst, Arc::new(Unobserved), move |_| {
        Ok(kube::Client::new(ready.service(), "default"))
    });
    let options = Options {
        configuration: ControllerConfiguration::default(),
        image_vector: ImageVector::built_in("v0.0.0"),
        now: Timestamp(0),
        unobserved_guard: UnobservedGuard::Reported,
        assumption: Assumption::OverlayDisabled,
    };

    let networks = adapter_k8s::read::networks::networks(&seed).await.unwrap();
    let items = plan::judge(&seed, &shoots, &options, networks).await;
    let judged = items.iter().map(|item| {
        let decision = item.decision().unwrap();
        (item.name.as_str(), Outcome::of(decision), decision.overlay.reason())
    });
    let expected = names.iter().enumerate().map(|(number, name)| match number % 10 {
        0 => (name.as_str(), Outcome::CanSwitch, None),
        _ => (name.as_str(), Outcome::Blocked, Some("Hibernated")),
    });
    assert!(judged.eq(expected), "{items:#?}");
    // Two pages; of each its Cluster and its ManagedResource; of those that are awake the Secret.
    assert_eq!(server.requests().len(), 2 + 2 * 1000 + 100);
    assert_eq!(shoots.open(), 0, "no connection is kept");
}
