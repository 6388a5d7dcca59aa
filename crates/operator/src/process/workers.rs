//! Workers: they take Networks from the queue and have them reconciled.
//!
//! The boundary for panics is here: a reconcile that panics fails its object, in metrics, log and status, and nothing else.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::client::chain;
use futures::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::logs;
use super::metrics::{ControllerMetrics, ReconcileResult};
use super::queue::{Done, Queue};
use crate::controller::{FailureKind, NetworkKey, Next, ReconcileError, Reconciler};

/// How long the report about a panic may take.
const REPORT_DEADLINE: Duration = Duration::from_secs(10);

/// Starts so many workers. They end when the queue is closed, each after the reconcile that it is at.
pub fn start<R: Reconciler>(
    workers: usize,
    queue: &Queue,
    reconciler: &Arc<R>,
    metrics: &ControllerMetrics,
) -> JoinSet<()> {
    metrics.set_max_concurrent(workers);
    let mut set = JoinSet::new();
    for _ in 0..workers {
        set.spawn(work(queue.clone(), Arc::clone(reconciler), metrics.clone()));
    }
    set
}

async fn work<R: Reconciler>(queue: Queue, reconciler: Arc<R>, metrics: ControllerMetrics) {
    while let Some(key) = queue.next().await {
        let span = tracing::error_span!(
            "reconcile",
            controller = "network",
            object = %key,
            namespace = key.namespace,
            name = key.name,
            reconcileID = %format_args!("{:032x}", fastrand::u128(..)),
        );
        let done = attend(&key, &*reconciler, &metrics).instrument(span).await;
        queue.done(&key, done);
    }
}

/// One reconcile, from its first to its last line in the log.
async fn attend<R: Reconciler>(key: &NetworkKey, reconciler: &R, metrics: &ControllerMetrics) -> Done {
    let started = Instant::now();
    metrics.started();
    let caught = AssertUnwindSafe(async { reconciler.reconcile(key.clone()).await }).catch_unwind().await;
    let (result, done) = match &caught {
        Ok(Ok(Next::OnChange)) => (ReconcileResult::Success, Done::UntilChange),
        Ok(Ok(Next::After(time))) => (ReconcileResult::RequeueAfter, Done::For(*time)),
        Ok(Err(error)) => (failed(error), Done::Failed),
        Err(_) => (ReconcileResult::Panicked, Done::Failed),
    };
    metrics.ended(result, started.elapsed());
    if let Err(payload) = caught {
        let message = logs::message(&*payload).to_owned();
        tracing::error!(panic = message, "the reconcile panicked");
        report_panic(key, message, reconciler).await;
    }
    done
}

fn failed(error: &ReconcileError) -> ReconcileResult {
    let text = chain(error);
    match error.kind() {
        FailureKind::Failed => {
            tracing::error!(error = text, "the reconcile failed");
            ReconcileResult::Error
        }
        FailureKind::TimedOut => {
            tracing::error!(error = text, "the reconcile used up its time");
            ReconcileResult::TimedOut
        }
        FailureKind::NotLeading => {
            tracing::info!(error = text, "the reconcile stopped before a write");
            ReconcileResult::Error
        }
    }
}

/// The report may fail in any way, a panic included, without harm to anything else.
async fn report_panic<R: Reconciler>(key: &NetworkKey, message: String, reconciler: &R) {
    let report = AssertUnwindSafe(async { reconciler.report_panic(key.clone(), message).await }).catch_unwind();
    match timeout(REPORT_DEADLINE, report).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => tracing::error!(error = chain(&error), "the panic could not be reported"),
        Ok(Err(_)) => tracing::error!("the report about the panic panicked, too"),
        Err(_) => tracing::error!("the report about the panic was not written in time"),
    }
}

#[cfg(test)]
mod tests;
