//! The status of a Network.
//!
//! A JSON patch, because a merge patch would drop the `null`s of `providerStatus` and keep what vanished from its maps. It carries
//! the resource version it was made for, so a late copy of an old status cannot replace a newer one.

use std::time::Duration;

use gardener_api::raw::RawJson;
use serde_json::{Map, Value, json};

use super::network::{asks_the_same, precondition};
use crate::client::resource::NETWORKS;
use crate::client::{ApiClient, ApiError, Request, optional};
use crate::read::network::{self, LiveNetwork};

/// Status writes have their own short deadline: they must go through when the reconcile has used up its time.
const DEADLINE: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 4;

/// What the status shall say. A field that is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatusChange {
    /// `lastOperation`.
    pub last_operation: Option<Value>,
    /// `lastError`.
    pub last_error: LastErrorChange,
    /// `observedGeneration`.
    pub observed_generation: Option<i64>,
    /// `providerStatus`.
    pub provider_status: Option<Value>,
    /// `state`.
    pub state: Option<Value>,
    /// `ipFamilies`.
    pub ip_families: Option<Vec<&'static str>>,
}

/// What happens to `lastError`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LastErrorChange {
    /// Nothing.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It is this.
    Set(Value),
}

impl StatusChange {
    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Writes a status, as far as it does not say so already, and returns the Network as it is then; `None` where it is gone. Where
/// somebody else wrote in the meantime the same status is written over that, unless something else is asked for by now: that the
/// status does not answer.
///
/// # Errors
/// [`ApiError`]; a conflict where something else is asked for, and after several attempts.
pub async fn write(
    seed: &ApiClient,
    live: &LiveNetwork,
    change: &StatusChange,
) -> Result<Option<LiveNetwork>, ApiError> {
    let mut live = live.clone();
    let uid = live.object.metadata.uid.clone();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let change = missing(&live, change);
        if change.is_empty() {
            return Ok(Some(live));
        }
        let (namespace, name) = (live.object.metadata.namespace.clone(), live.object.metadata.name.clone());
        let request = Request::json_patch(&NETWORKS, &namespace, &name, &operations(&live, &change))
            .subresource("status")
            .within(DEADLINE);
        match optional(seed.text(&request).await) {
            Ok(Some(text)) => return network::live(&request, &text).map(Some),
            Ok(None) => return Ok(None),
            Err(error) if error.is_conflict() && attempt < ATTEMPTS => {
                match network::network(seed, &namespace, &name).await? {
                    Some(again) if again.object.metadata.uid == uid => {
                        if !asks_the_same(&live.object.metadata, &again.object.metadata) {
                            return Err(error);
                        }
                        live = again;
                    }
                    _ => return Ok(None),
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// What of a change the status does not say yet. Asked anew of every state that the change is made for.
fn missing(live: &LiveNetwork, change: &StatusChange) -> StatusChange {
    let status = &live.object.status;
    let is = |raw: Option<&RawJson>, wanted: &Value| {
        raw.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok()).as_ref() == Some(wanted)
    };
    let mut missing = change.clone();
    missing.provider_status = missing.provider_status.filter(|wanted| !is(status.provider_status.as_ref(), wanted));
    missing.state = missing.state.filter(|wanted| !is(status.state.as_ref(), wanted));
    missing.ip_families = missing.ip_families.filter(|wanted| status.ip_families != *wanted);
    if missing.last_error == LastErrorChange::Clear && status.last_error.is_none() {
        missing.last_error = LastErrorChange::Keep;
    }
    missing
}

fn operations(live: &LiveNetwork, change: &StatusChange) -> Value {
    let StatusChange { last_operation, last_error, observed_generation, provider_status, state, ip_families } = change;
    let mut fields = Map::new();
    let mut set = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(field.to_owned(), value);
        }
    };
    set("lastOperation", last_operation.clone());
    set("observedGeneration", observed_generation.map(Value::from));
    set("providerStatus", provider_status.clone());
    set("state", state.clone());
    set("ipFamilies", ip_families.clone().map(Value::from));
    if let LastErrorChange::Set(error) = last_error {
        set("lastError", Some(error.clone()));
    }
    let mut operations = vec![precondition(&live.object.metadata)];
    if live.has_status {
        let add =
            |(field, value): (String, Value)| json!({"op": "add", "path": format!("/status/{field}"), "value": value});
        operations.extend(fields.into_iter().map(add));
        if *last_error == LastErrorChange::Clear && live.object.status.last_error.is_some() {
            operations.push(json!({"op": "remove", "path": "/status/lastError"}));
        }
    } else {
        operations.push(json!({"op": "add", "path": "/status", "value": fields}));
    }
    Value::Array(operations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(status: &str) -> LiveNetwork {
        let text = format!(r#"{{"metadata": {{"name": "b", "resourceVersion": "7"}}{status}}}"#);
        network::live(&Request::get(&NETWORKS, "a", "b"), text.as_bytes()).unwrap()
    }

    fn change() -> StatusChange {
        StatusChange {
            last_error: LastErrorChange::Clear,
            observed_generation: Some(3),
            provider_status: Some(json!({"a": null})),
            ..StatusChange::default()
        }
    }

    #[test]
    fn the_first_status_is_written_as_a_whole() {
        assert_eq!(
            operations(&live(""), &change()),
            json!([
                {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
                {"op": "add", "path": "/status", "value": {"observedGeneration": 3, "providerStatus": {"a": null}}},
            ])
        );
    }

    #[test]
    fn what_is_said_already_is_left_out() {
        let change = StatusChange { state: Some(json!({"b": 1})), ip_families: Some(vec!["IPv4"]), ..change() };
        let said = live(r#", "status": {"providerStatus": {"a": null}, "state": {"b": 1}, "ipFamilies": ["IPv4"]}"#);
        let observed = StatusChange { observed_generation: Some(3), ..StatusChange::default() };
        assert_eq!(missing(&said, &change), observed);
        let other = live(
            r#", "status": {"providerStatus": {"a": 1}, "state": {"b": 2}, "ipFamilies": [], "lastError": {"description": "x"}}"#,
        );
        assert_eq!(missing(&other, &change), change);
    }

    #[test]
    fn later_ones_touch_their_own_fields_only() {
        assert_eq!(
            operations(&live(r#", "status": {"lastError": {"description": "x"}, "conditions": []}"#), &change()),
            json!([
                {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
                {"op": "add", "path": "/status/observedGeneration", "value": 3},
                {"op": "add", "path": "/status/providerStatus", "value": {"a": null}},
                {"op": "remove", "path": "/status/lastError"},
            ])
        );
    }
}
