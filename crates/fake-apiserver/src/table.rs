//! `Table`, the form in which `kubectl get` shows objects.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::answer::partial;
use crate::object;
use crate::request::Call;
use crate::resource::Column;

/// The table of one object.
pub(crate) fn of_object(call: &Call, object: &Value) -> Value {
    table(call, &[object], &json!({"resourceVersion": object::meta(object, "resourceVersion")}), true)
}

/// The table of an event; columns are only told once.
pub(crate) fn of_event(call: &Call, object: &Value, first: bool) -> Value {
    table(call, &[object], &json!({"resourceVersion": object::meta(object, "resourceVersion")}), first)
}

/// The table of a list.
pub(crate) fn of_list(call: &Call, objects: &[Arc<Value>], metadata: Map<String, Value>) -> Value {
    let objects: Vec<&Value> = objects.iter().map(Arc::as_ref).collect();
    table(call, &objects, &Value::Object(metadata), true)
}

fn table(call: &Call, objects: &[&Value], metadata: &Value, with_columns: bool) -> Value {
    let columns = columns(call);
    let whole = call.query.get("includeObject") == Some("Object");
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Value> = columns.iter().map(|column| cell(object, column)).collect();
            let shown = if whole { (*object).clone() } else { partial(object, "PartialObjectMetadata") };
            json!({"cells": cells, "object": shown})
        })
        .collect();
    let definitions: Vec<Value> = columns
        .iter()
        .filter(|_| with_columns)
        .map(|column| {
            let format = if column.name == "Name" { "name" } else { "" };
            json!({
                "name": column.name,
                "type": if column.kind == "date" { "string" } else { &column.kind },
                "format": format,
                "description": "",
                "priority": column.priority,
            })
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

/// The name, then what the definition shows; without any column of its own a resource shows its age.
fn columns(call: &Call) -> Vec<Column> {
    let column = |name: &str, kind: &str, path: &str| Column {
        name: name.to_owned(),
        kind: kind.to_owned(),
        priority: 0,
        path: path.to_owned(),
    };
    let mut columns = vec![column("Name", "string", ".metadata.name")];
    let own = call.resource.version(&call.version).map(|version| version.columns.as_slice()).unwrap_or_default();
    columns.extend(own.iter().cloned());
    if own.is_empty() {
        columns.push(column("Age", "date", ".metadata.creationTimestamp"));
    }
    columns
}

fn cell(object: &Value, column: &Column) -> Value {
    let pointer = column.path.trim_start_matches('.').replace('.', "/");
    let value = object.pointer(&format!("/{pointer}"));
    match value {
        Some(Value::String(text)) if column.kind == "date" => Value::from(age(text)),
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => value.clone(),
        Some(Value::Null) | None => Value::Null,
        Some(other) => Value::from(other.to_string()),
    }
}

/// How long ago, roughly: `5s`, `3m`, `2h`, `4d`.
fn age(time: &str) -> String {
    let Ok(then) = time.parse::<jiff::Timestamp>() else { return "<unknown>".to_owned() };
    let seconds = jiff::Timestamp::now().duration_since(then).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}
