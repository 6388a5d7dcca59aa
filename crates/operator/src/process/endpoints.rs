//! `/healthz`, `/readyz` and `/metrics`: plain HTTP, each at the address that its flag names.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::health::{Health, Unready};
use super::metrics::{CONTENT_TYPE, Metrics};

/// An address to listen at, as Go writes it: `HOST:PORT`, `:PORT` for all interfaces, `0` for nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindAddress {
    /// Not at all.
    Nowhere,
    /// At this host and port.
    At(String),
    /// At this port of all interfaces.
    Everywhere(u16),
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address to listen at: expected HOST:PORT, :PORT, or 0 for none")]
pub struct BindAddressError(String);

impl std::str::FromStr for BindAddress {
    type Err = BindAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || BindAddressError(text.to_owned());
        if text == "0" {
            return Ok(Self::Nowhere);
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(error)?;
        let port: u16 = port.parse().map_err(|_| error())?;
        match host {
            "" => Ok(Self::Everywhere(port)),
            host if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) => Err(error()),
            _ => Ok(Self::At(text.to_owned())),
        }
    }
}

impl BindAddress {
    /// Begins to listen; none where nobody wants it.
    ///
    /// # Errors
    /// Where the address is taken or not ours.
    pub async fn listen(&self) -> io::Result<Option<TcpListener>> {
        match self {
            Self::Nowhere => Ok(None),
            Self::At(address) => TcpListener::bind(address).await.map(Some),
            // One socket for both families, where the machine has both.
            Self::Everywhere(port) => match TcpListener::bind(("::", *port)).await {
                Ok(listener) => Ok(Some(listener)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
                Err(_) => TcpListener::bind(("0.0.0.0", *port)).await.map(Some),
            },
        }
    }
}

/// What `/readyz` asks.
pub trait Readiness: Clone + Send + Sync + 'static {
    /// Each check by its name, and whether it passes.
    fn checks(&self) -> Vec<(&'static str, bool)>;
}

/// `/healthz` and `/readyz`, each also with the name of one check.
pub fn health<R: Readiness>(health: R) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/healthz/", get(|| async { "ok" }))
        .route("/healthz/ping", get(|| async { "ok" }))
        .route("/readyz", get(ready::<R>))
        .route("/readyz/", get(ready::<R>))
        .route("/readyz/{check}", get(ready_check::<R>))
        .with_state(health)
}

/// `/metrics`.
pub fn metrics(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(metrics_text)).with_state(metrics)
}

/// A check of `/readyz`: its name, and what fails it.
type Check = (&'static str, fn(&Unready) -> bool);

/// The first has the name that Gardener's extensions have for it.
const CHECKS: [Check; 3] = [
    ("informer-sync", |unready| matches!(unready, Unready::NotSynced(_))),
    ("watch", |unready| matches!(unready, Unready::Blind(_))),
    ("shutdown", |unready| matches!(unready, Unready::Stopping)),
];

impl Readiness for Health {
    fn checks(&self) -> Vec<(&'static str, bool)> {
        let unready = self.unready();
        CHECKS.iter().map(|(name, concerns)| (*name, !unready.iter().any(concerns))).collect()
    }
}

async fn ready<R: Readiness>(State(health): State<R>, RawQuery(query): RawQuery) -> Response {
    let checks = health.checks();
    let passed = checks.iter().all(|(_, passed)| *passed);
    let verbose = query.unwrap_or_default().split('&').any(|part| part.split('=').next() == Some("verbose"));
    if passed && !verbose {
        return "ok".into_response();
    }
    let mut text = String::new();
    for (name, passed) in checks {
        let mark = if passed { "+" } else { "-" };
        text.push_str(&format!("[{mark}]{name}\n"));
    }
    let (status, end) = if passed {
        (StatusCode::OK, "readyz check passed\n")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "readyz check failed\n")
    };
    (status, text + end).into_response()
}

async fn ready_check<R: Readiness>(State(health): State<R>, Path(check): Path<String>) -> Response {
    match health.checks().iter().find(|(name, _)| *name == check) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some((_, false)) => (StatusCode::INTERNAL_SERVER_ERROR, format!("[-]{check}\n")).into_response(),
        Some((_, true)) => "ok".into_response(),
    }
}

async fn metrics_text(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::health::Source;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[test]
    fn addresses_are_read_as_go_reads_them() {
        let read = |text: &str| text.parse::<BindAddress>();
        assert_eq!(read("0"), Ok(BindAddress::Nowhere));
        assert_eq!(read(":8080"), Ok(BindAddress::Everywhere(8080)));
        assert_eq!(read("127.0.0.1:0"), Ok(BindAddress::At("127.0.0.1:0".to_owned())));
        assert_eq!(read("[::1]:8080"), Ok(BindAddress::At("[::1]:8080".to_owned())));
        assert_eq!(read("localhost:8080"), Ok(BindAddress::At("localhost:8080".to_owned())));
        for text in ["", "8080", "::1:8080", "host:", "host:99999", "host:http"] {
            assert_eq!(read(text), Err(BindAddressError(text.to_owned())));
        }
    }

    /// Status and body of an answer.
    async fn ask(router: Router, path: &str) -> (u16, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        server.abort();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    #[tokio::test]
    async fn probes_answer_as_those_of_controller_runtime() {
        let state = Health::new(&[Source::Networks]);
        let router = health(state.clone());
        for path in ["/healthz", "/healthz/", "/healthz/ping", "/readyz/watch"] {
            assert_eq!(ask(router.clone(), path).await, (200, "ok".to_owned()), "{path}");
        }
        assert_eq!(
            ask(router.clone(), "/readyz").await,
            (500, "[-]informer-sync\n[+]watch\n[+]shutdown\nreadyz check failed\n".to_owned())
        );
        assert_eq!(ask(router.clone(), "/readyz/informer-sync").await, (500, "[-]informer-sync\n".to_owned()));
        state.synced(Source::Networks);
        for path in ["/readyz", "/readyz/", "/readyz/informer-sync"] {
            assert_eq!(ask(router.clone(), path).await, (200, "ok".to_owned()), "{path}");
        }
        assert_eq!(
            ask(router.clone(), "/readyz?verbose").await,
            (200, "[+]informer-sync\n[+]watch\n[+]shutdown\nreadyz check passed\n".to_owned())
        );
        state.stop();
        assert_eq!(ask(router.clone(), "/readyz/shutdown").await.0, 500);
        assert_eq!(ask(router.clone(), "/readyz/other").await.0, 404);
        assert_eq!(ask(router, "/metrics").await.0, 404);
    }

    #[tokio::test]
    async fn metrics_are_served_as_text() {
        let (status, body) = ask(metrics(Arc::new(Metrics::new())), "/metrics").await;
        assert_eq!(status, 200);
        assert!(
            body.contains("controller_runtime_reconcile_total{controller=\"network\",result=\"requeue\"} 0"),
            "{body}"
        );
    }
}
