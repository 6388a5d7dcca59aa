//! Why a story could not be told to its end. What was found otherwise than expected is no trouble: it is a finding.

use fake_apiserver::world::RequestError;
use fake_apiserver::world::gardenlet::WaitError;

use crate::failure::Failure;

/// Why a story ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{what}: {source}")]
    Machine { what: String, source: std::io::Error },
    #[error("a request failed: {0}")]
    Request(#[from] RequestError),
    #[error(transparent)]
    Program(#[from] Failure),
    #[error(transparent)]
    Gardenlet(#[from] WaitError),
    #[error("{why}; still there:\n    {}", left.join("\n    "))]
    Left { why: WaitError, left: Vec<String> },
    #[error("waited in vain for `{what}`; last seen: {seen}")]
    InVain { what: String, seen: String },
    #[error("{0}")]
    Other(String),
}

impl Trouble {
    /// For `map_err` of what the machine refuses.
    pub(super) fn machine(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::Machine { what, source }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Decode { what: "what is needed for the stories".to_owned(), reason: trouble.to_string() }
    }
}
