//! Observations with three outcomes: known, proven absent, and not readable.

use alloc::string::String;

use crate::codes::closed_set;

/// What was learnt about one thing.
///
/// Only [`Reading::Absent`] proves that something does not exist. [`Reading::Unreadable`] is never evidence: it permits
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reading<T> {
    /// Read completely.
    Known(T),
    /// Looked for and proven not to exist.
    Absent,
    /// Could not be read, or not completely.
    Unreadable(ReadFailure),
}

impl<T> Reading<T> {
    /// The value, if it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Applies `function` to a known value.
    pub fn map<U>(self, function: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(function(value)),
            Self::Absent => Reading::Absent,
            Self::Unreadable(failure) => Reading::Unreadable(failure),
        }
    }
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct ReadFailure {
    /// The kind, on which decisions may rest.
    pub kind: ReadFailureKind,
    /// A fragment for people, such as ``decode `config.yaml`: …``. Never holds contents of a Secret.
    pub detail: String,
}

impl ReadFailure {
    /// A failure of `kind` with a fragment for people.
    pub fn new(kind: ReadFailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

impl core::fmt::Display for ReadFailure {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(&self.detail)
    }
}

closed_set! {
    /// How a read failed.
    pub enum ReadFailureKind {
        /// Nobody provided it: a dump without it, or a source that this process cannot ask.
        NotGiven,
        /// The API server answered with an error, or refused.
        Refused,
        /// The API server of the shoot could not be reached at all.
        Unreachable,
        /// Something was read, but not all of it: a list with a `continue` token, a missing part of a bundle.
        Incomplete,
        /// Something was read that makes no sense: broken encoding, a missing object, an unknown value.
        Undecodable,
    }
}
