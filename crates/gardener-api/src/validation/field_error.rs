//! An error at a field, with the texts of Kubernetes' field errors.

use std::fmt;

use super::go_text;

/// What kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A value is missing.
    Required,
    /// A value is wrong.
    Invalid,
    /// A value must not be set.
    Forbidden,
    /// A value is not one of a closed set.
    NotSupported,
    /// A value is given twice.
    Duplicate,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Required, Self::Invalid, Self::Forbidden, Self::NotSupported, Self::Duplicate];

    /// The name that Kubernetes gives the kind.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::Forbidden => "FieldValueForbidden",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
        }
    }
}

/// The value that is wrong. Go prints a plain string and any other type differently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BadValue {
    /// A string, quoted as by Go's `%q`.
    Text(String),
    /// Another type, already as JSON.
    Json(String),
}

impl fmt::Display for BadValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(&go_text::quote(text)),
            Self::Json(json) => formatter.write_str(json),
        }
    }
}

/// One error. [`Display`](fmt::Display) gives the text that the Go extension would give where the rule is the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldError {
    /// The field.
    pub path: String,
    /// The kind.
    pub kind: ErrorKind,
    /// The value, where the text names it.
    pub bad_value: Option<BadValue>,
    /// What is wrong; may be empty.
    pub detail: String,
}

impl FieldError {
    /// A missing value.
    pub fn required(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), kind: ErrorKind::Required, bad_value: None, detail: detail.into() }
    }

    /// A wrong value.
    pub fn invalid(path: impl Into<String>, value: impl Into<String>, detail: impl Into<String>) -> Self {
        let bad_value = Some(BadValue::Text(value.into()));
        Self { path: path.into(), kind: ErrorKind::Invalid, bad_value, detail: detail.into() }
    }

    /// A wrong value of a type that Go prints as JSON: an enumeration or a list.
    pub(super) fn invalid_json(
        path: impl Into<String>,
        value: impl Into<serde_json::Value>,
        detail: impl Into<String>,
    ) -> Self {
        let bad_value = Some(BadValue::Json(go_text::json(&value.into())));
        Self { path: path.into(), kind: ErrorKind::Invalid, bad_value, detail: detail.into() }
    }

    /// A value that must not be set.
    pub fn forbidden(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), kind: ErrorKind::Forbidden, bad_value: None, detail: detail.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ErrorKind::Required => "Required value",
            ErrorKind::Invalid => "Invalid value",
            ErrorKind::Forbidden => "Forbidden",
            ErrorKind::NotSupported => "Unsupported value",
            ErrorKind::Duplicate => "Duplicate value",
        };
        write!(formatter, "{}: {kind}", self.path)?;
        if let Some(value) = &self.bad_value {
            write!(formatter, ": {value}")?;
        }
        if !self.detail.is_empty() {
            write!(formatter, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldError {}

/// Joins two parts of a path; the first may be empty, for a configuration that stands alone.
#[must_use]
pub fn join(base: &str, field: &str) -> String {
    if base.is_empty() { field.to_owned() } else { format!("{base}.{field}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_kubernetes() {
        assert_eq!(
            FieldError::required("spec.type", "field is required").to_string(),
            "spec.type: Required value: field is required"
        );
        assert_eq!(
            FieldError::invalid("a.b", "x\"y", "is wrong").to_string(),
            "a.b: Invalid value: \"x\\\"y\": is wrong"
        );
        assert_eq!(FieldError::forbidden("a", "no").to_string(), "a: Forbidden: no");
        let duplicate = FieldError { kind: ErrorKind::Duplicate, ..FieldError::invalid("a[1]", "IPv4", "") };
        assert_eq!(duplicate.to_string(), "a[1]: Duplicate value: \"IPv4\"");
    }
}
