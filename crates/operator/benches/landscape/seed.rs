//! A seed of many shoots.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calico_policy::time::Timestamp;
use fake_apiserver::world::{Cluster, kinds};
use fake_apiserver::{Builder, LoggedRequest, Operation, Server, Serving};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::BUNDLE;

const PATIENCE: Duration = Duration::from_secs(600);
/// How the requests of our processes are told from others.
pub(crate) const OURS: &str = "networking-calico/";

pub(crate) struct Seed {
    pub(crate) server: Server,
    serving: Serving,
}

impl Seed {
    /// A seed without shoots.
    pub(crate) async fn start() -> Self {
        Self::start_with(100_000).await
    }

    /// The same, keeping so many changes for watches.
    pub(crate) async fn start_with(history: usize) -> Self {
        let definitions = gardener_api::definitions::all();
        let builder = definitions.into_iter().fold(Server::builder(), Builder::definition);
        let server = builder.namespace("garden").history(history).build().unwrap();
        let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        Self { server, serving }
    }

    /// Bundles count as applied by the time the controller looks, as if a resource manager took no time.
    pub(crate) fn apply_at_once(&self) {
        let resource_manager = self.server.clone();
        self.server.admit(move |request| {
            // Monitoring comes after the bundle.
            if request.operation == Operation::Create && request.resource == "configmaps" {
                mark_applied(&resource_manager, request.namespace);
            }
            Ok(())
        });
    }

