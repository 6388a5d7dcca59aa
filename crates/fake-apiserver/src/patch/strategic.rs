//! Strategic merge patch of the built-in kinds: lists are merged by key, and `$patch` and its siblings steer.

use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::managed_fields::{Layout, Shape, merge_key};

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList/";

pub(super) fn patch(object: &mut Value, patch: &Value, layout: Layout<'_>) -> Result<(), ApiError> {
    let Value::Object(fields) = patch else {
        return Err(ApiError::bad_request("error decoding patch: a strategic merge patch must be an object"));
    };
    merge(object, fields, layout)
}

fn merge(target: &mut Value, patch: &Map<String, Value>, layout: Layout<'_>) -> Result<(), ApiError> {
    match directive(patch)? {
        Directive::Delete => {
            *target = Value::Object(Map::new());
            return Ok(());
        }
        Directive::Replace => {
            *target = Value::Object(without_directives(patch));
            return Ok(());
        }
        Directive::Merge => {}
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(map) = target.as_object_mut() else { return Ok(()) };
    if let Some(Value::Array(retained)) = patch.get(RETAIN) {
        map.retain(|name, _| retained.iter().any(|kept| kept.as_str() == Some(name)));
    }
    for (name, value) in patch {
        if name == DIRECTIVE || name == RETAIN || name.starts_with(ORDER) {
            continue;
        }
        if let Some(list) = name.strip_prefix(DELETE_PRIMITIVES) {
            if let (Some(Value::Array(items)), Value::Array(gone)) = (map.get_mut(list), value) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        let below = layout.field(name);
        match value {
            Value::Null => {
                map.remove(name);
            }
            Value::Object(fields) => {
                let deletes = directive(fields)? == Directive::Delete;
                if deletes {
                    map.remove(name);
                } else {
                    merge(map.entry(name.clone()).or_insert(Value::Null), fields, below)?;
                }
            }
            Value::Array(items) => {
                let merged = merge_list(map.get(name), items, below)?;
                map.insert(name.clone(), merged);
            }
            _ => {
                map.insert(name.clone(), value.clone());
            }
        }
    }
    for (name, order) in patch.iter().filter_map(|(name, value)| Some((name.strip_prefix(ORDER)?, value))) {
        if let (Some(Value::Array(items)), Value::Array(order)) = (map.get_mut(name), order) {
            reorder(items, order, merge_key(layout.field(name)));
        }
    }
    Ok(())
}

fn merge_list(live: Option<&Value>, patch: &[Value], layout: Layout<'_>) -> Result<Value, ApiError> {
    let live = live.and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(key) = merge_key(layout) {
        return merge_keyed(live, patch, layout, key);
    }
    let mut merged = live;
    if layout.shape(&Value::Array(Vec::new())) == Shape::Set {
        merged.extend(patch.iter().filter(|item| !merged.contains(item)).cloned().collect::<Vec<_>>());
        return Ok(Value::Array(merged));
    }
    // An atomic list is replaced; a directive in it is left out, as it has done its work by then.
    let plain = patch.iter().filter(|item| item.get(DIRECTIVE).is_none());
    Ok(Value::Array(plain.cloned().collect()))
}

fn merge_keyed(mut live: Vec<Value>, patch: &[Value], layout: Layout<'_>, key: &str) -> Result<Value, ApiError> {
    let replaces = patch.iter().any(|item| {
        item.get(DIRECTIVE).and_then(Value::as_str) == Some("replace") && item.as_object().is_some_and(|i| i.len() == 1)
    });
    if replaces {
        let items = patch.iter().filter(|item| item.get(DIRECTIVE).is_none());
        return Ok(Value::Array(items.cloned().collect()));
    }
    for item in patch {
        let Value::Object(fields) = item else {
            return Err(ApiError::bad_request(format!(
                "a list that is merged by `{key}` has an item that is no object"
            )));
        };
        let Some(identity) = fields.get(key) else {
            return Err(ApiError::bad_request(format!("map: {item} does not contain declared merge key: {key}")));
        };
        match directive(fields)? {
            Directive::Delete => live.retain(|known| known.get(key) != Some(identity)),
            Directive::Replace => {
                live.retain(|known| known.get(key) != Some(identity));
                live.push(Value::Object(without_directives(fields)));
            }
            Directive::Merge => match live.iter_mut().find(|known| known.get(key) == Some(identity)) {
                Some(known) => merge(known, fields, layout.item())?,
                None => {
                    let mut new = Value::Null;
                    merge(&mut new, fields, layout.item())?;
                    live.push(new);
                }
            },
        }
    }
    Ok(Value::Array(live))
}

/// Items that the order names come in its order; others keep their place behind the item before them.
fn reorder(items: &mut Vec<Value>, order: &[Value], key: Option<&str>) {
    let identity = |value: &Value| key.map_or_else(|| Some(value.clone()), |key| value.get(key).cloned());
    let wanted: Vec<Option<Value>> = order.iter().map(identity).collect();
    let mut ranks = Vec::new();
    let mut last = 0;
    for item in items.iter() {
        let own = identity(item);
        if let Some(rank) = wanted.iter().position(|wanted| *wanted == own) {
            last = rank;
        }
        ranks.push(last);
    }
    let mut ranked: Vec<(usize, Value)> = ranks.into_iter().zip(items.drain(..)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    items.extend(ranked.into_iter().map(|(_, item)| item));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

fn directive(patch: &Map<String, Value>) -> Result<Directive, ApiError> {
    match patch.get(DIRECTIVE) {
        None => Ok(Directive::Merge),
        Some(Value::String(text)) if text == "merge" => Ok(Directive::Merge),
        Some(Value::String(text)) if text == "replace" => Ok(Directive::Replace),
        Some(Value::String(text)) if text == "delete" => Ok(Directive::Delete),
        Some(other) => Err(ApiError::bad_request(format!("unknown patch type found: {other}"))),
    }
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    patch.iter().filter(|(name, _)| !name.starts_with('$')).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(mut object: Value, with: &Value) -> Value {
        patch(&mut object, with, Layout::builtin()).unwrap();
        object
    }

    #[test]
    fn conditions_are_merged_by_type() {
        let node = json!({"status": {"conditions": [
            {"type": "Ready", "status": "True"}, {"type": "CalicoIsUp", "status": "True"},
        ]}});
        let with = json!({"status": {"conditions": [
            {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"},
            {"type": "Ready", "status": "False"},
            {"$patch": "delete", "type": "CalicoIsUp"},
        ]}});
        assert_eq!(
            patched(node, &with),
            json!({"status": {"conditions": [
                {"type": "Ready", "status": "False"},
                {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"},
            ]}})
        );
    }

    #[test]
    fn the_order_of_kubectl_is_kept() {
        let live = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        let with = json!({"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}],
            "containers": [{"name": "c", "image": "i"}, {"$patch": "delete", "name": "a"}],
        }});
        assert_eq!(patched(live, &with), json!({"spec": {"containers": [{"name": "c", "image": "i"}, {"name": "b"}]}}));
    }

    #[test]
    fn maps_are_replaced_deleted_and_retained_on_demand() {
        let live = json!({"spec": {"a": {"x": 1, "y": 2}, "b": {"x": 1}, "strategy": {"type": "A", "rolling": 1}}});
        let with = json!({"spec": {
            "a": {"$patch": "replace", "z": 3},
            "b": {"$patch": "delete"},
            "strategy": {"$retainKeys": ["type"], "type": "Recreate"},
        }});
        assert_eq!(patched(live, &with), json!({"spec": {"a": {"z": 3}, "strategy": {"type": "Recreate"}}}));
    }

    #[test]
    fn finalizers_are_added_and_deleted_one_by_one() {
        let live = json!({"metadata": {"finalizers": ["a", "b"]}});
        let with = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}});
        assert_eq!(patched(live, &with), json!({"metadata": {"finalizers": ["b", "c"]}}));
    }
}
