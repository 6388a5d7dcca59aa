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

/// The name, then what the definition or the list of built-in columns shows; without any column of its own a resource shows its age.
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
        let built_in = BUILT_IN.iter().find(|(group, plural, _)| call.resource.is(group, plural));
        let built_in = built_in.map(|(_, _, columns)| *columns).unwrap_or_default();
        columns.extend(built_in.iter().map(|(name, path)| column(name, "string", path)));
        columns.push(column("Age", "date", ".metadata.creationTimestamp"));
    }
    columns
}

/// What a person looks for first: group, plural, and columns with their paths. Kubernetes computes some of its columns; these are
/// fields as they are.
type BuiltIn = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const BUILT_IN: [BuiltIn; 5] = [
    (
        "",
        "nodes",
        &[
            ("Ready", ".status.conditions[?(@.type==\"Ready\")].status"),
            ("Network", ".status.conditions[?(@.type==\"NetworkUnavailable\")].reason"),
            ("Version", ".status.nodeInfo.kubeletVersion"),
        ],
    ),
    ("", "pods", &[("Status", ".status.phase"), ("Node", ".spec.nodeName")]),
    (
        "",
        "events",
        &[("Type", ".type"), ("Reason", ".reason"), ("Object", ".involvedObject.name"), ("Message", ".message")],
    ),
    (
        "apps",
        "daemonsets",
        &[
            ("Desired", ".status.desiredNumberScheduled"),
            ("Current", ".status.currentNumberScheduled"),
            ("Ready", ".status.numberReady"),
            ("Up-To-Date", ".status.updatedNumberScheduled"),
            ("Available", ".status.numberAvailable"),
        ],
    ),
    (
        "apps",
        "deployments",
        &[
            ("Ready", ".status.readyReplicas"),
            ("Up-To-Date", ".status.updatedReplicas"),
            ("Available", ".status.availableReplicas"),
        ],
    ),
];

fn cell(object: &Value, column: &Column) -> Value {
    match lookup(object, &column.path) {
        Some(Value::String(text)) if column.kind == "date" => Value::from(age(text)),
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => value.clone(),
        Some(Value::Null) | None => Value::Null,
        Some(other) => Value::from(other.to_string()),
    }
}

/// What is at a JSON path of fields and of list entries with a certain field, such as `.conditions[?(@.type=="Ready")].status`.
fn lookup<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let Some((before, filtered)) = path.split_once("[?(@.") else {
        let pointer = path.trim_start_matches('.').replace('.', "/");
        return if pointer.is_empty() { Some(object) } else { object.pointer(&format!("/{pointer}")) };
    };
    let (filter, after) = filtered.split_once(")]")?;
    let (field, wanted) = filter.split_once("==")?;
    let wanted = wanted.trim().trim_matches(['"', '\'']);
    let entries = lookup(object, before)?.as_array()?;
    let is_it = |entry: &&Value| entry.get(field.trim()).and_then(Value::as_str) == Some(wanted);
    lookup(entries.iter().find(is_it)?, after)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_may_show_a_field_of_the_entry_of_a_list() {
        let object = json!({"status": {"phase": "x", "conditions": [
            {"type": "Ready", "status": "False"}, {"type": "Network", "status": "True"},
        ]}});
        let shown = |path| lookup(&object, path).and_then(Value::as_str);
        assert_eq!(shown(".status.phase"), Some("x"));
        assert_eq!(shown(".status.conditions[?(@.type==\"Network\")].status"), Some("True"));
        assert_eq!(shown(".status.conditions[?(@.type=='Ready')].status"), Some("False"));
        for nothing in
            [".status.none", ".status.conditions[?(@.type==\"None\")].status", ".status.phase[?(@.type==\"x\")]"]
        {
            assert_eq!(shown(nothing), None, "{nothing}");
        }
    }
}
