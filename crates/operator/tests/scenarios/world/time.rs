//! The paused time of a test, as a date.

use std::time::Duration;

use calico_policy::time::Timestamp;
use tokio::time::Instant;

/// The time at which every scenario begins.
const BEGIN: &str = "2026-11-26T10:00:00Z";

std::thread_local! {
    static STARTED: std::cell::OnceCell<Instant> = const { std::cell::OnceCell::new() };
}

/// The paused time of the runtime, as a date.
fn seconds() -> i64 {
    let started = STARTED.with(|started| *started.get_or_init(Instant::now));
    adapter_k8s::time::parse(BEGIN).unwrap().0 + i64::try_from(started.elapsed().as_secs()).unwrap()
}

pub(super) fn clock() -> Box<dyn Fn() -> Timestamp + Send + Sync> {
    Box::new(|| Timestamp(seconds()))
}

/// The time as text.
pub(crate) fn now() -> String {
    adapter_k8s::time::format(Timestamp(seconds()))
}

/// Lets time pass.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
