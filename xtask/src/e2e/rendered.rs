//! What a chart renders, put into a cluster as strictly as an API server can: a field that a definition does not know is refused.

use http::{Method, Request};
use kube::Client;
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use super::scene::text;
use super::trouble::Trouble;

/// How long a kind may not be known whose definition was just applied.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
const NOT_FOUND: u16 = 404;

/// Applies objects in this order, over what is there.
pub(super) async fn apply(client: &Client, objects: &[Value]) -> Result<(), Trouble> {
    apply_each(client, objects, "").await
}

/// The same, and nothing is stored.
pub(super) async fn would_apply(client: &Client, objects: &[Value]) -> Result<(), Trouble> {
    apply_each(client, objects, "&dryRun=All").await
}

async fn apply_each(client: &Client, objects: &[Value], option: &str) -> Result<(), Trouble> {
    for object in objects {
        let path = format!("{}?fieldManager=gardener&force=true&fieldValidation=Strict{option}", path(object));
        let started = Instant::now();
        loop {
            let answer = send(client, Method::PATCH, &path, "application/apply-patch+yaml", object).await?;
            if answer.0 < 300 {
                break;
            }
            if answer.0 != NOT_FOUND || started.elapsed() > KNOWN_WITHIN {
                let (code, body) = answer;
                let what = format!("{} `{}`", text(object, "/kind"), text(object, "/metadata/name"));
                return Err(Trouble::Other(format!("{what} is refused with {code}: {}", text(&body, "/message"))));
            }
            sleep(LOOK).await;
        }
    }
    Ok(())
}

/// Sends a request: code and body of the answer.
pub(super) async fn send(
    client: &Client,
    method: Method,
    path: &str,
    content_type: &str,
    body: &Value,
) -> Result<(u16, Value), Trouble> {
    let (code, body, _) = send_and_listen(client, method, path, content_type, body).await?;
    Ok((code, body))
}

/// The same, with the warnings that came along.
pub(super) async fn send_and_listen(
    client: &Client,
    method: Method,
    path: &str,
    content_type: &str,
    body: &Value,
) -> Result<(u16, Value, Vec<String>), Trouble> {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder().method(method).uri(path).header("content-type", content_type);
    let request = request.body(kube::client::Body::from(bytes)).map_err(|error| Trouble::Other(error.to_string()))?;
    let (head, body) = client.send(request).await?.into_parts();
    let bytes = body.collect_bytes().await?;
    let warnings = head.headers.get_all("warning").iter().filter_map(|value| value.to_str().ok());
    let warnings = warnings.map(str::to_owned).collect();
    Ok((head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or(Value::Null), warnings))
}

/// The only object of a kind.
pub(super) fn only<'a>(objects: &'a [Value], kind: &str) -> Result<&'a Value, Trouble> {
    let mut found = objects.iter().filter(|object| text(object, "/kind") == kind);
    match (found.next(), found.next()) {
        (Some(object), None) => Ok(object),
        (None, _) => Err(Trouble::Other(format!("the chart has no {kind}"))),
        (Some(_), Some(_)) => Err(Trouble::Other(format!("the chart has several of {kind}"))),
    }
}

/// Where an object lives. Every kind in the charts has a plain plural.
fn path(object: &Value) -> String {
    let (version, name) = (text(object, "/apiVersion"), text(object, "/metadata/name"));
    let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let plural = format!("{}s", text(object, "/kind").to_lowercase());
    match text(object, "/metadata/namespace") {
        "" => format!("{root}/{plural}/{name}"),
        namespace => format!("{root}/namespaces/{namespace}/{plural}/{name}"),
    }
}
