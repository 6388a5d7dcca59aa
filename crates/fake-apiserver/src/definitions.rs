//! Definitions are objects like others; here they take effect when they are written.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::Api;
use crate::object;
use crate::request::Call;
use crate::store::{ObjectKey, ResourceKey};

/// Serves what a stored definition describes and says so in its status. Other objects are returned as they are.
pub(crate) fn after_write(api: &Api, call: &Call, stored: Arc<Value>) -> Arc<Value> {
    if !is_definition(call) {
        return stored;
    }
    let served = api.registry.define(&stored);
    let status = status(&stored, served.err().map(|error| error.to_string()).as_deref(), &api.now());
    if stored.get("status") == Some(&status) {
        return stored;
    }
    let mut with_status = Value::clone(&stored);
    object::fields(&mut with_status).insert("status".to_owned(), status);
    let key = ObjectKey { namespace: String::new(), name: object::name(&stored).to_owned() };
    // Where another write came between, that one sets the status.
    let _raced = api.store.replace(&call.resource_key(), &key, object::revision(&stored), with_status);
    stored
}

/// A definition as it is once it is served.
pub(crate) fn established(mut definition: Value, now: &str) -> Value {
    let status = status(&definition, None, now);
    object::fields(&mut definition).insert("status".to_owned(), status);
    object::set_meta(&mut definition, "generation", 1);
    definition
}

/// Stops serving what a removed definition described. Its objects go with it.
pub(crate) fn after_delete(api: &Api, call: &Call, last: &Value) {
    if !is_definition(call) {
        return;
    }
    let text = |path: &str| last.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let resource = ResourceKey { group: text("/spec/group"), plural: text("/spec/names/plural") };
    api.registry.undefine(&resource.group, &resource.plural);
    let left = api.store.list(&resource, None, None).map(|snapshot| snapshot.objects).unwrap_or_default();
    for (key, object) in left {
        let _raced = api.store.remove(&resource, &key, object::revision(&object));
    }
}

fn is_definition(call: &Call) -> bool {
    call.resource.is("apiextensions.k8s.io", "customresourcedefinitions")
}

fn status(definition: &Value, problem: Option<&str>, now: &str) -> Value {
    let (state, reason, message) = match problem {
        None => ("True", "InitialNamesAccepted", "the initial names have been accepted"),
        Some(problem) => ("False", "NotAccepted", problem),
    };
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": now});
    let known = definition.pointer("/status/conditions/0/status").and_then(Value::as_str);
    if known == Some(state) {
        return definition.get("status").cloned().unwrap_or_default();
    }
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let stored: Vec<&Value> = versions
        .into_iter()
        .flatten()
        .filter(|version| version.get("storage") == Some(&Value::Bool(true)))
        .filter_map(|version| version.get("name"))
        .collect();
    json!({
        "acceptedNames": definition.pointer("/spec/names").cloned().unwrap_or_default(),
        "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", if problem.is_none() { "NoConflicts" } else { reason }, if problem.is_none() { "no conflicts found" } else { message }),
            condition("Established", reason, message),
        ],
    })
}
