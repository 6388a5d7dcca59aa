//! What the accounts may do, as manifests that whoever may do everything applies.

use fake_apiserver::world::{Cluster, Kind};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::servers::EXTENSION;
use super::trouble::Trouble;

const GROUP: &str = "rbac.authorization.k8s.io";
const ROLE: Kind = Kind { group: GROUP, version: "v1", kind: "ClusterRole", plural: "clusterroles" };
const BINDING: Kind = Kind { group: GROUP, version: "v1", kind: "ClusterRoleBinding", plural: "clusterrolebindings" };
const REVIEW: Kind =
    Kind { group: "authorization.k8s.io", version: "v1", kind: "SubjectAccessReview", plural: "subjectaccessreviews" };

const KNOWN_WITHIN: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// In the seed: what the controller needs, and nothing else.
pub(super) fn in_seed() -> Vec<Value> {
    with_binding(&[
        rule("extensions.gardener.cloud", &["clusters"], &["get", "list", "watch"]),
        rule(
            "extensions.gardener.cloud",
            &["networks", "networks/status"],
            &["get", "list", "watch", "patch", "update"],
        ),
        rule("coordination.k8s.io", &["leases"], &["create", "get", "list", "watch", "patch", "update"]),
        rule("resources.gardener.cloud", &["managedresources"], &["create", "get", "patch", "update", "delete"]),
        rule("", &["namespaces"], &["get"]),
        rule("", &["events"], &["create", "patch"]),
        rule("", &["secrets"], &["create", "get", "patch", "update", "delete"]),
        rule("", &["configmaps"], &["create", "get", "patch", "update", "delete"]),
        rule("monitoring.coreos.com", &["scrapeconfigs"], &["create", "get", "patch", "update", "delete"]),
    ])
}

/// In the shoot: everything, as Gardener gives it; but written out, so that a part of it can be taken away.
pub(super) fn in_shoot() -> Vec<Value> {
    with_binding(&[
        rule("", &["nodes", "nodes/status"], &["*"]),
        rule("", &["configmaps", "secrets", "pods", "namespaces", "events"], &["*"]),
        rule("", &["users", "groups", "serviceaccounts"], &["*"]),
        rule("apps", &["*"], &["*"]),
        rule("crd.projectcalico.org", &["*"], &["*"]),
        rule("admissionregistration.k8s.io", &["*"], &["*"]),
        rule("apiextensions.k8s.io", &["*"], &["*"]),
    ])
}

/// Applies manifests of roles and bindings, over those of the same name.
pub(super) async fn apply(cluster: &Cluster, manifests: &[Value]) -> Result<(), Trouble> {
    for manifest in manifests {
        let kind = if manifest.get("roleRef").is_some() { BINDING } else { ROLE };
        let name = manifest.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        if cluster.get(&kind, "", name).await?.is_some() {
            cluster.update(&kind, manifest.clone()).await?;
        } else {
            cluster.create(&kind, manifest.clone()).await?;
        }
    }
    Ok(())
}

/// The manifests without the right to these resources.
pub(super) fn without(manifests: Vec<Value>, resource: &str) -> Vec<Value> {
    let is_of = |found: &Value| found.as_str().is_some_and(|found| found.split('/').next() == Some(resource));
    let mut left = manifests;
    for rules in left.iter_mut().filter_map(|manifest| manifest.get_mut("rules")?.as_array_mut()) {
        for resources in rules.iter_mut().filter_map(|rule| rule.get_mut("resources")?.as_array_mut()) {
            resources.retain(|found| !is_of(found));
        }
        rules.retain(|rule| rule.get("resources").and_then(Value::as_array).is_some_and(|left| !left.is_empty()));
    }
    left
}

/// The manifests without one of the rights to a resource.
pub(super) fn without_verb(manifests: Vec<Value>, resource: &str, verb: &str) -> Vec<Value> {
    let mut left = manifests;
    for rules in left.iter_mut().filter_map(|manifest| manifest.get_mut("rules")?.as_array_mut()) {
        let is_of = |rule: &&mut Value| {
            let resources = rule.get("resources").and_then(Value::as_array);
            resources.is_some_and(|resources| resources.iter().any(|found| found == resource))
        };
        for verbs in rules.iter_mut().filter(is_of).filter_map(|rule| rule.get_mut("verbs")?.as_array_mut()) {
            verbs.retain(|found| found != verb);
        }
    }
    left
}

/// Waits until the server agrees that the extension may, or may not, read a resource: it learns of roles a moment later.
pub(super) async fn until(cluster: &Cluster, group: &str, resource: &str, may: bool) -> Result<(), Trouble> {
    let review = json!({"spec": {
        "user": EXTENSION,
        "resourceAttributes": {"group": group, "resource": resource, "verb": "get", "namespace": "", "name": ""},
    }});
    let started = Instant::now();
    loop {
        let answer = cluster.create(&REVIEW, review.clone()).await?;
        if answer.pointer("/status/allowed") == Some(&Value::Bool(may)) {
            return Ok(());
        }
        if started.elapsed() > KNOWN_WITHIN {
            let what = format!("{EXTENSION} may read {resource}: {may}");
            return Err(Trouble::InVain { what, seen: answer.to_string() });
        }
        sleep(LOOK).await;
    }
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

fn with_binding(rules: &[Value]) -> Vec<Value> {
    let metadata = json!({"name": EXTENSION});
    vec![
        json!({"metadata": metadata, "rules": rules}),
        json!({
            "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": EXTENSION},
            "subjects": [{"apiGroup": GROUP, "kind": "User", "name": EXTENSION}],
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_taken_away_with_its_subresources_and_nothing_else() {
        let left = without(in_shoot(), "nodes");
        let rules = left[0]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 6);
        assert!(!rules.iter().any(|rule| rule.to_string().contains("nodes")));
        let left = without(in_seed(), "secrets");
        assert_eq!(left[0]["rules"][6]["resources"], json!(["configmaps"]));
        assert_eq!(left[0]["rules"].as_array().unwrap().len(), 8, "of nine");
        let left = without_verb(in_seed(), "secrets", "get");
        assert_eq!(left[0]["rules"][6]["verbs"], json!(["create", "patch", "update", "delete"]));
        assert_eq!(left[0]["rules"][3], in_seed()[0]["rules"][3]);
    }
}
