//! One call as another program makes it: bytes of JSON in, JSON out, for a shoot of 100 and of 5,000 nodes.
//!
//! With `--once COUNT` there is a single call of [`measured`], for counting its instructions.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stands where a C program would, speaks to its caller and may stop anywhere"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use calico_policy_c::{calico_policy_decide, calico_policy_free};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [once, count] = arguments.as_slice()
        && once == "--once"
    {
        measured(&request(count.parse().unwrap()));
        return;
    }
    for (count, rounds) in [(100, 200), (5_000, 20)] {
        let request = request(count);
        let mut best = Duration::MAX;
        for _ in 0..rounds {
            let start = Instant::now();
            measured(black_box(&request));
            best = best.min(start.elapsed());
        }
        println!("figure embedding/{count} {:.3}", best.as_secs_f64() * 1e6);
    }
}

#[inline(never)]
fn measured(request: &[u8]) {
    // SAFETY: address and length are those of a slice, and the answer is given back once.
    unsafe { calico_policy_free(black_box(calico_policy_decide(request.as_ptr(), request.len()))) }
}

/// The request of the case `ready` with so many nodes.
fn request(count: usize) -> Vec<u8> {
    let mut request: Value = serde_json::from_str(include_str!("../tests/cases/ready.request.json")).unwrap();
    let nodes: Vec<Value> = (0..count)
        .map(|index| {
            json!({
                "name": format!("shoot--bench--large-worker-{}-{index:05x}", index % 7),
                "uid": format!("{index:08x}-0000-4000-8000-{index:012x}"),
                "created": 1_795_000_000,
                "deleting": false,
                "readiness": "Ready",
                "podCidrs": {"ipv4": true, "ipv6": false},
                "networkUnavailable": {"One": {
                    "status": "False",
                    "reason": "RouteCreated",
                    "lastTransition": 1_795_599_000,
                    "lastHeartbeat": 1_795_599_000,
                }},
            })
        })
        .collect();
    *request.pointer_mut("/observed/nodes/Known").unwrap() = Value::Array(nodes);
    let request = serde_json::to_vec(&request).unwrap();
    assert!(calico_policy_c::answer(&request).contains(r#""verdict":"Proceed""#), "this bench decides something else");
    request
}
