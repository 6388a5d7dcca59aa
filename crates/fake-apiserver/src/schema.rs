//! Structural schemas of definitions, read once and then used for pruning, defaulting, validation and ownership.

mod defaults;
mod prune;
mod validate;

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use crate::resource::definition::{DefinitionError, problem};

/// One node of a schema.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    pub(crate) kind: Option<Kind>,
    pub(crate) properties: BTreeMap<String, Schema>,
    pub(crate) additional: Option<Box<Schema>>,
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) preserve_unknown: bool,
    pub(crate) embedded_resource: bool,
    pub(crate) int_or_string: bool,
    pub(crate) nullable: bool,
    pub(crate) list: ListKind,
    pub(crate) atomic_map: bool,
    pub(crate) default: Option<Value>,
    pub(crate) immutable: Option<String>,
    /// Whether there are rules of the expression language here or below.
    pub(crate) has_rules: bool,
    checks: Checks,
}

/// The JSON type that a node must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// How the items of a list are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// As one value.
    #[default]
    Atomic,
    /// By their value.
    Set,
    /// By these fields of each item; with the defaults that the schema gives them.
    Map(Vec<String>),
}

/// Restrictions of values.
#[derive(Debug, Default)]
struct Checks {
    required: Vec<String>,
    allowed: Vec<Value>,
    pattern: Option<Regex>,
    format: Option<String>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    exclusive_minimum: bool,
    exclusive_maximum: bool,
    min_length: Option<u64>,
    max_length: Option<u64>,
    min_items: Option<u64>,
    max_items: Option<u64>,
    min_properties: Option<u64>,
    max_properties: Option<u64>,
}

impl Schema {
    /// Reads an `openAPIV3Schema`; `place` is its path in the definition.
    pub(crate) fn read(value: &Value, place: &str) -> Result<Self, DefinitionError> {
        if !value.is_object() {
            return Err(problem(place, "is no object"));
        }
        let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or_default();
        let int_or_string = flag("x-kubernetes-int-or-string");
        let preserve_unknown = flag("x-kubernetes-preserve-unknown-fields");
        let kind = read_kind(value, place)?;
        if kind.is_none() && !int_or_string && !preserve_unknown {
            return Err(problem(&format!("{place}.type"), "is missing: a structural schema needs it"));
        }
        let mut properties = BTreeMap::new();
        if let Some(map) = value.get("properties").and_then(Value::as_object) {
            for (name, property) in map {
                properties.insert(name.clone(), Self::read(property, &format!("{place}.properties[{name}]"))?);
            }
        }
        let nested = |key: &str| match value.get(key) {
            Some(schema) if schema.is_object() => {
                Self::read(schema, &format!("{place}.{key}")).map(|schema| Some(Box::new(schema)))
            }
            _ => Ok(None),
        };
        let additional = match value.get("additionalProperties") {
            // Anything goes, and nothing is pruned.
            Some(Value::Bool(true)) => Some(Box::new(Self { preserve_unknown: true, ..Self::default() })),
            _ => nested("additionalProperties")?,
        };
        let items = nested("items")?;
        let has_rules = value.get("x-kubernetes-validations").is_some()
            || properties.values().any(|schema: &Self| schema.has_rules)
            || [&additional, &items].into_iter().flatten().any(|schema| schema.has_rules);
        Ok(Self {
            kind,
            properties,
            additional,
            items,
            has_rules,
            preserve_unknown,
            embedded_resource: flag("x-kubernetes-embedded-resource"),
            int_or_string,
            nullable: flag("nullable"),
            list: read_list(value, place)?,
            atomic_map: value.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic"),
            default: value.get("default").cloned(),
            immutable: read_immutable(value),
            checks: Checks::read(value, place)?,
        })
    }

    /// The schema of a field of an object.
    pub(crate) fn field(&self, name: &str) -> Option<&Schema> {
        self.properties.get(name).or(self.additional.as_deref())
    }
}

impl Checks {
    fn read(value: &Value, place: &str) -> Result<Self, DefinitionError> {
        let number = |key: &str| value.get(key).and_then(Value::as_f64);
        let count = |key: &str| value.get(key).and_then(Value::as_u64);
        let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or_default();
        let pattern =
            match value.get("pattern").and_then(Value::as_str) {
                Some(pattern) => Some(Regex::new(pattern).map_err(|_| {
                    problem(&format!("{place}.pattern"), &format!("`{pattern}` is no regular expression"))
                })?),
                None => None,
            };
        let list = |key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Self {
            required: list("required").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            allowed: list("enum"),
            pattern,
            format: value.get("format").and_then(Value::as_str).map(str::to_owned),
            minimum: number("minimum"),
            maximum: number("maximum"),
            exclusive_minimum: flag("exclusiveMinimum"),
            exclusive_maximum: flag("exclusiveMaximum"),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            min_properties: count("minProperties"),
            max_properties: count("maxProperties"),
        })
    }
}

fn read_kind(value: &Value, place: &str) -> Result<Option<Kind>, DefinitionError> {
    let Some(text) = value.get("type").and_then(Value::as_str).filter(|text| !text.is_empty()) else { return Ok(None) };
    match text {
        "object" => Ok(Some(Kind::Object)),
        "array" => Ok(Some(Kind::Array)),
        "string" => Ok(Some(Kind::String)),
        "integer" => Ok(Some(Kind::Integer)),
        "number" => Ok(Some(Kind::Number)),
        "boolean" => Ok(Some(Kind::Boolean)),
        other => Err(problem(&format!("{place}.type"), &format!("`{other}` is no type"))),
    }
}

fn read_list(value: &Value, place: &str) -> Result<ListKind, DefinitionError> {
    match value.get("x-kubernetes-list-type").and_then(Value::as_str) {
        None | Some("atomic") => Ok(ListKind::Atomic),
        Some("set") => Ok(ListKind::Set),
        Some("map") => {
            let keys: Vec<String> = value
                .get("x-kubernetes-list-map-keys")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            if keys.is_empty() {
                return Err(problem(
                    &format!("{place}.x-kubernetes-list-map-keys"),
                    "is missing for a list of type map",
                ));
            }
            Ok(ListKind::Map(keys))
        }
        Some(other) => Err(problem(&format!("{place}.x-kubernetes-list-type"), &format!("`{other}` is no list type"))),
    }
}

/// The message of the rule `self == oldSelf`, the only one of the expression language that is understood here.
fn read_immutable(value: &Value) -> Option<String> {
    let rules = value.get("x-kubernetes-validations").and_then(Value::as_array)?;
    let rule = rules.iter().find(|rule| rule.get("rule").and_then(Value::as_str) == Some("self == oldSelf"))?;
    let message = rule.get("message").and_then(Value::as_str).unwrap_or("failed rule: self == oldSelf");
    Some(message.to_owned())
}
