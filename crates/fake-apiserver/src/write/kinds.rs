//! What the API server itself does to some built-in kinds before it stores them, and refuses to store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::error::FieldProblem;
use crate::object;
use crate::resource::Resource;

/// Completes an object of a built-in kind that is created.
pub(super) fn prepare_new(resource: &Resource, object: &mut Value) {
    prepare(resource, object);
    if resource.is("", "namespaces") {
        let name = object::name(object).to_owned();
        object::set(object, "spec", json!({"finalizers": ["kubernetes"]}));
        object::set(object, "status", json!({"phase": "Active"}));
        label(object, "kubernetes.io/metadata.name", &name);
    } else if resource.is("", "pods") {
        object::set(object, "status", json!({"phase": "Pending"}));
    }
}

/// Completes an object of a built-in kind that is created or changed.
pub(super) fn prepare(resource: &Resource, object: &mut Value) {
    if resource.is("", "secrets") {
        merge_string_data(object);
        object::fields(object).entry("type").or_insert_with(|| Value::from("Opaque"));
    } else if resource.is("apps", "deployments") {
        default_deployment(object);
    }
}

/// What is wrong with an object of a built-in kind.
pub(super) fn problems(resource: &Resource, object: &Value) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    if resource.is("", "secrets") {
        let data = object.get("data").and_then(Value::as_object);
        for (key, value) in data.into_iter().flatten() {
            if value.as_str().is_none_or(|text| STANDARD.decode(text).is_err()) {
                problems.push(FieldProblem::invalid(format!("data[{key}]"), "<value>", "must be base64"));
            }
        }
    } else if resource.is("coordination.k8s.io", "leases") {
        let duration = object.pointer("/spec/leaseDurationSeconds").and_then(Value::as_i64);
        if let Some(seconds) = duration.filter(|seconds| *seconds <= 0) {
            problems.push(FieldProblem::invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
        }
        let transitions = object.pointer("/spec/leaseTransitions").and_then(Value::as_i64);
        if let Some(count) = transitions.filter(|count| *count < 0) {
            let text = "must be greater than or equal to 0";
            problems.push(FieldProblem::invalid("spec.leaseTransitions", count, text));
        }
    } else if resource.is("", "events") {
        let involved = object.pointer("/involvedObject/namespace").and_then(Value::as_str).unwrap_or_default();
        let own = object::namespace(object);
        // Events about objects of the cluster live in the default namespace.
        if involved != own && !(involved.is_empty() && own == "default") {
            let text = "does not match event.namespace";
            problems.push(FieldProblem::invalid("involvedObject.namespace", involved, text));
        }
    }
    problems
}

/// What must not change in an object of a built-in kind.
pub(super) fn update_problems(resource: &Resource, old: &Value, new: &Value) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let freezes = resource.is("", "secrets") || resource.is("", "configmaps");
    if freezes && old.get("immutable") == Some(&Value::Bool(true)) {
        let text = "field is immutable when `immutable` is set";
        if new.get("immutable") != Some(&Value::Bool(true)) {
            problems.push(FieldProblem::forbidden("immutable", text));
        }
        for field in ["data", "binaryData"] {
            if old.get(field) != new.get(field) {
                problems.push(FieldProblem::forbidden(field, text));
            }
        }
    }
    if resource.is("", "secrets") && old.get("type") != new.get("type") {
        let kind = new.get("type").cloned().unwrap_or_default();
        problems.push(FieldProblem::invalid("type", kind, "field is immutable"));
    }
    let workload = resource.is("apps", "daemonsets") || resource.is("apps", "deployments");
    if workload && old.pointer("/spec/selector") != new.pointer("/spec/selector") {
        let selector = new.pointer("/spec/selector").cloned().unwrap_or_default();
        problems.push(FieldProblem::invalid("spec.selector", selector, "field is immutable"));
    }
    let binding = matches!(resource.plural.as_str(), "rolebindings" | "clusterrolebindings");
    if binding && old.get("roleRef") != new.get("roleRef") {
        let role = new.get("roleRef").cloned().unwrap_or_default();
        problems.push(FieldProblem::invalid("roleRef", role, "cannot change roleRef"));
    }
    problems
}

/// Clients rely on these: `kubectl describe` does not expect a Deployment without replicas.
fn default_deployment(object: &mut Value) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    for (field, default) in [
        ("replicas", json!(1)),
        ("strategy", rolling),
        ("revisionHistoryLimit", json!(10)),
        ("progressDeadlineSeconds", json!(600)),
    ] {
        spec.entry(field).or_insert(default);
    }
}

/// `stringData` is only ever written: it goes into `data`.
fn merge_string_data(object: &mut Value) {
    let Some(Value::Object(texts)) = object::fields(object).remove("stringData") else { return };
    let data = object::fields(object).entry("data").or_insert_with(|| Value::Object(Map::new()));
    if let Some(data) = data.as_object_mut() {
        for (key, text) in texts {
            data.insert(key, Value::from(STANDARD.encode(text.as_str().unwrap_or_default())));
        }
    }
}

fn label(object: &mut Value, name: &str, value: &str) {
    let labels = object::metadata(object).entry("labels").or_insert_with(|| Value::Object(Map::new()));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(name.to_owned(), Value::from(value));
    }
}
