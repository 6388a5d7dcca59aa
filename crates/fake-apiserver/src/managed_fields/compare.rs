//! What differs between two versions of an object, as sets of fields.

use serde_json::Value;

use super::element::Element;
use super::layout::{Layout, Shape};
use super::lists::identify;
use super::set::FieldSet;

/// The fields that differ.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// New or with another value.
    pub(crate) changed: FieldSet,
    pub(crate) removed: FieldSet,
}

/// Compares two versions.
pub(crate) fn compare(old: &Value, new: &Value, layout: Layout<'_>) -> Comparison {
    let mut comparison = Comparison::default();
    below(Some(old), Some(new), layout, &mut comparison.changed, &mut comparison.removed);
    comparison
}

fn below(old: Option<&Value>, new: Option<&Value>, layout: Layout<'_>, changed: &mut FieldSet, removed: &mut FieldSet) {
    match Parts::of(old, new, layout) {
        Parts::Fields => {
            let names = fields(old).chain(fields(new).filter(|name| field(old, name).is_none()));
            for name in names {
                let element = Element::Field(name.clone());
                step(field(old, name), field(new, name), layout.field(name), element, changed, removed);
            }
        }
        Parts::Items => {
            let (before, after) = (items(old, layout), items(new, layout));
            for (element, item) in &before {
                let now = after.iter().find(|(other, _)| other == element).map(|(_, item)| *item);
                step(Some(item), now, layout.item(), element.clone(), changed, removed);
            }
            for (element, item) in after.iter().filter(|(element, _)| !before.iter().any(|(other, _)| other == element))
            {
                step(None, Some(item), layout.item(), element.clone(), changed, removed);
            }
        }
        Parts::None => {}
    }
}

fn step(
    old: Option<&Value>,
    new: Option<&Value>,
    layout: Layout<'_>,
    element: Element,
    changed: &mut FieldSet,
    removed: &mut FieldSet,
) {
    if old == new {
        return;
    }
    let whole = Parts::of(old, new, layout) == Parts::None;
    match (old, new) {
        (None, Some(_)) => changed.insert(element.clone()),
        (Some(_), None) => removed.insert(element.clone()),
        (Some(_), Some(_)) if whole => changed.insert(element.clone()),
        _ => {}
    }
    if !whole {
        let (mut below_changed, mut below_removed) = (FieldSet::default(), FieldSet::default());
        below(old, new, layout, &mut below_changed, &mut below_removed);
        if !below_changed.is_empty() {
            changed.child(element.clone()).union(&below_changed);
        }
        if !below_removed.is_empty() {
            removed.child(element).union(&below_removed);
        }
    }
}

/// Whether two values are compared part by part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Fields,
    Items,
    None,
}

impl Parts {
    fn of(old: Option<&Value>, new: Option<&Value>, layout: Layout<'_>) -> Self {
        let Some(some) = new.or(old) else { return Self::None };
        let same_kind = |value: &Value| value.is_object() == some.is_object() && value.is_array() == some.is_array();
        if !old.is_none_or(same_kind) || (is_empty(old) && is_empty(new)) {
            return Self::None;
        }
        match layout.shape(some) {
            Shape::Granular => Self::Fields,
            Shape::Keyed(_) | Shape::Set => Self::Items,
            Shape::Atomic => Self::None,
        }
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

fn fields(value: Option<&Value>) -> impl Iterator<Item = &String> {
    value.and_then(Value::as_object).into_iter().flat_map(|map| map.keys())
}

fn field<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    value.and_then(|value| value.get(name))
}

fn items<'a>(value: Option<&'a Value>, layout: Layout<'_>) -> Vec<(Element, &'a Value)> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| Some((identify(item, layout)?, item))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn additions_changes_and_removals() {
        let old = json!({"data": {"a": "1", "b": "2", "c": "3"}});
        let new = json!({"data": {"a": "1", "b": "changed"}, "metadata": {"labels": {"x": "y"}}});
        let comparison = compare(&old, &new, Layout::builtin());
        assert_eq!(
            comparison.changed.encode(),
            json!({"f:data": {"f:b": {}}, "f:metadata": {".": {}, "f:labels": {".": {}, "f:x": {}}}})
        );
        assert_eq!(comparison.removed.encode(), json!({"f:data": {"f:c": {}}}));
    }
}
