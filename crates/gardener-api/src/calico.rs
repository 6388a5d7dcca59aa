//! The live objects of the shoot that tell which encapsulation is in effect: `IPPool`, `DaemonSet`, `ConfigMap`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::decode::{object, objects, or_default, string_map};
use crate::meta::ObjectMeta;

/// `IPPool` of `crd.projectcalico.org/v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IpPool {
    /// Name.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// Range and encapsulation.
    #[serde(deserialize_with = "object")]
    pub spec: IpPoolSpec,
}

/// `spec` of an [`IpPool`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IpPoolSpec {
    /// Its family is the pool's family.
    #[serde(deserialize_with = "or_default")]
    pub cidr: String,
    /// `Always`, `CrossSubnet` or `Never`; absent means `Never`.
    pub ipip_mode: Option<String>,
    /// `Always`, `CrossSubnet` or `Never`; absent means `Never`.
    pub vxlan_mode: Option<String>,
    /// A disabled pool hands out no addresses.
    #[serde(deserialize_with = "or_default")]
    pub disabled: bool,
    /// Whether traffic that leaves the pool is masqueraded.
    #[serde(deserialize_with = "or_default")]
    pub nat_outgoing: bool,
}

/// `DaemonSet` of `apps/v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DaemonSet {
    /// Name, namespace, generation.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// Containers.
    #[serde(deserialize_with = "object")]
    pub spec: DaemonSetSpec,
    /// How far it was rolled out.
    #[serde(deserialize_with = "object")]
    pub status: DaemonSetStatus,
}

/// `spec` of a [`DaemonSet`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DaemonSetSpec {
    /// Pod template.
    #[serde(deserialize_with = "object")]
    pub template: PodTemplate,
}

/// `spec.template` of a [`DaemonSet`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// Pod.
    #[serde(deserialize_with = "object")]
    pub spec: PodSpec,
}

/// `spec.template.spec` of a [`DaemonSet`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Long-lived containers.
    #[serde(deserialize_with = "objects")]
    pub containers: Vec<Container>,
    /// Init containers.
    #[serde(deserialize_with = "objects")]
    pub init_containers: Vec<Container>,
}

/// A container of a pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Container {
    /// e.g. `calico-node`.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Image reference.
    #[serde(deserialize_with = "or_default")]
    pub image: String,
    /// In the order of the input; of two equal names the last wins.
    #[serde(deserialize_with = "objects")]
    pub env: Vec<EnvVar>,
}

/// An environment variable of a [`Container`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EnvVar {
    /// Name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Absent where the value comes from elsewhere (`valueFrom`) or is empty.
    pub value: Option<String>,
}

/// `status` of a [`DaemonSet`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DaemonSetStatus {
    /// Generation that the numbers speak about.
    #[serde(deserialize_with = "or_default")]
    pub observed_generation: i64,
    /// Nodes that shall run a pod.
    #[serde(deserialize_with = "or_default")]
    pub desired_number_scheduled: i64,
    /// Nodes whose pod is of the current template.
    #[serde(deserialize_with = "or_default")]
    pub updated_number_scheduled: i64,
    /// Nodes whose pod is available.
    #[serde(deserialize_with = "or_default")]
    pub number_available: i64,
}

/// `ConfigMap` of `v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfigMap {
    /// Name, namespace.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// Text values; a key given twice is an error.
    #[serde(deserialize_with = "string_map")]
    pub data: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::{ConfigMap, DaemonSet, IpPool};

    #[test]
    fn reads_a_pool() {
        let pool: IpPool = serde_json::from_str(
            r#"{"metadata": {"name": "default-ipv4-ippool"},
                "spec": {"cidr": "100.96.0.0/11", "ipipMode": "Always", "natOutgoing": true, "nodeSelector": "all()"}}"#,
        )
        .unwrap();
        assert_eq!(pool.spec.ipip_mode.as_deref(), Some("Always"));
        assert_eq!(pool.spec.vxlan_mode, None);
        assert!(pool.spec.nat_outgoing && !pool.spec.disabled);
    }

    #[test]
    fn reads_images_and_variables_in_order() {
        let set: DaemonSet = serde_json::from_str(
            r#"{"metadata": {"name": "calico-node", "generation": 4}, "spec": {"template": {"spec": {
                "containers": [{"name": "calico-node", "image": "calico/node:v3.30.1", "env": [
                  {"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {}}}, {"name": "A", "value": "2"}]}],
                "initContainers": [{"name": "install-cni"}]}}}, "status": {"observedGeneration": 4, "numberAvailable": 2}}"#,
        )
        .unwrap();
        let container = &set.spec.template.spec.containers[0];
        assert_eq!(container.image, "calico/node:v3.30.1");
        let env: Vec<_> = container.env.iter().map(|env| (env.name.as_str(), env.value.as_deref())).collect();
        assert_eq!(env, [("A", Some("1")), ("B", None), ("A", Some("2"))]);
        assert_eq!(set.spec.template.spec.init_containers[0].name, "install-cni");
        assert_eq!((set.status.observed_generation, set.status.number_available), (4, 2));
    }

    #[test]
    fn reads_a_config_map() {
        let map: ConfigMap =
            serde_json::from_str(r#"{"data": {"calico_backend": "bird"}, "binaryData": {"x": "AA=="}}"#).unwrap();
        assert_eq!(map.data["calico_backend"], "bird");
    }
}
