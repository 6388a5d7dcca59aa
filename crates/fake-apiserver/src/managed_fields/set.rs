//! A set of fields, as a tree, and its `fieldsV1` form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::element::Element;
use super::layout::{Layout, Shape};
use super::lists::identify;

/// Fields of one object. A member may have members below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    members: BTreeSet<Element>,
    children: BTreeMap<Element, FieldSet>,
}

impl FieldSet {
    /// The fields that applying this object claims.
    pub(crate) fn of(object: &Value, layout: Layout<'_>) -> Self {
        let mut set = Self::default();
        collect(object, layout, &mut set);
        set
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    pub(crate) fn has(&self, element: &Element) -> bool {
        self.members.contains(element)
    }

    /// What is below an element.
    pub(crate) fn below(&self, element: &Element) -> Option<&Self> {
        self.children.get(element)
    }

    pub(crate) fn insert(&mut self, element: Element) {
        self.members.insert(element);
    }

    /// The subtree below an element, made if need be.
    pub(crate) fn child(&mut self, element: Element) -> &mut Self {
        self.children.entry(element).or_default()
    }

    /// Drops an element and everything below it.
    pub(crate) fn drop_tree(&mut self, element: &Element) {
        self.members.remove(element);
        self.children.remove(element);
    }

    pub(crate) fn union(&mut self, other: &Self) {
        self.members.extend(other.members.iter().cloned());
        for (element, child) in &other.children {
            self.children.entry(element.clone()).or_default().union(child);
        }
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.members.retain(|element| !other.members.contains(element));
        for (element, child) in &mut self.children {
            if let Some(other) = other.children.get(element) {
                child.subtract(other);
            }
        }
        self.children.retain(|_, child| !child.is_empty());
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self
            .children
            .iter()
            .filter_map(|(element, child)| {
                let both = child.intersection(other.children.get(element)?);
                (!both.is_empty()).then(|| (element.clone(), both))
            })
            .collect();
        Self { members, children }
    }

    /// Every member as conflicts name it, for example `.spec.containers[name="x"].image`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.paths_below("", &mut paths);
        paths
    }

    pub(crate) fn encode(&self) -> Value {
        let mut map = Map::new();
        for member in &self.members {
            let mut value = Map::new();
            if self.children.get(member).is_some_and(|child| !child.is_empty()) {
                value.insert(".".to_owned(), Value::Object(Map::new()));
            }
            map.insert(member.encode(), Value::Object(value));
        }
        for (element, child) in self.children.iter().filter(|(_, child)| !child.is_empty()) {
            let below = child.encode();
            match (map.get_mut(&element.encode()), below) {
                (Some(Value::Object(known)), Value::Object(below)) => known.extend(below),
                (_, below) => {
                    map.insert(element.encode(), below);
                }
            }
        }
        Value::Object(map)
    }

    /// Reads `fieldsV1`; keys that are none are left out.
    pub(crate) fn decode(value: &Value) -> Self {
        let mut set = Self::default();
        for (key, below) in value.as_object().into_iter().flatten() {
            let Some(element) = Element::decode(key) else { continue };
            let fields = below.as_object();
            if fields.is_none_or(|fields| fields.is_empty() || fields.contains_key(".")) {
                set.members.insert(element.clone());
            }
            let child = Self::decode(below);
            if !child.is_empty() {
                set.children.insert(element, child);
            }
        }
        set
    }

    fn paths_below(&self, prefix: &str, paths: &mut Vec<String>) {
        for member in &self.members {
            paths.push(format!("{prefix}{member}"));
        }
        for (element, child) in &self.children {
            child.paths_below(&format!("{prefix}{element}"), paths);
        }
    }
}

/// Adds what is inside a value; leaves are added by the caller, which knows their element.
fn collect(value: &Value, layout: Layout<'_>, set: &mut FieldSet) {
    match (value, layout.shape(value)) {
        (Value::Object(map), Shape::Granular) => {
            for (name, field) in map {
                let element = Element::Field(name.clone());
                let below = layout.field(name);
                if is_leaf(field, below) || !layout.declares(name) {
                    set.insert(element.clone());
                }
                collect_child(field, below, element, set);
            }
        }
        (Value::Array(items), Shape::Keyed(_) | Shape::Set) => {
            for item in items {
                let Some(element) = identify(item, layout) else { continue };
                set.insert(element.clone());
                collect_child(item, layout.item(), element, set);
            }
        }
        _ => {}
    }
}

fn collect_child(value: &Value, layout: Layout<'_>, element: Element, set: &mut FieldSet) {
    let mut child = FieldSet::default();
    collect(value, layout, &mut child);
    if !child.is_empty() {
        set.child(element).union(&child);
    }
}

/// Whether a value is owned as a whole: scalars, atomic lists and maps, and empty maps.
fn is_leaf(value: &Value, layout: Layout<'_>) -> bool {
    match value {
        Value::Object(map) => map.is_empty() || layout.shape(value) == Shape::Atomic,
        Value::Array(_) => layout.shape(value) == Shape::Atomic,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_template_is_owned_item_by_item() {
        let object = json!({
            "metadata": {"labels": {"a": "b"}},
            "spec": {"template": {"spec": {"containers": [
                {"name": "x", "image": "i", "args": ["1", "2"], "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            ]}}},
        });
        let set = FieldSet::of(&object, Layout::builtin());
        assert_eq!(
            set.encode(),
            json!({
                "f:metadata": {"f:labels": {"f:a": {}}},
                "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"x\"}": {
                    ".": {},
                    "f:name": {},
                    "f:image": {},
                    "f:args": {},
                    "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {
                        ".": {}, "f:containerPort": {}, "f:protocol": {},
                    }},
                }}}}},
            })
        );
        assert_eq!(FieldSet::decode(&set.encode()), set);
    }

    #[test]
    fn algebra_of_sets() {
        let left = FieldSet::decode(&json!({"f:a": {}, "f:b": {".": {}, "f:c": {}, "f:d": {}}}));
        let right = FieldSet::decode(&json!({"f:b": {"f:c": {}}, "f:e": {}}));
        assert_eq!(left.intersection(&right).encode(), json!({"f:b": {"f:c": {}}}));
        let mut union = left.clone();
        union.union(&right);
        assert_eq!(union.encode(), json!({"f:a": {}, "f:b": {".": {}, "f:c": {}, "f:d": {}}, "f:e": {}}));
        let mut difference = left;
        difference.subtract(&right);
        assert_eq!(difference.encode(), json!({"f:a": {}, "f:b": {".": {}, "f:d": {}}}));
        assert_eq!(difference.paths(), [".a", ".b", ".b.d"]);
    }
}
