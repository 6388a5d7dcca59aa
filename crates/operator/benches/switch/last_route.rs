//! From the last route to the bundle without the overlay, while all the other shoots are held as well.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fake_apiserver::Operation;
use serde_json::Value;

use super::landscape::seed::{Seed, is_done, namespace, pool_mode};
use super::landscape::shoot::Shoot;
use super::landscape::{BUNDLE, controller, resource_manager};
use super::{CONFIGURATION, overlay_off, overlay_on};

/// Nodes of each shoot.
const NODES: usize = 20;
/// From the last route of one shoot to that of the next.
const SPACING: Duration = Duration::from_millis(150);

/// When the bundle of a namespace was first written without the overlay.
type Written = Arc<Mutex<BTreeMap<String, Instant>>>;

/// The times of so many switches, sorted, each held for about `hold` with a guard that is effective.
pub(crate) async fn times(count: usize, hold: Duration) -> Vec<Duration> {
    let seed = Seed::start().await;
    seed.add_clusters(count);
    let mut shoots = Vec::new();
    for shoot in 0..count {
        shoots.push(Shoot::start(NODES, 1).await);
        seed.add_access(shoot, &shoots[shoot].kubeconfig(0));
    }
    let shoots = Arc::new(shoots);
    let by_namespace: BTreeMap<String, usize> = (0..count).map(|shoot| (namespace(shoot), shoot)).collect();
    let pools = Arc::clone(&shoots);
    resource_manager::start(&seed, move |namespace, mode| pools[by_namespace[namespace]].set_pool(mode));
    let written = watch_bundles(&seed);
    let controller = controller::start_with(&seed, CONFIGURATION).await;

    overlay_on(&seed, count).await;
    overlay_off(&seed, count).await;
    tokio::time::sleep(hold).await;
    assert!(written.lock().unwrap().is_empty(), "a switch was not held");
    let mut routed = Vec::new();
    for shoot in shoots.iter() {
        routed.push(Instant::now());
        shoot.route();
        tokio::time::sleep(SPACING).await;
    }
    let has_switched =
        |network: &Value| is_done(network) && network["status"]["providerStatus"]["overlaySwitch"]["phase"] == "Done";
    seed.until(count, "does not switch", has_switched).await;
    controller.stop();

    let written = written.lock().unwrap();
    let time = |(shoot, routed): (usize, &Instant)| written[&namespace(shoot)].duration_since(*routed);
    let mut times: Vec<Duration> = routed.iter().enumerate().map(time).collect();
    times.sort_unstable();
    times
}

fn watch_bundles(seed: &Seed) -> Written {
    let written = Written::default();
    let (times, server) = (Arc::clone(&written), seed.server.clone());
    seed.server.admit(move |request| {
        let is_bundle = request.resource == "managedresources" && request.name == BUNDLE;
        if let (true, Operation::Update, "", Some(object)) =
            (is_bundle, request.operation, request.subresource, request.object.as_deref())
        {
            let now = Instant::now();
            let secret = object["spec"]["secretRefs"][0]["name"].as_str().unwrap();
            let secret = server.stored("", "secrets", request.namespace, secret).unwrap();
            if pool_mode(&secret).as_deref() == Some("Never") {
                times.lock().unwrap().entry(request.namespace.to_owned()).or_insert(now);
            }
        }
        Ok(())
    });
    written
}
