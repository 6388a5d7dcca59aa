//! Two API servers with everything that watches them, on which one story after the other is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fake_apiserver::world::{Cluster, Kind, kinds};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::journal::{Journal, Side};
use super::scene::text;
use super::servers::{Etcd, Server};
use super::trouble::Trouble;
use super::{access, landscape};
use crate::charts::Helm;
use crate::envtest::Release;

/// What is the same for all lanes.
#[derive(Debug)]
pub(super) struct Settings {
    /// The program under test.
    pub(super) program: PathBuf,
    pub(super) assets: PathBuf,
    /// The program of `xtask/client-go`, where a story needs it.
    pub(super) client_go: Option<PathBuf>,
    pub(super) release: Release,
    /// Of this repository.
    pub(super) root: PathBuf,
    pub(super) definitions: Vec<Value>,
    /// Only where a story needs them.
    pub(super) charts: Option<Charts>,
}

/// What stories need that install charts.
#[derive(Debug)]
pub(super) struct Charts {
    pub(super) helm: Helm,
    /// Of kinds that a seed knows from other projects.
    pub(super) definitions: Vec<Value>,
}

/// Seed and shoot.
pub(super) struct Lane {
    pub(super) seed: Server,
    pub(super) shoot: Server,
    pub(super) journal: Journal,
    pub(super) folder: PathBuf,
    pub(super) settings: Arc<Settings>,
    /// The kind of the guard's policy, in the version that this release serves.
    pub(super) policy: Kind,
    _etcd: Etcd,
}

/// The namespace of the controller.
const GARDEN: &str = "garden";
const FENCE: &str = "fence";
const TOLD_WITHIN: Duration = Duration::from_secs(30);
const DEPLOYED: [(Kind, &str); 4] =
    [(kinds::DAEMON_SET, ""), (kinds::DEPLOYMENT, ""), (kinds::POD, "kube-system"), (kinds::NODE, "")];

impl Lane {
    /// Starts both servers and fills them with what Gardener would have put there.
    pub(super) async fn open(settings: Arc<Settings>, folder: &Path) -> Result<Self, Trouble> {
        std::fs::create_dir_all(folder).map_err(Trouble::machine(format!("cannot create `{}`", folder.display())))?;
        let (release, assets) = (settings.release, settings.assets.as_path());
        let etcd = Etcd::start(assets, folder).await?;
        let mut seed = Server::new("seed", release, assets, &etcd, folder).await?;
        let mut shoot = Server::new("shoot", release, assets, &etcd, folder).await?;
        tokio::try_join!(seed.start(), shoot.start())?;
        landscape::serve(&seed.cluster(), &settings.definitions).await?;
        landscape::namespace(&seed.cluster(), GARDEN, &json!({})).await?;
        access::apply(&seed.cluster(), &access::in_seed()).await?;
        let policy = match release {
            Release::V1_36 => kinds::ADMISSION_POLICY,
            Release::V1_34 => Kind { version: "v1beta1", ..kinds::ADMISSION_POLICY },
        };
        let mut journal = Journal::new();
        for kind in [kinds::NETWORK, kinds::MANAGED_RESOURCE, kinds::SECRET] {
            journal.follow(Side::Seed, seed.client(), kind);
        }
        for kind in [kinds::NODE, kinds::IP_POOL, kinds::DAEMON_SET, policy] {
            journal.follow(Side::Shoot, shoot.client(), kind);
        }
        Ok(Self { seed, shoot, journal, folder: folder.to_owned(), settings, policy, _etcd: etcd })
    }

