//! Two API servers in front of one seed, and two in front of the shoot, of which one lags behind the other. Connections move between
//! them, so that reads go back and forth in time and no write is known everywhere at once. The end is that of one server.

use std::sync::Arc;
use std::time::Duration;

use fake_apiserver::{Effect, Fault};
use tokio::time::{Instant, sleep};

use crate::faults::{Place, Refusal, compare, undisturbed};
use crate::operation::Operation;
use crate::process;
use crate::runs::Runs;
use crate::watchdog::Watchdog;
use crate::world::asked::CONTROLLER;

/// How far one of the two is behind: less than the resource manager needs for a round, and more.
const LAGS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(3)];
/// Requests that go to one of them before the next one goes to the other.
const TURNS: [usize; 3] = [1, 3, 7];
/// Events that a watch tells of before it goes to the other.
const EVENTS: usize = 3;
/// More than any operation needs.
const LASTS: Duration = Duration::from_secs(60);

async fn sweep(operation: Operation, at_least: usize) {
    let expected = undisturbed(operation).await;
    let mut runs = Runs::of(operation, "two servers");
    for (lag, turns) in LAGS.into_iter().flat_map(|lag| TURNS.map(|turns| (lag, turns))) {
        for first in [0, turns] {
            let mut world = operation.prepare().await;
            world.restart();
            let world = Arc::new(world);
            let watchdog = Watchdog::over(&world);
            let lagging = || Fault::new(Effect::Lag(lag)).in_turns(turns).skip(first);
            let faults = [Place::Seed, Place::Shoot].map(|place| place.server(&world).faults());
            faults[0].add(lagging().user_agent(CONTROLLER));
            faults[0].add(Fault::new(Effect::DroppedWatch { after: EVENTS }).user_agent(CONTROLLER));
            faults[1].add(lagging());
            faults[1].add(Fault::new(Effect::DroppedWatch { after: EVENTS }));

            let _process = process::start(&world);
            operation.ask(&world);
            let started = Instant::now();
            while started.elapsed() < LASTS {
                operation.meanwhile(&world, started.elapsed());
                sleep(Duration::from_secs(1)).await;
            }
            let what = format!("{operation:?}, {lag:?} behind, after {first} requests in turns of {turns}");
            assert!(faults[0].hits() > 0, "{what}: nobody asked the server that lags");
            runs.count();
            compare(operation, &world, &watchdog, &expected, Refusal::Never, &what).await;
        }
    }
    runs.finish(at_least);
}

#[tokio::test(start_paused = true)]
async fn create_ends_the_same() {
    sweep(Operation::Create, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_no_op_ends_the_same() {
    sweep(Operation::NoOp, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_held_switch_stays_held() {
    sweep(Operation::Held, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_switch_ends_the_same() {
    sweep(Operation::Switch, 12).await;
}

#[tokio::test(start_paused = true)]
async fn restore_ends_the_same() {
    sweep(Operation::Restore, 12).await;
}

#[tokio::test(start_paused = true)]
async fn migrate_ends_the_same() {
    sweep(Operation::Migrate, 12).await;
}

#[tokio::test(start_paused = true)]
async fn delete_ends_the_same() {
    sweep(Operation::Delete, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_ends_the_same() {
    sweep(Operation::ForceDelete, 12).await;
}
