//! Every field of two objects, side by side.
//!
//! A field that is `null` counts as absent, as it does for an API server. Items of a list that have names are compared by name,
//! so that one that only one side has does not make all that follow it differ; the order of the others is compared as well.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Difference;
use super::input::text;

/// Everything at and below `path` that one side has otherwise, or not at all.
pub(super) fn compare(path: &str, go: &Value, ours: &Value, found: &mut Vec<Difference>) {
    match (go, ours) {
        (Value::Object(go), Value::Object(ours)) => {
            let names = go.keys().chain(ours.keys().filter(|name| !go.contains_key(*name)));
            for name in names {
                let value = |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                compare(&below(path, name), &value(go), &value(ours), found);
            }
        }
        (Value::Array(go), Value::Array(ours)) => match (Named::of(go), Named::of(ours)) {
            (Some(go), Some(ours)) => go.compare(path, &ours, found),
            _ => {
                for index in 0..go.len().max(ours.len()) {
                    let value = |items: &[Value]| items.get(index).cloned().unwrap_or_default();
                    compare(&format!("{path}[{index}]"), &value(go), &value(ours), found);
                }
            }
        },
        (go, ours) if go == ours => {}
        (go, ours) => found.push(Difference::new(path, go.clone(), ours.clone())),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The items of a list by name, and the names in order.
struct Named<'a> {
    order: Vec<String>,
    items: BTreeMap<String, &'a Value>,
}

impl<'a> Named<'a> {
    /// `None` where an item has no name. Of several with one name the last, which is the one that counts for a kubelet, has the
    /// plain name; the others are numbered back from it.
    fn of(list: &'a [Value]) -> Option<Self> {
        let mut named = Self { order: Vec::new(), items: BTreeMap::new() };
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for item in list.iter().rev() {
            let name =
                ["/mountPath", "/name"].iter().map(|pointer| text(item, pointer)).find(|name| !name.is_empty())?;
            let earlier = seen.entry(name).or_default();
            let key = if *earlier == 0 { name.to_owned() } else { format!("{name} (-{earlier})") };
            *earlier += 1;
            named.order.insert(0, key.clone());
            named.items.insert(key, item);
        }
        Some(named)
    }

    fn compare(&self, path: &str, ours: &Self, found: &mut Vec<Difference>) {
        let only_ours = ours.order.iter().filter(|name| !self.items.contains_key(*name));
        for name in self.order.iter().chain(only_ours) {
            let value = |named: &Self| named.items.get(name).copied().cloned().unwrap_or_default();
            compare(&format!("{path}[{name}]"), &value(self), &value(ours), found);
        }
        let common = |named: &Self, other: &Self| -> Vec<String> {
            named.order.iter().filter(|name| other.items.contains_key(*name)).cloned().collect()
        };
        let (go, ours) = (common(self, ours), common(ours, self));
        if go != ours {
            found.push(Difference::new(format!("{path}: order"), go, ours));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(go: &Value, ours: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        compare("", go, ours, &mut found);
        found
    }

    #[test]
    fn a_field_that_one_side_lacks_and_one_that_differs_are_found() {
        let go = json!({"a": {"b": [1, 2]}, "c": "x"});
        assert_eq!(
            differences(&go, &json!({"a": {"b": [1]}, "c": "y", "d": true})),
            [
                Difference::new("a.b[1]", 2, Value::Null),
                Difference::new("c", "x", "y"),
                Difference::new("d", Value::Null, true),
            ]
        );
        assert_eq!(differences(&go, &go), []);
    }

    #[test]
    fn a_number_is_no_text_and_nothing_is_null() {
        assert_eq!(differences(&json!({"a": 1}), &json!({"a": "1"})), [Difference::new("a", 1, "1")]);
        assert_eq!(differences(&json!({"a": null}), &json!({})), []);
        assert_eq!(differences(&json!({"a": []}), &json!({})), [Difference::new("a", json!([]), Value::Null)]);
    }

    #[test]
    fn named_items_are_compared_by_name_and_in_order() {
        let item = |name: &str, value: u8| json!({"name": name, "value": value});
        let go = json!([item("a", 1), item("b", 2), item("c", 3)]);
        assert_eq!(
            differences(&go, &json!([item("b", 2), item("c", 4)])),
            [Difference::new("[a]", item("a", 1), Value::Null), Difference::new("[c].value", 3, 4)]
        );
        assert_eq!(
            differences(&go, &json!([item("b", 2), item("a", 1), item("c", 3)])),
            [Difference::new(": order", json!(["a", "b", "c"]), json!(["b", "a", "c"]))]
        );
    }

    #[test]
    fn of_equal_names_the_last_is_compared_with_the_last() {
        let item = |value: u8| json!({"name": "a", "value": value});
        assert_eq!(
            differences(&json!([item(1), item(2)]), &json!([item(2)])),
            [Difference::new("[a (-1)]", item(1), Value::Null)]
        );
    }
}