    /// A client for everybody but our processes.
    pub(crate) fn client(&self) -> Cluster {
        Cluster::new(kube::Client::new(self.server.service(), "default"))
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

    /// The Secrets that lead to a shoot.
    pub(crate) fn add_access(&self, shoot: usize, kubeconfig: &str) {
        for name in ["gardener", "gardener-internal"] {
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace(shoot)},
                "data": {"kubeconfig": STANDARD.encode(kubeconfig)},
            });
            self.server.restore(secret).unwrap();
        }
    }

    pub(crate) fn add_networks(&self, count: usize) {
        for shoot in 0..count {
            self.add_network(shoot, &json!({"backend": "bird", "typha": {"enabled": true}}));
        }
    }

    /// A new Network with these fields in its `providerConfig`.
    pub(crate) fn add_network(&self, shoot: usize, config: &Value) {
        let mut provider_config = json!({
            "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkConfig",
        });
        for (field, value) in config.as_object().unwrap() {
            provider_config[field] = value.clone();
        }
        let network = json!({
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
            "metadata": {
                "name": name(shoot), "namespace": namespace(shoot), "generation": 1,
                "annotations": {"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now()},
            },
            "spec": {
                "type": "calico", "ipFamilies": ["IPv4"], "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
                "providerConfig": provider_config,
            },
        });
        self.server.restore(network).unwrap();
    }

    /// As gardenlet does after the shoot's owner has changed these fields of the `providerConfig`.
    pub(crate) async fn ask(&self, shoot: usize, config: &Value) {
        let patch = json!({
            "metadata": {"annotations": {"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now()}},
            "spec": {"providerConfig": config},
        });
        self.client().merge(&kinds::NETWORK, &namespace(shoot), &name(shoot), &patch).await.unwrap();
    }

    /// As gardenlet does for a shoot that goes. The Network is there until the controller lets it go.
    pub(crate) async fn delete(&self, shoot: usize) {
        let annotations = json!({"confirmation.gardener.cloud/deletion": "true", "gardener.cloud/timestamp": now()});
        let patch = json!({"metadata": {"annotations": annotations}});
        let client = self.client();
        client.merge(&kinds::NETWORK, &namespace(shoot), &name(shoot), &patch).await.unwrap();
        client.delete(&kinds::NETWORK, &namespace(shoot), &name(shoot)).await.unwrap();
    }

    /// As gardenlet does in each reconcile of a shoot.
    pub(crate) fn ask_again(&self, count: usize) {
        let now = now();
        for shoot in 0..count {
            let mut network = Value::clone(&self.network(shoot).unwrap());
            network["metadata"]["annotations"] =
                json!({"gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": now});
            self.server.restore(network).unwrap();
        }
    }

    /// Waits until all have succeeded, by what gardenlet waits for.
    pub(crate) async fn until_done(&self, count: usize) {
        self.until(count, "does not become ready", is_done).await;
    }

    /// Waits until the first so many Networks are as they should be; `problem` is what one does that never is.
    pub(crate) async fn until(&self, count: usize, problem: &str, is: impl Fn(&Value) -> bool) {
        let started = Instant::now();
        for shoot in 0..count {
            loop {
                let network = self.network(shoot).unwrap();
                if is(&network) {
                    break;
                }
                assert!(started.elapsed() < PATIENCE, "a Network {problem}: {network:#}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    pub(crate) fn forget_requests(&self) {
        self.server.take_requests();
    }

    /// Without those for the leases and the Event of the election, which come with time and not with Networks.
    pub(crate) fn requests(&self) -> usize {
        self.take_requests().len()
    }

    /// The same, one by one.
    pub(crate) fn take_requests(&self) -> Vec<LoggedRequest> {
        let counts = |request: &LoggedRequest| request.namespace != "garden" && request.user_agent.starts_with(OURS);
        self.server.take_requests().into_iter().filter(counts).collect()
    }

    /// Nothing while there is none.
    pub(crate) fn network(&self, shoot: usize) -> Option<Arc<Value>> {
        self.server.stored("extensions.gardener.cloud", "networks", &namespace(shoot), &name(shoot))
    }
}

/// Whether gardenlet would take this Network for reconciled.
pub(crate) fn is_done(network: &Value) -> bool {
    let metadata = &network["metadata"];
    metadata["annotations"]["gardener.cloud/operation"].is_null()
        && network["status"]["observedGeneration"] == metadata["generation"]
        && network["status"]["lastOperation"]["state"] == "Succeeded"
        && network["status"]["lastOperation"]["lastUpdateTime"].as_str()
            >= metadata["annotations"]["gardener.cloud/timestamp"].as_str()
}

/// What the Secret of a bundle says of the pool: `ipipMode` of its IPPool. Without an `overlay` block there is none.
pub(crate) fn pool_mode(secret: &Value) -> Option<String> {
    let bundle = STANDARD.decode(secret["data"]["config.yaml"].as_str()?).unwrap();
    let bundle = String::from_utf8(bundle).unwrap();
    let pool = bundle.split("\n---\n").find(|document| document.contains("kind: IPPool"))?;
    pool.lines().find_map(|line| line.trim().strip_prefix("ipipMode: ")).map(str::to_owned)
}

/// The status of a ManagedResource that is applied and healthy in this generation.
pub(crate) fn applied(generation: &Value) -> Value {
    let now = now();
    let condition = |kind: &str, status: &str| {
        json!({
            "type": kind, "status": status, "reason": "Bench", "message": "by the bench",
            "lastTransitionTime": now, "lastUpdateTime": now,
        })
    };
    json!({
        "observedGeneration": generation,
        "conditions": [
            condition("ResourcesApplied", "True"),
            condition("ResourcesHealthy", "True"),
            condition("ResourcesProgressing", "False"),
        ],
    })
}

fn mark_applied(server: &Server, namespace: &str) {
    let Some(found) = server.stored("resources.gardener.cloud", "managedresources", namespace, BUNDLE) else { return };
    let mut managed_resource = Value::clone(&found);
    managed_resource["status"] = applied(&found["metadata"]["generation"]);
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

/// The namespace of a shoot.
pub(crate) fn namespace(shoot: usize) -> String {
    format!("shoot--bench--shoot-{shoot}")
}

/// The name of its Network.
pub(crate) fn name(shoot: usize) -> String {
    format!("shoot-{shoot}")
}

/// The time as Kubernetes writes it.
pub(crate) fn now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    adapter_k8s::time::format(Timestamp(i64::try_from(now.as_secs()).unwrap()))
}
