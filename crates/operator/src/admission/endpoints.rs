//! `/healthz`, `/readyz` and `/metrics` of the webhook.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::metrics::Metrics;
use super::tls::Serving;
use crate::process::endpoints::{Readiness, health};
use crate::process::metrics::CONTENT_TYPE;

/// What `/readyz` is judged by. Cheap to clone; all clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) serving: Serving,
    state: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    listening: AtomicBool,
    introduced: AtomicBool,
    stopping: AtomicBool,
}

impl Ready {
    pub(super) fn new(serving: Serving) -> Self {
        Self { serving, state: Arc::default() }
    }

    /// Connections are taken.
    pub(super) fn listening(&self) {
        self.state.listening.store(true, Ordering::SeqCst);
    }

    /// API servers were told whom to trust, where there was anything to tell.
    pub(super) fn introduced(&self) {
        self.state.introduced.store(true, Ordering::SeqCst);
    }

    /// The process is shutting down.
    pub(super) fn stop(&self) {
        self.state.stopping.store(true, Ordering::SeqCst);
    }
}

impl Readiness for Ready {
    /// The first two have the names that Gardener's extensions have for them.
    fn checks(&self) -> Vec<(&'static str, bool)> {
        let is_set = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
        let Flags { listening, introduced, stopping } = &*self.state;
        vec![
            ("webhook-server", is_set(listening) && self.serving.is_ready()),
            ("source-informer-sync", self.serving.is_ready()),
            ("registration", is_set(introduced)),
            ("shutdown", !is_set(stopping)),
        ]
    }
}

/// `/healthz` and `/readyz`.
pub(super) fn probes(ready: Ready) -> Router {
    health(ready)
}

/// `/metrics`.
pub(super) fn metrics(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(text)).with_state(metrics)
}

async fn text(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
