//! Lists, whole or page by page.

use std::sync::Arc;

use serde_json::Value;

use super::selector::Selector;
use super::token::Token;
use super::{check_reached, stale_revision};
use crate::api::Api;
use crate::error::{ApiError, FieldProblem};
use crate::request::Call;
use crate::store::{ObjectKey, Unavailable};

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<Arc<Value>>,
    /// How to go on; nothing at the end.
    pub(crate) continue_token: Option<String>,
    /// How many come after this page, where that is known.
    pub(crate) remaining: Option<usize>,
}

const TOKEN_TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can \
     start a new list without the continue parameter, or use the continue token in this response to retrieve the \
     remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were \
     created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// Lists the objects of a request.
pub(crate) fn list(api: &Api, call: &Call) -> Result<Page, ApiError> {
    let selector = Selector::of(call)?;
    let limit = call.query.number("limit").filter(|limit| *limit > 0);
    let token = match call.query.get("continue").filter(|text| !text.is_empty()) {
        Some(text) => Some(Token::decode(text)?),
        None => None,
    };
    let revision = match &token {
        Some(token) => token.revision,
        None => start_revision(api, call)?.or_else(|| stale_revision(api, call)),
    };
    let namespace = (!call.namespace.is_empty()).then_some(call.namespace.as_str());
    let snapshot = api.store.list(&call.resource_key(), namespace, revision).map_err(|unavailable| {
        let expired = match &token {
            Some(token) => {
                let mut error = ApiError::expired(TOKEN_TOO_OLD);
                error.continue_token = Some(Token { revision: None, ..token.clone() }.encode());
                error
            }
            None => ApiError::expired("The resourceVersion for the provided list is too old."),
        };
        match unavailable {
            Unavailable::TooOld(_) => expired,
            Unavailable::TooNew(current) => ApiError::too_large_revision(revision.unwrap_or_default(), current),
        }
    })?;

    let wanted = |key: &ObjectKey, object: &Value| {
        token.as_ref().is_none_or(|token| *key > token.after)
            && (call.name.is_empty() || key.name == call.name)
            && selector.matches(object)
    };
    let mut selected = snapshot.objects.into_iter().filter(|(key, object)| wanted(key, object));
    let mut page = Page { revision: snapshot.revision, ..Page::default() };
    let mut last = None;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    while limit.is_none_or(|limit| page.objects.len() < limit) {
        let Some((key, object)) = selected.next() else { return Ok(page) };
        page.objects.push(object);
        last = Some(key);
    }
    let rest = selected.count();
    if let (Some(after), true) = (last, rest > 0) {
        let token = Token { revision: Some(snapshot.revision), after };
        page.continue_token = Some(token.encode());
        // With a selector the API server does not count.
        page.remaining = selector.is_empty().then_some(rest);
    }
    Ok(page)
}

/// The revision that the client names: exactly it, or any that is not older.
fn start_revision(api: &Api, call: &Call) -> Result<Option<u64>, ApiError> {
    let text = call.query.get("resourceVersion").unwrap_or_default();
    let exact = match call.query.get("resourceVersionMatch") {
        None => false,
        Some(_) if text.is_empty() => {
            let problem = FieldProblem::forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            );
            return Err(ApiError::invalid_options("ListOptions", problem));
        }
        Some("Exact") => true,
        Some("NotOlderThan") => false,
        Some(other) => {
            let supported = ["Exact", "NotOlderThan"].map(str::to_owned);
            let problem = FieldProblem::unsupported("resourceVersionMatch", &Value::from(other), &supported);
            return Err(ApiError::invalid_options("ListOptions", problem));
        }
    };
    if exact && text == "0" {
        let problem = FieldProblem::forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        );
        return Err(ApiError::invalid_options("ListOptions", problem));
    }
    if matches!(text, "" | "0") {
        return Ok(None);
    }
    let revision = check_reached(api, text)?;
    Ok(exact.then_some(revision))
}
