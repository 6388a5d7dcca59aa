//! Each fault once at each request of each operation.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_apiserver::world::gardenlet;
use fake_apiserver::{Effect, Fault};
use serde_json::Value;

use crate::operation::{End, Operation};
use crate::play::{self, Kill};
use crate::runs::Runs;
use crate::snapshot::{self, Difference};
use crate::watchdog::Watchdog;
use crate::world::{NAME, World};

/// What goes wrong: a name, what, and at how many requests in a row. Three in a row outlast the retries of one request.
fn disturbances() -> Vec<(&'static str, Effect, usize)> {
    let status = |code, retry_after| Effect::Status { code, retry_after };
    vec![
        ("500", status(500, None), 1),
        ("500 that lasts", status(500, None), 6),
        ("429", status(429, Some(2)), 1),
        ("409", status(409, None), 1),
        ("no answer in time", Effect::Latency(Duration::from_secs(120)), 1),
        ("connection reset", Effect::ConnectionReset, 1),
        ("lost answers", Effect::LostResponse, 6),
        ("lost answer", Effect::LostResponse, 1),
        ("stale read", Effect::StaleRead { revisions: 4 }, 1),
    ]
}

/// Where something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Seed,
    Shoot,
}

impl Place {
    pub(crate) const ALL: [Self; 2] = [Self::Seed, Self::Shoot];

    pub(crate) fn server(self, world: &World) -> &fake_apiserver::Server {
        match self {
            Self::Seed => &world.seed,
            Self::Shoot => &world.shoot,
        }
    }
}

/// Whether a request is given up because of a disturbance. Others are sent again until they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Never,
    Final,
}

impl Refusal {
    fn of(disturbance: &str) -> Self {
        if ["500 that lasts", "409", "lost answers"].contains(&disturbance) { Self::Final } else { Self::Never }
    }
}

/// How an operation ends if nothing goes wrong.
pub(crate) async fn undisturbed(operation: Operation) -> BTreeMap<String, Value> {
    let mut world = operation.prepare().await;
    let watchdog = Watchdog::over(&world);
    operation.ask(&world);
    play::play(operation, &mut world, Kill::Never).await;
    assert_eq!(watchdog.seen(), Vec::<String>::new(), "{operation:?}");
    judge(operation, &world, "undisturbed");
    snapshot::of(&world).await
}

/// Compares what is left with what is left without disturbance.
pub(crate) async fn compare(
    operation: Operation,
    world: &World,
    watchdog: &Watchdog,
    expected: &BTreeMap<String, Value>,
    refusal: Refusal,
    what: &str,
) {
    assert_eq!(watchdog.seen(), Vec::<String>::new(), "{what}");
    judge(operation, world, what);
    let found = snapshot::of(world).await;
    let mut differences = snapshot::differences(&found, expected);
    differences.retain(|difference| !may_differ(operation, refusal, &found, difference));
    assert_eq!(differences, Vec::new(), "{what}");
}

/// What a disturbance may leave behind, because it tells the truth about it.
fn may_differ(
    operation: Operation,
    refusal: Refusal,
    found: &BTreeMap<String, Value>,
    difference: &Difference,
) -> bool {
    let network = &found.get(&format!("networks/{NAME}")).cloned().unwrap_or_default();
    let field = difference.path.strip_prefix(&format!("networks/{NAME}/")).unwrap_or_default();
    match (operation, field) {
        // Where the bundle could not be read when it was decided, what was in effect is unknown, and told as that. Nothing else may
        // stand there, and nothing that removes encapsulation may be decided so.
        (Operation::Create, "status/providerStatus/overlaySwitch/from/ipv4") => {
            let switch = &network["status"]["providerStatus"]["overlaySwitch"];
            difference.found.is_null() && switch["phase"] == "Idle" && switch["verdict"] == "Unchanged"
        }
        // An error that was told on the way has observed the generation that waits.
        (Operation::Held, "status/observedGeneration") => difference.found == network["metadata"]["generation"],
        // A forced deletion tries each object and waits for none: of one whose deletion was refused it leaves the cleaning up to
        // gardenlet. Only the Network has to go.
        (Operation::ForceDelete, _) if refusal == Refusal::Final => {
            !difference.path.starts_with("networks/") && difference.expected.is_null()
        }
        _ => false,
    }
}

/// As gardenlet judges.
fn judge(operation: Operation, world: &World, what: &str) {
    let network = world.network().map(|network| (*network).clone());
    match operation.end() {
        End::Ready => {
            let timestamp = world.annotation("gardener.cloud/timestamp").unwrap();
            gardenlet::ready(network, &timestamp).unwrap_or_else(|why| panic!("{what}: {why}"));
        }
        End::Held => assert_eq!(world.switch(), "AwaitingRoutes Hold RoutesMissing Held", "{what}"),
        End::Migrated => {
            assert_eq!(world.last_operation(), "Migrate Succeeded 100 Successfully migrated Network", "{what}");
        }
        End::Gone => assert_eq!(network, None, "{what}"),
    }
}

/// Sweeps one operation. There must be at least so many runs, so that a sweep that has become empty is noticed.
async fn sweep(operation: Operation, at_least: usize) {
    let expected = undisturbed(operation).await;
    let mut runs = Runs::of(operation, "a fault");
    for place in Place::ALL {
        for (name, effect, times) in disturbances() {
            for request in 0.. {
                let mut world = operation.prepare().await;
                let watchdog = Watchdog::over(&world);
                operation.ask(&world);
                place.server(&world).faults().add(Fault::new(effect.clone()).skip(request).times(times));
                let hits = play::play(operation, &mut world, Kill::Never).await;
                if hits == 0 {
                    // Each operation asks the seed for something, so a fault that never hits is one that does not work.
                    assert!(request > 0 || place == Place::Shoot, "{operation:?}: no request was hit by `{name}`");
                    break;
                }
                runs.count();
                let what = format!("{operation:?}, {place:?}, {name} at request {request}");
                compare(operation, &world, &watchdog, &expected, Refusal::of(name), &what).await;
            }
        }
    }
    runs.finish(at_least);
}

#[tokio::test(start_paused = true)]
async fn create_ends_the_same() {
    sweep(Operation::Create, 162).await;
}

#[tokio::test(start_paused = true)]
async fn a_no_op_ends_the_same() {
    sweep(Operation::NoOp, 70).await;
}

#[tokio::test(start_paused = true)]
async fn a_held_switch_stays_held() {
    sweep(Operation::Held, 275).await;
}

#[tokio::test(start_paused = true)]
async fn a_switch_ends_the_same() {
    sweep(Operation::Switch, 561).await;
}

#[tokio::test(start_paused = true)]
async fn restore_ends_the_same() {
    sweep(Operation::Restore, 410).await;
}

#[tokio::test(start_paused = true)]
async fn migrate_ends_the_same() {
    sweep(Operation::Migrate, 234).await;
}

#[tokio::test(start_paused = true)]
async fn delete_ends_the_same() {
    sweep(Operation::Delete, 218).await;
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_ends_the_same() {
    sweep(Operation::ForceDelete, 132).await;
}
