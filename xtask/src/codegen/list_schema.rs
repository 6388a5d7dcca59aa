//! What the schemas of lists with one item per Network have in common.

use gardener_api::network_status::API_VERSION;
use serde_json::{Map, Value, json};

use super::json_schema::{definition, document, object, text};
use crate::failure::Failure;

/// The schema of a list of these items.
pub(super) fn list(kind: &str, items: [&str; 2], description: &str, definitions: Value) -> Result<String, Failure> {
    let items = items.map(definition);
    let list = object([
        ("apiVersion", json!({"const": API_VERSION})),
        ("kind", json!({"const": kind})),
        ("items", json!({"type": "array", "items": {"oneOf": items}})),
    ]);
    document(kind, description, list, definitions)
}

/// Definitions by name.
pub(super) fn keyed(definitions: Vec<(&'static str, Value)>) -> Value {
    definitions.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect::<Map<_, _>>().into()
}

/// One Network.
pub(super) fn item<const N: usize>(answer: [(&'static str, Value); N]) -> Value {
    object([("namespace", text()), ("name", text())].into_iter().chain(answer))
}

/// A time as we write it.
pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"})
}
