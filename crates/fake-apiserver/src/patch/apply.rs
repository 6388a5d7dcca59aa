//! Server-side apply: the applied fields are merged into the object, and what the manager no longer applies goes.

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::managed_fields::{Element, Entries, FieldSet, Layout, Manager, Shape, identify, strip};

/// What to do with fields that others own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflicts {
    Refuse,
    Force,
}

/// The object after an apply, with `metadata.managedFields` set. `live` is an empty object where none exists.
pub(crate) fn apply(
    live: &Value,
    config: &Value,
    layout: Layout<'_>,
    manager: &Manager,
    conflicts: Conflicts,
    now: &str,
) -> Result<Value, ApiError> {
    let entries = Entries::of(live);
    let mut claimed = FieldSet::of(config, layout);
    strip(&mut claimed);
    let mut object = merged(live, config, layout);
    let last = entries.set_of(manager);
    let mut owned = entries.applied_by_others(manager);
    owned.union(&claimed);
    prune(&mut object, &last, Some(&owned), layout);

    let found = entries.conflicts(live, &object, layout, manager);
    if conflicts == Conflicts::Refuse && !found.is_empty() {
        return Err(refusal(&found));
    }
    let entries = entries.applied(live, &object, layout, manager, claimed, now);
    set_entries(&mut object, &entries);
    Ok(object)
}

/// Writes `metadata.managedFields`.
pub(crate) fn set_entries(object: &mut Value, entries: &Entries) {
    let metadata = crate::object::metadata(object);
    match entries.encode() {
        Some(list) => metadata.insert("managedFields".to_owned(), list),
        None => metadata.remove("managedFields"),
    };
}

/// `config` laid over `live`.
fn merged(live: &Value, config: &Value, layout: Layout<'_>) -> Value {
    match (live, config, layout.shape(config)) {
        (Value::Object(live), Value::Object(config), Shape::Granular) => {
            let mut map = live.clone();
            for (name, value) in config {
                let value = match map.get(name) {
                    Some(known) => merged(known, value, layout.field(name)),
                    None => value.clone(),
                };
                map.insert(name.clone(), value);
            }
            Value::Object(map)
        }
        (Value::Array(live), Value::Array(config), Shape::Keyed(_) | Shape::Set) => {
            Value::Array(merged_items(live, config, layout))
        }
        _ => config.clone(),
    }
}

/// Shared items come in the order of `config`; an item that only one side has keeps its place, those of `live` first.
fn merged_items(live: &[Value], config: &[Value], layout: Layout<'_>) -> Vec<Value> {
    let identified = |items: &[Value]| -> Vec<(Option<Element>, Value)> {
        items.iter().map(|item| (identify(item, layout), item.clone())).collect()
    };
    let (before, wanted) = (identified(live), identified(config));
    let has = |items: &[(Option<Element>, Value)], element: &Option<Element>| items.iter().any(|(e, _)| e == element);
    let mut shared = wanted.iter().map(|(element, _)| element).filter(|element| has(&before, element)).peekable();
    let (mut left, mut right) = (before.iter().peekable(), wanted.iter().peekable());
    let mut items = Vec::new();
    loop {
        match (left.peek(), right.peek()) {
            (Some((element, item)), _) if !has(&wanted, element) => {
                items.push(item.clone());
                left.next();
            }
            // Shared, and its turn comes later or is over.
            (Some((element, _)), other) if other.is_none() || shared.peek().is_some_and(|next| *next != element) => {
                left.next();
            }
            (_, Some((element, item))) => {
                let known = before.iter().find(|(known, _)| known == element);
                items.push(known.map_or_else(|| item.clone(), |(_, known)| merged(known, item, layout.item())));
                if left.peek().is_some_and(|(known, _)| known == element) {
                    left.next();
                }
                shared.next_if(|next| *next == element);
                right.next();
            }
            (_, None) => return items,
        }
    }
}

