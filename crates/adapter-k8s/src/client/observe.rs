//! Who counts requests.

use std::time::Duration;

use super::request::Verb;

/// Told about every attempt, retries included.
pub trait ObserveRequest: Send + Sync + 'static {
    /// Called once per attempt, after it. Must not block.
    fn observe(&self, attempt: &Attempt<'_>);
}

/// One attempt of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// What was tried.
    pub verb: Verb,
    /// The API server.
    pub host: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The API server answered with this code.
    Answered(u16),
    /// It did not answer in time.
    TimedOut,
    /// There was no connection, or it broke.
    Failed,
}

/// Nobody counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl ObserveRequest for Unobserved {
    fn observe(&self, _attempt: &Attempt<'_>) {}
}
