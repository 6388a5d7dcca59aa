//! The series of a controller.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Labels, register as register_series, table};

/// Of controller-runtime.
const BUCKETS: [f64; 40] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5,
    1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0,
];

/// The series of one controller. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ControllerMetrics {
    success: Counter,
    requeue_after: Counter,
    error: Counter,
    errors: Counter,
    panics: Counter,
    timeouts: Counter,
    time: Histogram,
    max_concurrent: Gauge,
    active: Gauge,
}

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconcileResult {
    /// Well.
    Success,
    /// Well, and it will be looked at again.
    RequeueAfter,
    /// Not well.
    Error,
    /// Not well: it used up its time.
    TimedOut,
    /// Not at all: it panicked.
    Panicked,
}

impl ControllerMetrics {
    /// How many reconciles may run at once.
    pub fn set_max_concurrent(&self, workers: usize) {
        self.max_concurrent.set(i64::try_from(workers).unwrap_or(i64::MAX));
    }

    /// A reconcile begins.
    pub fn started(&self) {
        self.active.inc();
    }

    /// A reconcile that began has ended.
    pub fn ended(&self, result: ReconcileResult, elapsed: Duration) {
        self.active.dec();
        self.time.observe(elapsed.as_secs_f64());
        match result {
            ReconcileResult::Success => self.success.inc(),
            ReconcileResult::RequeueAfter => self.requeue_after.inc(),
            ReconcileResult::Error | ReconcileResult::TimedOut | ReconcileResult::Panicked => {
                self.errors.inc();
                self.error.inc()
            }
        };
        if result == ReconcileResult::TimedOut {
            self.timeouts.inc();
        }
        if result == ReconcileResult::Panicked {
            self.panics.inc();
        }
    }
}

/// Registers the series with one value for each controller, all of them at zero.
pub(super) fn register<const N: usize>(registry: &mut Registry, names: [&str; N]) -> [ControllerMetrics; N] {
    let total = Family::<Labels, Counter>::default();
    let [errors, terminal, panics, timeouts]: [Family<Labels, Counter>; 4] = std::array::from_fn(|_| Family::default());
    let time = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
    let [max_concurrent, active]: [Family<Labels, Gauge>; 2] = std::array::from_fn(|_| Family::default());
    register_series(registry, &table::RECONCILE_TOTAL, total.clone());
    register_series(registry, &table::RECONCILE_ERRORS, errors.clone());
    register_series(registry, &table::TERMINAL_RECONCILE_ERRORS, terminal.clone());
    register_series(registry, &table::RECONCILE_PANICS, panics.clone());
    register_series(registry, &table::RECONCILE_TIMEOUTS, timeouts.clone());
    register_series(registry, &table::RECONCILE_TIME, time.clone());
    register_series(registry, &table::MAX_CONCURRENT_RECONCILES, max_concurrent.clone());
    register_series(registry, &table::ACTIVE_WORKERS, active.clone());
    names.map(|name| {
        let labels = vec![("controller", name.to_owned())];
        let result = |result: &str| {
            total.get_or_create_owned(&vec![("controller", name.to_owned()), ("result", result.to_owned())])
        };
        // These two only have to be there, at zero: dashboards add the results up.
        result("requeue");
        terminal.get_or_create_owned(&labels);
        ControllerMetrics {
            success: result("success"),
            requeue_after: result("requeue_after"),
            error: result("error"),
            errors: errors.get_or_create_owned(&labels),
            panics: panics.get_or_create_owned(&labels),
            timeouts: timeouts.get_or_create_owned(&labels),
            time: time.get_or_create_owned(&labels),
            max_concurrent: max_concurrent.get_or_create_owned(&labels),
            active: active.get_or_create_owned(&labels),
        }
    })
}
