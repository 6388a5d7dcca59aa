//! The few words of which structural schemas are made.

use serde_json::{Map, Value, json};

pub(super) fn string() -> Value {
    json!({"type": "string"})
}

pub(super) fn boolean() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn int32() -> Value {
    json!({"type": "integer", "format": "int32"})
}

pub(super) fn int64() -> Value {
    json!({"type": "integer", "format": "int64"})
}

pub(super) fn date_time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn one_of(values: &[&str]) -> Value {
    json!({"type": "string", "enum": values})
}

pub(super) fn array(items: Value) -> Value {
    with(json!({"type": "array"}), "items", items)
}

pub(super) fn map_of_strings() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

/// An object whose fields nobody checks.
pub(super) fn free_form() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": fields})
}

/// The same object, of which these fields must be there.
pub(super) fn required(object: Value, fields: &[&str]) -> Value {
    with(object, "required", json!(fields))
}

/// The same object, of which an apply replaces the whole.
pub(super) fn reference(object: Value) -> Value {
    with(object, "x-kubernetes-map-type", json!("atomic"))
}

/// A definition with the one version `v1alpha1`. `spec` comes with the fields that its parent requires; `status` may be null.
pub(super) fn definition(
    group: &str,
    scope: &str,
    names: &Value,
    columns: Value,
    (spec, required_fields): (Value, &[&str]),
    status: Value,
) -> Value {
    let plural = names.get("plural").and_then(Value::as_str).unwrap_or_default();
    let name = format!("{plural}.{group}");
    let mut schema =
        object([("apiVersion", string()), ("kind", string()), ("metadata", json!({"type": "object"})), ("spec", spec)]);
    if let (Some(Value::Object(properties)), false) = (schema.get_mut("properties"), status.is_null()) {
        properties.insert("status".to_owned(), status);
    }
    if !required_fields.is_empty() {
        schema = required(schema, required_fields);
    }
    let mut version = json!({
        "name": "v1alpha1",
        "served": true,
        "storage": true,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    });
    if !columns.is_null() {
        version = with(version, "additionalPrinterColumns", columns);
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {"group": group, "scope": scope, "names": names, "versions": [version]},
    })
}

fn with(mut value: Value, field: &str, content: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.insert(field.to_owned(), content);
    }
    value
}
