//! Logs: one line per event on standard error, as JSON with the keys that Gardener's other components use, or as text.
//!
//! The fields of the spans around an event are part of its line: within a reconcile those are `controller`, `namespace`, `name`,
//! `object` and `reconcileID`.

use std::fmt;
use std::io::{self, Write as _};

use adapter_k8s::client::chain;
use adapter_k8s::time;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Scope};

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything of ours.
    Debug,
    /// What happened.
    Info,
    /// What went wrong.
    Error,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A JSON object.
    Json,
    /// Time, level, logger, message and the other fields as JSON, separated by tabs.
    Text,
}

/// Sends all events of the process, and the message of any panic, to standard error. Only the first call has an effect.
pub fn install(level: LogLevel, format: LogFormat) {
    let subscriber = tracing_subscriber::registry().with(Lines { level, format, write: to_standard_error });
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, panic = message(panic.payload()), "panic");
        }));
    }
}

/// What a panic said.
#[must_use]
pub fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text")
}

struct Lines<W> {
    level: LogLevel,
    format: LogFormat,
    write: W,
}

impl<W> Lines<W> {
    /// Libraries speak only where something is wrong: what they do is their affair.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let most = match self.level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Info | LogLevel::Debug if !is_ours(metadata.target()) => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
        };
        // A greater level is less important.
        *metadata.level() <= most || metadata.is_span() && *metadata.level() <= Level::ERROR
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.others.extend(of_span.others.clone());
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = Line {
            time: time::now_with_milliseconds(),
            level: word(*metadata.level()),
            logger: logger(metadata.target()),
            message: fields.message,
            fields: fields.others,
        };
        (self.write)(&match self.format {
            LogFormat::Json => line.json(),
            LogFormat::Text => line.text(),
        });
    }
}

/// A line before it is written.
struct Line {
    time: String,
    level: &'static str,
    logger: String,
    message: String,
    fields: Map<String, Value>,
}

impl Line {
    /// The keys and their order are those of Gardener's loggers.
    fn json(self) -> String {
        let mut line = format!(
            r#"{{"level":{},"ts":{},"logger":{},"msg":{}"#,
            Value::from(self.level),
            Value::from(self.time),
            Value::from(self.logger),
            Value::from(self.message)
        );
        for (key, value) in &self.fields {
            line.push_str(&format!(",{}:{value}", Value::from(key.as_str())));
        }
        line.push_str("}\n");
        line
    }

    fn text(self) -> String {
        let Self { time, level, logger, message, fields } = self;
        let level = level.to_uppercase();
        // A message must not look like two lines.
        let message = message.replace('\n', "\\n");
        match fields.is_empty() {
            true => format!("{time}\t{level}\t{logger}\t{message}\n"),
            false => format!("{time}\t{level}\t{logger}\t{message}\t{}\n", Value::Object(fields)),
        }
    }
}

/// The fields of an event or a span.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(message)) => self.message = message,
            ("message", other) => self.message = other.to_string(),
            // Names of the line itself; a field must not appear twice.
            ("level" | "ts" | "logger" | "msg", value) => {
                self.others.insert(format!("field.{}", field.name()), value);
            }
            // An object is told as such: `object` carries `namespace/name`.
            ("object", Value::String(text)) => {
                let value = match text.split_once('/') {
                    Some((namespace, name)) => serde_json::json!({"namespace": namespace, "name": name}),
                    None => Value::String(text),
                };
                self.others.insert("object".to_owned(), value);
            }
            (name, value) => {
                self.others.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, Value::from(chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::from(format!("{value:?}")));
    }
}

fn is_ours(target: &str) -> bool {
    ["operator", "adapter_k8s"].contains(&target.split("::").next().unwrap_or_default())
}

/// Where in our house it was said, without the crate; for libraries with it.
fn logger(target: &str) -> String {
    let name = if is_ours(target) { target.split_once("::").map_or(target, |(_, rest)| rest) } else { target };
    name.replace("::", ".")
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG | Level::TRACE => "debug",
    }
}

