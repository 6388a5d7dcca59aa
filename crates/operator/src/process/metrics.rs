//! What the process counts and measures. The names, types and labels that Gardener's dashboards read are those of
//! controller-runtime; [`table`] lists every series, and nothing outside of it is exposed.

mod controllers;
mod process;
mod queue;
mod requests;
mod switches;
pub mod table;
mod text;

use std::fmt;
use std::sync::Arc;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

pub use controllers::{ControllerMetrics, ReconcileResult};
pub use queue::QueueMetrics;
pub use requests::RequestMetrics;
pub use switches::SwitchMetrics;
use table::Series;
pub use text::CONTENT_TYPE;

/// A set of labels, in the order of [`Series::labels`].
pub(crate) type Labels = Vec<(&'static str, String)>;

/// All series of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// The controller of Networks.
    pub network: ControllerMetrics,
    /// The heartbeat.
    pub heartbeat: ControllerMetrics,
    /// The work queue of Networks.
    pub queue: QueueMetrics,
    /// Requests to API servers.
    pub requests: Arc<RequestMetrics>,
    /// What was decided.
    pub switches: Arc<SwitchMetrics>,
    leader: Family<Labels, Gauge>,
}

impl Metrics {
    /// All series, at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let [network, heartbeat] = controllers::register(&mut registry, ["network", "heartbeat"]);
        let queue = queue::register(&mut registry, "network");
        let requests = Arc::new(requests::register(&mut registry));
        let switches = switches::register(&mut registry);
        let leader = Family::default();
        register(&mut registry, &table::LEADER_ELECTION_MASTER_STATUS, leader.clone());
        process::register(&mut registry);
        Self { registry, network, heartbeat, queue, requests, switches, leader }
    }

    /// Tells whether this process leads.
    pub fn leads(&self, lease: &str, leads: bool) {
        self.leader.get_or_create(&vec![("name", lease.to_owned())]).set(i64::from(leads));
    }

    /// Everything in the text format of Prometheus.
    ///
    /// # Errors
    /// Where a value cannot be written.
    pub fn text(&self) -> Result<String, fmt::Error> {
        text::encode(&self.registry)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) use process::register as register_process;
pub(crate) use requests::register as register_requests;
pub(crate) use text::encode as text_of;

/// Registers a metric under the name of its series; the library appends `_total` to counters itself.
pub(crate) fn register(registry: &mut Registry, series: &'static Series, metric: impl Metric) {
    registry.register(series.family_name(), series.help, metric);
}

#[cfg(test)]
mod tests;
