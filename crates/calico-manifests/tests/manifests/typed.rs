//! Every object has the form that the Kubernetes API defines for its kind: reading it into the type and writing it again loses
//! nothing. A field that the type does not know would be lost, a value of another type refused.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::plans::{Wish, wish};

fn through<T: DeserializeOwned + Serialize>(object: &Value) -> Result<Value, String> {
    let typed: T = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(typed).map_err(|error| error.to_string())
}

/// `None` for the kinds of definitions, whose schemas are compared with those of Calico and of Gardener elsewhere.
fn typed(object: &Value) -> Option<Result<Value, String>> {
    let field = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(match (field("apiVersion"), field("kind")) {
        ("apps/v1", "DaemonSet") => through::<DaemonSet>(object),
        ("apps/v1", "Deployment") => through::<Deployment>(object),
        ("v1", "ConfigMap") => through::<ConfigMap>(object),
        ("v1", "Service") => through::<Service>(object),
        ("v1", "ServiceAccount") => through::<ServiceAccount>(object),
        ("networking.k8s.io/v1", "NetworkPolicy") => through::<NetworkPolicy>(object),
        ("policy/v1", "PodDisruptionBudget") => through::<PodDisruptionBudget>(object),
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => through::<ClusterRole>(object),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => through::<ClusterRoleBinding>(object),
        ("rbac.authorization.k8s.io/v1", "Role") => through::<Role>(object),
        ("rbac.authorization.k8s.io/v1", "RoleBinding") => through::<RoleBinding>(object),
        ("crd.projectcalico.org/v1", "IPPool") | ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler") => return None,
        (version, kind) => Err(format!("`{kind}` of `{version}` is no kind that a bundle has")),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_object_goes_through_its_type(wish in wish()) {
        for (key, object) in calico_manifests::render(&wish.plan()).unwrap().iter() {
            if let Some(through) = typed(object) {
                prop_assert_eq!(through.as_ref(), Ok(object), "{}", key);
            }
        }
    }
}

/// An IPPool keeps every field in an API server that has our definition: one that the schema does not name would be pruned.
#[test]
fn the_definition_of_pools_knows_every_field_of_ours() {
    use calico_policy::intent::OverlayIntent;

    let definition = calico_manifests::definitions::calico()
        .into_iter()
        .find(|definition| definition.name() == "ippools.crd.projectcalico.org")
        .unwrap()
        .to_json();
    let known = definition
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties")
        .and_then(Value::as_object)
        .unwrap();
    let mut wish = Wish::default_shoot();
    wish.intent.overlay = Some(OverlayIntent { enabled: false, create_pod_routes: false });
    let objects = calico_manifests::render(&wish.plan()).unwrap();
    let mut fields = 0;
    for (key, object) in objects.iter().filter(|(key, _)| key.kind == "IPPool") {
        for (name, value) in object.pointer("/spec").and_then(Value::as_object).unwrap() {
            let kind = match value {
                Value::String(_) => "string",
                Value::Bool(_) => "boolean",
                Value::Array(_) => "array",
                _ => "integer",
            };
            let defined = known.get(name).and_then(|schema| schema.get("type")).and_then(Value::as_str);
            assert_eq!(defined, Some(kind), "{key} `{name}`");
            fields += 1;
        }
    }
    // Seven of the pool of pods, three of the one without SNAT.
    assert_eq!(fields, 10);
}
