//! One large shoot that is looked at as often as while it is held.

use std::time::Duration;

use fake_apiserver::{LoggedRequest, Verb};

use super::landscape::seed::Seed;
use super::landscape::shoot::Shoot;
use super::landscape::{controller, resource_manager};
use super::{CONFIGURATION, overlay_off, overlay_on};

/// Measures the looks at a shoot with so many nodes for about half of `minute`.
pub(crate) async fn measure(nodes: usize, minute: Duration) {
    let seed = Seed::start().await;
    seed.add_clusters(1);
    let shoot = Shoot::start(nodes, 1).await;
    seed.add_access(0, &shoot.kubeconfig(0));
    resource_manager::start(&seed, |_, _| {});
    let controller = controller::start_with(&seed, CONFIGURATION).await;
    overlay_on(&seed, 1).await;
    tokio::time::sleep(minute / 20).await;
    let resident = controller.resident_mebibytes();
    controller.forget_peak();
    overlay_off(&seed, 1).await;

    shoot.server.take_requests();
    let before = controller.processor_milliseconds();
    tokio::time::sleep(minute / 2).await;
    let spent = controller.processor_milliseconds() - before;
    let begins = |request: &&LoggedRequest| {
        request.verb == Verb::List && request.resource == "nodes" && !request.query.contains("continue=")
    };
    let looks = shoot.server.take_requests().iter().filter(begins).count();
    assert!(looks > 0, "nobody looked");
    println!("figure switch/look-processor {}", spent / 1e3 / looks as f64);
    println!("figure switch/look-memory {}", controller.peak_mebibytes() - resident);
    controller.stop();
}
