//! How a value is divided into fields: by the schema of a definition, or by a table for the built-in kinds.

use serde_json::Value;

use crate::schema::{ListKind, Schema};

/// A place in an object, as far as ownership and merging need to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout<'a> {
    /// The root of an object of a definition.
    Root(&'a Schema),
    /// A place that a schema describes.
    Schema(&'a Schema),
    /// A place that no schema describes: maps are granular, lists atomic.
    Deduced,
    /// A place in a built-in kind: the names of the two steps that lead to it, as far as the tables name them.
    Builtin {
        /// The step before.
        parent: &'static str,
        /// The last step.
        field: &'static str,
    },
}

/// How the parts of a value are owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    /// As a whole.
    Atomic,
    /// Field by field.
    Granular,
    /// Item by item, told apart by these fields.
    Keyed(Keys<'a>),
    /// Item by item, told apart by their values.
    Set,
}

/// Names of key fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys<'a> {
    Table(&'static [&'static str]),
    Schema(&'a [String]),
}

/// Lists of built-in kinds that are not atomic: parent (empty: any), field, keys (none: a set).
const LISTS: &[(&str, &str, &[&str])] = &[
    ("", "conditions", &["type"]),
    ("", "ownerReferences", &["uid"]),
    ("metadata", "finalizers", &[]),
    ("", "containers", &["name"]),
    ("", "initContainers", &["name"]),
    ("", "ephemeralContainers", &["name"]),
    ("", "env", &["name"]),
    ("containers", "ports", &["containerPort", "protocol"]),
    ("initContainers", "ports", &["containerPort", "protocol"]),
    ("ephemeralContainers", "ports", &["containerPort", "protocol"]),
    ("spec", "ports", &["port", "protocol"]),
    ("", "volumeMounts", &["mountPath"]),
    ("", "volumeDevices", &["devicePath"]),
    ("", "volumes", &["name"]),
    ("", "imagePullSecrets", &["name"]),
    ("", "secrets", &["name"]),
    ("", "hostAliases", &["ip"]),
    ("", "topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("", "schedulingGates", &["name"]),
    ("", "resourceClaims", &["name"]),
    ("resources", "claims", &["name"]),
    ("status", "podIPs", &["ip"]),
    ("", "matchConditions", &["name"]),
    ("", "webhooks", &["name"]),
    ("status", "addresses", &["type"]),
    ("spec", "podCIDRs", &[]),
    ("spec", "validationActions", &[]),
];

/// Maps of built-in kinds that are owned as a whole: parent (empty: any), field.
const ATOMIC_MAPS: &[(&str, &str)] = &[
    ("", "nodeSelector"),
    ("", "roleRef"),
    ("", "labelSelector"),
    ("", "podSelector"),
    ("", "namespaceSelector"),
    ("", "objectSelector"),
    ("", "selector"),
    ("", "nodeSelectorTerms"),
    ("", "configMapKeyRef"),
    ("", "secretKeyRef"),
    ("", "fieldRef"),
    ("", "resourceFieldRef"),
    ("", "involvedObject"),
    ("", "regarding"),
    ("", "claimRef"),
    ("", "matchResources"),
    ("spec", "paramRef"),
];

/// Maps of built-in kinds whose keys are data, not fields of a type.
const FREE_MAPS: &[&str] = &[
    "labels",
    "annotations",
    "data",
    "stringData",
    "binaryData",
    "matchLabels",
    "limits",
    "requests",
    "capacity",
    "allocatable",
];

/// Defaults of key fields that an item may leave out.
pub(crate) const KEY_DEFAULTS: &[(&str, &str)] = &[("protocol", "TCP")];

impl<'a> Layout<'a> {
    /// The root of a built-in kind.
    pub(crate) const fn builtin() -> Self {
        Self::Builtin { parent: "", field: "" }
    }

    /// The root of an object: by schema where there is one.
    pub(crate) fn of(schema: Option<&'a Schema>) -> Self {
        schema.map_or_else(Self::builtin, Self::Root)
    }

    /// The place of a field below this one.
    pub(crate) fn field(self, name: &str) -> Self {
        match self {
            Self::Root(_) if name == "metadata" => Self::Builtin { parent: "", field: "metadata" },
            Self::Root(schema) | Self::Schema(schema) => schema.field(name).map_or(Self::Deduced, Self::Schema),
            Self::Deduced => Self::Deduced,
            Self::Builtin { field, .. } => Self::Builtin { parent: field, field: known(name) },
        }
    }

    /// The place of the items of a list.
    pub(crate) fn item(self) -> Self {
        match self {
            Self::Root(schema) | Self::Schema(schema) => schema.items.as_deref().map_or(Self::Deduced, Self::Schema),
            other => other,
        }
    }

    /// Whether the name is a field of a type, and not a key of a free map.
    pub(crate) fn declares(self, name: &str) -> bool {
        match self {
            Self::Root(schema) => {
                matches!(name, "apiVersion" | "kind" | "metadata") || schema.properties.contains_key(name)
            }
            Self::Schema(schema) => schema.properties.contains_key(name),
            Self::Deduced => false,
            Self::Builtin { field, .. } => !FREE_MAPS.contains(&field),
        }
    }

    /// How a value at this place is divided.
    pub(crate) fn shape(self, value: &Value) -> Shape<'a> {
        match (value, self) {
            (Value::Object(_), Self::Root(_) | Self::Deduced) => Shape::Granular,
            (Value::Object(_), Self::Schema(schema)) => {
                if schema.atomic_map {
                    Shape::Atomic
                } else {
                    Shape::Granular
                }
            }
            (Value::Object(_), Self::Builtin { parent, field }) => {
                let atomic = ATOMIC_MAPS.iter().any(|(above, name)| fits(above, parent) && *name == field);
                // The selector of a policy is a list of its own; of a workload or Service it is one value.
                if atomic { Shape::Atomic } else { Shape::Granular }
            }
            (Value::Array(_), Self::Root(schema) | Self::Schema(schema)) => match &schema.list {
                ListKind::Atomic => Shape::Atomic,
                ListKind::Set => Shape::Set,
                ListKind::Map(keys) => Shape::Keyed(Keys::Schema(keys)),
            },
            (Value::Array(_), Self::Builtin { parent, field }) => {
                match LISTS.iter().find(|(above, name, _)| fits(above, parent) && *name == field) {
                    None => Shape::Atomic,
                    Some((_, _, [])) => Shape::Set,
                    Some((_, _, keys)) => Shape::Keyed(Keys::Table(keys)),
                }
            }
            _ => Shape::Atomic,
        }
    }

    /// The default of a key field, where an item leaves it out.
    pub(crate) fn key_default(self, key: &str) -> Option<Value> {
        match self {
            Self::Root(schema) | Self::Schema(schema) => schema.items.as_deref()?.field(key)?.default.clone(),
            Self::Deduced => None,
            Self::Builtin { .. } => {
                KEY_DEFAULTS.iter().find(|(name, _)| *name == key).map(|(_, default)| Value::from(*default))
            }
        }
    }
}

impl<'a> Keys<'a> {
    pub(crate) fn names(self) -> Vec<&'a str> {
        match self {
            Self::Table(keys) => keys.to_vec(),
            Self::Schema(keys) => keys.iter().map(String::as_str).collect(),
        }
    }
}

fn fits(above: &str, parent: &str) -> bool {
    above.is_empty() || above == parent
}

/// The name as the tables spell it; empty for one that they do not know.
fn known(name: &str) -> &'static str {
    let fields = LISTS.iter().map(|(_, field, _)| *field).chain(ATOMIC_MAPS.iter().map(|(_, field)| *field));
    let parents = ["metadata", "spec", "status", "resources"];
    fields.chain(FREE_MAPS.iter().copied()).chain(parents).find(|known| *known == name).unwrap_or_default()
}
