//! The overlay verdict over decoded nodes (design 15): time for 5,000, and whether it stays linear to 100,000.
//!
//! Half of the runs have every node ready, where the witness is made; the other half have every node blocking, where names are
//! sorted. The Go extension's check of the conditions alone takes 455 µs for 5,000 nodes.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a bench speaks to its caller")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use calico_policy::nodes::{
    Condition, ConditionReason, ConditionStatus, EvidenceRules, NetworkUnavailable, NodeFacts, NodeName, NodeUid,
    PodCidrFamilies, Readiness,
};
use calico_policy::survey;
use calico_policy::time::Timestamp;

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let rounds = if measured { 50 } else { 1 };
    let ready = per_node(5_000, ConditionReason::RouteCreated, rounds);
    let blocking = per_node(5_000, ConditionReason::CalicoIsUp, rounds);
    let many = per_node(100_000, ConditionReason::RouteCreated, rounds);
    println!("figure verdict/ready-5000 {}", ready * 5_000.0 / 1e3);
    println!("figure verdict/blocking-5000 {}", blocking * 5_000.0 / 1e3);
    println!("figure verdict/ready-per-node {ready}");
    println!("figure verdict/growth {}", many / ready);
}

/// Nanoseconds per node, the best of the rounds.
fn per_node(count: usize, reason: ConditionReason, rounds: usize) -> f64 {
    let nodes: Vec<NodeFacts> = (0..count).map(|index| node(index, reason)).collect();
    let excluded = BTreeSet::new();
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        let outcome =
            survey::take(black_box(&nodes), EvidenceRules::On { dual_stack: false }, &excluded, Timestamp(10_000));
        best = best.min(start.elapsed());
        drop(black_box(outcome));
    }
    best.as_secs_f64() * 1e9 / count as f64
}

fn node(index: usize, reason: ConditionReason) -> NodeFacts {
    NodeFacts {
        name: NodeName(
            format!("ip-10-{}-{}-{}.eu-west-1.compute.internal", index / 65_536, index / 256 % 256, index % 256).into(),
        ),
        uid: NodeUid(format!("3f0c7a52-0000-4000-8000-{index:012}").into()),
        created: Some(Timestamp(1_000)),
        deleting: false,
        readiness: Readiness::Ready,
        pod_cidrs: PodCidrFamilies { ipv4: true, ipv6: false },
        network_unavailable: NetworkUnavailable::One(Condition {
            status: ConditionStatus::False,
            reason,
            last_transition: Some(Timestamp(9_000)),
            last_heartbeat: Some(Timestamp(9_500)),
        }),
    }
}
