//! From facts to the objects of one shoot, to what is stored, and the whole process of `render`.
//!
//! The Go extension takes 33 ms to render and 61 ms for a whole reconcile on a fake client, and stores 353 KB.
//!
//! With `--once` there is a single call of [`measured`], for counting its instructions; with `--memory` what bundles that are
//! held cost, in a process that does nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use adapter_k8s::bundle::{Bundle, Definitions, objects};
use adapter_k8s::decide::{Given, decide};
use adapter_k8s::facts;
use adapter_k8s::facts::network::NetworkFacts;
use adapter_k8s::settings::UnobservedGuard;
use calico_manifests::{Objects, Plan};
use calico_policy::dataplane::PoolSource;
use calico_policy::decision::NodeList;
use calico_policy::encapsulation::{Backend, Pool, PoolMode};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, ObservedIpam, ObservedPool, Sources};
use calico_policy::intent::IpamType;
use calico_policy::phase::Rollout;
use calico_policy::shoot::ShootFacts;
use calico_policy::time::Timestamp;
use calico_policy::{Observed, Reading};
use gardener_api::cluster::Cluster;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use gardener_api::network::Network;
use gardener_api::node::Node;
use serde_json::{Value, json};

/// Configurations of different sizes.
const CONFIGURATIONS: [&str; 4] = [
    r#"{}"#,
    r#"{"overlay": {"enabled": false}}"#,
    r#"{"overlay": {"enabled": true}, "vxlan": {"enabled": true}, "birdExporter": {"enabled": true}}"#,
    r#"{"overlay": {"enabled": false, "createPodRoutes": true}, "multus": {"enabled": true, "installCNIPlugins": true},
        "birdExporter": {"enabled": true}, "autoScaling": {"mode": "vpa"}}"#,
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |mode: &str| arguments.iter().any(|argument| argument == mode);
    if is("--once") {
        drop(black_box(measured(&Input::of(CONFIGURATIONS[1]))));
    } else if is("--memory") {
        println!("{}", bytes_per_bundle(1_000));
    } else {
        // As a test: the bench itself works.
        let (rounds, bundles, starts) = if is("--bench") { (200, 1_000, 20) } else { (1, 3, 1) };
        let input = Input::of(CONFIGURATIONS[1]);
        println!("figure render/objects {}", best(rounds, || measured(&input)));
        println!("figure render/stored {}", stored(&input, rounds));
        println!("figure render/passes {}", passes(bundles));
        println!("figure render/secret {}", largest_secret());
        println!("figure render/held-per-shoot {}", in_another_process());
        println!("figure render/process {}", best(starts, process) / 1e3);
    }
}

/// Decides, resolves and renders. Never inlined: the instruction count looks for it by name.
#[inline(never)]
fn measured(input: &Input) -> Objects {
    calico_manifests::render(&plan(input)).unwrap()
}

fn plan(input: &Input) -> Plan {
    let Input { configuration, images, network, shoot, observed } = input;
    let decided = decide(&Given {
        configuration,
        images,
        network,
        shoot,
        observed,
        unobserved_guard: UnobservedGuard::Reported,
        now: Timestamp(10_000),
    })
    .unwrap();
    decided.plan(decided.dataplane().unwrap(), network, shoot)
}

/// Microseconds for encoding and checking a bundle whose definitions are compressed already.
fn stored(input: &Input, rounds: usize) -> f64 {
    let definitions = Definitions::built_in();
    let objects = objects(&plan(input), &definitions).unwrap();
    let encode = || Bundle::new("shoot--bench--render", &objects, &definitions).unwrap();
    drop(encode());
    best(rounds, encode)
}

/// Passes over the definitions while bundles of many shoots are made.
fn passes(bundles: usize) -> usize {
    let definitions = Definitions::built_in();
    let objects = objects(&plan(&Input::of(CONFIGURATIONS[0])), &definitions).unwrap();
    for shoot in 0..bundles.min(50) {
        Bundle::new(&format!("shoot--bench--{shoot}"), &objects, &definitions).unwrap();
    }
    definitions.passes()
}

