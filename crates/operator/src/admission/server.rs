//! HTTP over TLS: connections, limits, and an end without a lost review.

use std::convert::Infallible;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::metrics::WebhookMetrics;
use super::registration::PATH;
use super::review::{self, Reviewer};
use super::tls::{Serving, TlsError};
use crate::process::logs;

/// The largest body: two objects of the largest size that is stored, as text, and some.
pub const LARGEST_BODY: usize = LARGEST_BODY_SIZE as usize;
const LARGEST_BODY_SIZE: u32 = 7 << 20;
/// How long a body may take to arrive, and with that an answer: as long as an API server waits.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
/// How much memory all large bodies together may take; further ones wait.
const LARGE_BODIES: usize = 64 << 20;
/// A body up to this size never waits for another one. All connections together have no more of them than there may be of large ones.
const SMALL_BODY: u32 = 64 << 10;
/// How long a handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// How long a connection may be idle, or take for a request's head. API servers let go after 90 s: the client is to be the first.
const IDLE_DEADLINE: Duration = Duration::from_secs(120);
/// How many connections there may be; further ones wait.
const CONNECTIONS: usize = 1_024;
/// How long connections are still taken after a signal: until everybody has noticed that we leave.
const LEAVING: Duration = Duration::from_secs(3);
/// How long connections may take to end after that.
const DRAIN: Duration = Duration::from_secs(10);
/// After an error of the listener, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// What every connection shares.
#[derive(Debug)]
pub struct Server {
    reviewer: Reviewer,
    metrics: WebhookMetrics,
    serving: Serving,
    stage: watch::Receiver<Stage>,
    answer_deadline: Duration,
    large_bodies: Semaphore,
}

/// How far the end of the server has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Not begun.
    Serving,
    /// Each answer asks its client to come back by another connection, which may lead elsewhere.
    Leaving,
    /// No connection is taken any more, and those that are idle end.
    Closing,
}

/// Leads the server through the stages of its end, so that nobody who is still sent here is turned away.
pub async fn leave(stage: &watch::Sender<Stage>) {
    stage.send_replace(Stage::Leaving);
    sleep(LEAVING).await;
    stage.send_replace(Stage::Closing);
}

/// Serves until the stage is [`Stage::Closing`] and every connection has ended, or has had its time.
///
/// # Errors
/// Where TLS cannot be set up.
pub async fn serve(server: Arc<Server>, listener: TcpListener) -> Result<(), TlsError> {
    let acceptor = TlsAcceptor::from(Arc::new(server.serving.config()?));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stage = server.stage.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            () = closing(&mut stage) => break,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection ended unexpectedly");
                }
                continue;
            }
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let (server, acceptor) = (Arc::clone(&server), acceptor.clone());
                connections.spawn(async move {
                    connection(server, acceptor, stream).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let rest = timeout(DRAIN, async { while connections.join_next().await.is_some() {} });
    if rest.await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut off");
    }
    connections.shutdown().await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn connection(server: Arc<Server>, acceptor: TlsAcceptor, stream: TcpStream) {
    // Answers are small and somebody waits for them; a socket that cannot do this still works.
    let _ = stream.set_nodelay(true);
    let stream = match timeout(HANDSHAKE_DEADLINE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            return;
        }
        Err(_) => return,
    };
    let mut stage = server.stage.clone();
    let service = service_fn(|request| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(server.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing(&mut stage) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Waits for the last stage. Where nobody leads through them any more, it is reached.
async fn closing(stage: &mut watch::Receiver<Stage>) {
    let _ = stage.wait_for(|stage| *stage == Stage::Closing).await;
}

impl Server {
    /// A server that judges like this, with this certificate, until this stage is the last one. Bodies may take `answer_deadline`:
    /// [`ANSWER_DEADLINE`], and less in a test.
    #[must_use]
    pub fn new(
        reviewer: Reviewer,
        metrics: WebhookMetrics,
        serving: Serving,
        stage: watch::Receiver<Stage>,
        answer_deadline: Duration,
    ) -> Self {
        Self { reviewer, metrics, serving, stage, answer_deadline, large_bodies: Semaphore::new(LARGE_BODIES) }
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let mut response = if request.uri().path() == PATH {
            let in_flight = self.metrics.started();
            let response = self.review(request).await;
            in_flight.answered(response.status().as_u16(), started.elapsed());
            response
        } else {
            let message = format!("nothing is served at this path, only at {PATH}");
            failure(StatusCode::NOT_FOUND, "NotFound", &message)
        };
        if *self.stage.borrow() != Stage::Serving {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn review(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::POST {
            let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "send a review by POST");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        let content_type =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !is_json(content_type) {
            let message = format!("the content type is `{content_type}`: expected application/json");
            return failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", &message);
        }
        let too_large = || {
            let message = format!("the body is larger than {LARGEST_BODY} bytes");
            failure(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
        };
        if request.body().size_hint().lower() > LARGEST_BODY as u64 {
            return too_large();
        }
        let size = request.body().size_hint().upper().and_then(|size| u32::try_from(size).ok());
        let size = size.unwrap_or(LARGEST_BODY_SIZE).min(LARGEST_BODY_SIZE);
        let body = async {
            let place = match size {
                ..=SMALL_BODY => None,
                // Never closed, so that there is a place in the end.
                size => self.large_bodies.acquire_many(size).await.ok(),
            };
            let body = Limited::new(request.into_body(), LARGEST_BODY).collect().await;
            body.map(|body| (body.to_bytes(), place))
        };
        let (body, _place) = match timeout(self.answer_deadline, body).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) if error.is::<LengthLimitError>() => return too_large(),
            Ok(Err(error)) => {
                return failure(StatusCode::BAD_REQUEST, "BadRequest", &format!("the body cannot be read: {error}"));
            }
            Err(_) => {
                let message = format!("the body did not arrive within {} s", self.answer_deadline.as_secs_f32());
                return failure(StatusCode::REQUEST_TIMEOUT, "Timeout", &message);
            }
        };
        // A defect of ours costs this one review: an error is no yes, and the next one may be fine.
        match catch_unwind(AssertUnwindSafe(|| self.reviewer.answer(&body))) {
            Ok(answer) => {
                if let Some(denial) = &answer.denial {
                    let review::Denial { namespace, name, message } = denial;
                    tracing::info!(namespace, name, reason = message, "denied");
                }
                let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                json(status, answer.body)
            }
            Err(panic) => {
                self.metrics.panicked();
                tracing::error!(panic = logs::message(&*panic), "a review panicked");
                failure(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalError",
                    "the review failed by a defect of the webhook",
                )
            }
        }
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn failure(status: StatusCode, reason: &str, message: &str) -> Response<Full<Bytes>> {
    json(status, review::failure(status.as_u16(), reason, message))
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
