//! The series of the work queue.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use super::{Labels, register as register_series, table};
use crate::controller::NetworkKey;
use crate::process::queue::Priority;

/// The series of one queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct QueueMetrics {
    depth: [(Priority, Gauge); 2],
    adds: Counter,
    retries: Counter,
    queue_duration: Histogram,
    work_duration: Histogram,
    running: Arc<Running>,
}

/// Since when workers have been busy with their keys.
#[derive(Debug)]
struct Running {
    labels: Labels,
    since: Mutex<BTreeMap<NetworkKey, Instant>>,
}

impl QueueMetrics {
    /// Series that nobody reads.
    #[must_use]
    pub fn unregistered() -> Self {
        register(&mut Registry::default(), "unregistered")
    }

    /// A key became due.
    pub(in crate::process) fn added(&self) {
        self.adds.inc();
    }

    /// A key waits out a back-off.
    pub(in crate::process) fn retried(&self) {
        self.retries.inc();
    }

    /// So many keys are due.
    pub(in crate::process) fn depth(&self, depth: [(Priority, usize); 2]) {
        for (priority, keys) in depth {
            for (_, gauge) in self.depth.iter().filter(|(of_gauge, _)| *of_gauge == priority) {
                gauge.set(i64::try_from(keys).unwrap_or(i64::MAX));
            }
        }
    }

    /// A worker took a key that had been due for so long.
    pub(in crate::process) fn started(&self, key: &NetworkKey, waited: Duration) {
        self.queue_duration.observe(waited.as_secs_f64());
        self.running.lock().insert(key.clone(), Instant::now());
    }

    /// A worker gave a key back.
    pub(in crate::process) fn finished(&self, key: &NetworkKey) {
        if let Some(since) = self.running.lock().remove(key) {
            self.work_duration.observe(since.elapsed().as_secs_f64());
        }
    }
}

/// Registers the series of the queue of this name.
pub(super) fn register(registry: &mut Registry, name: &'static str) -> QueueMetrics {
    let labels = vec![("name", name.to_owned()), ("controller", name.to_owned())];
    let depth = Family::<Labels, Gauge>::default();
    let [adds, retries]: [Family<Labels, Counter>; 2] = std::array::from_fn(|_| Family::default());
    // 10 ns up to 1000 s, as controller-runtime's.
    let histogram =
        || Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(exponential_buckets(10e-9, 10.0, 12)));
    let (queue_duration, work_duration) = (histogram(), histogram());
    register_series(registry, &table::DEPTH, depth.clone());
    register_series(registry, &table::ADDS, adds.clone());
    register_series(registry, &table::RETRIES, retries.clone());
    register_series(registry, &table::QUEUE_DURATION, queue_duration.clone());
    register_series(registry, &table::WORK_DURATION, work_duration.clone());
    let running = Arc::new(Running { labels: labels.clone(), since: Mutex::default() });
    registry.register_collector(Box::new(Arc::clone(&running)));
    QueueMetrics {
        depth: Priority::ALL.map(|priority| {
            let mut labels = labels.clone();
            labels.push(("priority", priority.number().to_string()));
            (priority, depth.get_or_create_owned(&labels))
        }),
        adds: adds.get_or_create_owned(&labels),
        retries: retries.get_or_create_owned(&labels),
        queue_duration: queue_duration.get_or_create_owned(&labels),
        work_duration: work_duration.get_or_create_owned(&labels),
        running,
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<NetworkKey, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Running {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let running: Vec<f64> = self.lock().values().map(|since| since.elapsed().as_secs_f64()).collect();
        let values = [
            (&table::UNFINISHED_WORK, running.iter().sum()),
            (&table::LONGEST_RUNNING_PROCESSOR, running.iter().copied().fold(0.0, f64::max)),
        ];
        for (series, value) in values {
            let gauge = ConstGauge::<f64>::new(value);
            let mut family = super::text::family(&mut encoder, series)?;
            gauge.encode(family.encode_family(&self.labels)?)?;
        }
        Ok(())
    }
}
