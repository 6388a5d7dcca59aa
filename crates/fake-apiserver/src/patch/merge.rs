//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

use crate::error::ApiError;

pub(super) fn patch(object: &mut Value, patch: &Value) -> Result<(), ApiError> {
    let Value::Object(fields) = patch else {
        return Err(ApiError::bad_request("error decoding patch: a merge patch must be an object"));
    };
    merge(object, fields);
    Ok(())
}

fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(map) = target.as_object_mut() else { return };
    for (name, value) in patch {
        match value {
            Value::Null => {
                map.remove(name);
            }
            Value::Object(fields) => merge(map.entry(name.clone()).or_insert(Value::Null), fields),
            _ => {
                map.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (mut target, patch_value, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        ] {
            patch(&mut target, &patch_value).unwrap();
            assert_eq!(target, expected);
        }
    }
}
