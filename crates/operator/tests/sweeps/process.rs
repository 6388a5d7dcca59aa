//! The watches, the queue and the workers of the process around the controller, and gardenlet, which wants something of it.

use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::client::resource::NETWORKS;
use fake_apiserver::world::gardenlet::{Gardenlet, Patience};
use fake_apiserver::world::{Clock, Cluster};
use operator::controller::NetworkKey;
use operator::process::health::{Health, Source};
use operator::process::metrics::Metrics;
use operator::process::queue::{BackOff, Queue};
use operator::process::{watch, workers};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::faults::Place;
use crate::operation::overlay;
use crate::play;
use crate::world::asked::as_controller;
use crate::world::{NAME, NAMESPACE, World, now};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));
const CALICO: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));

/// A shoot without a network, and two nodes of which one has a route.
pub(crate) fn shoot() -> Arc<World> {
    let world = World::new();
    world.node("a", ROUTE).node("b", CALICO);
    Arc::new(world)
}

/// Watches, queue and workers, as the process wires them, and a resource manager.
pub(crate) fn start(world: &Arc<World>) -> JoinSet<()> {
    let metrics = Metrics::new();
    let queue = Queue::new(BackOff::default(), metrics.queue.clone());
    let changes = adapter_k8s::watch::metadata(&as_controller(&world.seed), &NETWORKS);
    let health = Health::new(&[Source::Networks]);
    let mut tasks = workers::start(1, &queue, &world.controller(), &metrics.network);
    let wake = queue.handle();
    tasks.spawn(watch::networks(changes, world.known.clone(), queue, health));
    let (watching, managed) = (Arc::clone(world), Arc::clone(world));
    tasks.spawn(async move {
        let key = NetworkKey { namespace: NAMESPACE.to_owned(), name: NAME.to_owned() };
        loop {
            if watching.is_woken_within(Duration::from_secs(3_600)).await {
                wake.now(key.clone());
            }
        }
    });
    tasks.spawn(async move {
        loop {
            sleep(Duration::from_millis(1_700)).await;
            play::resource_manager(&managed).await;
        }
    });
    tasks
}

/// What gardenlet wants in turn.
fn wanted(place: Place) -> Vec<Value> {
    match place {
        Place::Seed => {
            vec![overlay(true), json!({"overlay": {"enabled": true}, "typha": {"enabled": false}}), overlay(true)]
        }
        Place::Shoot => vec![overlay(true), overlay(false)],
    }
}

/// gardenlet, for whom time begins now.
pub(crate) fn gardenlet(world: &World) -> Gardenlet {
    let seed = Cluster::new(kube::Client::new(world.seed.service(), "default"));
    Gardenlet::new(seed, NAMESPACE, NAME, Patience::default(), Clock::starting_at(now().parse().unwrap()))
}

/// A shoot's network from its creation to its end, as far as the watch of this place is of use.
pub(crate) async fn live(world: &Arc<World>, place: Place, what: &str) {
    let gardenlet = gardenlet(world);
    for config in wanted(place) {
        if config == overlay(false) {
            tokio::spawn(routes_come(Arc::clone(world)));
        }
        let requested = gardenlet.deploy(&spec(&config)).await.unwrap();
        let ready = gardenlet.wait_until_ready(&requested).await;
        assert!(ready.is_ok(), "{what}, {config}: {ready:?}");
        sleep(Duration::from_secs(10)).await;
    }
    if place == Place::Shoot {
        assert_eq!(world.pool_mode(), "Never", "{what}");
        return;
    }
    assert!(world.bundle().contains("name: calico-typha-deploy"), "{what}");
    gardenlet.delete().await.unwrap();
    let deleted = gardenlet.wait_until_deleted().await;
    assert!(deleted.is_ok(), "{what}: {deleted:?}");
    assert!(world.managed_resource().is_none(), "{what}");
}

/// The last node gets its route, after others have been told of.
async fn routes_come(world: Arc<World>) {
    for _ in 0..12 {
        sleep(Duration::from_secs(1)).await;
        world.node("a", ROUTE);
    }
    world.node("b", ROUTE);
}

pub(crate) fn spec(provider_config: &Value) -> Value {
    json!({
        "type": "calico", "ipFamilies": ["IPv4"], "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
        "providerConfig": provider_config,
    })
}
