//! A JSON value that still knows every key of an object, also one that was given twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::error::{DecodeError, DecodeErrorKind, DecodeErrors};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Document {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Document {
    /// Reads one JSON text.
    pub(crate) fn parse(text: &str) -> Result<Self, DecodeErrors> {
        serde_json::from_str(text).map_err(|error| {
            let kind =
                DecodeErrorKind::Syntax { line: error.line(), column: error.column(), message: error.to_string() };
            DecodeError { path: String::new(), kind }.into()
        })
    }

    /// The name of the type, for messages.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

impl From<&Value> for Document {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(value) => Self::Number(value.clone()),
            Value::String(value) => Self::String(value.clone()),
            Value::Array(values) => Self::Array(values.iter().map(Self::from).collect()),
            Value::Object(entries) => {
                Self::Object(entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DocumentVisitor;
        impl<'de> Visitor<'de> for DocumentVisitor {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Document, E> {
                Ok(Document::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Document, E> {
                Ok(Document::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Document, E> {
                Ok(Document::Number(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Document, E> {
                Ok(Document::Number(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Document, E> {
                Ok(Number::from_f64(value).map_or(Document::Null, Document::Number))
            }

            fn visit_str<E>(self, value: &str) -> Result<Document, E> {
                Ok(Document::String(value.to_owned()))
            }

            fn visit_string<E>(self, value: String) -> Result<Document, E> {
                Ok(Document::String(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Document, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = access.next_element()? {
                    values.push(value);
                }
                Ok(Document::Array(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Document, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                }
                Ok(Document::Object(entries))
            }
        }
        deserializer.deserialize_any(DocumentVisitor)
    }
}