    /// Takes away what a story has left, so that the next one finds a shoot as new. Definitions stay: they are what takes longest.
    pub(super) async fn clean(&mut self) -> Result<(), Trouble> {
        for server in [&mut self.seed, &mut self.shoot] {
            if !server.runs() {
                server.start().await?;
            }
        }
        let (seed, shoot) = (self.seed.cluster(), self.shoot.cluster());
        for kind in [kinds::NETWORK, kinds::MANAGED_RESOURCE] {
            delete_all(&seed, &kind, "").await?;
        }
        for secret in seed.list(&kinds::SECRET, "").await? {
            seed.delete(&kinds::SECRET, text(&secret, "/metadata/namespace"), text(&secret, "/metadata/name")).await?;
        }
        delete_all(&seed, &kinds::CLUSTER, "").await?;
        delete_all(&seed, &LEASE, GARDEN).await?;
        for (kind, namespace) in DEPLOYED {
            delete_all(&shoot, &kind, namespace).await?;
        }
        if serves_pools(&shoot).await {
            delete_all(&shoot, &kinds::IP_POOL, "").await?;
        }
        let binding = Kind { version: self.policy.version, ..kinds::ADMISSION_POLICY_BINDING };
        for kind in [binding, self.policy] {
            delete_all(&shoot, &kind, "").await?;
        }
        shoot.delete(&kinds::CONFIG_MAP, "kube-system", "calico-config").await?;
        access::apply(&seed, &access::in_seed()).await?;
        access::apply(&shoot, &access::in_shoot()).await?;
        self.catch_up().await?;
        self.journal.begin_anew();
        Ok(())
    }

    /// Waits until the journal has everything that has happened so far to whatever is judged.
    pub(super) async fn catch_up(&self) -> Result<(), Trouble> {
        let (seed, shoot) = (self.seed.cluster(), self.shoot.cluster());
        let mut fences = vec![
            (Side::Shoot, &shoot, kinds::NODE, "", json!({})),
            (Side::Seed, &seed, kinds::SECRET, GARDEN, json!({})),
            (Side::Seed, &seed, kinds::MANAGED_RESOURCE, GARDEN, json!({"spec": {"secretRefs": []}})),
        ];
        if serves_pools(&shoot).await {
            let spec = json!({"spec": {"cidr": "10.9.0.0/24", "ipipMode": "Never", "vxlanMode": "Never"}});
            fences.push((Side::Shoot, &shoot, kinds::IP_POOL, "", spec));
        }
        let view = self.journal.view();
        let mut changes = view.changes();
        for (_, cluster, kind, namespace, object) in &fences {
            let mut object = object.clone();
            if let Some(fields) = object.as_object_mut() {
                let metadata = if namespace.is_empty() {
                    json!({"name": FENCE})
                } else {
                    json!({"name": FENCE, "namespace": namespace})
                };
                fields.insert("metadata".to_owned(), metadata);
            }
            cluster.delete(kind, namespace, FENCE).await?;
            cluster.create(kind, object).await?;
        }
        for expected in [true, false] {
            let is_so = || {
                fences
                    .iter()
                    .all(|(side, _, kind, namespace, _)| view.get(*side, kind, namespace, FENCE).is_some() == expected)
            };
            let told = async {
                while !is_so() {
                    // The journal outlives this wait, so there is always another change to wait for.
                    let _ = changes.changed().await;
                }
            };
            if timeout(TOLD_WITHIN, told).await.is_err() {
                let what = "the watches to tell what has happened".to_owned();
                return Err(Trouble::InVain { what, seen: self.folder.display().to_string() });
            }
            if expected {
                for (_, cluster, kind, namespace, _) in &fences {
                    cluster.delete(kind, namespace, FENCE).await?;
                }
            }
        }
        Ok(())
    }
}

pub(super) const LEASE: Kind = Kind { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases" };

/// Deletes all objects of a kind, whoever would like to keep them.
async fn delete_all(cluster: &Cluster, kind: &Kind, namespace: &str) -> Result<(), Trouble> {
    for object in cluster.list(kind, namespace).await? {
        let (namespace, name) = (text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
        cluster.delete(kind, namespace, name).await?;
        if object.pointer("/metadata/finalizers").is_some() {
            let let_go = json!({"metadata": {"finalizers": null}});
            if let Err(error) = cluster.merge(kind, namespace, name, &let_go).await {
                // It may have gone meanwhile.
                if cluster.get(kind, namespace, name).await?.is_some() {
                    return Err(error.into());
                }
            }
        }
    }
    Ok(())
}

async fn serves_pools(shoot: &Cluster) -> bool {
    shoot.list(&kinds::IP_POOL, "").await.is_ok()
}
