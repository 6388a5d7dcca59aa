//! A detour to the API server of the shoot, on which things go wrong as a story wants it: a proxy between that server and the program
//! under test. Whatever else lives in the story takes the direct way.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fake_apiserver::world::kinds;
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::servers::EXTENSION;
use super::stage::Stage;
use super::trouble::Trouble;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// Every request is answered with 500.
    Errors,
    /// No request is answered; those that still wait when this ends are.
    Silence,
    /// Only what would change a node for good is answered with 500.
    ErrorsToCleaning,
}

/// A proxy. It ends when it is dropped.
pub(super) struct Detour {
    fault: watch::Sender<Fault>,
    met: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// What each request needs.
#[derive(Clone)]
struct Way {
    server: Client,
    fault: watch::Receiver<Fault>,
    met: Arc<AtomicUsize>,
}

impl Detour {
    /// From now on the way to the shoot that Gardener gives to the extension is this one.
    pub(super) async fn open(stage: &Stage<'_>) -> Result<Self, Trouble> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Trouble::machine("cannot listen on loopback"))?;
        let address = listener.local_addr().map_err(Trouble::machine("cannot listen on loopback"))?;
        let (fault, watched) = watch::channel(Fault::None);
        let met = Arc::new(AtomicUsize::new(0));
        let server = stage.lane.shoot.client_by(EXTENSION)?;
        let way = Way { server, fault: watched, met: Arc::clone(&met) };
        let task = tokio::spawn(serve(listener, way));
        let kubeconfig = stage.lane.shoot.kubeconfig_by(&format!("http://{address}"), &json!({"token": EXTENSION}));
        let access = json!({"stringData": {"kubeconfig": kubeconfig}});
        let secret = adapter_k8s::shoot_access::INTERNAL;
        stage.seed().merge(&kinds::SECRET, stage.namespace(), secret, &access).await?;
        Ok(Self { fault, met, task })
    }

    /// Something else goes wrong from now on, or nothing.
    pub(super) fn set(&self, fault: Fault) {
        self.met.store(0, Ordering::Relaxed);
        self.fault.send_replace(fault);
    }

    /// Whether what goes wrong has met a request yet.
    pub(super) fn is_met(&self) -> bool {
        self.met.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, way: Way) {
    while let Ok((stream, _)) = listener.accept().await {
        let way = way.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| way.clone().answer(request));
            // Whatever breaks is for both ends to notice.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Way {
    async fn answer(mut self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let fault = *self.fault.borrow_and_update();
        if fault.meets(&request) {
            self.met.fetch_add(1, Ordering::Relaxed);
            if fault != Fault::Silence {
                return Ok(failure(StatusCode::INTERNAL_SERVER_ERROR, "a story wants it so"));
            }
            // A sender that is gone takes its connections along.
            let _ = self.fault.wait_for(|fault| *fault != Fault::Silence).await;
        }
        Ok(self.lead(request).await.unwrap_or_else(|error| failure(StatusCode::BAD_GATEWAY, &error)))
    }

    async fn lead(&self, request: Request<Incoming>) -> Result<Response<Body>, String> {
        let (mut head, body) = request.into_parts();
        head.headers.remove(HOST);
        forget_connection(&mut head.headers);
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let request = Request::from_parts(head, Body::from(body.to_vec()));
        let mut answer = self.server.send(request).await.map_err(|error| error.to_string())?;
        forget_connection(answer.headers_mut());
        Ok(answer)
    }
}

/// What is said of one connection is not said of the other.
fn forget_connection(headers: &mut HeaderMap) {
    headers.remove(CONNECTION);
    headers.remove(TRANSFER_ENCODING);
}

impl Fault {
    fn meets<B>(self, request: &Request<B>) -> bool {
        match self {
            Self::None => false,
            Self::Errors | Self::Silence => true,
            Self::ErrorsToCleaning => {
                let uri = request.uri();
                let is_dry = uri.query().is_some_and(|query| query.contains("dryRun"));
                request.method() == Method::PATCH && uri.path().starts_with("/api/v1/nodes/") && !is_dry
            }
        }
    }
}

fn failure(code: StatusCode, message: &str) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "InternalError", "code": code.as_u16(),
        "message": message,
    });
    let mut answer = Response::new(Body::from(status.to_string().into_bytes()));
    *answer.status_mut() = code;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_is_told_from_reading_and_from_a_dry_run() {
        let cases = [
            (Method::PATCH, "/api/v1/nodes/a/status", true),
            (Method::PATCH, "/api/v1/nodes/a/status?dryRun=All", false),
            (Method::GET, "/api/v1/nodes/a", false),
            (Method::PATCH, "/api/v1/namespaces/a", false),
        ];
        for (method, path, meets) in cases {
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            assert_eq!(Fault::ErrorsToCleaning.meets(&request), meets, "{path}");
            assert!(Fault::Errors.meets(&request) && Fault::Silence.meets(&request) && !Fault::None.meets(&request));
        }
    }
}
