//! Overlay switches that are held: how soon they end after the last route, what holding costs, and what one look at a large shoot costs.
//!
//! The controller is a process of its own; seed and shoots are API servers in this one, over loopback. Nodes are as large as real ones,
//! 16 KB. The Go extension, measured alike: the bundle comes 0.8 s after the last route where that came after 5 s, and 22 s after it
//! where that came after 60 s; 0.21-0.30 s of processor and 417 MiB for one look at 5,000 nodes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

mod holding;
#[path = "../landscape/mod.rs"]
mod landscape;
mod large;
mod last_route;
#[path = "../process/mod.rs"]
mod process;

use std::time::Duration;

use landscape::seed::Seed;
use serde_json::{Value, json};

/// How much is measured.
struct Scale {
    /// Switches for each length of a hold.
    switches: usize,
    /// Lengths of holds, and what figures call them.
    holds: [(&'static str, Duration); 2],
    /// Shoots that hold at once, and the nodes of each.
    holding: (usize, usize),
    /// Nodes of the large shoot.
    large: usize,
    /// How long a state is looked at.
    minute: Duration,
}

const FULL: Scale = Scale {
    switches: 100,
    holds: [("10-s", Duration::from_secs(10)), ("60-s", Duration::from_secs(60))],
    holding: (100, 500),
    large: 5_000,
    minute: Duration::from_secs(60),
};

/// As a test: the bench itself works.
const SMALL: Scale = Scale {
    switches: 2,
    holds: [("10-s", Duration::from_secs(1)), ("60-s", Duration::from_secs(2))],
    holding: (3, 5),
    large: 30,
    minute: Duration::from_secs(12),
};

/// A hold counts as an error once it lasts longer; that is part of the longer holds here.
const CONFIGURATION: &str = "overlaySwitch: {progressWindow: 30s}\n";

#[tokio::main]
async fn main() {
    let measures = std::env::args().any(|argument| argument == "--bench");
    let scale = if measures { FULL } else { SMALL };
    for (hold, length) in scale.holds {
        let times = last_route::times(scale.switches, length).await;
        println!("figure switch/after-{hold} {}", times[(times.len() - 1) / 2].as_secs_f64() * 1e3);
        println!("figure switch/after-{hold}-slowest {}", times[(times.len() - 1) * 99 / 100].as_secs_f64() * 1e3);
    }
    holding::measure(scale.holding.0, scale.holding.1, scale.minute).await;
    large::measure(scale.large, scale.minute).await;
}

/// Asks for the overlay and waits until it is there.
async fn overlay_on(seed: &Seed, count: usize) {
    for shoot in 0..count {
        seed.add_network(shoot, &json!({"overlay": {"enabled": true}}));
    }
    seed.until_done(count).await;
}

/// Asks for it to go, and waits until only routes are missing.
async fn overlay_off(seed: &Seed, count: usize) {
    for shoot in 0..count {
        seed.ask(shoot, &json!({"overlay": {"enabled": false}})).await;
    }
    let waits_for_routes = |network: &Value| {
        let switch = &network["status"]["providerStatus"]["overlaySwitch"];
        switch["reason"] == "RoutesMissing" && switch["guard"]["state"] == "Effective"
    };
    seed.until(count, "does not wait for routes", waits_for_routes).await;
}
