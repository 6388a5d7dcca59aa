//! A kill at each request of each operation: before the request is looked at, and after it is done but not answered. A fresh process
//! goes on with empty memory.

use std::time::Duration;

use fake_apiserver::{Effect, Fault};

use crate::faults::{Place, Refusal, compare, undisturbed};
use crate::operation::Operation;
use crate::play::{self, Kill};
use crate::runs::Runs;
use crate::watchdog::Watchdog;

const DAY: Duration = Duration::from_secs(86_400);

async fn sweep(operation: Operation, at_least: usize) {
    let expected = undisturbed(operation).await;
    let mut runs = Runs::of(operation, "a kill");
    for place in Place::ALL {
        for (name, effect) in [("before", Effect::Latency(DAY)), ("after", Effect::LostResponse)] {
            for request in 0.. {
                let mut world = operation.prepare().await;
                let watchdog = Watchdog::over(&world);
                operation.ask(&world);
                let server = place.server(&world).clone();
                server.faults().add(Fault::new(effect.clone()).skip(request).times(1));
                if play::play(operation, &mut world, Kill::AtFault(&server)).await == 0 {
                    break;
                }
                runs.count();
                let what = format!("{operation:?}, killed {name} request {request} to the {place:?}");
                compare(operation, &world, &watchdog, &expected, Refusal::Never, &what).await;
            }
        }
    }
    runs.finish(at_least);
}

#[tokio::test(start_paused = true)]
async fn create_survives() {
    sweep(Operation::Create, 38).await;
}

#[tokio::test(start_paused = true)]
async fn a_no_op_survives() {
    sweep(Operation::NoOp, 16).await;
}

#[tokio::test(start_paused = true)]
async fn a_held_switch_survives() {
    sweep(Operation::Held, 62).await;
}

#[tokio::test(start_paused = true)]
async fn a_switch_survives() {
    sweep(Operation::Switch, 128).await;
}

#[tokio::test(start_paused = true)]
async fn restore_survives() {
    sweep(Operation::Restore, 94).await;
}

#[tokio::test(start_paused = true)]
async fn migrate_survives() {
    sweep(Operation::Migrate, 56).await;
}

#[tokio::test(start_paused = true)]
async fn delete_survives() {
    sweep(Operation::Delete, 52).await;
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_survives() {
    sweep(Operation::ForceDelete, 32).await;
}
