//! Whether the pods of calico-node would be replaced: those of a node lose their agent for as long as that takes.

use serde_json::Value;

use super::compare::{Prose, differences};
use super::{ByIdentity, normal};

/// What would happen to the pods of calico-node.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CalicoNode {
    /// There are none yet.
    Starts,
    /// Nothing.
    Stays,
    /// They are replaced, a few nodes at a time, because of these fields.
    Rolls(Vec<String>),
}

/// With this annotation gardener-resource-manager keeps the live requests and limits of containers that both have.
const PRESERVE_RESOURCES: &str = "resources.gardener.cloud/preserve-resources";

/// Pods are replaced if and only if the template of the DaemonSet differs.
pub(super) fn calico_node(before: &ByIdentity, after: &ByIdentity) -> CalicoNode {
    let (Some(before), Some(after)) = (daemon_set(before), daemon_set(after)) else { return CalicoNode::Starts };
    let (mut before, after) = (normal::form(before), normal::form(after));
    let annotation = after.pointer("/metadata/annotations").and_then(|annotations| annotations.get(PRESERVE_RESOURCES));
    if annotation.and_then(Value::as_str) == Some("true") {
        preserve_resources(&mut before, &after);
    }
    let template = |object: &Value| serde_json::json!({"spec": {"template": object.pointer("/spec/template")}});
    let difference = differences(&template(&before), &template(&after), Prose::Compared);
    if difference.is_empty() {
        CalicoNode::Stays
    } else {
        CalicoNode::Rolls(difference.fields.into_iter().map(|field| field.path).collect())
    }
}

fn daemon_set(objects: &ByIdentity) -> Option<&Value> {
    objects
        .iter()
        .find(|(identity, _)| {
            identity.kind == "DaemonSet"
                && identity.name == "calico-node"
                && identity.namespace.as_deref() == Some("kube-system")
        })
        .map(|(_, object)| object)
}

/// Gives each container before the resources of the one after, as if they had never differed.
fn preserve_resources(before: &mut Value, after: &Value) {
    const CONTAINERS: &str = "/spec/template/spec/containers";
    let name = |container: &Value| container.get("name").and_then(Value::as_str).map(str::to_owned);
    let wanted = after.pointer(CONTAINERS).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let Some(Value::Array(containers)) = before.pointer_mut(CONTAINERS) else { return };
    for container in containers {
        let wanted = wanted.iter().find(|other| name(other) == name(container));
        if let Some(resources) = wanted.and_then(|wanted| wanted.get("resources"))
            && let Some(own) = container.get_mut("resources")
        {
            *own = resources.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use calico_manifests::ObjectKey;
    use serde_json::json;

    use super::*;
    use crate::commands::diff::previous::Identity;

    fn objects(annotations: &Value, template: &Value) -> ByIdentity {
        let object = json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": {"name": "calico-node", "namespace": "kube-system", "annotations": annotations},
            "spec": {"revisionHistoryLimit": 2, "template": template}});
        [(Identity::from(ObjectKey::of(&object).unwrap()), object)].into()
    }

    fn container(cpu: &str) -> Value {
        json!({"spec": {"containers": [{"name": "calico-node", "resources": {"requests": {"cpu": cpu}}}]}})
    }

    #[test]
    fn the_template_decides() {
        let none = json!({});
        let now = objects(&none, &container("250m"));
        assert_eq!(calico_node(&ByIdentity::new(), &now), CalicoNode::Starts);
        assert_eq!(calico_node(&now, &objects(&json!({"a": "b"}), &container("0.25"))), CalicoNode::Stays);
        let path = "spec.template.spec.containers[calico-node].resources.requests.cpu".to_owned();
        assert_eq!(calico_node(&now, &objects(&none, &container("300m"))), CalicoNode::Rolls(vec![path]));
    }

    #[test]
    fn resources_that_are_preserved_roll_nothing() {
        let preserved = json!({PRESERVE_RESOURCES: "true"});
        let now = objects(&json!({}), &container("250m"));
        assert_eq!(calico_node(&now, &objects(&preserved, &container("300m"))), CalicoNode::Stays);
        let mut image = container("300m");
        image["spec"]["containers"][0]["image"] = "x".into();
        let path = "spec.template.spec.containers[calico-node].image".to_owned();
        assert_eq!(calico_node(&now, &objects(&preserved, &image)), CalicoNode::Rolls(vec![path]));
    }
}
