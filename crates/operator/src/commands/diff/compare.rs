//! Two objects, field by field.

use serde_json::{Map, Value};

/// How two objects differ.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Difference {
    /// In the order of the fields.
    pub(super) fields: Vec<Field>,
    /// How many descriptions of a schema differ: prose, and too much of it to be listed.
    pub(super) descriptions: usize,
}

impl Difference {
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.descriptions == 0
    }
}

/// A field that differs.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    /// `spec.template.spec.containers[calico-node].image`.
    pub(super) path: String,
    pub(super) change: FieldChange,
}

#[derive(Debug, PartialEq)]
pub(super) enum FieldChange {
    Added(Value),
    Removed(Value),
    Changed(Value, Value),
    /// The same items in another order.
    Reordered,
}

/// What `description` means in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prose {
    /// An ordinary field.
    Compared,
    /// Prose of a schema.
    Counted,
}

impl Prose {
    pub(super) fn of(object: &Value) -> Self {
        match object.get("kind").and_then(Value::as_str) {
            Some("CustomResourceDefinition") => Self::Counted,
            _ => Self::Compared,
        }
    }
}

/// How `after` differs from `before`.
pub(super) fn differences(before: &Value, after: &Value, prose: Prose) -> Difference {
    let mut difference = Difference::default();
    compare(before, after, "", prose, &mut difference);
    difference
}

fn compare(before: &Value, after: &Value, path: &str, prose: Prose, found: &mut Difference) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(before), Value::Object(after)) => compare_fields(before, after, path, prose, found),
        (Value::Array(before), Value::Array(after)) => compare_items(before, after, path, prose, found),
        _ => found.add(path, FieldChange::Changed(before.clone(), after.clone())),
    }
}

fn compare_fields(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    path: &str,
    prose: Prose,
    found: &mut Difference,
) {
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (before, after) = (before.get(key), after.get(key));
        let is_text = |value: Option<&Value>| value.is_none_or(Value::is_string);
        if prose == Prose::Counted && key == "description" && is_text(before) && is_text(after) {
            found.descriptions += usize::from(before != after);
            continue;
        }
        found.pair(before, after, &join(path, key), prose);
    }
}

/// Items with names are compared by name, others by position.
fn compare_items(before: &[Value], after: &[Value], path: &str, prose: Prose, found: &mut Difference) {
    let (Some(old), Some(new)) = (names(before), names(after)) else {
        for index in 0..before.len().max(after.len()) {
            found.pair(before.get(index), after.get(index), &format!("{path}[{index}]"), prose);
        }
        return;
    };
    let at = |names: &[&str], items: &[Value], name: &str| {
        names.iter().position(|other| *other == name).and_then(|index| items.get(index).cloned())
    };
    for name in old.iter().chain(new.iter().filter(|name| !old.contains(name))) {
        let (before, after) = (at(&old, before, name), at(&new, after, name));
        found.pair(before.as_ref(), after.as_ref(), &format!("{path}[{name}]"), prose);
    }
    let common = |names: &[&str], others: &[&str]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name)).map(|name| (*name).to_owned()).collect()
    };
    if common(&old, &new) != common(&new, &old) {
        found.add(path, FieldChange::Reordered);
    }
}

impl Difference {
    fn pair(&mut self, before: Option<&Value>, after: Option<&Value>, path: &str, prose: Prose) {
        match (before, after) {
            (Some(before), Some(after)) => compare(before, after, path, prose, self),
            (Some(before), None) => self.add(path, FieldChange::Removed(before.clone())),
            (None, Some(after)) => self.add(path, FieldChange::Added(after.clone())),
            (None, None) => {}
        }
    }

    fn add(&mut self, path: &str, change: FieldChange) {
        self.fields.push(Field { path: path.to_owned(), change });
    }
}

/// The names of the items, where all have one and no two the same.
fn names(items: &[Value]) -> Option<Vec<&str>> {
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        let name = item.get("name").and_then(Value::as_str)?;
        if names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

fn join(path: &str, key: &str) -> String {
    let is_plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (path.is_empty(), is_plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::FieldChange::{Added, Changed, Removed, Reordered};
    use super::*;

    #[track_caller]
    fn check(before: &Value, after: &Value, expected: &[(&str, FieldChange)]) {
        let found = differences(before, after, Prose::Compared);
        let found: Vec<(&str, &FieldChange)> =
            found.fields.iter().map(|field| (field.path.as_str(), &field.change)).collect();
        let expected: Vec<(&str, &FieldChange)> = expected.iter().map(|(path, change)| (*path, change)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_are_named_by_their_path() {
        check(
            &json!({"a": {"b": 1, "c/d": 2}, "e": 3}),
            &json!({"a": {"b": "1", "c/d": 2}, "f": 3}),
            &[("a.b", Changed(json!(1), json!("1"))), ("e", Removed(json!(3))), ("f", Added(json!(3)))],
        );
        check(&json!({"a": {"c/d": 1}}), &json!({"a": {"c/d": 2}}), &[(r#"a["c/d"]"#, Changed(json!(1), json!(2)))]);
    }

    #[test]
    fn items_with_names_are_compared_by_name() {
        let item = |name: &str, value: u8| json!({"name": name, "value": value});
        check(
            &json!([item("a", 1), item("b", 2)]),
            &json!([item("c", 3), item("b", 4), item("a", 1)]),
            &[("[b].value", Changed(json!(2), json!(4))), ("[c]", Added(item("c", 3))), ("", Reordered)],
        );
    }

    #[test]
    fn items_without_names_or_with_equal_ones_are_compared_by_position() {
        check(
            &json!(["a", "b"]),
            &json!(["a", "c", "d"]),
            &[("[1]", Changed(json!("b"), json!("c"))), ("[2]", Added(json!("d")))],
        );
        let twice = json!([{"name": "A", "value": 1}, {"name": "A", "value": 2}]);
        check(
            &twice,
            &json!([{"name": "A", "value": 2}]),
            &[("[0].value", Changed(json!(1), json!(2))), ("[1]", Removed(json!({"name": "A", "value": 2})))],
        );
    }

    #[test]
    fn the_prose_of_a_schema_is_counted() {
        let before =
            json!({"description": "a", "properties": {"description": {"type": "string"}, "x": {"description": "b"}}});
        let after = json!({"description": "A", "properties": {"description": {"type": "integer"}, "x": {}}});
        let found = differences(&before, &after, Prose::Counted);
        assert_eq!(found.descriptions, 2);
        assert_eq!(found.fields.len(), 1);
        assert_eq!(found.fields[0].path, "properties.description.type");
    }
}
