//! The heartbeat's ticker: one beat per interval, whatever became of the last one.

use std::time::Duration;

use adapter_k8s::client::chain;
use adapter_k8s::lease::{Heartbeat, Leadership};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::metrics::{ControllerMetrics, ReconcileResult};

/// How long a beat may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Beats for ever, as long as this process leads.
pub(super) async fn run(heartbeat: Heartbeat, leadership: Leadership, metrics: ControllerMetrics) {
    metrics.set_max_concurrent(1);
    let mut ticker = interval(heartbeat.interval());
    // After a pause, one beat says it all.
    ticker.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let deadline = DEADLINE.min(heartbeat.interval());
    loop {
        ticker.tick().await;
        if leadership.check().is_err() {
            continue;
        }
        let started = Instant::now();
        metrics.started();
        let result = match timeout(deadline, heartbeat.beat()).await {
            Ok(Ok(())) => ReconcileResult::RequeueAfter,
            Ok(Err(error)) => {
                tracing::error!(controller = "heartbeat", error = chain(&error), "the heartbeat failed");
                ReconcileResult::Error
            }
            Err(_) => {
                tracing::error!(controller = "heartbeat", "no answer to the heartbeat in time");
                ReconcileResult::TimedOut
            }
        };
        metrics.ended(result, started.elapsed());
    }
}
