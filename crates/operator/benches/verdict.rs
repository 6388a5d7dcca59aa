//! The decision over decoded nodes: time for 5,000 of them, and whether it stays linear to 100,000.
//!
//! Measured is all of `calico_policy::decide`, so that no work hides behind the verdict itself. What dominates depends on the
//! nodes, hence several [`Shape`]s. For comparison: the Go extension's check of the conditions alone takes 455 µs for 5,000.
//!
//! With `--once SHAPE COUNT` there is a single call of [`measured`], for counting its instructions.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::dataplane::PoolSource;
use calico_policy::decision::NodeList;
use calico_policy::encapsulation::{Backend, Pool, PoolMode};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, ObservedIpam, ObservedPool, Sources};
use calico_policy::intent::{FamilyIntent, IpamIntent, IpamType, MultusIntent, NetworkIntent, OverlayIntent};
use calico_policy::nodes::{
    Condition, ConditionReason, ConditionStatus, NetworkUnavailable, NodeClass, NodeFacts, NodeName, NodeUid,
    PodCidrFamilies, Readiness,
};
use calico_policy::phase::Rollout;
use calico_policy::settings::{OverlaySwitchSettings, Settings};
use calico_policy::shoot::{KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::time::Timestamp;
use calico_policy::version::CalicoVersion;
use calico_policy::{Decision, Observed, Reading, decide};

/// What the nodes have in common.
#[derive(Clone, Copy)]
enum Shape {
    /// Every node has its route: the witness of all of them is made.
    Ready,
    /// Nobody has spoken about any node; names in the order of the API server.
    Blocking,
    /// The same, each node before all that were seen until then.
    BlockingBackwards,
    /// Calico wrote every condition: all names are kept for cleaning.
    ByCalico,
    /// The same, names in no order.
    ByCalicoShuffled,
    /// Every node would block but for the configuration.
    Excluded,
}

const SHAPES: [(&str, Shape); 6] = [
    ("ready", Shape::Ready),
    ("blocking", Shape::Blocking),
    ("blocking-backwards", Shape::BlockingBackwards),
    ("by-calico", Shape::ByCalico),
    ("by-calico-shuffled", Shape::ByCalicoShuffled),
    ("excluded", Shape::Excluded),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [once, shape, count] = arguments.as_slice()
        && once == "--once"
    {
        let (_, shape) = SHAPES.iter().find(|(name, _)| name == shape).unwrap();
        drop(black_box(measured(&Input::of(*shape, count.parse().unwrap()))));
        return;
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    // As a test: the bench itself works.
    let (few, many, rounds) = if is_bench { (5_000, 100_000, 60) } else { (50, 500, 1) };
    let (mut ready, mut blocking, mut worst_growth) = (0_f64, 0_f64, 0_f64);
    for (name, shape) in SHAPES {
        let (on_few, on_many) = (per_node(shape, few, rounds), per_node(shape, many, rounds));
        println!("{name}: {:.1} us over {few}, {:.1} us over {many}", on_few * few as f64, on_many * many as f64);
        if let Shape::Ready = shape {
            ready = on_few;
        } else {
            blocking = blocking.max(on_few);
        }
        worst_growth = worst_growth.max(on_many / on_few);
    }
    println!("figure verdict/ready-5000 {}", ready * few as f64);
    println!("figure verdict/blocking-5000 {}", blocking * few as f64);
    println!("figure verdict/per-node {}", ready.max(blocking) * 1e3);
    println!("figure verdict/growth {worst_growth}");
}

/// Microseconds per node, the best of the rounds.
fn per_node(shape: Shape, count: usize, rounds: usize) -> f64 {
    let input = Input::of(shape, count);
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        let decision = measured(black_box(&input));
        best = best.min(start.elapsed());
        drop(black_box(decision));
    }
    best.as_secs_f64() * 1e6 / count as f64
}

/// Never inlined: the instruction count looks for it by name.
#[inline(never)]
fn measured(input: &Input) -> Decision {
    let Input { settings, shoot, intent, observed } = input;
    decide(settings, shoot, intent, observed, &Reading::Absent, NOW).unwrap()
}

const NOW: Timestamp = Timestamp(10_000);

struct Input {
    settings: Settings,
    shoot: ShootFacts,
    intent: NetworkIntent,
    observed: Observed,
}

impl Input {
    /// A shoot in the middle of its switch from IPIP to native routing.
    fn of(shape: Shape, count: usize) -> Self {
        let overlay = OverlayIntent { enabled: false, create_pod_routes: false };
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
        let excluded_classes = match shape {
            Shape::Excluded => [NodeClass::NoCondition].into(),
            Shape::Ready | Shape::Blocking | Shape::BlockingBackwards | Shape::ByCalico | Shape::ByCalicoShuffled => {
                [].into()
            }
        };
        Self {
            settings: Settings {
                non_privileged_calico_node: true,
                seamless_overlay_switch: true,
                calico_version: CalicoVersion::from_tag(Some("v3.31.6")),
                overlay_switch: OverlaySwitchSettings { excluded_classes, ..OverlaySwitchSettings::defaults() },
            },
            shoot: shoot(),
            intent: intent(overlay),
            observed: Observed {
                sources: Sources {
                    bundle: Reading::Known(bundle),
                    live: Reading::Absent,
                    record: Reading::Absent,
                    history: History::Installed,
                },
                nodes: Reading::Known(nodes(shape, count)),
                node_list: NodeList::Complete,
                guard: GuardObservation::Effective,
                rollout: Rollout::NotObserved,
                operation_requested: None,
            },
        }
    }
}

fn shoot() -> ShootFacts {
    ShootFacts {
        kubernetes_version: "1.36.2".parse().unwrap(),
        api_server: ApiServerSetup::default(),
        kube_proxy: KubeProxy::Enabled,
        vertical_pod_autoscaler: true,
        provider_type: "aws".to_owned(),
        hibernation_enabled: false,
        dual_stack_migration_pending: false,
        node_cidrs: NodeCidrs::default(),
        pod_cidrs: Vec::new(),
    }
}

fn intent(overlay: OverlayIntent) -> NetworkIntent {
    NetworkIntent {
        ip_families: Vec::new(),
        backend: None,
        ipam: IpamIntent::default(),
        ipv4: FamilyIntent::default(),
        ipv6: FamilyIntent::default(),
        ipv6_source_nat: None,
        overlay: Some(overlay),
        vxlan: false,
        ebpf: false,
        wireguard: false,
        typha: None,
        bird_exporter: false,
        multus: MultusIntent::default(),
        veth_mtu: None,
        snat_to_upstream_dns: None,
        service_loop_prevention: None,
        autoscaling: None,
        deprecated_fields: Vec::new(),
        break_glass: None,
    }
}

fn nodes(shape: Shape, count: usize) -> Vec<NodeFacts> {
    let reason = match shape {
        Shape::Ready => Some(ConditionReason::RouteCreated),
        Shape::ByCalico | Shape::ByCalicoShuffled => Some(ConditionReason::CalicoIsUp),
        Shape::Blocking | Shape::BlockingBackwards | Shape::Excluded => None,
    };
    let mut nodes: Vec<NodeFacts> = (0..count).map(|index| node(index, reason)).collect();
    nodes.sort_by(|left, right| left.name.cmp(&right.name));
    match shape {
        Shape::BlockingBackwards => nodes.reverse(),
        Shape::ByCalicoShuffled => shuffle(&mut nodes),
        Shape::Ready | Shape::Blocking | Shape::ByCalico | Shape::Excluded => {}
    }
    nodes
}

/// The same for every run.
fn shuffle(nodes: &mut [NodeFacts]) {
    let mut state = 1_usize;
    for end in (1..nodes.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        nodes.swap(end, (state >> 33) % (end + 1));
    }
}

fn node(index: usize, reason: Option<ConditionReason>) -> NodeFacts {
    NodeFacts {
        name: NodeName(
            format!("ip-10-{}-{}-{}.eu-west-1.compute.internal", index / 65_536, index / 256 % 256, index % 256).into(),
        ),
        uid: NodeUid(format!("3f0c7a52-0000-4000-8000-{index:012}").into()),
        created: Some(Timestamp(1_000)),
        deleting: false,
        readiness: Readiness::Ready,
        pod_cidrs: PodCidrFamilies { ipv4: true, ipv6: false },
        network_unavailable: reason.map_or(NetworkUnavailable::Missing, |reason| {
            NetworkUnavailable::One(Condition {
                status: ConditionStatus::False,
                reason,
                last_transition: Some(Timestamp(9_000)),
                last_heartbeat: Some(Timestamp(9_500)),
            })
        }),
    }
}
