//! Queue, resource manager and time around the controller, until an operation has ended.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use fake_apiserver::Server;
use operator::controller::{Next, ReconcileError};
use serde_json::{Value, json};
use tokio::time::{Instant, interval, timeout};

use crate::operation::Operation;
use crate::world::{BUNDLE, NAMESPACE, World};

const FINALIZER: &str = "resources.gardener.cloud/gardener-resource-manager";
/// More than any operation needs.
const LOOKS: u32 = 300;

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kill<'a> {
    Never,
    /// As soon as a fault of this server has hit. A new process starts, and the fault is over.
    AtFault(&'a Server),
}

/// Plays an operation that was asked for to its end, then lets the queue call once more, as after an event that tells nothing new.
/// Says how many requests were hit by faults, which are over then.
pub(crate) async fn play(operation: Operation, world: &mut World, mut kill: Kill<'_>) -> usize {
    let started = Instant::now();
    let (mut failures, mut hits) = (0, 0);
    for _ in 0..LOOKS {
        operation.meanwhile(world, started.elapsed());
        let delay = match look(world, &mut kill).await {
            Some(Ok(Next::OnChange)) => break,
            Some(Ok(Next::After(delay))) => {
                failures = 0;
                delay
            }
            Some(Err(_)) => {
                failures += 1;
                Duration::from_millis(5) * 2_u32.pow(failures)
            }
            // A new process begins with what it finds.
            None => {
                hits += 1;
                world.restart();
                Duration::from_secs(1)
            }
        };
        if operation.is_over(started.elapsed()) {
            break;
        }
        resource_manager(world).await;
        wait(operation, world, started, delay).await;
    }
    for server in [&world.seed, &world.shoot] {
        hits += server.faults().hits();
        server.faults().clear();
    }
    resource_manager(world).await;
    // What happens besides goes on, too: a stale read may have ended the looks early.
    for _ in 0..LOOKS {
        operation.meanwhile(world, started.elapsed());
        let next = world.reconcile().await.unwrap();
        resource_manager(world).await;
        match next {
            Next::After(delay) if !operation.is_over(started.elapsed()) => {
                wait(operation, world, started, delay).await;
            }
            Next::After(_) | Next::OnChange => return hits,
        }
    }
    panic!("{operation:?} does not settle: {:#}", world.network().map_or(Value::Null, |network| (*network).clone()));
}

/// Calls again and again until the queue would not.
pub(crate) async fn until_quiet(world: &mut World) {
    for _ in 0..LOOKS {
        let next = world.reconcile().await.unwrap();
        resource_manager(world).await;
        let Next::After(delay) = next else { return };
        world.is_woken_within(delay).await;
    }
    panic!("nothing settles: {:#}", world.network().map_or(Value::Null, |network| (*network).clone()));
}

/// Waits as the queue does, for this time or until a watch of nodes wakes the Network, while what happens besides happens.
async fn wait(operation: Operation, world: &World, started: Instant, delay: Duration) {
    let due = Instant::now() + delay;
    while Instant::now() < due && !operation.is_over(started.elapsed()) {
        operation.meanwhile(world, started.elapsed());
        if world.is_woken_within(Duration::from_secs(1).min(due - Instant::now())).await {
            return;
        }
    }
}

/// One look; nothing where the process was killed in it.
async fn look(world: &World, kill: &mut Kill<'_>) -> Option<Result<Next, ReconcileError>> {
    let Kill::AtFault(server) = *kill else { return Some(world.reconcile().await) };
    let before = server.faults().hits();
    // A request that is never answered wakes nobody.
    let mut ticker = interval(Duration::from_millis(1));
    let mut look = pin!(world.reconcile());
    let result = std::future::poll_fn(|context| {
        let polled = look.as_mut().poll(context);
        // Before anything can follow from the answer.
        if server.faults().hits() > before {
            return Poll::Ready(None);
        }
        while polled.is_pending() && ticker.poll_tick(context).is_ready() {}
        polled.map(Some)
    })
    .await;
    if result.is_none() {
        server.faults().clear();
        *kill = Kill::Never;
    }
    result
}

/// One round of gardener-resource-manager, which needs no time: applied, or let go.
pub(crate) async fn resource_manager(world: &World) {
    let Some(found) = world.managed_resource() else { return };
    if found["metadata"]["deletionTimestamp"].is_string() {
        let client = kube::Client::new(world.seed.service(), "default");
        let path = format!("/apis/resources.gardener.cloud/v1alpha1/namespaces/{NAMESPACE}/managedresources/{BUNDLE}");
        let request = http::Request::patch(path)
            .header("Content-Type", "application/merge-patch+json")
            .body(br#"{"metadata": {"finalizers": null}}"#.to_vec())
            .unwrap();
        // A fault may hit this one; the next round tries again.
        let _ = timeout(Duration::from_secs(1), client.request_text(request)).await;
    } else if found["status"]["observedGeneration"] != found["metadata"]["generation"] {
        let mut held = (*found).clone();
        held["metadata"]["finalizers"] = json!([FINALIZER]);
        world.put(held).resource_manager("True");
    }
}
