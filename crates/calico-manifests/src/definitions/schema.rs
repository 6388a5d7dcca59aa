//! Schemas of API fields, written as one would say them: `field("nets", list(string())).describe("…")`.
//!
//! Covers what Calico's kinds use of an OpenAPI v3 *structural* schema, and no more. Each constructor fixes the type of
//! its node, so a node without a type cannot be written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// What a value may be.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    shape: Shape,
    description: Option<&'static str>,
    /// Every keyword beside `type`, `description` and the ones that nest schemas.
    keywords: BTreeMap<&'static str, Value>,
}

#[derive(Clone, Debug)]
enum Shape {
    Scalar(&'static str),
    IntOrString,
    Object(Vec<Field>),
    Map(Box<Schema>),
    List(Box<Schema>),
}

/// A named part of an object; optional unless said otherwise.
#[derive(Clone, Debug)]
pub(super) struct Field {
    name: &'static str,
    schema: Schema,
    required: bool,
}

pub(super) fn boolean() -> Schema {
    Schema::new(Shape::Scalar("boolean"))
}

pub(super) fn string() -> Schema {
    Schema::new(Shape::Scalar("string"))
}

/// A point in time, RFC 3339.
pub(super) fn date_time() -> Schema {
    string().with("format", "date-time")
}

pub(super) fn number() -> Schema {
    Schema::new(Shape::Scalar("number"))
}

pub(super) fn integer() -> Schema {
    Schema::new(Shape::Scalar("integer"))
}

pub(super) fn int32() -> Schema {
    integer().with("format", "int32")
}

pub(super) fn int64() -> Schema {
    integer().with("format", "int64")
}

/// Kubernetes' `IntOrString`: `80` or `"http"`.
pub(super) fn int_or_string() -> Schema {
    Schema::new(Shape::IntOrString)
}

pub(super) fn list(items: Schema) -> Schema {
    Schema::new(Shape::List(Box::new(items)))
}

/// Keys that the user chooses, all with the same kind of value.
pub(super) fn map(values: Schema) -> Schema {
    Schema::new(Shape::Map(Box::new(values)))
}

/// The fields may be given in any order; they are written in alphabetical order.
pub(super) fn object(fields: impl IntoIterator<Item = Field>) -> Schema {
    Schema::new(Shape::Object(fields.into_iter().collect()))
}

pub(super) fn field(name: &'static str, schema: Schema) -> Field {
    Field { name, schema, required: false }
}

impl Field {
    #[must_use]
    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Says what a person would look up. Not for a field whose name says it all.
    #[must_use]
    pub(super) fn describe(self, text: &'static str) -> Self {
        Self { schema: self.schema.describe(text), ..self }
    }

    fn to_json(&self) -> (String, Value) {
        (self.name.to_owned(), self.schema.to_json())
    }
}

impl Schema {
    fn new(shape: Shape) -> Self {
        Self { shape, description: None, keywords: BTreeMap::new() }
    }

    fn with(mut self, keyword: &'static str, value: impl Into<Value>) -> Self {
        self.keywords.insert(keyword, value.into());
        self
    }

    #[must_use]
    pub(super) fn describe(self, text: &'static str) -> Self {
        Self { description: Some(text), ..self }
    }

    #[must_use]
    pub(super) fn default(self, value: impl Into<Value>) -> Self {
        self.with("default", value)
    }

    /// A regular expression in the syntax of Go, which is the API server's.
    #[must_use]
    pub(super) fn pattern(self, expression: impl Into<String>) -> Self {
        self.with("pattern", expression.into())
    }

