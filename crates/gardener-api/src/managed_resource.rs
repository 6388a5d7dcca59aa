//! `ManagedResource` of `resources.gardener.cloud/v1alpha1` (gardener/gardener: docs/concepts/resource-manager.md).

use serde::Deserialize;

use crate::decode::{object, objects, or_default};
use crate::meta::{Condition, ObjectMeta};

/// A bundle that gardener-resource-manager applies to the shoot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ManagedResource {
    /// Name, namespace, generation.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// Which Secrets hold the objects.
    #[serde(deserialize_with = "object")]
    pub spec: ManagedResourceSpec,
    /// How far it was applied.
    #[serde(deserialize_with = "object")]
    pub status: ManagedResourceStatus,
}

/// `spec` of a [`ManagedResource`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedResourceSpec {
    /// In the order in which they are applied.
    #[serde(deserialize_with = "objects")]
    pub secret_refs: Vec<SecretRef>,
}

/// Names a Secret of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SecretRef {
    /// Name of the Secret.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}

/// `status` of a [`ManagedResource`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedResourceStatus {
    /// `ResourcesApplied`, `ResourcesHealthy`, `ResourcesProgressing`.
    #[serde(deserialize_with = "objects")]
    pub conditions: Vec<Condition>,
    /// Written at the end of a full round of applying.
    #[serde(deserialize_with = "or_default")]
    pub observed_generation: i64,
}

#[cfg(test)]
mod tests {
    use super::ManagedResource;

    #[test]
    fn reads_the_references_and_the_conditions() {
        let resource: ManagedResource = serde_json::from_str(
            r#"{"metadata": {"name": "extension-networking-calico-config", "generation": 3},
                "spec": {"keepObjects": false, "secretRefs": [{"name": "one"}, {"name": "two"}]},
                "status": {"observedGeneration": 3, "conditions": [{"type": "ResourcesApplied", "status": "True"}]}}"#,
        )
        .unwrap();
        let names: Vec<&str> = resource.spec.secret_refs.iter().map(|secret| secret.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(resource.metadata.generation, resource.status.observed_generation);
        assert_eq!(resource.status.conditions[0].condition_type, "ResourcesApplied");
    }
}
