//! Which API server, and a connection to it.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use kube::client::Body;
use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tokio::time::Instant;
use tower::Service;

use crate::client::{Attempt, ObserveRequest, Outcome, USER_AGENT, Verb, transport};

/// Where the configuration of the connection comes from; the first that is given counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// `--kubeconfig`. Empty or absent: `$KUBECONFIG`, else the service account of the pod, else the kubeconfig in the home
    /// folder, as client-go looks for them.
    pub kubeconfig: Option<PathBuf>,
    /// `--master`: the address of the API server in the place of that in the kubeconfig. Within a pod it has no effect.
    pub master: Option<String>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A kubeconfig cannot be used.
    #[error("kubeconfig `{}` cannot be used", .path)]
    Kubeconfig {
        /// Its path, or where it would be.
        path: String,
        /// Why.
        source: Box<KubeconfigError>,
    },
    /// There is neither a kubeconfig nor a service account.
    #[error("no API server: set --kubeconfig or KUBECONFIG (not in a pod: {in_cluster})")]
    Nothing {
        /// Why the process is not in a pod.
        in_cluster: InClusterError,
        /// Why the home folder does not help.
        source: Box<KubeconfigError>,
    },
    /// `--master` is no address.
    #[error("--master: `{0}` is not the address of an API server")]
    Master(String),
    /// The configuration names something that cannot be used.
    #[error("the API server cannot be connected to")]
    Client(#[source] Box<kube::Error>),
}

/// Finds the configuration of the connection.
///
/// # Errors
/// [`ConnectError`] where a source that was named cannot be used, or there is none at all.
pub async fn configuration(source: &Source) -> Result<Config, ConnectError> {
    let named = source.kubeconfig.as_deref().filter(|path| !path.as_os_str().is_empty());
    let mut config = match (named, Kubeconfig::from_env()) {
        (Some(path), _) => {
            let read = Kubeconfig::read_from(path).map_err(|error| unusable(path, error))?;
            of(read).await.map_err(|error| unusable(path, error))?
        }
        (None, Err(error)) => return Err(unusable(Path::new("$KUBECONFIG"), error)),
        (None, Ok(Some(read))) => of(read).await.map_err(|error| unusable(Path::new("$KUBECONFIG"), error))?,
        (None, Ok(None)) => match Config::incluster() {
            Ok(config) => return Ok(config),
            Err(in_cluster) => {
                let nothing = |source| ConnectError::Nothing { in_cluster, source: Box::new(source) };
                match Kubeconfig::read() {
                    Ok(read) => of(read).await.map_err(|error| unusable(Path::new("~/.kube/config"), error))?,
                    Err(error) => return Err(nothing(error)),
                }
            }
        },
    };
    if let Some(master) = source.master.as_deref().filter(|master| !master.is_empty()) {
        config.cluster_url = address(master)?;
    }
    Ok(config)
}

/// Connects for watches, Leases and whatever else must neither wait for a rate limit nor be retried behind our back.
/// `silence` is how long nothing at all may come; a watch hears from the server more often than that.
///
/// # Errors
/// [`ConnectError::Client`].
pub fn connection(
    mut config: Config,
    silence: Duration,
    observer: &Arc<dyn ObserveRequest>,
) -> Result<Client, ConnectError> {
    config.read_timeout = Some(silence);
    let agent = http::HeaderValue::from_static(USER_AGENT);
    config.headers.push((http::header::USER_AGENT, agent));
    let host: Arc<str> = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default().into();
    let builder = transport::builder(config).map_err(|error| ConnectError::Client(Box::new(error)))?;
    let observed =
        tower::layer::layer_fn(|inner| Observed { inner, host: Arc::clone(&host), observer: Arc::clone(observer) });
    Ok(builder.with_layer(&observed).build())
}

async fn of(kubeconfig: Kubeconfig) -> Result<Config, KubeconfigError> {
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await
}

fn unusable(path: &Path, error: KubeconfigError) -> ConnectError {
    ConnectError::Kubeconfig { path: path.display().to_string(), source: Box::new(error) }
}

/// An address without a scheme is one for HTTP, as in client-go.
fn address(master: &str) -> Result<http::Uri, ConnectError> {
    let whole = if master.contains("://") { master.to_owned() } else { format!("http://{master}") };
    match whole.parse::<http::Uri>() {
        Ok(address) if address.authority().is_some() => Ok(address),
        Ok(_) | Err(_) => Err(ConnectError::Master(master.to_owned())),
    }
}

/// Counts what passes. A watch counts when it is answered, not when it ends.
struct Observed<S> {
    inner: S,
    host: Arc<str>,
    observer: Arc<dyn ObserveRequest>,
}

impl<S, B> Service<http::Request<Body>> for Observed<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send,
    B: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (host, observer) = (Arc::clone(&self.host), Arc::clone(&self.observer));
        let verb = verb(request.method());
        let started = Instant::now();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let outcome = answer.as_ref().map_or(Outcome::Failed, |answer| Outcome::Answered(answer.status().as_u16()));
            observer.observe(&Attempt { verb, host: &host, outcome, elapsed: started.elapsed() });
            answer
        })
    }
}

fn verb(method: &http::Method) -> Verb {
    match method.as_str() {
        "POST" => Verb::Create,
        "PUT" => Verb::Update,
        "PATCH" => Verb::Patch,
        "DELETE" => Verb::Delete,
        _ => Verb::Get,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
        contexts: [{name: c, context: {cluster: k, user: u}}]\n\
        clusters: [{name: k, cluster: {server: 'https://seed.example:6443'}}]\nusers: [{name: u, user: {}}]\n";

    fn source(path: &Path, master: &str) -> Source {
        Source { kubeconfig: Some(path.to_owned()), master: Some(master.to_owned()) }
    }

    #[tokio::test]
    async fn the_named_kubeconfig_counts_and_master_replaces_its_address() {
        let folder = std::env::temp_dir().join(format!("connect-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("kubeconfig");
        std::fs::write(&path, KUBECONFIG).unwrap();
        let url = |source: Source| async move { configuration(&source).await.unwrap().cluster_url.to_string() };
        assert_eq!(url(source(&path, "")).await, "https://seed.example:6443/");
        assert_eq!(url(source(&path, "https://other.example")).await, "https://other.example/");
        assert_eq!(url(source(&path, "127.0.0.1:8001")).await, "http://127.0.0.1:8001/");
        let error = configuration(&source(&path, "http://")).await.unwrap_err();
        assert_eq!(error.to_string(), "--master: `http://` is not the address of an API server");
        let error = configuration(&source(&folder.join("none"), "")).await.unwrap_err();
        assert_eq!(error.to_string(), format!("kubeconfig `{}` cannot be used", folder.join("none").display()));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
