//! A request from its head to its answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use serde_json::Value;
use tokio::sync::watch::Receiver;

use crate::answer::{self, Body};
use crate::api::Api;
use crate::discovery;
use crate::error::ApiError;
use crate::faults::{Effect, Subject};
use crate::object;
use crate::patch::PatchKind;
use crate::read;
use crate::read::list::Page;
use crate::read::watch::Watch;
use crate::request::negotiate::Answer;
use crate::request::path::{Route, Target};
use crate::request::query::Query;
use crate::request::user::{User, authenticate};
use crate::request::{Call, Part, Verb};
use crate::request_log::LoggedRequest;
use crate::write::delete::Options;
use crate::write::update::Change;
use crate::write::{self, Written};

/// Answers a request. It fails only where a fault breaks the connection.
/// Its watches end once `closing` becomes true.
pub(crate) async fn answer(
    api: &Arc<Api>,
    head: &Parts,
    content: &[u8],
    closing: Receiver<bool>,
) -> io::Result<Response<Body>> {
    let user = match authenticate(&head.headers, &api.tokens) {
        Ok(user) => user,
        Err(error) => return Ok(answer::error(&error)),
    };
    match Route::of(head.uri.path()) {
        Route::Resource(target) => match call(api, head, &target, user) {
            Ok(call) => resource(api, head, call, content, closing).await,
            Err(error) => Ok(answer::error(&error)),
        },
        route => Ok(discovery::answer(api, head, &route)),
    }
}

/// Reads the head of a request for a resource.
fn call(api: &Api, head: &Parts, target: &Target, user: User) -> Result<Call, ApiError> {
    let resource =
        api.registry.find(&target.group, &target.version, &target.plural).ok_or_else(ApiError::no_such_path)?;
    let one = !target.name.is_empty();
    if (!target.namespace.is_empty() && !resource.namespaced)
        || (one && resource.namespaced && target.namespace.is_empty())
    {
        return Err(ApiError::no_such_path());
    }
    let part = Part::of(&target.subresource, &resource, &target.version).ok_or_else(ApiError::no_such_path)?;
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let verb = match (&head.method, one) {
        (&Method::GET, _) if query.flag("watch") && part == Part::Main => Verb::Watch,
        (&Method::GET, true) => Verb::Get,
        (&Method::GET, false) => Verb::List,
        (&Method::POST, false) if !resource.namespaced || !target.namespace.is_empty() => Verb::Create,
        (&Method::PUT, true) => Verb::Update,
        (&Method::PATCH, true) => Verb::Patch,
        (&Method::DELETE, true) if part == Part::Main => Verb::Delete,
        (&Method::DELETE, false) if !resource.namespaced || !target.namespace.is_empty() => Verb::DeleteCollection,
        _ => return Err(ApiError::method_not_allowed()),
    };
    if let Some(other) = query.get("dryRun").filter(|value| *value != "All") {
        let problem = crate::error::FieldProblem::unsupported("dryRun", &Value::from(other), &["All".to_owned()]);
        let kind = match verb {
            Verb::Create => "CreateOptions",
            Verb::Patch => "PatchOptions",
            Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
            _ => "UpdateOptions",
        };
        return Err(ApiError::invalid_options(kind, problem));
    }
    Ok(Call {
        verb,
        resource,
        version: target.version.clone(),
        namespace: target.namespace.clone(),
        name: target.name.clone(),
        part,
        query,
        user,
        user_agent: header(&head.headers, USER_AGENT.as_str()).to_owned(),
        content_type: header(&head.headers, CONTENT_TYPE.as_str()).to_owned(),
        answer: Answer::of(head.headers.get(ACCEPT).and_then(|value| value.to_str().ok()))?,
        stale_by: 0,
        lag: Duration::ZERO,
    })
}

/// Logs a request, applies its faults and does it.
async fn resource(
    api: &Arc<Api>,
    head: &Parts,
    mut call: Call,
    content: &[u8],
    closing: Receiver<bool>,
) -> io::Result<Response<Body>> {
    let body = decoded(&call, content);
    let sent_name = match &body {
        Ok(Some(body)) if call.verb == Verb::Create => object::name(body).to_owned(),
        _ => String::new(),
    };
    let name = if call.name.is_empty() { sent_name } else { call.name.clone() };
    let place = api.log.begin(logged(head, &call, &name));
    let effects = api.faults.effects(&Subject {
        verb: call.verb,
        group: &call.resource.group,
        resource: &call.resource.plural,
        subresource: call.part.name(),
        namespace: &call.namespace,
        name: &name,
        user_agent: &call.user_agent,
    });
    let mut lost = false;
    let mut breaks_after = None;
    for effect in effects {
        match effect {
            Effect::Latency(time) => tokio::time::sleep(time).await,
            Effect::Status { code, retry_after } => {
                let mut error = refusal(code);
                error.retry_after = retry_after;
                api.log.answer(place, code);
                return Ok(answer::error(&error));
            }
            Effect::ConnectionReset => return Err(broken()),
            Effect::LostResponse => lost = true,
            Effect::DroppedWatch { after } => breaks_after = Some(after),
            Effect::StaleRead { revisions } => call.stale_by = revisions,
            Effect::Lag(time) => call.lag = time,
        }
    }
    let response = body
        .and_then(|body| match call.verb {
            Verb::Watch => Ok(answer::watch(&call, Watch::start(api, &call, closing)?, breaks_after)),
            _ => perform(api, &call, body.as_ref()),
        })
        .unwrap_or_else(|error| answer::error(&error));
    if lost {
        return Err(broken());
    }
    api.log.answer(place, response.status().as_u16());
    Ok(response)
}

