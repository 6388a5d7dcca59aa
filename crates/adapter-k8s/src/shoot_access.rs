//! Access to the API servers of shoots, by the Secrets that Gardener keeps in each shoot's namespace in the seed
//! (gardener/gardener: docs/extensions/shoot-webhooks.md and extensions/pkg/util).
//!
//! The Secret is read each time, because its token is renewed; the client is built again only when the Secret has changed. A client
//! that nobody has asked for in a while is dropped, and its connections with it.

mod kubeconfig;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use calico_policy::{ReadFailure, ReadFailureKind};
use gardener_api::secret::Secret;
use kube::client::ClientBuilder;
use tokio::time::Instant;

use crate::client::resource::SECRETS;
use crate::client::{ApiClient, ApiError, ObserveRequest, Patience, RateLimit, Request, optional, transport};

pub use kubeconfig::KubeconfigError;

/// The Secret for the address inside of the seed.
pub const INTERNAL: &str = "gardener-internal";
/// The Secret for the address that everybody sees.
pub const EXTERNAL: &str = "gardener";

/// A client that was not asked for in this time is dropped.
const UNUSED_AFTER: Duration = Duration::from_secs(600);
/// Requests to one shoot per second, and at once.
const RATE: (f32, u32) = (20.0, 40);

/// Which address of a shoot is used (`GARDENER_SHOOT_CLIENT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// The one inside of the seed; the external one where the shoot has no other.
    #[default]
    Internal,
    /// The external one (`GARDENER_SHOOT_CLIENT=external`).
    External,
    /// The external one; the one inside of the seed where the shoot has no other. For who asks from outside.
    ExternalFirst,
}

/// Why there is no client. Names Secret and field, never contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShootAccessError {
    /// The Secret cannot be read.
    #[error(transparent)]
    Read(#[from] ApiError),
    /// There is none.
    #[error("there is no Secret `{0}` with access to the shoot")]
    NoSecret(String),
    /// What is in it cannot be used.
    #[error("Secret `{secret}`: {source}")]
    Kubeconfig {
        /// `namespace/name`.
        secret: String,
        /// What is wrong.
        source: KubeconfigError,
    },
}

impl ShootAccessError {
    /// The failure as the core sees it.
    #[must_use]
    pub fn failure(&self) -> ReadFailure {
        let kind = match self {
            Self::Read(_) | Self::NoSecret(_) => ReadFailureKind::Refused,
            Self::Kubeconfig { .. } => ReadFailureKind::Undecodable,
        };
        ReadFailure::new(kind, self.to_string())
    }
}

/// Makes a connection from a configuration: the network, or for a test a server in memory.
pub type Connect = dyn Fn(kube::Config) -> Result<kube::Client, Box<kube::Error>> + Send + Sync;

/// The clients of all shoots in use. They write under the same leadership as the client of the seed.
pub struct ShootAccess {
    seed: ApiClient,
    address: Address,
    observer: Arc<dyn ObserveRequest>,
    connect: Box<Connect>,
    clients: Mutex<BTreeMap<String, Cached>>,
}

struct Cached {
    secret: &'static str,
    uid: String,
    resource_version: String,
    client: ApiClient,
    used: Instant,
}

impl ShootAccess {
    /// Access over the network.
    #[must_use]
    pub fn new(seed: ApiClient, address: Address, observer: Arc<dyn ObserveRequest>) -> Self {
        Self::connecting_by(seed, address, observer, |config| {
            transport::builder(config).map(ClientBuilder::build).map_err(Box::new)
        })
    }

    /// Access over something else.
    pub fn connecting_by(
        seed: ApiClient,
        address: Address,
        observer: Arc<dyn ObserveRequest>,
        connect: impl Fn(kube::Config) -> Result<kube::Client, Box<kube::Error>> + Send + Sync + 'static,
    ) -> Self {
        Self { seed, address, observer, connect: Box::new(connect), clients: Mutex::new(BTreeMap::new()) }
    }

