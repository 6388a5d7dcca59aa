//! What the webhook counts: the names, types and labels of controller-runtime.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::registration::PATH;
use crate::process::metrics::{Labels, RequestMetrics, register, table};
use crate::process::metrics::{register_process, register_requests, text_of};

/// Of Prometheus' client library for Go, which controller-runtime leaves as they are.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// All series of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Reviews.
    pub webhook: WebhookMetrics,
    /// Certificates.
    pub certificates: CertificateMetrics,
    /// Requests to API servers.
    pub requests: Arc<RequestMetrics>,
    leader: Family<Labels, Gauge>,
}

/// The series of the webhook. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WebhookMetrics {
    latency: Histogram,
    requests: Family<Labels, Counter>,
    in_flight: Gauge<i64, AtomicI64>,
    panics: Counter,
}

/// A review that is not answered yet; its client may leave before it is.
#[derive(Debug)]
pub struct InFlight<'a>(&'a WebhookMetrics);

/// The series of the certificate in use. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct CertificateMetrics {
    reads: Counter,
    errors: Counter,
}

impl Metrics {
    /// All series, at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let webhook = WebhookMetrics::register(&mut registry);
        let certificates = CertificateMetrics::default();
        register(&mut registry, &table::CERTIFICATE_READS, certificates.reads.clone());
        register(&mut registry, &table::CERTIFICATE_READ_ERRORS, certificates.errors.clone());
        let requests = Arc::new(register_requests(&mut registry));
        let leader = Family::default();
        register(&mut registry, &table::LEADER_ELECTION_MASTER_STATUS, leader.clone());
        register_process(&mut registry);
        Self { registry, webhook, certificates, requests, leader }
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
        text_of(&self.registry)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl WebhookMetrics {
    fn register(registry: &mut Registry) -> Self {
        let labels = vec![("webhook", PATH.to_owned())];
        let latency = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let requests = Family::<Labels, Counter>::default();
        let in_flight = Family::<Labels, Gauge>::default();
        let panics = Counter::default();
        register(registry, &table::WEBHOOK_LATENCY, latency.clone());
        register(registry, &table::WEBHOOK_REQUESTS, requests.clone());
        register(registry, &table::WEBHOOK_IN_FLIGHT, in_flight.clone());
        register(registry, &table::WEBHOOK_PANICS, panics.clone());
        for code in ["200", "500"] {
            requests.get_or_create(&vec![("webhook", PATH.to_owned()), ("code", code.to_owned())]).inc_by(0);
        }
        Self {
            latency: latency.get_or_create_owned(&labels),
            requests,
            in_flight: in_flight.get_or_create_owned(&labels),
            panics,
        }
    }

    /// A review begins. It counts as not answered until what this returns is dropped.
    #[must_use]
    pub fn started(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(self)
    }

    /// A review panicked.
    pub fn panicked(&self) {
        self.panics.inc();
    }
}

impl InFlight<'_> {
    /// The review was answered with this code.
    pub fn answered(self, code: u16, elapsed: Duration) {
        self.0.latency.observe(elapsed.as_secs_f64());
        self.0.requests.get_or_create(&vec![("webhook", PATH.to_owned()), ("code", code.to_string())]).inc();
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

impl CertificateMetrics {
    /// The certificates were looked at.
    pub fn read(&self) {
        self.reads.inc();
    }

    /// They could not be read, or not be served.
    pub fn failed(&self) {
        self.errors.inc();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use adapter_k8s::client::{Attempt, ObserveRequest as _, Outcome, Verb};

    use super::*;

    /// A process that has done something of everything.
    fn busy() -> Metrics {
        let metrics = Metrics::new();
        metrics.leads("admission-calico-leader-election", true);
        metrics.requests.observe(&Attempt {
            verb: Verb::Get,
            host: "h",
            outcome: Outcome::Answered(200),
            elapsed: Duration::ZERO,
        });
        metrics.webhook.started().answered(200, Duration::from_millis(7));
        metrics.webhook.panicked();
        metrics.certificates.read();
        metrics.certificates.failed();
        metrics
    }

    #[test]
    fn exactly_the_series_of_the_table_are_exposed_with_their_types() {
        let text = busy().text().unwrap();
        let exposed: BTreeSet<(&str, &str)> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')))
            .collect();
        let expected: BTreeSet<(&str, &str)> =
            table::ADMISSION.iter().map(|series| (series.name, series.kind.word())).collect();
        assert_eq!(exposed, expected);
    }

    /// Written down from what controller-runtime exposes, not from the table.
    #[test]
    fn reviews_are_counted_as_controller_runtime_counts_them() {
        let text = busy().text().unwrap();
        for line in [
            r#"controller_runtime_webhook_requests_total{webhook="/webhooks/validate",code="200"} 1"#,
            r#"controller_runtime_webhook_requests_total{webhook="/webhooks/validate",code="500"} 0"#,
            r#"controller_runtime_webhook_requests_in_flight{webhook="/webhooks/validate"} 0"#,
            r#"controller_runtime_webhook_latency_seconds_bucket{le="0.005",webhook="/webhooks/validate"} 0"#,
            r#"controller_runtime_webhook_latency_seconds_bucket{le="0.01",webhook="/webhooks/validate"} 1"#,
            "controller_runtime_webhook_panics_total 1",
            "certwatcher_read_certificate_total 1",
            "certwatcher_read_certificate_errors_total 1",
            r#"leader_election_master_status{name="admission-calico-leader-election"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
    }
}
