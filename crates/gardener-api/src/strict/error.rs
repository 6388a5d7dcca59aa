//! What can be wrong with a strictly read document.

use std::fmt;

/// Everything that is wrong with one document, in the order in which it was found; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeErrors(Vec<DecodeError>);

impl DecodeErrors {
    /// `Ok` with the value where nothing was found.
    pub(crate) fn check<T>(value: T, errors: Vec<DecodeError>) -> Result<T, Self> {
        if errors.is_empty() { Ok(value) } else { Err(Self(errors)) }
    }

    /// The errors one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, DecodeError> {
        self.0.iter()
    }
}

impl From<DecodeError> for DecodeErrors {
    fn from(error: DecodeError) -> Self {
        Self(vec![error])
    }
}

impl<'a> IntoIterator for &'a DecodeErrors {
    type Item = &'a DecodeError;
    type IntoIter = std::slice::Iter<'a, DecodeError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for DecodeErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeErrors {}

/// One problem and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Path inside the document, e.g. `overlay.enabled`; empty for the document itself.
    pub path: String,
    /// What is wrong.
    pub kind: DecodeErrorKind,
}

/// The kinds of problems. Values of the user appear only where they are part of a closed set or the name of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// The text is not JSON.
    Syntax {
        /// Line in the text, from 1.
        line: usize,
        /// Column in that line, from 1.
        column: usize,
        /// What the parser says, with the position.
        message: String,
    },
    /// There is no such field here. Names are case-sensitive.
    UnknownField {
        /// The fields that exist here; empty where the set is open.
        expected: Vec<&'static str>,
    },
    /// The field is given more than once.
    DuplicateField,
    /// The value has another type.
    WrongType {
        /// What would be right, e.g. `string`.
        expected: &'static str,
        /// What was given, e.g. `number`.
        found: &'static str,
    },
    /// `apiVersion` is missing or another one.
    WrongApiVersion {
        /// What was given; absent where the field is missing.
        found: Option<String>,
        /// What is read here.
        expected: &'static str,
    },
    /// `kind` is missing or another one.
    WrongKind {
        /// What was given; absent where the field is missing.
        found: Option<String>,
        /// What is read here.
        expected: &'static str,
    },
    /// The type is right and the value is not.
    InvalidValue {
        /// The value as given.
        found: String,
        /// What would be right.
        reason: String,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { message, .. } => write!(f, "not valid JSON: {message}"),
            Self::UnknownField { expected } => {
                f.write_str("unknown field")?;
                for (index, name) in expected.iter().enumerate() {
                    f.write_str(if index == 0 { ", expected one of " } else { ", " })?;
                    write!(f, "`{name}`")?;
                }
                Ok(())
            }
            Self::DuplicateField => f.write_str("field given more than once"),
            Self::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::WrongApiVersion { found, expected } => wrong_type_meta(f, "apiVersion", found.as_deref(), expected),
            Self::WrongKind { found, expected } => wrong_type_meta(f, "kind", found.as_deref(), expected),
            Self::InvalidValue { found, reason } => write!(f, "invalid value `{found}`: {reason}"),
        }
    }
}

fn wrong_type_meta(f: &mut fmt::Formatter<'_>, field: &str, found: Option<&str>, expected: &str) -> fmt::Result {
    match found {
        Some(found) => write!(f, "{field} `{found}` is not `{expected}`"),
        None => write!(f, "{field} is missing, expected `{expected}`"),
    }
}