    /// A client for the shoot whose control plane is in this namespace. It may fail to reach the shoot.
    ///
    /// # Errors
    /// [`ShootAccessError`].
    pub async fn client(&self, namespace: &str) -> Result<ApiClient, ShootAccessError> {
        let (name, secret) = self.secret(namespace).await?;
        if let Some(client) = self.cached(namespace, name, &secret) {
            return Ok(client);
        }
        let client = self.open_one(namespace, name, &secret).await?;
        let cached = Cached {
            secret: name,
            uid: secret.metadata.uid,
            resource_version: secret.metadata.resource_version,
            client: client.clone(),
            used: Instant::now(),
        };
        self.clients().insert(namespace.to_owned(), cached);
        Ok(client)
    }

    /// Clients with connections of their own, which nobody keeps. A shoot may have several API servers, and a load balancer decides
    /// by connection which of them answers.
    ///
    /// # Errors
    /// [`ShootAccessError`].
    pub async fn fresh(&self, namespace: &str, count: usize) -> Result<Vec<ApiClient>, ShootAccessError> {
        let (name, secret) = self.secret(namespace).await?;
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(self.open_one(namespace, name, &secret).await?);
        }
        Ok(clients)
    }

    /// Drops the client of a shoot that is gone. Calling it twice is harmless.
    pub fn forget(&self, namespace: &str) {
        self.clients().remove(namespace);
    }

    /// Drops what nobody uses any more. A client that somebody still has, such as a watch, is in use.
    pub fn close_unused(&self) {
        self.clients().retain(|_, cached| cached.used.elapsed() < UNUSED_AFTER || cached.client.is_shared());
    }

    /// Number of clients that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.clients().len()
    }

    async fn open_one(&self, namespace: &str, name: &str, secret: &Secret) -> Result<ApiClient, ShootAccessError> {
        let unusable = |source| ShootAccessError::Kubeconfig { secret: format!("{namespace}/{name}"), source };
        let config = kubeconfig::config(secret).await.map_err(unusable)?;
        let host = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
        let connection = (self.connect)(config).map_err(|_| unusable(KubeconfigError::Connection))?;
        let (qps, burst) = RATE;
        Ok(ApiClient::new(connection, host, RateLimit::new(qps, burst), Arc::clone(&self.observer))
            .with_patience(Patience::SHOOT)
            .writing_under(self.seed.leadership()))
    }

    async fn secret(&self, namespace: &str) -> Result<(&'static str, Secret), ShootAccessError> {
        let names: &[&'static str] = match self.address {
            Address::Internal => &[INTERNAL, EXTERNAL],
            Address::External => &[EXTERNAL],
            Address::ExternalFirst => &[EXTERNAL, INTERNAL],
        };
        for name in names {
            if let Some(secret) = optional(self.seed.json(&Request::get(&SECRETS, namespace, name)).await)? {
                return Ok((name, secret));
            }
        }
        Err(ShootAccessError::NoSecret(format!("{namespace}/{}", names.first().unwrap_or(&EXTERNAL))))
    }

    fn cached(&self, namespace: &str, name: &str, secret: &Secret) -> Option<ApiClient> {
        self.close_unused();
        let mut clients = self.clients();
        let cached = clients.get_mut(namespace)?;
        let same = cached.secret == name
            && cached.uid == secret.metadata.uid
            && cached.resource_version == secret.metadata.resource_version;
        same.then(|| {
            cached.used = Instant::now();
            cached.client.clone()
        })
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Cached>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use base64::Engine as _;
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::client::Unobserved;
    use crate::lease::Leadership;

    type Secrets = Arc<Mutex<BTreeMap<&'static str, String>>>;

    fn kubeconfig(version: u8) -> String {
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "n",
            "contexts": [{"name": "n", "context": {"cluster": "n", "user": "n"}}],
            "clusters": [{"name": "n", "cluster": {"server": "http://shoot"}}],
            "users": [{"name": "n", "user": {"token": "t"}}],
        });
        let data = base64::engine::general_purpose::STANDARD.encode(kubeconfig.to_string());
        let metadata = json!({"uid": "u", "resourceVersion": version.to_string()});
        json!({"metadata": metadata, "data": {"kubeconfig": data}}).to_string()
    }

    /// Access to a shoot with these Secrets in its namespace, and the number of connections made.
    fn access(address: Address, secrets: &Secrets) -> (ShootAccess, Arc<AtomicUsize>) {
        let secrets = Arc::clone(secrets);
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let name = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            let secret = secrets.lock().unwrap().get(name.as_str()).cloned();
            let (code, text) = secret.map_or((404, r#"{"reason": "NotFound"}"#.to_owned()), |secret| (200, secret));
            async move { http::Response::builder().status(code).body(Body::from(text.into_bytes())) }
        });
        let seed =
            ApiClient::new(kube::Client::new(service, "default"), "seed", RateLimit::none(), Arc::new(Unobserved));
        let made = Arc::new(AtomicUsize::new(0));
        let connections = Arc::clone(&made);
        let access = ShootAccess::connecting_by(seed, address, Arc::new(Unobserved), move |_| {
            connections.fetch_add(1, Ordering::SeqCst);
            let nobody = tower::service_fn(async |_: http::Request<Body>| {
                Ok::<_, http::Error>(http::Response::new(Body::empty()))
            });
            Ok(kube::Client::new(nobody, "default"))
        });
        (access, made)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_somebody_has_is_not_dropped() {
        let secrets = Secrets::default();
        secrets.lock().unwrap().insert(INTERNAL, kubeconfig(1));
        let (access, _) = access(Address::Internal, &secrets);
        let held = access.client("n").await.unwrap();
        tokio::time::advance(UNUSED_AFTER * 2).await;
        access.close_unused();
        assert_eq!(access.open(), 1);
        drop(held);
        access.close_unused();
        assert_eq!(access.open(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_lasts_as_long_as_its_secret_and_its_use() {
        let secrets = Secrets::default();
        secrets.lock().unwrap().insert(INTERNAL, kubeconfig(1));
        let (access, made) = access(Address::Internal, &secrets);
        access.client("n").await.unwrap();
        access.client("n").await.unwrap();
        assert_eq!((made.load(Ordering::SeqCst), access.open()), (1, 1));

        secrets.lock().unwrap().insert(INTERNAL, kubeconfig(2));
        access.client("n").await.unwrap();
        assert_eq!((made.load(Ordering::SeqCst), access.open()), (2, 1), "the token was renewed");

        tokio::time::sleep(UNUSED_AFTER).await;
        access.close_unused();
        assert_eq!(access.open(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_lead_writes_to_no_shoot() {
        let secrets = Secrets::default();
        secrets.lock().unwrap().insert(INTERNAL, kubeconfig(1));
        let (mut access, _) = access(Address::Internal, &secrets);
        let (_grant, leadership) = Leadership::granted_by(crate::lease::Clock::new(|| Duration::ZERO));
        access.seed = access.seed.writing_under(leadership);
        let kept = access.client("n").await.unwrap();
        let fresh = access.fresh("n", 1).await.unwrap().remove(0);
        for client in [kept, fresh] {
            client.text(&Request::get(&SECRETS, "a", "b")).await.unwrap();
            let error = client.text(&Request::delete(&SECRETS, "a", "b", None)).await.unwrap_err();
            assert_eq!(error.to_string(), "delete Secret `a/b`: not sent: this process does not lead");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_decides_which_secret_is_read() {
        let answers = async |address, names: &[&'static str]| {
            let secrets = Secrets::default();
            secrets.lock().unwrap().extend(names.iter().map(|name| (*name, kubeconfig(1))));
            access(address, &secrets).0.client("n").await.is_ok()
        };
        assert!(answers(Address::Internal, &[INTERNAL]).await);
        assert!(answers(Address::Internal, &[EXTERNAL]).await, "where there is no other");
        assert!(answers(Address::External, &[EXTERNAL]).await);
        assert!(!answers(Address::External, &[INTERNAL]).await);
        assert!(answers(Address::ExternalFirst, &[INTERNAL]).await);
        assert!(!answers(Address::Internal, &[]).await);
    }
}
