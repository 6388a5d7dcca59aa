//! Many shoots that are held at once.

use std::time::Duration;

use fake_apiserver::LoggedRequest;

use super::landscape::seed::{OURS, Seed};
use super::landscape::shoot::Shoot;
use super::landscape::{controller, resource_manager};
use super::process::Process;
use super::{CONFIGURATION, overlay_off, overlay_on};

/// Between two heartbeats, each of which comes from every shoot.
const BEAT: Duration = Duration::from_millis(200);

/// Measures so many shoots with so many nodes each, for about `minute` in each state.
pub(crate) async fn measure(shoots: usize, nodes: usize, minute: Duration) {
    let seed = Seed::start().await;
    seed.add_clusters(shoots);
    let shoot = Shoot::start(nodes, shoots).await;
    for index in 0..shoots {
        seed.add_access(index, &shoot.kubeconfig(index));
    }
    resource_manager::start(&seed, |_, _| {});
    let controller = controller::start_with(&seed, CONFIGURATION).await;
    overlay_on(&seed, shoots).await;
    overlay_off(&seed, shoots).await;
    // Until the watches are there and what the first looks needed is given back.
    tokio::time::sleep(minute / 4).await;

    let (_, _) = (seed.take_requests(), shoot.server.take_requests());
    let quiet = processor_per_second(&controller, async { tokio::time::sleep(minute).await }).await;
    let of_shoots = shoot.server.take_requests();
    let is_ours = |request: &&LoggedRequest| request.user_agent.starts_with(OURS);
    let requests = seed.take_requests().len() + of_shoots.iter().filter(is_ours).count();
    println!("figure switch/holding-processor {}", quiet * 60.0);
    println!("figure switch/holding-requests {}", requests as f64 / minute.as_secs_f64());

    let mut events = 0;
    let busy = processor_per_second(&controller, async {
        let end = tokio::time::Instant::now() + minute / 2;
        let mut beats = tokio::time::interval(BEAT);
        while tokio::time::Instant::now() < end {
            beats.tick().await;
            shoot.heartbeat(events % nodes);
            events += 1;
        }
    })
    .await;
    let for_events = (busy - quiet).max(0.0) * minute.as_secs_f64() / 2.0;
    println!("figure switch/holding-events {}", for_events * 1e3 / (events * shoots) as f64 * 1e3);
    println!("figure switch/holding-memory {}", controller.resident_mebibytes());
    println!("figure switch/holding-peak {}", controller.peak_mebibytes());
    controller.stop();
}

/// Seconds of processor for each second in which something goes on.
async fn processor_per_second(controller: &Process, something: impl Future<Output = ()>) -> f64 {
    let (before, started) = (controller.processor_milliseconds(), std::time::Instant::now());
    something.await;
    (controller.processor_milliseconds() - before) / 1e3 / started.elapsed().as_secs_f64()
}
