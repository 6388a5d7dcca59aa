//! Questions to rendered objects, on their JSON: what an API server would see.

use calico_manifests::Objects;
use serde_json::Value;

/// The value at a pointer; `null` where there is none.
pub fn at<'a>(object: &'a Value, pointer: &str) -> &'a Value {
    object.pointer(pointer).unwrap_or(&Value::Null)
}

/// The text at a pointer.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    at(object, pointer).as_str().unwrap_or_default()
}

/// The items at a pointer; none where there is no list.
pub fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    at(object, pointer).as_array().into_iter().flatten()
}

/// `Kind/name`.
pub fn label(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

/// The DaemonSets and Deployments.
pub fn workloads(objects: &Objects) -> Vec<&Value> {
    of_kinds(objects, &["DaemonSet", "Deployment"])
}

/// The objects of these kinds.
pub fn of_kinds<'a>(objects: &'a Objects, kinds: &[&str]) -> Vec<&'a Value> {
    objects.iter().map(|(_, object)| object).filter(|object| kinds.contains(&text(object, "/kind"))).collect()
}

/// The containers of a workload that run for as long as the pod.
pub fn long_lived(workload: &Value) -> impl Iterator<Item = &Value> {
    items(workload, "/spec/template/spec/containers")
}

/// Those and the ones that run before.
pub fn containers(workload: &Value) -> impl Iterator<Item = &Value> {
    long_lived(workload).chain(items(workload, "/spec/template/spec/initContainers"))
}

/// Whether every pair of `selector` is among `labels`, and there is one.
pub fn selects(selector: &Value, labels: &Value) -> bool {
    let pairs = selector.as_object().map(|pairs| pairs.iter().collect::<Vec<_>>()).unwrap_or_default();
    !pairs.is_empty() && pairs.into_iter().all(|(key, value)| labels.get(key) == Some(value))
}
