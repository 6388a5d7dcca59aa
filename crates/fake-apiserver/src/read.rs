//! Everything that reads objects.

pub(crate) mod list;
pub(crate) mod selector;
pub(crate) mod token;
pub(crate) mod watch;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::api::Api;
use crate::error::ApiError;
use crate::events;
use crate::object;
use crate::request::Call;

/// The object that the path names.
pub(crate) fn get(api: &Api, call: &Call) -> Result<Arc<Value>, ApiError> {
    let missing = || ApiError::not_found(&call.resource, &call.name);
    if let Some(revision) = stale_revision(api, call) {
        let snapshot = api.store.list(&call.resource_key(), Some(&call.namespace), Some(revision));
        // What is no longer known is not absent.
        let snapshot = snapshot.map_err(|_| ApiError::expired("too old resource version (fault)"))?;
        return snapshot
            .objects
            .into_iter()
            .find(|(key, _)| key.name == call.name)
            .map(|(_, object)| object)
            .ok_or_else(missing);
    }
    if let Some(revision) = call.query.get("resourceVersion").filter(|text| !matches!(*text, "" | "0")) {
        check_reached(api, revision)?;
    }
    api.store.get(&call.resource_key(), &call.object_key()).ok_or_else(missing)
}

/// The object in the version of the path; objects are stored in the preferred one, events in that of the core group.
pub(crate) fn in_version<'a>(object: &'a Value, call: &Call) -> Cow<'a, Value> {
    let wanted = call.api_version();
    if object.get("apiVersion").and_then(Value::as_str) == Some(wanted.as_str()) {
        return Cow::Borrowed(object);
    }
    let mut converted = object.clone();
    object::set(&mut converted, "apiVersion", wanted);
    if call.resource.rules.face_of_core {
        events::from_core(&mut converted);
    }
    Cow::Owned(converted)
}

/// The revision from which a stale read is served.
pub(crate) fn stale_revision(api: &Api, call: &Call) -> Option<u64> {
    if !call.lag.is_zero() {
        return Some(api.store.revision_before(call.lag));
    }
    (call.stale_by > 0).then(|| api.store.revision().saturating_sub(call.stale_by).max(api.store.oldest()))
}

/// Refuses a revision that is no number or not written yet.
pub(crate) fn check_reached(api: &Api, text: &str) -> Result<u64, ApiError> {
    let revision: u64 =
        text.parse().map_err(|_| ApiError::bad_request(format!("invalid resource version \"{text}\"")))?;
    let current = api.store.revision();
    if revision > current {
        return Err(ApiError::too_large_revision(revision, current));
    }
    Ok(revision)
}
