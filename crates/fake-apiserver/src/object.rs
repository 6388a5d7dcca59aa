//! Small readers and writers for the parts that every object has.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A text of `metadata`; empty where it is absent.
pub(crate) fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    meta(object, "name")
}

pub(crate) fn namespace(object: &Value) -> &str {
    meta(object, "namespace")
}

/// The revision at which the object was written; 0 where it has none.
pub(crate) fn revision(object: &Value) -> u64 {
    meta(object, "resourceVersion").parse().unwrap_or_default()
}

pub(crate) fn generation(object: &Value) -> Option<i64> {
    object.get("metadata").and_then(|metadata| metadata.get("generation")).and_then(Value::as_i64)
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    !meta(object, "deletionTimestamp").is_empty()
}

pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    let list = object.get("metadata").and_then(|metadata| metadata.get("finalizers")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The object as a map; an object of ours always is one, and anything else is replaced by an empty one.
pub(crate) fn fields(object: &mut Value) -> &mut Map<String, Value> {
    map_at(object)
}

pub(crate) fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    map_at(fields(object).entry("metadata").or_insert(Value::Null))
}

pub(crate) fn set_meta(object: &mut Value, field: &str, value: impl Into<Value>) {
    metadata(object).insert(field.to_owned(), value.into());
}

/// Sets a top-level field.
pub(crate) fn set(object: &mut Value, field: &str, value: impl Into<Value>) {
    fields(object).insert(field.to_owned(), value.into());
}

/// Copies a field of `metadata` from another object, its absence included.
pub(crate) fn copy_meta(from: &Value, to: &mut Value, field: &str) {
    copy(from.get("metadata").and_then(|metadata| metadata.get(field)), metadata(to), field);
}

/// Copies a top-level field from another object, its absence included.
pub(crate) fn copy_field(from: &Value, to: &mut Value, field: &str) {
    copy(from.get(field), fields(to), field);
}

/// A time as the API writes it, in whole seconds.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn copy(value: Option<&Value>, to: &mut Map<String, Value>, field: &str) {
    match value {
        Some(value) => to.insert(field.to_owned(), value.clone()),
        None => to.remove(field),
    };
}

fn map_at(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("was made a map above"),
    }
}
