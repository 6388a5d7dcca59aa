//! Objects without what makes no difference to gardener-resource-manager and the API server.
//!
//! Two objects of equal form lead to the same object in the shoot: what the API server writes itself, what the resource manager
//! adds, defaults that are written out, empty fields and other spellings of a quantity do not count. The order of lists does.

use gardener_api::quantity::Quantity;
use serde_json::{Map, Value};

/// The form of an object that is compared.
pub(super) fn form(object: &Value) -> Value {
    let mut object = object.clone();
    let Value::Object(fields) = &mut object else { return object };
    fields.remove("status");
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        METADATA_OF_THE_SERVER.iter().for_each(|field| drop(metadata.remove(*field)));
        without_additions(metadata);
    }
    // A schema may have empty parts that mean something; it has no defaults that an API server would fill in.
    if fields.get("kind").and_then(Value::as_str) == Some("CustomResourceDefinition") {
        return object;
    }
    if let Some(Value::Object(template)) = fields.get_mut("spec").and_then(|spec| spec.get_mut("template"))
        && let Some(Value::Object(metadata)) = template.get_mut("metadata")
    {
        metadata.remove("creationTimestamp");
        without_additions(metadata);
    }
    if fields.get("kind").and_then(Value::as_str) == Some("Service")
        && let Some(Value::Object(spec)) = fields.get_mut("spec")
    {
        without_assignments(spec);
    }
    let is_workload = matches!(fields.get("kind").and_then(Value::as_str), Some("DaemonSet" | "Deployment"));
    simplify(&mut object, "", is_workload);
    object
}

const METADATA_OF_THE_SERVER: [&str; 7] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid", "ownerReferences"];

/// Labels and annotations that gardener-resource-manager and the controllers of a shoot add.
const ADDITIONS: [(&str, &[&str]); 2] = [
    ("labels", &["resources.gardener.cloud/managed-by", "shoot.gardener.cloud/no-cleanup"]),
    (
        "annotations",
        &[
            "deployment.kubernetes.io/revision",
            "deprecated.daemonset.template.generation",
            "kubectl.kubernetes.io/restartedAt",
            "resources.gardener.cloud/description",
            "resources.gardener.cloud/origin",
        ],
    ),
];

fn without_additions(metadata: &mut Map<String, Value>) {
    for (field, keys) in ADDITIONS {
        if let Some(Value::Object(entries)) = metadata.get_mut(field) {
            entries.retain(|key, _| !keys.contains(&key.as_str()));
        }
    }
}

/// What an API server assigns to a Service, or writes where nothing is given. A Service that asks for no address keeps that.
fn without_assignments(spec: &mut Map<String, Value>) {
    spec.retain(|field, value| match field.as_str() {
        "clusterIP" => value == "None",
        "clusterIPs" | "ipFamilies" | "ipFamilyPolicy" => false,
        "internalTrafficPolicy" => value != "Cluster",
        "sessionAffinity" => value != "None",
        "type" => value != "ClusterIP",
        _ => true,
    });
    if let Some(Value::Array(ports)) = spec.get_mut("ports") {
        for port in ports.iter_mut().filter_map(Value::as_object_mut) {
            if port.get("targetPort") == port.get("port") {
                port.remove("targetPort");
            }
            if port.get("protocol").is_some_and(|protocol| protocol == "TCP") {
                port.remove("protocol");
            }
        }
    }
}