/// Kilobytes.
fn largest_secret() -> f64 {
    let definitions = Definitions::built_in();
    let size = |configuration: &&str| {
        let objects = objects(&plan(&Input::of(configuration)), &definitions).unwrap();
        Bundle::new("shoot--bench--render", &objects, &definitions).unwrap().secret.size()
    };
    CONFIGURATIONS.iter().map(size).max().unwrap() as f64 / 1e3
}

/// What one more bundle that is held costs, in KiB of resident memory.
fn bytes_per_bundle(count: usize) -> f64 {
    let definitions = Definitions::built_in();
    let objects = objects(&plan(&Input::of(CONFIGURATIONS[3])), &definitions).unwrap();
    let bundle = |shoot: usize| Bundle::new(&format!("shoot--bench--{shoot}"), &objects, &definitions).unwrap();
    // Whatever is made once, and what the first of them leaves behind in the allocator.
    let warm: Vec<Bundle> = (0..10).map(bundle).collect();
    let before = resident_kib();
    let held: Vec<Bundle> = (0..count).map(bundle).collect();
    let grown = resident_kib() - before;
    drop((warm, black_box(held)));
    grown / count as f64
}

fn resident_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn in_another_process() -> f64 {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--memory").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// `render` from its start to its end.
fn process() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .current_dir(root)
        .args(["render", "-f", "examples/held", "--now", "2026-11-24T10:00:00Z"])
        .output()
        .unwrap();
    assert!(output.status.success() && output.stdout.len() > 200_000);
}

/// Microseconds, the best of the rounds.
fn best<T>(rounds: usize, mut run: impl FnMut() -> T) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        let result = run();
        best = best.min(start.elapsed());
        drop(black_box(result));
    }
    best.as_secs_f64() * 1e6
}

struct Input {
    configuration: ControllerConfiguration,
    images: ImageVector,
    network: NetworkFacts,
    shoot: ShootFacts,
    observed: Observed,
}

impl Input {
    /// A shoot whose nodes all have a route, with encapsulation in effect.
    fn of(provider_config: &str) -> Self {
        let mut config = serde_json::from_str::<Value>(provider_config).unwrap();
        config["apiVersion"] = "calico.networking.extensions.gardener.cloud/v1alpha1".into();
        config["kind"] = "NetworkConfig".into();
        let network: Network = serde_json::from_value(json!({
            "metadata": {"namespace": "shoot--bench--render", "name": "render"},
            "spec": {"type": "calico", "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13", "providerConfig": config},
        }))
        .unwrap();
        let cluster: Cluster = serde_json::from_value(json!({"spec": {"shoot": {"spec": {
            "kubernetes": {"version": "1.36.2", "verticalPodAutoscaler": {"enabled": true}},
            "networking": {"nodes": "10.250.0.0/16"},
        }}}}))
        .unwrap();
        let nodes = (0..100).map(|node| {
            let condition = json!({"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"});
            let node = json!({"metadata": {"name": format!("node-{node}")}, "status": {"conditions": [condition]}});
            facts::node::facts(&serde_json::from_value::<Node>(node).unwrap()).unwrap()
        });
        let bundle = ObservedDataplane {
            backend: Some(Backend::Bird),
            ipv4: Some(ObservedPool { pool: Pool::Ipip, mode: PoolMode::Always, source: PoolSource::Object }),
            ipv6: None,
            felix_ipip: Some(true),
            felix_vxlan: None,
            ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_owned()] }),
            veth_mtu: Some("0".to_owned()),
            kube_controllers: Some(true),
        };
        Self {
            configuration: ControllerConfiguration::default(),
            images: ImageVector::built_in("0.1.0"),
            network: facts::network::facts(&network).unwrap(),
            shoot: facts::shoot::facts(&cluster.spec.shoot.unwrap()).unwrap(),
            observed: Observed {
                sources: Sources {
                    bundle: Reading::Known(bundle),
                    live: Reading::Absent,
                    record: Reading::Absent,
                    history: History::Installed,
                },
                nodes: Reading::Known(nodes.collect()),
                node_list: NodeList::Complete,
                guard: GuardObservation::Effective,
                rollout: Rollout::NotObserved,
                operation_requested: None,
            },
        }
    }
}
