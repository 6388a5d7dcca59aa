//! Watches with gaps: the watch, the queue and the workers of the process around the controller, and a watch that breaks after each
//! number of events. Whatever was missed meanwhile, gardenlet gets each of its operations done.

use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::client::resource::NETWORKS;
use fake_apiserver::world::gardenlet::{Gardenlet, Patience};
use fake_apiserver::world::{Clock, Cluster};
use fake_apiserver::{Effect, Fault, Verb};
use operator::process::health::{Health, Source};
use operator::process::metrics::Metrics;
use operator::process::queue::{BackOff, Queue};
use operator::process::watch::{self, KnownNetworks};
use operator::process::workers;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::faults::Place;
use crate::operation::overlay;
use crate::play;
use crate::watchdog::Watchdog;
use crate::world::{NAME, NAMESPACE, World, now};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));
const CALICO: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));

/// What follows after a watch has broken: nothing else, or something that makes it harder to find out what was missed.
fn gaps() -> Vec<(&'static str, Vec<Fault>)> {
    let gone = || Fault::status(410).verb(Verb::Watch).skip(1).times(1);
    let stale = |verb, revisions| Fault::new(Effect::StaleRead { revisions }).verb(verb).times(1);
    vec![
        ("broken", vec![]),
        ("broken, and what it missed is forgotten", vec![gone()]),
        (
            "broken, and what it missed is forgotten, and the next list is an old one",
            vec![gone(), stale(Verb::List, 4).skip(1)],
        ),
        ("broken, and the next one begins in the past", vec![stale(Verb::Watch, 4).skip(1)]),
        ("broken, and for a while there is none", vec![Fault::status(500).verb(Verb::Watch).skip(1).times(6)]),
        ("broken three times", vec![Fault::new(Effect::DroppedWatch { after: 1 }).skip(1).times(2)]),
    ]
}

/// Watch, queue and workers, as the process wires them, and a resource manager.
fn process(world: &Arc<World>) -> JoinSet<()> {
    let metrics = Metrics::new();
    let queue = Queue::new(BackOff::default(), metrics.queue.clone());
    let client = kube::Client::new(world.seed.service(), "default");
    let changes = adapter_k8s::watch::metadata(&client, &NETWORKS);
    let health = Health::new(&[Source::Networks]);
    let mut tasks = workers::start(1, &queue, &world.controller(), &metrics.network);
    tasks.spawn(watch::networks(changes, KnownNetworks::default(), queue, health));
    let managed = Arc::clone(world);
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

/// A shoot's network from its creation to its end, as far as the watch of this place is of use.
async fn live(world: &Arc<World>, place: Place, what: &str) {
    let seed = Cluster::new(kube::Client::new(world.seed.service(), "default"));
    let clock = Clock::starting_at(now().parse().unwrap());
    let gardenlet = Gardenlet::new(seed, NAMESPACE, NAME, Patience::default(), clock);
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

fn spec(provider_config: &Value) -> Value {
    json!({
        "type": "calico", "ipFamilies": ["IPv4"], "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
        "providerConfig": provider_config,
    })
}

async fn sweep(place: Place, resource: &str, at_least: usize) {
    let mut runs = 0;
    for (name, more) in gaps() {
        for after in 0.. {
            let world = Arc::new(World::new());
            world.node("a", ROUTE).node("b", CALICO);
            let watchdog = Watchdog::over(&world);
            let faults = place.server(&world).faults();
            faults.add(Fault::new(Effect::DroppedWatch { after }).resource(resource).times(1));
            for fault in &more {
                faults.add(fault.clone().resource(resource));
            }
            let what = format!("the watch of {resource} is {name}, after {after} events");
            let _process = process(&world);
            live(&world, place, &what).await;
            assert_eq!(watchdog.seen(), Vec::<String>::new(), "{what}");
            // The watch has not had so many events.
            if watches(&world, place, resource) < 2 {
                break;
            }
            runs += 1;
        }
    }
    eprintln!("watch of {resource}: {runs} runs with a gap");
    assert!(runs >= at_least, "only {runs} runs");
}

/// How often a watch of this resource was begun.
fn watches(world: &World, place: Place, resource: &str) -> usize {
    let requests = place.server(world).take_requests();
    requests.iter().filter(|request| request.verb == Verb::Watch && request.resource == resource).count()
}

#[tokio::test(start_paused = true)]
async fn no_request_of_gardenlet_gets_lost_with_an_event() {
    sweep(Place::Seed, "networks", 108).await;
}

#[tokio::test(start_paused = true)]
async fn no_route_gets_lost_with_an_event() {
    sweep(Place::Shoot, "nodes", 1).await;
}
