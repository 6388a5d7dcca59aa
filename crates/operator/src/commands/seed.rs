//! A living seed in the place of files: the connection, its Networks, and how one complains about it. Nothing is written there.

use std::path::Path;
use std::sync::Arc;

use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::connect::{self, Source};
use adapter_k8s::read;
use adapter_k8s::read::network::LiveNetwork;
use adapter_k8s::read::networks::ListedNetwork;
use adapter_k8s::shoot_access::{Address, ShootAccess};

use crate::diagnostics::Diagnostic;

/// How much a person who looks may ask of a seed: requests per second, and at once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// For one Network.
    One,
    /// For all of them. The API server sets its own bounds (priority and fairness) and says when it is asked too much.
    Fleet,
}

impl Pace {
    fn rate_limit(self) -> RateLimit {
        match self {
            Self::One => RateLimit::new(20.0, 40),
            Self::Fleet => RateLimit::new(400.0, 400),
        }
    }
}

/// Runs what asks a seed to its end.
pub(super) fn block_on<T>(kubeconfig: &Path, asking: impl Future<Output = T>) -> Result<T, Diagnostic> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unusable(kubeconfig, format!("start the runtime: {error}")))?;
    Ok(runtime.block_on(asking))
}

/// Connects to the seed. Whether it is there shows with the first request.
pub(super) async fn connect(kubeconfig: &Path, pace: Pace) -> Result<ApiClient, Diagnostic> {
    let source = Source { kubeconfig: Some(kubeconfig.to_owned()), master: None };
    let unusable = |error: &dyn std::error::Error| {
        let text = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        unusable(kubeconfig, text)
    };
    let configuration = connect::configuration(&source).await.map_err(|error| unusable(&error))?;
    ApiClient::connect(configuration, pace.rate_limit(), Arc::new(Unobserved)).map_err(|error| unusable(&error))
}

/// The shoots of a seed. From outside of it only the external address of a shoot can be reached.
pub(super) fn shoots(seed: &ApiClient) -> ShootAccess {
    ShootAccess::new(seed.clone(), Address::ExternalFirst, Arc::new(Unobserved))
}

/// The one Network that is meant by `NAMESPACE/NAME`.
pub(super) async fn network(seed: &ApiClient, meant: &str) -> Result<LiveNetwork, Diagnostic> {
    let (namespace, name) = meant
        .split_once('/')
        .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty())
        .ok_or_else(|| about(meant, format!("`--network {meant}`: expected NAMESPACE/NAME")))?;
    let found = read::network::network(seed, namespace, name).await;
    let found = found.map_err(|error| about(meant, error.to_string()))?;
    found.ok_or_else(|| about(meant, format!("there is no Network `{meant}`")))
}

/// All Networks of the seed, or the one that is meant.
pub(super) async fn networks(
    seed: &ApiClient,
    kubeconfig: &Path,
    meant: Option<&str>,
) -> Result<Vec<ListedNetwork>, Diagnostic> {
    match meant {
        None => read::networks::networks(seed).await.map_err(|error| unusable(kubeconfig, error.to_string())),
        Some(meant) => {
            let LiveNetwork { object, .. } = network(seed, meant).await?;
            let (namespace, name) = (object.metadata.namespace.clone(), object.metadata.name.clone());
            Ok(vec![ListedNetwork { namespace, name, network: Ok(Box::new(object)) }])
        }
    }
}

/// Something to say about a Network.
pub(super) fn about(network: &str, text: String) -> Diagnostic {
    Diagnostic { file: network.to_owned(), position: None, path: String::new(), text, excerpt: None }
}

fn unusable(kubeconfig: &Path, text: String) -> Diagnostic {
    about(&kubeconfig.display().to_string(), text)
}
