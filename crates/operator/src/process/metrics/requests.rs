//! Requests to API servers.

use adapter_k8s::client::{Attempt, ObserveRequest, Outcome};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Labels, register as register_series, table};

/// Counts requests to API servers, each attempt by itself.
#[derive(Debug)]
pub struct RequestMetrics {
    requests: Family<Labels, Counter>,
}

impl ObserveRequest for RequestMetrics {
    fn observe(&self, attempt: &Attempt<'_>) {
        let code = match attempt.outcome {
            Outcome::Answered(code) => code.to_string(),
            // As client-go names it.
            Outcome::TimedOut | Outcome::Failed => "<error>".to_owned(),
        };
        let (method, host) = (attempt.verb.method().to_owned(), attempt.host.to_owned());
        self.requests.get_or_create(&vec![("code", code), ("method", method), ("host", host)]).inc();
    }
}

/// Registers the series.
pub(crate) fn register(registry: &mut Registry) -> RequestMetrics {
    let requests = Family::default();
    register_series(registry, &table::REST_CLIENT_REQUESTS, requests.clone());
    RequestMetrics { requests }
}
