//! Answers as bytes: objects, lists and events in the form that the client wants.

use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::read::in_version;
use crate::read::list::Page;
use crate::read::watch::{Event, Watch};
use crate::request::Call;
use crate::request::negotiate::{Form, Format};
use crate::table;

/// The body of every answer. It fails only where a fault breaks the connection.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

const WARNING: HeaderName = HeaderName::from_static("warning");

pub(crate) fn json(code: u16, value: &Value) -> Response<Body> {
    bytes(code, "application/json", to_json(value))
}

pub(crate) fn text(code: u16, text: &'static str) -> Response<Body> {
    bytes(code, "text/plain; charset=utf-8", text.as_bytes().to_vec())
}

pub(crate) fn bytes(code: u16, content_type: &'static str, content: Vec<u8>) -> Response<Body> {
    let body = Full::new(Bytes::from(content)).map_err(|never| match never {}).boxed_unsync();
    finish(code, content_type, body)
}

pub(crate) fn error(error: &ApiError) -> Response<Body> {
    let mut response = json(error.code, &error.to_status());
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// One object.
pub(crate) fn object(call: &Call, code: u16, object: &Value, warnings: &[String]) -> Response<Body> {
    let converted = in_version(object, call);
    let mut response = match call.answer.form {
        Form::Metadata => formatted(call, code, &partial(&converted, "PartialObjectMetadata")),
        Form::Table => formatted(call, code, &table::of_object(call, &converted)),
        Form::Object | Form::AggregatedDiscovery => formatted(call, code, &converted),
    };
    for warning in warnings {
        if let Ok(value) = HeaderValue::from_str(&format!("299 - {}", Value::from(warning.as_str()))) {
            response.headers_mut().append(WARNING, value);
        }
    }
    response
}

/// A value in the format that the client wants.
pub(crate) fn formatted(call: &Call, code: u16, value: &Value) -> Response<Body> {
    match call.answer.format {
        Format::Json => json(code, value),
        Format::Yaml => bytes(code, "application/yaml", to_yaml(value)),
    }
}

/// A page of a list. Objects are written as they are stored, without a copy.
pub(crate) fn list(call: &Call, page: &Page) -> Response<Body> {
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), Value::from(page.revision.to_string()));
    if let Some(token) = &page.continue_token {
        metadata.insert("continue".to_owned(), Value::from(token.as_str()));
    }
    if let Some(remaining) = page.remaining {
        metadata.insert("remainingItemCount".to_owned(), Value::from(remaining));
    }
    if call.answer.form == Form::Table {
        return formatted(call, 200, &table::of_list(call, &page.objects, metadata));
    }
    let (kind, api_version) = match call.answer.form {
        Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
        _ => (call.resource.list_kind.clone(), call.api_version()),
    };
    let head = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata});
    let mut content = to_json(&head);
    content.pop();
    content.extend_from_slice(b",\"items\":[");
    for (index, object) in page.objects.iter().enumerate() {
        if index > 0 {
            content.push(b',');
        }
        write_item(call, object, &mut content);
    }
    content.extend_from_slice(b"]}");
    match call.answer.format {
        Format::Json => bytes(200, "application/json", content),
        Format::Yaml => {
            let value: Value = serde_json::from_slice(&content).unwrap_or_default();
            bytes(200, "application/yaml", to_yaml(&value))
        }
    }
}

/// The events of a watch, one to a line. After `breaks_after` of them the connection breaks.
pub(crate) fn watch(call: &Call, watch: Watch, breaks_after: Option<usize>) -> Response<Body> {
    let call = call.clone();
    let lines = stream::unfold(watch, |mut watch| async move { watch.next().await.map(|event| (event, watch)) });
    let mut sent = 0;
    let lines = lines.map(move |event| {
        let line = event_line(&call, &event, sent == 0);
        sent += 1;
        Ok(Frame::data(Bytes::from(line)))
    });
    let body = match breaks_after {
        None => boxed(lines),
        Some(count) => {
            let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection broke (fault)");
            boxed(lines.take(count).chain(stream::iter([Err(broken)])))
        }
    };
    finish(200, "application/json", body)
}

/// `PartialObjectMetadata` of an object.
pub(crate) fn partial(object: &Value, kind: &str) -> Value {
    json!({
        "kind": kind,
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get("metadata").cloned().unwrap_or_default(),
    })
}

pub(crate) fn to_json(value: &Value) -> Vec<u8> {
    // A value always has a text.
    serde_json::to_vec(value).unwrap_or_default()
}

fn to_yaml(value: &Value) -> Vec<u8> {
    serde_saphyr::to_string(value).unwrap_or_default().into_bytes()
}

fn event_line(call: &Call, event: &Event, first: bool) -> Vec<u8> {
    let mut line = format!("{{\"type\":\"{}\",\"object\":", event.kind).into_bytes();
    let object = if event.kind == "ERROR" {
        std::borrow::Cow::Borrowed(&*event.object)
    } else {
        in_version(&event.object, call)
    };
    let content = match call.answer.form {
        _ if event.kind == "ERROR" => to_json(&object),
        Form::Metadata => to_json(&partial(&object, "PartialObjectMetadata")),
        Form::Table => to_json(&table::of_event(call, &object, first)),
        Form::Object | Form::AggregatedDiscovery => to_json(&object),
    };
    line.extend(content);
    line.extend_from_slice(b"}\n");
    line
}

/// Items of built-in lists carry neither `apiVersion` nor `kind`, those of definitions do.
fn write_item(call: &Call, object: &Arc<Value>, content: &mut Vec<u8>) {
    if call.answer.form == Form::Metadata {
        content.extend(to_json(&partial(object, "PartialObjectMetadata")));
        return;
    }
    let object = in_version(object, call);
    if call.resource.rules.custom {
        content.extend(to_json(&object));
        return;
    }
    content.push(b'{');
    let fields = object.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind"));
    for (index, (name, value)) in fields.enumerate() {
        if index > 0 {
            content.push(b',');
        }
        content.extend(to_json(&Value::from(name.as_str())));
        content.push(b':');
        content.extend(to_json(value));
    }
    content.push(b'}');
}

fn boxed(lines: impl Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send + 'static) -> Body {
    BodyExt::boxed_unsync(StreamBody::new(lines))
}

fn finish(code: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
