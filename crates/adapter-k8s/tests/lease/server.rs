//! An API server for Leases and Events, in memory and on tokio's clock, with a line per client that can be cut.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;

/// What happens to the requests of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Open,
    /// Requests arrive nowhere and no answer comes.
    Cut,
    /// Requests are served, but no answer comes.
    NoAnswers,
    /// Everything is answered by an error of the server.
    Broken,
}

#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<Store>>);

/// A client's line to the server.
#[derive(Clone)]
pub(crate) struct Connection {
    line: Arc<Mutex<Line>>,
    latency: Arc<Mutex<Duration>>,
}

#[derive(Default)]
struct Store {
    version: u64,
    leases: BTreeMap<String, Value>,
    events: Vec<Value>,
    writes: Vec<(Instant, Value)>,
}

impl Server {
    pub(crate) fn connect(&self) -> (kube::Client, Connection) {
        let connection = Connection {
            line: Arc::new(Mutex::new(Line::Open)),
            latency: Arc::new(Mutex::new(Duration::from_millis(20))),
        };
        let (server, line) = (self.clone(), connection.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, line) = (server.clone(), line.clone());
            async move { Ok::<_, Infallible>(server.serve(&line, request).await) }
        });
        (kube::Client::new(service, "default"), connection)
    }

    /// A Lease as it is stored.
    pub(crate) fn lease(&self, name: &str) -> Option<Value> {
        self.store().leases.get(name).cloned()
    }

    pub(crate) fn spec(&self, name: &str) -> Value {
        self.lease(name).map_or(Value::Null, |lease| lease["spec"].clone())
    }

    /// Writes a Lease as somebody else would.
    pub(crate) fn put(&self, name: &str, spec: &Value) {
        self.store().write(name, json!({"metadata": {"name": name, "namespace": "garden"}, "spec": spec}));
    }

    pub(crate) fn delete(&self, name: &str) {
        self.store().leases.remove(name);
    }

    /// The messages of all Events.
    pub(crate) fn event_messages(&self) -> Vec<String> {
        self.store().events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.store().events.clone()
    }

    /// The specs of all Leases that were accepted, and when.
    pub(crate) fn writes(&self) -> Vec<(Instant, Value)> {
        self.store().writes.clone()
    }

    async fn serve(&self, connection: &Connection, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        let latency = *connection.latency.lock().unwrap();
        if connection.line() == Line::Cut {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(latency / 2).await;
        let (status, answer) = match connection.line() {
            Line::Cut => std::future::pending().await,
            Line::Broken => failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
            Line::Open | Line::NoAnswers => self.store().handle(&parts.method, parts.uri.path(), body),
        };
        tokio::time::sleep(latency / 2).await;
        if connection.line() != Line::Open && connection.line() != Line::Broken {
            std::future::pending::<()>().await;
        }
        Response::builder().status(status).body(Body::from(serde_json::to_vec(&answer).unwrap())).unwrap()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap()
    }
}

impl Connection {
    pub(crate) fn set(&self, line: Line) {
        *self.line.lock().unwrap() = line;
    }

    pub(crate) fn slow_down(&self, latency: Duration) {
        *self.latency.lock().unwrap() = latency;
    }

    fn line(&self) -> Line {
        *self.line.lock().unwrap()
    }
}

impl Store {
    fn handle(&mut self, method: &Method, path: &str, body: Value) -> (StatusCode, Value) {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method, segments.as_slice()) {
            (&Method::POST, ["api", "v1", "namespaces", "garden", "events"]) => {
                self.events.push(body.clone());
                (StatusCode::CREATED, body)
            }
            (_, ["apis", "coordination.k8s.io", "v1", "namespaces", "garden", "leases", rest @ ..]) => {
                self.lease(method, rest, body)
            }
            _ => panic!("unexpected request: {method} {path}"),
        }
    }

    fn lease(&mut self, method: &Method, name: &[&str], body: Value) -> (StatusCode, Value) {
        match (method, name) {
            (&Method::POST, []) => {
                let name = body["metadata"]["name"].as_str().unwrap().to_owned();
                if self.leases.contains_key(&name) {
                    return failure(StatusCode::CONFLICT, "AlreadyExists");
                }
                (StatusCode::CREATED, self.write(&name, body))
            }
            (_, [name]) => {
                let Some(stored) = self.leases.get(*name).cloned() else {
                    return failure(StatusCode::NOT_FOUND, "NotFound");
                };
                match *method {
                    Method::GET => (StatusCode::OK, stored),
                    Method::PUT if body["metadata"]["resourceVersion"] != stored["metadata"]["resourceVersion"] => {
                        failure(StatusCode::CONFLICT, "Conflict")
                    }
                    Method::PUT => (StatusCode::OK, self.write(name, body)),
                    Method::PATCH => (StatusCode::OK, self.write(name, merged(stored, &body))),
                    _ => panic!("unexpected method {method}"),
                }
            }
            _ => panic!("unexpected path {name:?}"),
        }
    }

    fn write(&mut self, name: &str, mut lease: Value) -> Value {
        self.version += 1;
        lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.writes.push((Instant::now(), lease["spec"].clone()));
        self.leases.insert(name.to_owned(), lease.clone());
        lease
    }
}

/// A merge patch of one level of `spec`, which is all that is sent here.
fn merged(mut stored: Value, patch: &Value) -> Value {
    for (key, value) in patch["spec"].as_object().unwrap() {
        let spec = stored["spec"].as_object_mut().unwrap();
        if value.is_null() {
            spec.remove(key);
        } else {
            spec.insert(key.clone(), value.clone());
        }
    }
    stored
}

fn failure(code: StatusCode, reason: &str) -> (StatusCode, Value) {
    (code, json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code.as_u16()}))
}
