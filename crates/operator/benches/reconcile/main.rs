//! The controller as a process of its own, against an API server in this process over loopback: 1,000 Networks from nothing, then the
//! same with nothing to do.
//!
//! The bundle counts as applied by the time the controller looks, as if a resource manager took no time. Clusters carry a CloudProfile
//! of 60 KB. The client's own limit is out of the way. The Go extension, measured alike: 12 and 9 reconciles per CPU second, 22.6 and 19.1
//! requests, 67-90 and 220 MiB.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

#[path = "../landscape/mod.rs"]
mod landscape;
#[path = "../process/mod.rs"]
mod process;

use std::time::Duration;

use landscape::controller;
use landscape::seed::Seed;

#[tokio::main]
async fn main() {
    // As a test: the bench itself works.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let (count, starts, rest) = if measures { (1_000, 5, 3) } else { (3, 1, 0) };
    let rest = Duration::from_secs(rest);

    let seed = Seed::start().await;
    seed.apply_at_once();
    let mut best = Duration::MAX;
    for _ in 0..starts {
        let controller = controller::start(&seed).await;
        best = best.min(controller.ready_after);
        controller.stop();
    }
    println!("figure reconcile/ready {}", best.as_secs_f64() * 1e3);

    let controller = controller::start(&seed).await;
    tokio::time::sleep(rest).await;
    println!("figure reconcile/idle-memory {}", controller.resident_mebibytes());
    controller.stop();

    seed.add_clusters(count);
    let controller = controller::start(&seed).await;
    tokio::time::sleep(rest).await;
    println!("figure reconcile/idle-memory-clusters {}", controller.resident_mebibytes());

    for (round, ask) in [("first", Seed::add_networks as fn(&Seed, usize)), ("no-op", Seed::ask_again)] {
        let before = controller.processor_milliseconds();
        seed.forget_requests();
        let started = std::time::Instant::now();
        ask(&seed, count);
        seed.until_done(count).await;
        let elapsed = started.elapsed();
        // What follows up comes at once or not at all.
        tokio::time::sleep(rest).await;
        let spent = controller.processor_milliseconds() - before;
        println!("figure reconcile/{round}-processor {}", spent / count as f64);
        println!("figure reconcile/{round}-requests {}", seed.requests() as f64 / count as f64);
        println!("figure reconcile/{round}-elapsed {}", elapsed.as_secs_f64());
    }
    println!("figure reconcile/memory {}", controller.resident_mebibytes());
    controller.stop();
}
