//! How the items of a list are told apart.

use serde_json::Value;

use super::element::Element;
use super::layout::{Keys, Layout, Shape};

/// The fields by which a strategic merge patch tells items apart where ownership uses more of them.
const MERGE_KEYS: &[(&[&str], &str)] = &[
    (&["containerPort", "protocol"], "containerPort"),
    (&["port", "protocol"], "port"),
    (&["topologyKey", "whenUnsatisfiable"], "topologyKey"),
];

/// The element of an item of the list at `layout`; nothing where it lacks a key or the list is atomic.
pub(crate) fn identify(item: &Value, layout: Layout<'_>) -> Option<Element> {
    match layout.shape(&Value::Array(Vec::new())) {
        Shape::Set => Some(Element::Value(item.to_string())),
        Shape::Keyed(keys) => {
            let mut found: Vec<(String, String)> = Vec::new();
            for key in keys.names() {
                let value = item.get(key).cloned().or_else(|| layout.key_default(key));
                // Items of definitions may leave out a key that others have.
                match value {
                    Some(value) => found.push((key.to_owned(), value.to_string())),
                    None if matches!(keys, Keys::Table(_)) => return None,
                    None => {}
                }
            }
            found.sort();
            (!found.is_empty()).then_some(Element::Key(found))
        }
        Shape::Atomic | Shape::Granular => None,
    }
}

/// The field by which a strategic merge patch tells the items of this list apart; nothing for other lists.
pub(crate) fn merge_key(layout: Layout<'_>) -> Option<&'static str> {
    let Shape::Keyed(Keys::Table(keys)) = layout.shape(&Value::Array(Vec::new())) else { return None };
    let special = MERGE_KEYS.iter().find(|(several, _)| *several == keys).map(|(_, key)| *key);
    special.or_else(|| keys.first().copied())
}
