//! Why a request failed, sorted by what the caller can conclude.

use std::time::Duration;

use calico_policy::{ReadFailure, ReadFailureKind};

use super::observe::Outcome;
use super::request::Verb;
use crate::lease::LeadershipLost;

/// A request that failed, after all attempts that it was worth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {object}: {problem}", .verb.word())]
pub struct ApiError {
    /// What was tried.
    pub verb: Verb,
    /// On what, such as ``Network `shoot--foo--bar/bar` ``.
    pub object: String,
    /// What went wrong.
    pub problem: Problem,
    /// When the API server wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// What went wrong. Never holds contents of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The object is proven not to exist.
    #[error("not found")]
    Absent,
    /// The API server answers, but not for this kind. No proof that an object is absent.
    #[error("the API server does not serve this kind")]
    NotServed,
    /// An object of this name exists already.
    #[error("it exists already")]
    AlreadyExists,
    /// A precondition did not hold: somebody else wrote in the meantime.
    #[error("changed in the meantime: {0}")]
    Conflict(String),
    /// What a list or watch wanted to continue from is gone.
    #[error("the API server no longer knows where to continue")]
    Gone,
    /// Not allowed, or not known to the API server.
    #[error("not allowed ({code}): {detail}")]
    Forbidden {
        /// 401 or 403.
        code: u16,
        /// What the API server says.
        detail: String,
    },
    /// Another refusal.
    #[error("refused ({code}): {detail}")]
    Refused {
        /// The code of the answer.
        code: u16,
        /// What the API server says.
        detail: String,
    },
    /// No answer within the deadline. A write may have happened.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// No connection, or it broke. A write may have happened.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The answer is not what was asked for.
    #[error("the answer makes no sense: {0}")]
    Undecodable(String),
    /// Not sent, because this process no longer leads.
    #[error("not sent: {0}")]
    NotLeading(LeadershipLost),
    /// The request cannot be sent. A defect of ours.
    #[error("the request is invalid: {0}")]
    Invalid(String),
}

impl ApiError {
    /// Whether the object is proven not to exist.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.problem == Problem::Absent
    }

    /// Whether somebody else wrote in the meantime: read again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.problem, Problem::Conflict(_) | Problem::AlreadyExists)
    }

    /// The failure as the core sees it. [`Problem::Absent`] is none where absence is an answer: ask [`Self::is_absent`] first.
    #[must_use]
    pub fn failure(&self) -> ReadFailure {
        let kind = match self.problem {
            Problem::Absent
            | Problem::NotServed
            | Problem::AlreadyExists
            | Problem::Conflict(_)
            | Problem::Forbidden { .. }
            | Problem::Refused { .. }
            | Problem::NotLeading(_)
            | Problem::Invalid(_) => ReadFailureKind::Refused,
            Problem::Gone => ReadFailureKind::Incomplete,
            Problem::TimedOut(_) | Problem::Unreachable(_) => ReadFailureKind::Unreachable,
            Problem::Undecodable(_) => ReadFailureKind::Undecodable,
        };
        ReadFailure::new(kind, self.to_string())
    }

    /// What an observer is told.
    pub(super) fn outcome(&self) -> Outcome {
        match self.problem {
            Problem::Absent | Problem::NotServed => Outcome::Answered(404),
            Problem::AlreadyExists | Problem::Conflict(_) => Outcome::Answered(409),
            Problem::Gone => Outcome::Answered(410),
            Problem::Forbidden { code, .. } | Problem::Refused { code, .. } => Outcome::Answered(code),
            Problem::TimedOut(_) => Outcome::TimedOut,
            Problem::Unreachable(_) | Problem::Undecodable(_) | Problem::NotLeading(_) | Problem::Invalid(_) => {
                Outcome::Failed
            }
        }
    }
}

/// An error with its causes in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat the cause in their own text.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Absence as a value.
///
/// # Errors
/// Every other error, unchanged.
pub fn optional<T>(result: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}
