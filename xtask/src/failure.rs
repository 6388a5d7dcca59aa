//! What a check found, and why a check could not be made.

use std::fmt::{self, Display};
use std::path::PathBuf;

/// One finding: a rule is broken at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// A file, a file and line, or the name of the thing that is wrong.
    pub(crate) place: String,
    /// What is wrong and what to do about it.
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }

    pub(crate) fn at_line(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line}"), text)
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        Self::new("xtask", failure.to_string())
    }
}

/// A check could not be made. It counts as failed: what was not looked at is not in order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot read `{}`: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write `{}`: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot start `{command}`: {source}")]
    Start { command: String, source: std::io::Error },
    #[error("`{command}` failed with {status}{output}")]
    Command { command: String, status: String, output: String },
    #[error("cannot understand {what}: {reason}")]
    Decode { what: String, reason: String },
    #[error("`{tool}` is missing: {remedy}")]
    ToolMissing { tool: &'static str, remedy: &'static str },
}