    #[must_use]
    pub(super) fn one_of<const N: usize>(self, values: [&'static str; N]) -> Self {
        self.with("enum", values.map(Value::from).to_vec())
    }

    /// As [`one_of`](Self::one_of), but said twice: Calico's generated files do so where both a Go type and its field
    /// carry the marker. It admits the same values; with it, taking over changes no schema.
    #[must_use]
    pub(super) fn one_of_twice<const N: usize>(self, values: [&'static str; N]) -> Self {
        let said = json!({"enum": values.as_slice()});
        self.with("allOf", vec![said.clone(), said])
    }

    #[must_use]
    pub(super) fn minimum(self, least: i64) -> Self {
        self.with("minimum", least)
    }

    /// Both ends belong to the range.
    #[must_use]
    pub(super) fn range(self, least: i64, most: i64) -> Self {
        self.minimum(least).with("maximum", most)
    }

    #[must_use]
    pub(super) fn min_length(self, characters: u64) -> Self {
        self.with("minLength", characters)
    }

    #[must_use]
    pub(super) fn max_length(self, characters: u64) -> Self {
        self.with("maxLength", characters)
    }

    #[must_use]
    pub(super) fn min_items(self, least: u64) -> Self {
        self.with("minItems", least)
    }

    #[must_use]
    pub(super) fn max_items(self, most: u64) -> Self {
        self.with("maxItems", most)
    }

    /// An object that stands for a choice: exactly one of its fields is set.
    #[must_use]
    pub(super) fn exactly_one_field(self) -> Self {
        self.with("minProperties", 1).with("maxProperties", 1)
    }

    #[must_use]
    pub(super) fn nullable(self) -> Self {
        self.with("nullable", true)
    }

    /// Server-side apply replaces the list or object as a whole.
    #[must_use]
    pub(super) fn atomic(self) -> Self {
        let keyword = match self.shape {
            Shape::List(_) => "x-kubernetes-list-type",
            Shape::Scalar(_) | Shape::IntOrString | Shape::Object(_) | Shape::Map(_) => "x-kubernetes-map-type",
        };
        self.with(keyword, "atomic")
    }

    /// A list without duplicates, merged item by item.
    #[must_use]
    pub(super) fn set(self) -> Self {
        self.with("x-kubernetes-list-type", "set")
    }

    /// A list whose items are told apart, and merged, by this field.
    #[must_use]
    pub(super) fn keyed_by(self, name: &'static str) -> Self {
        self.with("x-kubernetes-list-type", "map").with("x-kubernetes-list-map-keys", vec![name])
    }

    /// A rule in CEL over `self`, and what the API server answers where it does not hold.
    #[must_use]
    pub(super) fn rule(self, rule: &'static str, message: &'static str) -> Self {
        self.with("x-kubernetes-validations", vec![json!({"message": message, "rule": rule})])
    }

    /// Keys in no particular order: whoever writes the whole definition sorts them.
    pub(super) fn to_json(&self) -> Value {
        let Self { shape, description, keywords } = self;
        let mut written: Map<String, Value> =
            keywords.iter().map(|(keyword, value)| ((*keyword).to_owned(), value.clone())).collect();
        let mut write = |keyword: &str, value: Value| written.insert(keyword.to_owned(), value);
        if let Some(description) = description {
            write("description", Value::from(*description));
        }
        match shape {
            Shape::Scalar(name) => {
                write("type", Value::from(*name));
            }
            Shape::IntOrString => {
                write("anyOf", json!([{"type": "integer"}, {"type": "string"}]));
                write("x-kubernetes-int-or-string", Value::from(true));
            }
            Shape::List(items) => {
                write("type", Value::from("array"));
                write("items", items.to_json());
            }
            Shape::Map(values) => {
                write("type", Value::from("object"));
                write("additionalProperties", values.to_json());
            }
            Shape::Object(fields) => {
                write("type", Value::from("object"));
                if !fields.is_empty() {
                    write("properties", fields.iter().map(Field::to_json).collect());
                }
                let required: BTreeSet<&str> =
                    fields.iter().filter(|field| field.required).map(|field| field.name).collect();
                if !required.is_empty() {
                    write("required", required.into_iter().collect());
                }
            }
        }
        Value::Object(written)
    }

    /// Names that occur twice in one object, anywhere below: the second would silently replace the first.
    #[cfg(test)]
    pub(super) fn repeated_fields(&self) -> Vec<&'static str> {
        match &self.shape {
            Shape::Scalar(_) | Shape::IntOrString => Vec::new(),
            Shape::List(inner) | Shape::Map(inner) => inner.repeated_fields(),
            Shape::Object(fields) => {
                let mut seen = BTreeSet::new();
                let here = fields.iter().map(|field| field.name).filter(|name| !seen.insert(*name)).collect();
                fields.iter().fold(here, |mut found: Vec<_>, field| {
                    found.extend(field.schema.repeated_fields());
                    found
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_lists_its_required_fields_and_sorts_both() {
        let schema = object([
            field("port", int_or_string()).required(),
            field("labels", map(string())),
            field("cidr", string().pattern("^x$")).required().describe("A network"),
        ]);
        assert_eq!(
            schema.to_json(),
            json!({
                "properties": {
                    "cidr": {"description": "A network", "pattern": "^x$", "type": "string"},
                    "labels": {"additionalProperties": {"type": "string"}, "type": "object"},
                    "port": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true},
                },
                "required": ["cidr", "port"],
                "type": "object",
            })
        );
    }

    #[test]
    fn atomic_means_the_list_or_the_object() {
        assert_eq!(
            list(string()).atomic().to_json(),
            json!({"items": {"type": "string"}, "type": "array", "x-kubernetes-list-type": "atomic"})
        );
        assert_eq!(object([]).atomic().to_json(), json!({"type": "object", "x-kubernetes-map-type": "atomic"}));
    }

    #[test]
    fn a_name_given_twice_is_found_at_any_depth() {
        let twice = object([field("a", string()), field("a", boolean())]);
        assert_eq!(list(object([field("b", map(twice))])).repeated_fields(), ["a"]);
        assert_eq!(object([field("a", object([field("a", string())]))]).repeated_fields(), [""; 0]);
    }
}
