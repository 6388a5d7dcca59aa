//! A seed of many shoots.

use std::time::Duration;

use calico_policy::time::Timestamp;
use fake_apiserver::{Operation, Server, Serving};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) struct Seed {
    server: Server,
    serving: Serving,
}

impl Seed {
    /// A seed without shoots.
    pub(crate) async fn start() -> Self {
        let definitions = gardener_api::definitions::all();
        let builder = definitions.into_iter().fold(Server::builder(), fake_apiserver::Builder::definition);
        let server = builder.namespace("garden").history(100_000).build().unwrap();
        let resource_manager = server.clone();
        server.admit(move |request| {
            // Monitoring comes after the bundle.
            if request.operation == Operation::Create && request.resource == "configmaps" {
                mark_applied(&resource_manager, request.namespace);
            }
            Ok(())
        });
        let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        Self { server, serving }
    }

    pub(crate) fn kubeconfig(&self) -> String {
        self.serving.kubeconfig("seed", None)
    }

    pub(crate) fn add_clusters(&self, count: usize) {
        let cloud_profile = cloud_profile();
        for shoot in 0..count {
            let name = namespace(shoot);
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"gardener.cloud/role": "shoot"}},
            });
            self.server.restore(namespace).unwrap();
            let cluster = json!({
                "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Cluster", "metadata": {"name": name},
                "spec": {
                    "cloudProfile": cloud_profile,
                    "seed": {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Seed", "metadata": {"name": "bench"}},
                    "shoot": {
                        "apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot",
                        "metadata": {"name": format!("shoot-{shoot}"), "namespace": "garden-bench"},
                        "spec": {
                            "kubernetes": {"version": "1.36.2", "verticalPodAutoscaler": {"enabled": true}},
                            "networking": {"type": "calico", "nodes": "10.250.0.0/16"},
                            "provider": {"type": "aws", "workers": [{"name": "a"}]},
                        },
                        "status": {"lastOperation": {"type": "Create", "state": "Processing"}},
                    },
                },
            });
            self.server.restore(cluster).unwrap();
        }
    }

    pub(crate) fn add_networks(&self, count: usize) {
        let now = now();
        for shoot in 0..count {
            let network = json!({
                "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
                "metadata": {
                    "name": format!("shoot-{shoot}"), "namespace": namespace(shoot), "generation": 1,
                    "annotations": {"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now},
                },
                "spec": {
                    "type": "calico", "ipFamilies": ["IPv4"], "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
                    "providerConfig": {
                        "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkConfig",
                        "backend": "bird", "typha": {"enabled": true},
                    },
                },
            });
            self.server.restore(network).unwrap();
        }
    }

    /// As gardenlet does in each reconcile of a shoot.
    pub(crate) fn ask_again(&self, count: usize) {
        let now = now();
        for shoot in 0..count {
            let mut network = self.network(shoot);
            network["metadata"]["annotations"] =
                json!({"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now});
            self.server.restore(network).unwrap();
        }
    }

    /// Waits until all have succeeded, by what gardenlet waits for.
    pub(crate) async fn until_done(&self, count: usize) {
        let started = Instant::now();
        let mut done = 0;
        while done < count {
            let network = self.network(done);
            let metadata = &network["metadata"];
            let is_done = metadata["annotations"]["gardener.cloud/operation"].is_null()
                && network["status"]["observedGeneration"] == metadata["generation"]
                && network["status"]["lastOperation"]["state"] == "Succeeded"
                && network["status"]["lastOperation"]["lastUpdateTime"].as_str()
                    >= metadata["annotations"]["gardener.cloud/timestamp"].as_str();
            if is_done {
                done += 1;
                continue;
            }
            assert!(started.elapsed() < PATIENCE, "a Network does not become ready: {network:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn forget_requests(&self) {
        self.server.take_requests();
    }

    /// Without those for the leases and the Event of the election, which come with time and not with Networks.
    pub(crate) fn requests(&self) -> usize {
        self.server.take_requests().iter().filter(|request| request.namespace != "garden").count()
    }

    fn network(&self, shoot: usize) -> Value {
        let name = format!("shoot-{shoot}");
        let found = self.server.stored("extensions.gardener.cloud", "networks", &namespace(shoot), &name);
        (*found.unwrap()).clone()
    }
}

fn mark_applied(server: &Server, namespace: &str) {
    let name = "extension-networking-calico-config";
    let Some(found) = server.stored("resources.gardener.cloud", "managedresources", namespace, name) else { return };
    let now = now();
    let condition = |kind: &str, status: &str| {
        json!({
            "type": kind, "status": status, "reason": "Bench", "message": "by the bench",
            "lastTransitionTime": now, "lastUpdateTime": now,
        })
    };
    let mut managed_resource = (*found).clone();
    managed_resource["status"] = json!({
        "observedGeneration": found["metadata"]["generation"],
        "conditions": [
            condition("ResourcesApplied", "True"),
            condition("ResourcesHealthy", "True"),
            condition("ResourcesProgressing", "False"),
        ],
    });
    server.restore(managed_resource).unwrap();
}

/// About as large as those of the large cloud providers.
fn cloud_profile() -> Value {
    let machine_type = |index: usize| {
        json!({
            "name": format!("m{index}.2xlarge"), "architecture": "amd64", "cpu": "8", "gpu": "0", "memory": "32Gi", "usable": true,
            "storage": {"class": "standard", "type": "default", "size": "0"},
            "capabilities": {"architecture": ["amd64"], "virtualization": ["hypervisor"]},
        })
    };
    let profile = json!({
        "apiVersion": "core.gardener.cloud/v1beta1", "kind": "CloudProfile", "metadata": {"name": "aws"},
        "spec": {"type": "aws", "machineTypes": (0..250).map(machine_type).collect::<Vec<_>>()},
    });
    let size = profile.to_string().len();
    assert!((55_000..65_000).contains(&size), "{size}");
    profile
}

fn namespace(shoot: usize) -> String {
    format!("shoot--bench--shoot-{shoot}")
}

fn now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    adapter_k8s::time::format(Timestamp(i64::try_from(now.as_secs()).unwrap()))
}
