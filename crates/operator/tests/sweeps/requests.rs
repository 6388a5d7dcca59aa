//! No request of gardenlet is missed, whenever it comes and however old the answers are that follow it.

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Verb};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::faults::Place;
use crate::operation::overlay;
use crate::process;
use crate::watchdog::Watchdog;
use crate::world::asked::CONTROLLER;
use crate::world::pass;

/// Each read of a Network is answered from before the event that it follows: with the state so many writes ago, and so often in a row.
#[tokio::test(start_paused = true)]
async fn no_request_of_gardenlet_gets_lost_with_an_old_answer() {
    let mut runs = 0;
    for (revisions, times) in [(1, 1), (4, 1), (20, 1), (4, 5)] {
        for request in 0.. {
            let world = process::shoot();
            let watchdog = Watchdog::over(&world);
            let old = Fault::new(Effect::StaleRead { revisions }).resource("networks").verb(Verb::Get);
            world.seed.faults().add(old.user_agent(CONTROLLER).skip(request).times(times));
            let what = format!("{times} reads from number {request} on are {revisions} writes old");
            let _process = process::start(&world);
            process::live(&world, Place::Seed, &what).await;
            assert_eq!(watchdog.seen(), Vec::<String>::new(), "{what}");
            if world.seed.faults().hits() == 0 {
                break;
            }
            runs += 1;
        }
    }
    eprintln!("old answers: {runs} runs");
    assert!(runs >= 44, "only {runs} runs");
}

/// While a request is worked on, before each request to the API server that this takes, the next one comes.
#[tokio::test(start_paused = true)]
async fn no_request_of_gardenlet_gets_lost_because_another_is_worked_on() {
    let other = json!({"overlay": {"enabled": true}, "typha": {"enabled": false}});
    let mut runs = 0;
    for before in 0.. {
        let world = process::shoot();
        let _process = process::start(&world);
        let gardenlet = process::gardenlet(&world);
        let requested = gardenlet.deploy(&process::spec(&overlay(true))).await.unwrap();
        gardenlet.wait_until_ready(&requested).await.unwrap();
        pass(60).await;

        let slow = Fault::new(Effect::Latency(Duration::from_secs(2))).user_agent(CONTROLLER);
        world.seed.faults().add(slow.skip(before).times(1));
        gardenlet.deploy(&process::spec(&json!({"overlay": {"enabled": true}, "vethMTU": "1400"}))).await.unwrap();
        let comes = async {
            while world.seed.faults().hits() == 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(Duration::from_secs(30), comes).await.is_err() {
            break;
        }
        let requested = gardenlet.deploy(&process::spec(&other)).await.unwrap();
        let ready = gardenlet.wait_until_ready(&requested).await;
        assert!(ready.is_ok(), "another request comes before request {before}: {ready:?}");
        assert!(!world.bundle().contains("name: calico-typha-deploy"), "another request comes before request {before}");
        runs += 1;
    }
    eprintln!("requests during another: {runs} runs");
    assert!(runs >= 24, "only {runs} runs");
}
