//! `VerticalPodAutoscaler` objects, whose definition Gardener brings into the shoot.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::names::namespaced;
use crate::plan::ResourceRequests;
use crate::{kube_controllers, node, typha};

/// `VerticalPodAutoscaler` of `autoscaling.k8s.io/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerticalPodAutoscaler {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    resource_policy: ResourcePolicy,
    target_ref: Target,
    update_policy: UpdatePolicy,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourcePolicy {
    container_policies: Vec<ContainerPolicy>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ContainerPolicy {
    #[serde(rename_all = "camelCase")]
    Sized {
        container_name: &'static str,
        controlled_values: &'static str,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        min_allowed: BTreeMap<&'static str, Quantity>,
    },
    #[serde(rename_all = "camelCase")]
    LeftAlone { container_name: &'static str, mode: &'static str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    api_version: &'static str,
    kind: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UpdatePolicy {
    update_mode: &'static str,
}

/// Sizes calico-node, not its sidecars.
pub(super) fn of_node(at_least: &ResourceRequests) -> VerticalPodAutoscaler {
    let mut policies = vec![sized(node::NAME, at_least)];
    policies.extend(
        [node::SNAT_CONTAINER, node::CONDITION_CONTAINER, node::BIRD_EXPORTER_CONTAINER]
            .map(|container_name| ContainerPolicy::LeftAlone { container_name, mode: "Off" }),
    );
    autoscaler(node::NAME, Target { api_version: "apps/v1", kind: "DaemonSet", name: node::NAME }, policies)
}

pub(super) fn of_typha(at_least: &ResourceRequests) -> VerticalPodAutoscaler {
    autoscaler(typha::APP_NAME, deployment(typha::DEPLOYMENT), vec![sized("*", at_least)])
}

pub(super) fn of_kube_controllers() -> VerticalPodAutoscaler {
    let policies = vec![sized("*", &ResourceRequests::default())];
    autoscaler(kube_controllers::NAME, deployment(kube_controllers::NAME), policies)
}

fn autoscaler(name: &str, target_ref: Target, container_policies: Vec<ContainerPolicy>) -> VerticalPodAutoscaler {
    VerticalPodAutoscaler {
        api_version: "autoscaling.k8s.io/v1",
        kind: "VerticalPodAutoscaler",
        metadata: namespaced(name),
        spec: Spec {
            resource_policy: ResourcePolicy { container_policies },
            target_ref,
            update_policy: UpdatePolicy { update_mode: "InPlaceOrRecreate" },
        },
    }
}

const fn deployment(name: &'static str) -> Target {
    Target { api_version: "apps/v1", kind: "Deployment", name }
}

fn sized(container_name: &'static str, at_least: &ResourceRequests) -> ContainerPolicy {
    let ResourceRequests { cpu, memory } = at_least;
    let min_allowed = [("cpu", cpu), ("memory", memory)]
        .into_iter()
        .filter_map(|(resource, text)| Some((resource, Quantity(text.clone()?))))
        .collect();
    ContainerPolicy::Sized { container_name, controlled_values: "RequestsOnly", min_allowed }
}
