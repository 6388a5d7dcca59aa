//! The two kinds of clusters of a Gardener landscape, and the objects that Gardener has put into a seed before a Network comes.

use std::path::PathBuf;

use adapter_k8s::shoot_access::INTERNAL;
use fake_apiserver::world::{Cluster, guard, kinds};
use fake_apiserver::{Builder, Server, Serving};
use gardener_api::definitions;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::DemoError;
use super::folder::Folder;

/// The shoot's namespace in the seed.
pub(super) const NAMESPACE: &str = "shoot--demo--world";
/// The name of the Shoot, and of its Network.
pub(super) const NAME: &str = "world";
const POD_CIDR: &str = "100.96.0.0/11";
const SERVICE_CIDR: &str = "100.64.0.0/13";
const NODE_CIDR: &str = "10.250.0.0/16";

/// An API server on loopback.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) server: Server,
    /// As its clients see it, over HTTP.
    pub(super) cluster: Cluster,
    pub(super) kubeconfig: PathBuf,
    serving: Serving,
    kubeconfig_text: String,
}

/// What the shoot owner wants.
#[derive(Clone, Debug)]
pub(super) struct ShootWish {
    pub(super) kubernetes: &'static str,
    pub(super) overlay: bool,
    pub(super) ebpf: bool,
    pub(super) hibernated: bool,
}

impl Default for ShootWish {
    fn default() -> Self {
        Self { kubernetes: "1.36.2", overlay: true, ebpf: false, hibernated: false }
    }
}

impl Site {
    /// A seed: Gardener's kinds are served, and the shoot's namespace is there.
    pub(super) async fn seed(name: &str, number: u64, folder: &Folder) -> Result<Self, DemoError> {
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": {"gardener.cloud/role": "shoot"}},
            "status": {"phase": "Active"},
        });
        let builder = Server::builder().seed(number).namespace("garden").object(namespace);
        let builder = definitions::all().into_iter().fold(builder, Builder::definition);
        Self::open(name, builder, folder).await
    }

    /// A shoot: empty, but for what every cluster has.
    pub(super) async fn shoot(kubernetes: &str, number: u64, folder: &Folder) -> Result<Self, DemoError> {
        let builder = Server::builder().seed(number.wrapping_add(1)).version(&format!("v{kubernetes}"));
        let site = Self::open("shoot", builder, folder).await?;
        guard::install(&site.server);
        Ok(site)
    }

    async fn open(name: &str, builder: Builder, folder: &Folder) -> Result<Self, DemoError> {
        let failed = |source| DemoError::Machine { what: "cannot listen on loopback", source };
        let server = builder.build()?;
        let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.map_err(failed)?).map_err(failed)?;
        let cluster = Cluster::at(&format!("http://{}", serving.address()))?;
        let kubeconfig_text = serving.kubeconfig(name, Some("demo"));
        let kubeconfig = folder.write(&format!("{name}.kubeconfig"), &kubeconfig_text)?;
        Ok(Self { server, cluster, kubeconfig, serving, kubeconfig_text })
    }

    pub(super) fn address(&self) -> String {
        format!("http://{}", self.serving.address())
    }

    /// Prepares a seed for the shoot behind another site: the way into it, and what Gardener knows of it.
    pub(super) async fn host(&self, shoot: &Self, wish: &ShootWish) -> Result<(), DemoError> {
        let secret = json!({
            "metadata": {"name": INTERNAL, "namespace": NAMESPACE},
            "stringData": {"kubeconfig": shoot.kubeconfig_text},
        });
        self.cluster.create(&kinds::SECRET, secret).await?;
        self.cluster.create(&kinds::CLUSTER, wish.cluster()).await?;
        Ok(())
    }

    /// Tells a seed that the shoot is wished to be otherwise.
    pub(super) async fn wish(&self, wish: &ShootWish) -> Result<(), DemoError> {
        let patch = json!({"spec": wish.cluster().get("spec")});
        self.cluster.merge(&kinds::CLUSTER, "", NAMESPACE, &patch).await?;
        Ok(())
    }

    pub(super) async fn close(self) {
        self.serving.stop().await;
    }
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
            "ebpfDataplane": {"enabled": self.ebpf},
        })
    }

    fn cluster(&self) -> Value {
        let shoot = json!({
            "apiVersion": "core.gardener.cloud/v1beta1",
            "kind": "Shoot",
            "metadata": {"name": NAME, "namespace": "garden-demo"},
            "spec": {
                "hibernation": {"enabled": self.hibernated},
                "kubernetes": {
                    "version": self.kubernetes,
                    "kubeProxy": {"enabled": true, "mode": "IPTables"},
                    "verticalPodAutoscaler": {"enabled": false},
                },
                "networking": {
                    "type": "calico",
                    "ipFamilies": ["IPv4"],
                    "pods": POD_CIDR,
                    "services": SERVICE_CIDR,
                    "nodes": NODE_CIDR,
                    "providerConfig": self.provider_config(),
                },
                "provider": {"type": "aws", "workers": [{"name": "worker", "machine": {"type": "m5.large"}, "minimum": 1, "maximum": 10}]},
            },
            "status": {
                "hibernated": self.hibernated,
                "networking": {"pods": [POD_CIDR], "services": [SERVICE_CIDR], "nodes": [NODE_CIDR]},
            },
        });
        json!({
            "metadata": {"name": NAMESPACE},
            "spec": {
                "cloudProfile": {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "CloudProfile", "metadata": {"name": "aws"}},
                "seed": {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Seed", "metadata": {"name": "aws-eu"}},
                "shoot": shoot,
            },
        })
    }
}
