//! The objects that Gardener has put into a seed before a Network comes, and the definitions that a seed knows.

use std::path::Path;

use fake_apiserver::world::{Cluster, Kind, kinds};
use gardener_api::definitions;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::trouble::Trouble;

/// The name of the Shoot, and of its Network.
pub(super) const NAME: &str = "world";
/// The ManagedResource of the bundle.
pub(super) const BUNDLE: &str = "extension-networking-calico-config";
const POD_CIDR: &str = "100.96.0.0/11";
const SERVICE_CIDR: &str = "100.64.0.0/13";
const NODE_CIDR: &str = "10.250.0.0/16";

pub(super) const DEFINITION: Kind = Kind {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
};

const SERVED_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// What the shoot owner wants, and what is so of the shoot.
#[derive(Clone, Debug)]
pub(super) struct ShootWish {
    pub(super) kubernetes: &'static str,
    /// Whether the policy API is asked for: releases before 1.36 do not serve it otherwise.
    pub(super) beta_policies: bool,
    pub(super) overlay: bool,
    pub(super) hibernated: bool,
    pub(super) force_deleted: bool,
}

impl ShootWish {
    /// `spec` of the Network, as gardenlet derives it.
    pub(super) fn network(&self) -> Value {
        json!({
            "type": "calico",
            "podCIDR": POD_CIDR,
            "serviceCIDR": SERVICE_CIDR,
            "ipFamilies": ["IPv4"],
            "providerConfig": self.provider_config(),
        })
    }

    fn provider_config(&self) -> Value {
        json!({
            "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1",
            "kind": "NetworkConfig",
            "overlay": {"enabled": self.overlay},
        })
    }

    /// The Cluster as gardenlet writes it, for a namespace.
    pub(super) fn cluster(&self, namespace: &str) -> Value {
        let mut kubernetes = json!({
            "version": self.kubernetes,
            "kubeProxy": {"enabled": true, "mode": "IPTables"},
            "verticalPodAutoscaler": {"enabled": false},
        });
        if let (true, Some(fields)) = (self.beta_policies, kubernetes.as_object_mut()) {
            let server = json!({
                "featureGates": {"MutatingAdmissionPolicy": true},
                "runtimeConfig": {"admissionregistration.k8s.io/v1beta1": true},
            });
            fields.insert("kubeAPIServer".to_owned(), server);
        }
        let annotations =
            if self.force_deleted { json!({"confirmation.gardener.cloud/force-deletion": "true"}) } else { json!({}) };
        let shoot = json!({
            "apiVersion": "core.gardener.cloud/v1beta1",
            "kind": "Shoot",
            "metadata": {"name": NAME, "namespace": "garden-e2e", "annotations": annotations},
            "spec": {
                "hibernation": {"enabled": self.hibernated},
                "kubernetes": kubernetes,
                "networking": {
                    "type": "calico",
                    "ipFamilies": ["IPv4"],
                    "pods": POD_CIDR,
                    "services": SERVICE_CIDR,
                    "nodes": NODE_CIDR,
                    "providerConfig": self.provider_config(),
                },
                "provider": {"type": "aws", "workers": [
                    {"name": "worker", "machine": {"type": "m5.large"}, "minimum": 1, "maximum": 10},
                ]},
            },
            "status": {
                "hibernated": self.hibernated,
                "networking": {"pods": [POD_CIDR], "services": [SERVICE_CIDR], "nodes": [NODE_CIDR]},
            },
        });
        let core = |kind: &str| json!({"apiVersion": "core.gardener.cloud/v1beta1", "kind": kind, "metadata": {"name": "aws"}});
        json!({
            "metadata": {"name": namespace},
            "spec": {"cloudProfile": core("CloudProfile"), "seed": core("Seed"), "shoot": shoot},
        })
    }
}

/// Gardener's own definitions where the recordings are beside the repository, ours otherwise.
pub(super) fn definitions(root: &Path) -> Result<(Vec<Value>, &'static str), Trouble> {
    let folder = root.join("../shared/crds");
    if !folder.is_dir() {
        return Ok((definitions::all(), "ours"));
    }
    let mut all = Vec::new();
    let entries =
        std::fs::read_dir(&folder).map_err(Trouble::machine(format!("cannot read `{}`", folder.display())))?;
    for entry in entries {
        let path = entry.map_err(Trouble::machine("cannot read a folder"))?.path();
        let text =
            std::fs::read_to_string(&path).map_err(Trouble::machine(format!("cannot read `{}`", path.display())))?;
        let definition = serde_json::from_str(&text);
        all.push(definition.map_err(|error| Trouble::Other(format!("`{}`: {error}", path.display())))?);
    }
    if all.len() < definitions::all().len() {
        return Err(Trouble::Other(format!("`{}` lacks definitions", folder.display())));
    }
    Ok((all, "Gardener's"))
}

/// Vertical pod autoscaling, which Gardener deploys into shoots that want it; whatever is in such an object is taken.
pub(super) fn vertical_pod_autoscaler() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "metadata": {
            "name": "verticalpodautoscalers.autoscaling.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/63797"},
        },
        "spec": {
            "group": "autoscaling.k8s.io",
            "scope": "Namespaced",
            "names": {
                "kind": "VerticalPodAutoscaler", "plural": "verticalpodautoscalers", "singular": "verticalpodautoscaler",
                "listKind": "VerticalPodAutoscalerList",
            },
            "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    })
}

/// Makes a seed serve these kinds, and waits until it does.
pub(super) async fn serve(cluster: &Cluster, definitions: &[Value]) -> Result<(), Trouble> {
    for definition in definitions {
        cluster.create(&DEFINITION, definition.clone()).await?;
    }
    let started = Instant::now();
    for kind in [kinds::NETWORK, kinds::CLUSTER, kinds::MANAGED_RESOURCE] {
        while let Err(error) = cluster.list(&kind, "").await {
            if started.elapsed() > SERVED_WITHIN {
                return Err(error.into());
            }
            sleep(LOOK).await;
        }
    }
    Ok(())
}

/// Creates a namespace unless it is there.
pub(super) async fn namespace(cluster: &Cluster, name: &str, labels: &Value) -> Result<(), Trouble> {
    if cluster.get(&kinds::NAMESPACE, "", name).await?.is_none() {
        cluster.create(&kinds::NAMESPACE, json!({"metadata": {"name": name, "labels": labels}})).await?;
    }
    Ok(())
}
