//! What was asked, for tests that look at how a client behaves.

use std::sync::{Mutex, PoisonError};

use crate::request::Verb;
use crate::request::user::User;

/// One request for a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// What was to be done.
    pub verb: Verb,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural name of the resource.
    pub resource: String,
    /// For example `status`; empty for the main resource.
    pub subresource: String,
    /// Empty for objects of the cluster and across namespaces.
    pub namespace: String,
    /// Empty for a collection; for a creation the name of the object that was sent.
    pub name: String,
    /// The query as it came.
    pub query: String,
    /// Who asked; impersonation is resolved.
    pub user: User,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The `Accept` header.
    pub accept: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The status code of the answer; nothing while there is none, and where a fault suppressed it.
    pub code: Option<u16>,
}

/// All requests since the start or since it was last emptied.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    /// How many requests were dropped from the front.
    dropped: usize,
    requests: Vec<LoggedRequest>,
}

impl RequestLog {
    /// Records a request and returns where its answer goes.
    pub(crate) fn begin(&self, request: LoggedRequest) -> usize {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.requests.push(request);
        log.dropped + log.requests.len() - 1
    }

    pub(crate) fn answer(&self, place: usize, code: u16) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = place.checked_sub(log.dropped);
        if let Some(request) = index.and_then(|index| log.requests.get_mut(index)) {
            request.code = Some(code);
        }
    }

    pub(crate) fn all(&self) -> Vec<LoggedRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// Returns what was recorded and forgets it.
    pub(crate) fn take(&self) -> Vec<LoggedRequest> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.dropped += log.requests.len();
        std::mem::take(&mut log.requests)
    }
}
