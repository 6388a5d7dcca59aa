//! Watches with gaps: the watch, the queue and the workers of the process around the controller, and a watch that breaks after each
//! number of events. Whatever was missed meanwhile, gardenlet gets each of its operations done.

use fake_apiserver::{Effect, Fault, Verb};

use crate::faults::Place;
use crate::process;
use crate::watchdog::Watchdog;
use crate::world::World;

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

async fn sweep(place: Place, resource: &str, at_least: usize) {
    let mut runs = 0;
    for (name, more) in gaps() {
        for after in 0.. {
            let world = process::shoot();
            let watchdog = Watchdog::over(&world);
            let faults = place.server(&world).faults();
            faults.add(Fault::new(Effect::DroppedWatch { after }).resource(resource).times(1));
            for fault in &more {
                faults.add(fault.clone().resource(resource));
            }
            let what = format!("the watch of {resource} is {name}, after {after} events");
            let _process = process::start(&world);
            process::live(&world, place, &what).await;
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
    sweep(Place::Shoot, "nodes", 42).await;
}