fn perform(api: &Api, call: &Call, body: Option<&Value>) -> Result<Response<Body>, ApiError> {
    let sent = || body.ok_or_else(|| ApiError::bad_request("the body of the request is empty"));
    match call.verb {
        Verb::Get => Ok(answer::object(call, 200, &*read::get(api, call)?, &[])),
        // A watch is one of the caller's; without it, it is a list.
        Verb::List | Verb::Watch => Ok(answer::list(call, &read::list::list(api, call)?)),
        Verb::Create => Ok(written(call, &write::create::create(api, call, sent()?.clone())?)),
        Verb::Update => Ok(written(call, &write::update::update(api, call, Change::Put(sent()?))?)),
        Verb::Patch => {
            let kind = PatchKind::of(&call.content_type, call.resource.rules.custom)?;
            Ok(written(call, &write::update::update(api, call, Change::Patch(kind, sent()?))?))
        }
        Verb::Delete => Ok(written(call, &write::delete::delete(api, call, &Options::read(call, body)?)?)),
        Verb::DeleteCollection => {
            let options = Options::read(call, body)?;
            let page = read::list::list(api, call)?;
            let objects = write::delete::delete_all(api, call, &options, page.objects)?;
            let revision = api.store.revision();
            Ok(answer::list(call, &Page { revision, objects, ..Page::default() }))
        }
    }
}

fn written(call: &Call, written: &Written) -> Response<Body> {
    match &written.body {
        write::Body::Object(object) => answer::object(call, written.code, object, &written.warnings),
        write::Body::Status(status) => answer::formatted(call, written.code, status),
    }
}

/// The body of a request; nothing where it is empty.
fn decoded(call: &Call, content: &[u8]) -> Result<Option<Value>, ApiError> {
    if content.is_empty() || !call.verb.writes() {
        return Ok(None);
    }
    let media = call.content_type.split(';').next().unwrap_or_default().trim();
    if !matches!(call.verb, Verb::Patch) && !matches!(media, "" | "application/json" | "application/yaml") {
        let accepted = ["application/json", "application/yaml"];
        return Err(ApiError::unsupported_media_type(&accepted));
    }
    if media.ends_with("yaml") {
        let text = std::str::from_utf8(content).map_err(|_| ApiError::bad_request("the body is not UTF-8 text"))?;
        return serde_saphyr::from_str(text)
            .map(Some)
            .map_err(|error| ApiError::bad_request(format!("error converting YAML to JSON: {error}")));
    }
    serde_json::from_slice(content)
        .map(Some)
        .map_err(|error| ApiError::bad_request(format!("couldn't get version/kind; json parse error: {error}")))
}

fn logged(head: &Parts, call: &Call, name: &str) -> LoggedRequest {
    LoggedRequest {
        verb: call.verb,
        group: call.resource.group.clone(),
        resource: call.resource.plural.clone(),
        subresource: call.part.name().to_owned(),
        namespace: call.namespace.clone(),
        name: name.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        user: call.user.clone(),
        user_agent: call.user_agent.clone(),
        accept: header(&head.headers, ACCEPT.as_str()).to_owned(),
        content_type: call.content_type.clone(),
        code: None,
    }
}

/// What the API server, or what stands before it, says with this code.
fn refusal(code: u16) -> ApiError {
    match code {
        401 => ApiError::unauthorized(),
        403 => ApiError::new(403, "Forbidden", "forbidden (fault)"),
        404 => ApiError::new(404, "NotFound", "the server could not find the requested resource"),
        409 => ApiError::new(
            409,
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest \
             version and try again",
        ),
        410 => ApiError::expired("too old resource version (fault)"),
        429 => ApiError::new(429, "TooManyRequests", "too many requests, please try again later"),
        500 => ApiError::new(
            500,
            "InternalError",
            "an error on the server (fault) has prevented the request from succeeding",
        ),
        503 => ApiError::new(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ApiError::new(504, "Timeout", "the server was unable to return a response in the time allotted"),
        other => ApiError::new(other, "", "the request fails (fault)"),
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the connection broke (fault)")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
