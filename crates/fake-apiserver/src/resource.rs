//! What the server serves: the built-in resources and those of definitions.

pub(crate) mod builtin;
pub(crate) mod definition;
pub(crate) mod registry;

use std::sync::Arc;

use crate::schema::Schema;

/// One resource, in all versions in which it is served.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    /// Preferred first. Objects are stored in it.
    pub(crate) versions: Vec<Version>,
    pub(crate) rules: Rules,
}

/// One served version of a resource.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) name: String,
    /// Only definitions have one.
    pub(crate) schema: Option<Arc<Schema>>,
    /// Whether `/status` is a subresource.
    pub(crate) status: bool,
    pub(crate) columns: Vec<Column>,
    /// Fields that a field selector may name besides name and namespace.
    pub(crate) selectable: Vec<String>,
}

/// A column that `kubectl get` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// 0 is always shown, others with `-o wide`.
    pub(crate) priority: i64,
    /// Fields from the root, for example `.spec.type`.
    pub(crate) path: String,
}

/// Where resources differ in how writes are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) generation: Generation,
    /// What a write to the main resource and to its status leave alone.
    pub(crate) status: StatusRule,
    /// Whether an update may leave out the resourceVersion.
    pub(crate) unconditional_update: bool,
    /// Whether an update of what does not exist creates it.
    pub(crate) create_on_update: bool,
    /// Whether a deletion answers with the object where others answer with a `Status`.
    pub(crate) deletion_returns_object: bool,
    pub(crate) names: NameRule,
    /// Another face of a resource of the core group with the same plural; only events have one.
    pub(crate) face_of_core: bool,
    /// Of a definition: pruned, validated, and without strategic merge.
    pub(crate) custom: bool,
}

/// When `metadata.generation` is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// The resource has none.
    None,
    /// With `spec`.
    Spec,
    /// With `spec` or the annotations.
    SpecOrAnnotations,
    /// With everything but metadata and the status subresource.
    AllButStatus,
}

/// What belongs to the status subresource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusRule {
    /// No status subresource: everything is written at once.
    None,
    /// Built-in: a status write may touch metadata, not the spec.
    Builtin,
    /// As built-in, and the status may be given on creation.
    BuiltinGivenOnCreate,
    /// Of definitions: a status write changes nothing but the status.
    Isolated,
}

/// Which names are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// Dots allowed, 253 characters.
    Subdomain,
    /// No dots, 63 characters.
    Label,
    /// Anything that fits into a path.
    PathSegment,
}

impl Resource {
    /// `plural` or `plural.group`, as messages name it.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    pub(crate) fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }

    pub(crate) fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// The version in which objects are stored.
    pub(crate) fn storage(&self) -> Option<&Version> {
        self.versions.first()
    }

    pub(crate) fn has_status(&self) -> bool {
        self.rules.status != StatusRule::None
    }

    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }
}
