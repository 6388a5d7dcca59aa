//! The entries of `metadata.managedFields`: who owns what, and how a write changes that.

use serde_json::{Value, json};

use super::compare::compare;
use super::element::Element;
use super::layout::Layout;
use super::set::FieldSet;
use crate::object;

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manager {
    pub(crate) name: String,
    pub(crate) operation: Operation,
    pub(crate) api_version: String,
    /// Empty for the main resource.
    pub(crate) subresource: String,
}

/// Whether fields were claimed by apply or by any other write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Apply,
    Update,
}

/// All entries of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entries(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    manager: Manager,
    time: String,
    set: FieldSet,
}

/// Fields that nobody owns: the server sets them, or they say which object it is.
const UNOWNED_METADATA: &[&str] = &[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

impl Manager {
    /// An applier is the same whatever version it applies; other writers are told apart by it.
    fn is(&self, other: &Self) -> bool {
        self.name == other.name
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// As conflicts name it.
    pub(crate) fn describe(&self) -> String {
        let mut text = Value::from(self.name.as_str()).to_string();
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource \"{}\"", self.subresource));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

impl Entries {
    /// The entries of an object; what cannot be read is left out.
    pub(crate) fn of(object: &Value) -> Self {
        let list = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        Self(list.into_iter().flatten().filter_map(Entry::decode).collect())
    }

    /// What a write other than apply leaves behind: the writer owns what it changed, nobody else does.
    pub(crate) fn updated(
        mut self,
        live: &Value,
        new: &Value,
        layout: Layout<'_>,
        manager: &Manager,
        now: &str,
    ) -> Self {
        let mut comparison = compare(live, new, layout);
        strip(&mut comparison.changed);
        strip(&mut comparison.removed);
        for entry in self.0.iter_mut().filter(|entry| !entry.manager.is(manager)) {
            entry.set.subtract(&comparison.changed);
            entry.set.subtract(&comparison.removed);
        }
        let mut mine = self.set_of(manager);
        mine.union(&comparison.changed);
        mine.subtract(&comparison.removed);
        self.replace(manager, mine, now);
        self
    }

    /// What an apply of the fields in `claimed` leaves behind, once conflicts are forced away.
    pub(crate) fn applied(
        mut self,
        live: &Value,
        new: &Value,
        layout: Layout<'_>,
        manager: &Manager,
        claimed: FieldSet,
        now: &str,
    ) -> Self {
        let mut comparison = compare(live, new, layout);
        strip(&mut comparison.changed);
        for entry in self.0.iter_mut().filter(|entry| !entry.manager.is(manager)) {
            entry.set.subtract(&comparison.changed);
            entry.set.subtract(&comparison.removed);
        }
        self.replace(manager, claimed, now);
        self
    }

    /// The fields that an apply would change although others own them, by owner.
    pub(crate) fn conflicts(
        &self,
        live: &Value,
        new: &Value,
        layout: Layout<'_>,
        manager: &Manager,
    ) -> Vec<(Manager, FieldSet)> {
        let changed = compare(live, new, layout).changed;
        self.0
            .iter()
            .filter(|entry| !entry.manager.is(manager))
            .map(|entry| (entry.manager.clone(), entry.set.intersection(&changed)))
            .filter(|(_, set)| !set.is_empty())
            .collect()
    }

    /// What this manager owns now.
    pub(crate) fn set_of(&self, manager: &Manager) -> FieldSet {
        self.0.iter().find(|entry| entry.manager.is(manager)).map(|entry| entry.set.clone()).unwrap_or_default()
    }

    /// What all other appliers own.
    pub(crate) fn applied_by_others(&self, manager: &Manager) -> FieldSet {
        let mut set = FieldSet::default();
        let others = self.0.iter().filter(|entry| !entry.manager.is(manager));
        for entry in others.filter(|entry| entry.manager.operation == Operation::Apply) {
            set.union(&entry.set);
        }
        set
    }

    /// The value of `metadata.managedFields`; nothing where nobody owns anything.
    pub(crate) fn encode(&self) -> Option<Value> {
        let mut entries: Vec<&Entry> = self.0.iter().collect();
        entries.sort_by(|left, right| left.order().cmp(&right.order()));
        (!entries.is_empty()).then(|| entries.into_iter().map(Entry::encode).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn replace(&mut self, manager: &Manager, set: FieldSet, now: &str) {
        let known = self.0.iter().find(|entry| entry.manager.is(manager));
        let unchanged = known.filter(|entry| entry.set == set && entry.manager == *manager);
        let time = unchanged.map_or_else(|| now.to_owned(), |entry| entry.time.clone());
        self.0.retain(|entry| !entry.manager.is(manager));
        // An applier stays known even if it claims nothing, so that its next apply is no first one.
        self.0.retain(|entry| !entry.set.is_empty() || entry.manager.operation == Operation::Apply);
        if !set.is_empty() || manager.operation == Operation::Apply {
            self.0.push(Entry { manager: manager.clone(), time, set });
        }
    }
}

impl Entry {
    fn order(&self) -> (Operation, &str, &str, &str, &str) {
        let Manager { name, operation, api_version, subresource } = &self.manager;
        (*operation, &self.time, name, api_version, subresource)
    }

    fn encode(&self) -> Value {
        let mut entry = json!({
            "manager": self.manager.name,
            "operation": match self.manager.operation { Operation::Apply => "Apply", Operation::Update => "Update" },
            "apiVersion": self.manager.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.set.encode(),
        });
        if !self.manager.subresource.is_empty() {
            object::set(&mut entry, "subresource", Value::from(self.manager.subresource.as_str()));
        }
        entry
    }

    fn decode(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let operation = match text("operation").as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let manager = Manager {
            name: text("manager"),
            operation,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
        };
        Some(Self { manager, time: text("time"), set: FieldSet::decode(value.get("fieldsV1")?) })
    }
}

/// Drops the fields that nobody owns.
pub(crate) fn strip(set: &mut FieldSet) {
    for name in ["apiVersion", "kind"] {
        set.drop_tree(&Element::Field(name.to_owned()));
    }
    let metadata = Element::Field("metadata".to_owned());
    let below = set.below(&metadata).cloned();
    set.drop_tree(&metadata);
    if let Some(mut below) = below {
        for name in UNOWNED_METADATA {
            below.drop_tree(&Element::Field((*name).to_owned()));
        }
        if !below.is_empty() {
            set.child(metadata).union(&below);
        }
    }
}
