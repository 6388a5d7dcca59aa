//! What the accounts may do, as manifests that whoever may do everything applies.

use fake_apiserver::world::{Cluster, Kind};
use operator::permissions::{CONTROLLER, Rule};
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

/// In the seed: what the role in the extension's chart allows, and nothing else.
pub(super) fn in_seed() -> Vec<Value> {
    let rules = CONTROLLER.iter().map(|Rule { group, resources, names, verbs, part: _, why: _ }| {
        json!({"apiGroups": [group], "resources": resources, "resourceNames": names, "verbs": verbs})
    });
    with_binding(&rules.collect::<Vec<_>>())
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

/// Waits until the server agrees that the extension may, or may not, read an object: it learns of roles a moment later.
pub(super) async fn until(cluster: &Cluster, kind: &Kind, name: &str, may: bool) -> Result<(), Trouble> {
    let Kind { group, plural, .. } = kind;
    let review = json!({"spec": {
        "user": EXTENSION,
        "resourceAttributes": {"group": group, "resource": plural, "verb": "get", "namespace": "", "name": name},
    }});
    let started = Instant::now();
    loop {
        let answer = cluster.create(&REVIEW, review.clone()).await?;
        if answer.pointer("/status/allowed") == Some(&Value::Bool(may)) {
            return Ok(());
        }
        if started.elapsed() > KNOWN_WITHIN {
            let what = format!("{EXTENSION} may read {plural} `{name}`: {may}");
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
        let all = || {
            with_binding(&[
                rule("", &["nodes", "nodes/status"], &["*"]),
                rule("", &["configmaps", "secrets"], &["create", "get"]),
                rule("apps", &["*"], &["*"]),
            ])
        };
        let left = without(all(), "nodes");
        assert_eq!(left[0]["rules"], json!([all()[0]["rules"][1], all()[0]["rules"][2]]));
        let left = without(all(), "secrets");
        assert_eq!(left[0]["rules"][1]["resources"], json!(["configmaps"]));
        assert_eq!(left[0]["rules"].as_array().unwrap().len(), 3);
        let left = without_verb(all(), "secrets", "get");
        assert_eq!(left[0]["rules"][1]["verbs"], json!(["create"]));
        assert_eq!(left[0]["rules"][0], all()[0]["rules"][0]);
        assert_eq!(left[1], all()[1], "the binding");
    }

    #[test]
    fn names_of_the_role_are_names_for_the_server() {
        let manifests = in_seed();
        let rules = manifests[0]["rules"].as_array().unwrap();
        let of_bundles = rules.iter().filter(|rule| rule["resources"] == json!(["managedresources"]));
        let names: Vec<&Value> = of_bundles.map(|rule| &rule["resourceNames"]).collect();
        assert_eq!(
            names,
            [&json!([]), &json!(["extension-networking-calico-config", "extension-networking-calico-guard"])]
        );
    }
}
