//! 1,000 Networks that change all the time, on a seed where one request of a hundred goes wrong: what the process keeps of it, and
//! whether anything is stuck once all is quiet again.
//!
//! Networks are asked to be reconciled, get another configuration, are deleted and made anew. `--minutes N` says for how long.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

#[path = "../landscape/mod.rs"]
mod landscape;
mod memory;
#[path = "../process/mod.rs"]
mod process;
mod trouble;

use std::time::Duration;

use fastrand::Rng;
use landscape::seed::{Seed, is_done};
use landscape::{controller, resource_manager};
use memory::Samples;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use trouble::Trouble;

/// Changes that are kept for watches to go on from: few, so that what is missed has to be listed again.
const HISTORY: usize = 5_000;
/// From one change to the next.
const EACH: Duration = Duration::from_millis(100);
/// From one look at the process to the next.
const SAMPLE: Duration = Duration::from_secs(5);
/// How long after the last change and the last fault everything must be done.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // As a test: the bench itself works.
    let measures = arguments.iter().any(|argument| argument == "--bench");
    let minutes = arguments.iter().skip_while(|argument| *argument != "--minutes").nth(1);
    let minutes: u64 = minutes.map_or(30, |minutes| minutes.parse().unwrap());
    let (count, time) =
        if measures { (1_000, Duration::from_secs(minutes * 60)) } else { (10, Duration::from_secs(5)) };

    let seed = Seed::start_with(HISTORY).await;
    resource_manager::start(&seed, |_, _| {});
    seed.add_clusters(count);
    seed.add_networks(count);
    let controller = controller::start(&seed).await;
    seed.until_done(count).await;
    seed.forget_requests();
    let begun = controller.processor_milliseconds();

    let trouble = Trouble::begin(&seed);
    let mut changes = Changes { random: Rng::with_seed(7), leaving: Vec::new(), made: 0 };
    let mut samples = Samples::default();
    let mut requests = 0;
    let started = Instant::now();
    let (mut each, mut sample) = (interval(EACH), interval(SAMPLE));
    each.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while started.elapsed() < time {
        tokio::select! {
            _ = each.tick() => changes.make_one(&seed, count).await,
            _ = sample.tick() => {
                samples.add(changes.made, controller.resident_mebibytes());
                requests += seed.requests();
                samples.tell(started.elapsed());
            }
        }
    }
    let elapsed = started.elapsed();
    requests += seed.requests();
    let faults = trouble.end();

    let settling = Instant::now();
    let stuck = loop {
        changes.renew(&seed);
        let is_stuck = |shoot: &usize| !seed.network(*shoot).is_some_and(|network| is_done(&network));
        let stuck: Vec<usize> = (0..count).filter(is_stuck).collect();
        if stuck.is_empty() || settling.elapsed() > SETTLES_WITHIN {
            break stuck;
        }
        sleep(Duration::from_millis(100)).await;
    };
    for shoot in &stuck {
        eprintln!("stuck: {:#}", seed.network(*shoot).map_or_else(|| json!(null), |network| (*network).clone()));
    }
    let spent = controller.processor_milliseconds() - begun;
    println!("figure soak/elapsed {}", elapsed.as_secs_f64() / 60.0);
    println!("figure soak/changes {}", changes.made);
    println!("figure soak/faults {}", faults as f64 * 100.0 / requests as f64);
    println!("figure soak/requests {}", requests as f64 / changes.made as f64);
    println!("figure soak/processor {}", spent / changes.made as f64);
    println!("figure soak/growth {}", samples.bytes_per_change());
    println!("figure soak/memory {}", controller.resident_mebibytes());
    println!("figure soak/stuck {}", stuck.len());
    println!("figure soak/settled {}", settling.elapsed().as_secs_f64());
    controller.stop();
}

/// What gardenlet and shoot owners do.
struct Changes {
    random: Rng,
    /// Shoots whose Network is being deleted.
    leaving: Vec<usize>,
    made: usize,
}

impl Changes {
    async fn make_one(&mut self, seed: &Seed, count: usize) {
        self.renew(seed);
        let shoot = self.random.usize(0..count);
        if self.leaving.contains(&shoot) {
            return;
        }
        self.made += 1;
        match self.random.u8(0..100) {
            0..70 => seed.ask(shoot, &json!({})).await,
            70..95 => {
                let mtu = self.random.choice(["1400", "1440", "1500"]).unwrap();
                seed.ask(shoot, &json!({"vethMTU": mtu, "typha": {"enabled": self.random.bool()}})).await;
            }
            _ => {
                seed.delete(shoot).await;
                self.leaving.push(shoot);
            }
        }
    }

    /// Makes those anew that are gone.
    fn renew(&mut self, seed: &Seed) {
        self.leaving.retain(|shoot| {
            let is_gone = seed.network(*shoot).is_none();
            if is_gone {
                seed.add_network(*shoot, &json!({"backend": "bird", "typha": {"enabled": true}}));
            }
            !is_gone
        });
    }
}
