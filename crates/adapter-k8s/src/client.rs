//! Requests to an API server, each with a deadline, a rate limit, retries and an observer.
//!
//! Only paths and JSON text go over this boundary: every reader decodes the slice that it needs and nothing else.

pub mod error;
pub mod observe;
pub mod rate_limit;
pub mod request;
pub mod resource;
mod retry;
pub(crate) mod transport;
pub(crate) mod watch;

use std::sync::Arc;
use std::time::Duration;

use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::lease::Leadership;

pub use error::{ApiError, Problem, chain, optional};
pub use observe::{Attempt, ObserveRequest, Outcome, Unobserved};
pub use rate_limit::RateLimit;
pub use request::{Request, Verb};
pub use resource::Resource;

/// How long a client waits, and how often it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For each attempt.
    pub deadline: Duration,
    /// Attempts of one request, the first included.
    pub attempts: u32,
}

impl Patience {
    /// For the API server of the seed, which is there.
    pub const SEED: Self = Self { deadline: Duration::from_secs(10), attempts: 4 };
    /// For the API server of a shoot, which may be gone: whoever cannot read it must say so soon.
    pub const SHOOT: Self = Self { deadline: Duration::from_secs(5), attempts: 2 };
}

/// The name under which the API server knows our fields and requests.
pub const USER_AGENT: &str = concat!("networking-calico/", env!("CARGO_PKG_VERSION"));

/// A client of one API server. Cloning is cheap and shares connection, rate limit and observer.
#[derive(Clone)]
pub struct ApiClient(Arc<Inner>);

impl std::fmt::Debug for ApiClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiClient({})", self.0.host)
    }
}

#[derive(Clone)]
struct Inner {
    client: kube::Client,
    host: String,
    rate_limit: Arc<RateLimit>,
    observer: Arc<dyn ObserveRequest>,
    patience: Patience,
    leadership: Leadership,
}

impl ApiClient {
    /// A client over an existing connection. `host` is what the observer is told.
    #[must_use]
    pub fn new(
        client: kube::Client,
        host: impl Into<String>,
        rate_limit: RateLimit,
        observer: Arc<dyn ObserveRequest>,
    ) -> Self {
        Self(Arc::new(Inner {
            client,
            host: host.into(),
            rate_limit: Arc::new(rate_limit),
            observer,
            patience: Patience::SEED,
            leadership: Leadership::always(),
        }))
    }

    /// Connects by a configuration.
    ///
    /// # Errors
    /// [`kube::Error`] where the configuration cannot be used, such as a certificate that does not parse.
    #[allow(clippy::result_large_err, reason = "the library's own error, once per connection")]
    pub fn connect(
        config: kube::Config,
        rate_limit: RateLimit,
        observer: Arc<dyn ObserveRequest>,
    ) -> Result<Self, kube::Error> {
        let host = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
        Ok(Self::new(transport::builder(config)?.build(), host, rate_limit, observer))
    }

    /// The same client with another patience.
    #[must_use]
    pub fn with_patience(&self, patience: Patience) -> Self {
        Self(Arc::new(Inner { patience, ..(*self.0).clone() }))
    }

    /// The same client, which writes only while this process leads.
    #[must_use]
    pub fn writing_under(&self, leadership: Leadership) -> Self {
        Self(Arc::new(Inner { leadership, ..(*self.0).clone() }))
    }

    /// What its writes are checked for.
    pub(crate) fn leadership(&self) -> Leadership {
        self.0.leadership.clone()
    }

    /// The connection itself, for what this module does not offer: watches.
    #[must_use]
    pub fn connection(&self) -> &kube::Client {
        &self.0.client
    }

    /// Whether somebody else has this client, too.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Reads the answer to a request as JSON.
    ///
    /// # Errors
    /// [`ApiError`]; an answer that is not what was expected is [`Problem::Undecodable`].
    pub async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, ApiError> {
        let text = self.text(request).await?;
        decode(request, &text)
    }

    /// Sends a request until it is answered, refused, or not worth another attempt, and returns the body of the answer.
    ///
    /// Every write of this crate may be sent twice: it has a precondition, a fixed name, or is an apply. What a lost answer
    /// leaves behind is a conflict, and the next reconcile reads anew.
    ///
    /// # Errors
    /// [`ApiError`] of the last attempt.
    pub async fn text(&self, request: &Request) -> Result<Vec<u8>, ApiError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.0.rate_limit.acquire().await;
            if request.verb.writes() {
                self.0.leadership.check().map_err(|lost| request.error(Problem::NotLeading(lost)))?;
            }
            let error = match self.attempt(request).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            match retry::delay(attempt, self.0.patience.attempts, &error, fastrand::f64()) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Vec<u8>, ApiError> {
        let started = Instant::now();
        let deadline = request.deadline.unwrap_or(self.0.patience.deadline);
        let result = match tokio::time::timeout(deadline, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(request.error(Problem::TimedOut(deadline))),
        };
        let outcome = match &result {
            Ok(_) => Outcome::Answered(200),
            Err(error) => error.outcome(),
        };
        let elapsed = started.elapsed();
        self.0.observer.observe(&Attempt { verb: request.verb, host: &self.0.host, outcome, elapsed });
        result
    }

    async fn exchange(&self, request: &Request) -> Result<Vec<u8>, ApiError> {
        let http = request.to_http().map_err(|error| request.error(Problem::Invalid(error.to_string())))?;
        let unreachable = |error: &dyn std::error::Error| request.error(Problem::Unreachable(chain(error)));
        let answer = self.0.client.send(http.map(Body::from)).await.map_err(|error| unreachable(&error))?;
        let (head, body) = answer.into_parts();
        let body = body.collect_bytes().await.map_err(|error| unreachable(&error))?;
        if head.status.is_success() {
            return Ok(body.into());
        }
        let retry_after = head.headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        Err(refusal(request, head.status.as_u16(), &body, retry_after))
    }
}

/// Decodes an answer, naming what it should have been.
///
/// # Errors
/// [`Problem::Undecodable`].
pub(crate) fn decode<T: DeserializeOwned>(request: &Request, text: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(text).map_err(|error| {
        // The position is enough to find the fault; the text of the error may quote a value.
        let place = format!("line {}, column {}", error.line(), error.column());
        request.error(Problem::Undecodable(if request.is_secret() { place } else { error.to_string() }))
    })
}

/// `Status` of `v1`, as an API server answers where it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    reason: Option<String>,
    message: Option<String>,
}

fn refusal(request: &Request, code: u16, body: &[u8], retry_after: Option<&str>) -> ApiError {
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    let reason = status.reason.unwrap_or_default();
    // A message about a Secret may quote what is in it.
    let detail = match status.message.filter(|message| !message.is_empty()) {
        Some(message) if !request.is_secret() => message,
        _ if reason.is_empty() => format!("code {code}"),
        _ => reason.clone(),
    };
    let problem = problem(code, &reason, detail);
    let retry_after = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    ApiError { retry_after, ..request.error(problem) }
}

/// What a code and a reason mean.
fn problem(code: u16, reason: &str, detail: String) -> Problem {
    match code {
        // A proxy in between says 404, too; only the API server itself proves absence.
        404 if reason == "NotFound" => Problem::Absent,
        404 => Problem::NotServed,
        409 if reason == "AlreadyExists" => Problem::AlreadyExists,
        409 => Problem::Conflict(detail),
        410 => Problem::Gone,
        401 | 403 => Problem::Forbidden { code, detail },
        _ => Problem::Refused { code, detail },
    }
}

#[cfg(test)]
mod tests;