/// What an API server writes into a workload where nothing is given; objects as they are once their own parts are simple.
const DEFAULTS: [(&str, &str); 25] = [
    ("apiVersion", r#""v1""#),
    ("defaultMode", "420"),
    ("dnsPolicy", r#""ClusterFirst""#),
    ("failureThreshold", "3"),
    ("imagePullPolicy", r#""IfNotPresent""#),
    ("maxSurge", "0"),
    ("maxSurge", r#""25%""#),
    ("maxUnavailable", r#""25%""#),
    ("minReadySeconds", "0"),
    ("periodSeconds", "10"),
    ("progressDeadlineSeconds", "600"),
    ("protocol", r#""TCP""#),
    ("restartPolicy", r#""Always""#),
    ("revisionHistoryLimit", "10"),
    ("schedulerName", r#""default-scheduler""#),
    ("scheme", r#""HTTP""#),
    ("strategy", r#"{"type":"RollingUpdate"}"#),
    ("successThreshold", "1"),
    ("terminationGracePeriodSeconds", "30"),
    ("terminationMessagePath", r#""/dev/termination-log""#),
    ("terminationMessagePolicy", r#""File""#),
    ("timeoutSeconds", "1"),
    ("type", r#""""#),
    ("value", r#""""#),
    ("optional", "false"),
];

/// Removes nulls, empty parts and written defaults, and spells quantities in one way. `under` is the field that holds `value`.
fn simplify(value: &mut Value, under: &str, is_workload: bool) {
    match value {
        Value::Object(fields) => {
            // The object's own version is no default, and neither is what a ConfigMap holds.
            let own_version = if under.is_empty() { fields.remove("apiVersion") } else { None };
            for (field, value) in fields.iter_mut() {
                if matches!(under, "requests" | "limits") {
                    respell(value);
                } else {
                    simplify(value, field, is_workload);
                }
            }
            if fields.get("serviceAccount") == fields.get("serviceAccountName") {
                fields.remove("serviceAccount");
            }
            fields.retain(|field, value| !(is_empty(value) || is_workload && is_default(field, value)));
            if let Some(version) = own_version {
                fields.insert("apiVersion".to_owned(), version);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| simplify(item, "[]", is_workload)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_default(field: &str, value: &Value) -> bool {
    let mut defaults = DEFAULTS.iter().filter(|(name, _)| *name == field).peekable();
    if defaults.peek().is_none() {
        return false;
    }
    let text = value.to_string();
    defaults.any(|(_, default)| text == *default)
}

/// `0.25`, `250m` and the number 0.25 are one quantity.
fn respell(value: &mut Value) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return,
    };
    if let Ok(quantity) = Quantity::parse(&text) {
        *value = Value::String(quantity.to_string());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn daemon_set(container: &Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "calico-node"},
            "spec": {"template": {"spec": {"containers": [container]}}}})
    }

    #[track_caller]
    fn same(left: &Value, right: &Value) {
        assert_eq!(form(left), form(right));
    }

    /// What a run against gardener-resource-manager has shown to change nothing.
    #[test]
    fn what_makes_no_difference() {
        let plain = daemon_set(&json!({"name": "a", "resources": {"requests": {"cpu": "250m", "memory": "100Mi"}}}));
        let mut empty = plain.clone();
        empty["metadata"]["annotations"] = json!({});
        empty["metadata"]["creationTimestamp"] = Value::Null;
        empty["status"] = json!({"numberReady": 3});
        empty["spec"]["template"]["spec"]["nodeSelector"] = json!({});
        same(&empty, &plain);
        for (cpu, memory) in [(json!("0.25"), "102400Ki"), (json!(0.25), "100Mi")] {
            same(&daemon_set(&json!({"name": "a", "resources": {"requests": {"cpu": cpu, "memory": memory}}})), &plain);
        }
        let mut defaults = plain.clone();
        defaults["spec"]["template"]["spec"]["schedulerName"] = "default-scheduler".into();
        defaults["spec"]["template"]["spec"]["restartPolicy"] = "Always".into();
        defaults["spec"]["template"]["spec"]["containers"][0]["terminationMessagePath"] = "/dev/termination-log".into();
        defaults["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent".into();
        same(&defaults, &plain);
    }

    #[test]
    fn what_the_resource_manager_adds_is_not_compared() {
        let plain = daemon_set(&json!({"name": "a"}));
        let mut live = plain.clone();
        live["metadata"]["uid"] = "x".into();
        live["metadata"]["labels"] = json!({"resources.gardener.cloud/managed-by": "gardener"});
        live["metadata"]["annotations"] =
            json!({"resources.gardener.cloud/origin": "a", "deprecated.daemonset.template.generation": "2"});
        live["spec"]["template"]["metadata"] = json!({"labels": {"shoot.gardener.cloud/no-cleanup": "true"}});
        same(&live, &plain);
    }

    #[test]
    fn what_makes_a_difference() {
        let of = |env: Value| form(&daemon_set(&json!({"name": "a", "env": env})));
        let (a, b) = (json!({"name": "A", "value": "1"}), json!({"name": "B", "value": "2"}));
        assert_ne!(of(json!([a, b])), of(json!([b, a])));
        assert_ne!(of(json!([a, a])), of(json!([a])));
        assert_ne!(of(json!([{"name": "A", "value": 1}])), of(json!([a])));
        let mut limit = daemon_set(&json!({"name": "a"}));
        limit["spec"]["revisionHistoryLimit"] = 2.into();
        assert_ne!(form(&limit), form(&daemon_set(&json!({"name": "a"}))));
    }

    #[test]
    fn a_schema_and_the_data_of_a_config_map_are_left_alone() {
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": {"versions": [{"additionalProperties": {}, "default": []}]}});
        assert_eq!(form(&definition), definition);
        let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"protocol": "TCP", "type": ""}});
        assert_eq!(form(&config_map), config_map);
    }
}