/// Removes what the manager applied last time and no applier claims now.
fn prune(value: &mut Value, last: &FieldSet, owned: Option<&FieldSet>, layout: Layout<'_>) {
    let gone = |element: &Element| {
        last.has(element)
            && !owned
                .is_some_and(|owned| owned.has(element) || owned.below(element).is_some_and(|below| !below.is_empty()))
    };
    let shape = layout.shape(value);
    match (value, shape) {
        (Value::Object(map), Shape::Granular) => {
            let names: Vec<String> = map.keys().cloned().collect();
            for name in names {
                let element = Element::Field(name.clone());
                if gone(&element) {
                    map.remove(&name);
                } else if let (Some(below), Some(field)) = (last.below(&element), map.get_mut(&name)) {
                    let was_empty = is_empty(field);
                    prune(field, below, owned.and_then(|owned| owned.below(&element)), layout.field(&name));
                    if is_empty(field) && !was_empty {
                        map.remove(&name);
                    }
                }
            }
        }
        (Value::Array(items), Shape::Keyed(_) | Shape::Set) => {
            items.retain_mut(|item| {
                let Some(element) = identify(item, layout) else { return true };
                if gone(&element) {
                    return false;
                }
                if let Some(below) = last.below(&element) {
                    prune(item, below, owned.and_then(|owned| owned.below(&element)), layout.item());
                }
                true
            });
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// 409 with one cause for each field, as clients print it.
fn refusal(conflicts: &[(Manager, FieldSet)]) -> ApiError {
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    let mut by_manager: Vec<(String, Vec<String>)> =
        conflicts.iter().map(|(manager, set)| (manager.describe(), set.paths())).collect();
    by_manager.sort();
    for (manager, paths) in &by_manager {
        lines.push(format!("conflicts with {manager}:"));
        for path in paths {
            lines.push(format!("- {path}"));
            causes.push(json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with {manager}"),
                "field": path,
            }));
        }
    }
    let message = match by_manager.as_slice() {
        [(manager, paths)] if paths.len() == 1 => {
            format!("Apply failed with 1 conflict: conflict with {manager}: {}", paths.concat())
        }
        _ => format!("Apply failed with {} conflicts: {}", causes.len(), lines.join("\n")),
    };
    ApiError::new(409, "Conflict", message).with_causes(causes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed_fields::Operation;

    fn manager(name: &str) -> Manager {
        Manager {
            name: name.to_owned(),
            operation: Operation::Apply,
            api_version: "v1".to_owned(),
            subresource: String::new(),
        }
    }

    fn applied(live: &Value, config: &Value, by: &str, conflicts: Conflicts) -> Result<Value, ApiError> {
        apply(live, config, Layout::builtin(), &manager(by), conflicts, "2026-01-01T00:00:00Z")
    }

    #[test]
    fn dropped_fields_go_unless_another_applier_has_them() {
        let first = applied(&json!({}), &json!({"data": {"a": "1", "b": "2"}}), "one", Conflicts::Refuse).unwrap();
        let second = applied(&first, &json!({"data": {"b": "2", "c": "3"}}), "two", Conflicts::Refuse).unwrap();
        let third = applied(&second, &json!({"data": {}}), "one", Conflicts::Refuse).unwrap();
        assert_eq!(third["data"], json!({"b": "2", "c": "3"}));
    }

    #[test]
    fn another_value_is_a_conflict_and_force_takes_it() {
        let first = applied(&json!({}), &json!({"data": {"a": "1", "b": "1"}}), "one", Conflicts::Refuse).unwrap();
        let error = applied(&first, &json!({"data": {"a": "2"}}), "two", Conflicts::Refuse).unwrap_err();
        assert_eq!(error.message, "Apply failed with 1 conflict: conflict with \"one\": .data.a");
        let both = applied(&first, &json!({"data": {"a": "2", "b": "2"}}), "two", Conflicts::Refuse).unwrap_err();
        assert_eq!(both.message, "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b");
        assert_eq!(
            error.to_status()["details"]["causes"],
            json!([{"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a"}])
        );
        let forced = applied(&first, &json!({"data": {"a": "2"}}), "two", Conflicts::Force).unwrap();
        assert_eq!(forced["data"], json!({"a": "2", "b": "1"}));
        assert_eq!(forced["metadata"]["managedFields"][0]["fieldsV1"], json!({"f:data": {"f:b": {}}}));
    }

    #[test]
    fn items_keep_their_neighbours() {
        let live = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}});
        let config = json!({"spec": {"containers": [{"name": "c", "image": "i"}, {"name": "d"}, {"name": "a"}]}});
        let names: Vec<Value> = merged(&live, &config, Layout::builtin())["spec"]["containers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].clone())
            .collect();
        assert_eq!(names, ["b", "c", "d", "a"]);
    }
}