/// One write per line, so that lines of several threads do not mix. Nobody is left to tell if it fails.
fn to_standard_error(line: &str) {
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    fn lines(level: LogLevel, format: LogFormat, log: impl FnOnce()) -> Vec<String> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let write = move |line: &str| sink.lock().unwrap().push(line.to_owned());
        let subscriber = tracing_subscriber::registry().with(Lines { level, format, write });
        tracing::subscriber::with_default(subscriber, log);
        written.lock().unwrap().clone()
    }

    #[test]
    fn a_json_line_has_the_keys_of_gardener_and_the_fields_of_its_reconcile() {
        let lines = lines(LogLevel::Info, LogFormat::Json, || {
            let span = tracing::error_span!(
                "reconcile",
                controller = "network",
                object = "shoot--foo--bar/bar",
                namespace = "shoot--foo--bar",
                name = "bar",
                reconcileID = "3f2c"
            );
            let _entered = span.enter();
            tracing::info!(verdict = "Hold", nodes = 3_u64, overdue = false, "decided");
        });
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with(r#"{"level":"info","ts":"20"#) && lines[0].ends_with("}\n"), "{}", lines[0]);
        let mut line: Value = serde_json::from_str(&lines[0]).unwrap();
        let time = line["ts"].take();
        let time = time.as_str().unwrap();
        assert_eq!(time.len(), "2026-11-26T22:00:00.123Z".len(), "{time}");
        assert_eq!(
            line,
            json!({"level": "info", "ts": null, "logger": "process.logs.tests", "msg": "decided", "controller": "network",
                "object": {"namespace": "shoot--foo--bar", "name": "bar"}, "namespace": "shoot--foo--bar", "name": "bar",
                "reconcileID": "3f2c", "verdict": "Hold", "nodes": 3, "overdue": false})
        );
    }

    #[test]
    fn a_text_line_is_one_line() {
        let lines = lines(LogLevel::Info, LogFormat::Text, || {
            tracing::warn!(key = "a\nb", "two\nparts");
            tracing::info!("plain");
        });
        let parts: Vec<&str> = lines[0].split('\t').collect();
        assert_eq!(parts[1..], ["WARN", "process.logs.tests", "two\\nparts", "{\"key\":\"a\\nb\"}\n"]);
        assert!(lines[1].ends_with("\tINFO\tprocess.logs.tests\tplain\n"), "{}", lines[1]);
    }

    #[test]
    fn the_level_says_how_much_is_told_and_libraries_tell_only_what_is_wrong() {
        let log = || {
            tracing::error!("e");
            tracing::warn!("w");
            tracing::info!("i");
            tracing::debug!("d");
            tracing::trace!("t");
            tracing::info!(target: "kube_client::client", "i");
            tracing::warn!(target: "kube_client::client", "w");
        };
        let told = |level| {
            lines(level, LogFormat::Text, log)
                .iter()
                .map(|line| line.split('\t').skip(1).collect::<Vec<_>>().join(" ").trim().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(told(LogLevel::Error), ["ERROR process.logs.tests e"]);
        assert_eq!(
            told(LogLevel::Info),
            [
                "ERROR process.logs.tests e",
                "WARN process.logs.tests w",
                "INFO process.logs.tests i",
                "WARN kube_client.client w"
            ]
        );
        assert_eq!(told(LogLevel::Debug).len(), 5);
    }

    #[test]
    fn a_field_never_hides_a_key_of_the_line() {
        let lines = lines(LogLevel::Info, LogFormat::Json, || tracing::info!(level = "x", ts = 1_u64, msg = "y", "m"));
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((line["level"].as_str(), line["msg"].as_str()), (Some("info"), Some("m")));
        assert_eq!(
            (&line["field.level"], &line["field.ts"], &line["field.msg"]),
            (&json!("x"), &json!(1), &json!("y"))
        );
    }
}
