//! From settings to a running webhook, and to its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::client::{ApiClient, ObserveRequest, RateLimit, chain};
use adapter_k8s::connect::{self, ConnectError};
use adapter_k8s::lease::{Clock, Election, Elector, Leadership, Loss, identity};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::endpoints::{self, Ready};
use super::keeper::Keeper;
use super::metrics::Metrics;
use super::review::Reviewer;
use super::server::{self, Server, Stage};
use super::settings::{Place, Settings};
use super::store::Store;
use super::tls::{Serving, TlsError};
use crate::commands::decide::now;
use crate::process::tasks::{Background, Signals, tell_address};

/// What Gardener's extensions allow themselves.
const QPS: f32 = 100.0;
const BURST: u32 = 130;
/// How long giving back the lease may take.
const RELEASE_DEADLINE: Duration = Duration::from_secs(3);
/// How long connections of the libraries may take to close; nothing of ours is left then.
const LEFTOVERS: Duration = Duration::from_secs(1);
/// Nothing is watched; a Lease is answered at once.
const SILENCE: Duration = Duration::from_secs(30);

/// Why the process ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no connection to an API server.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// An address cannot be listened at.
    #[error("cannot listen at {flag}")]
    Listen {
        /// The flag.
        flag: &'static str,
        /// Why.
        source: io::Error,
    },
    /// There are no threads.
    #[error("the runtime cannot be started")]
    Runtime(#[source] io::Error),
    /// Signals cannot be waited for.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// The server cannot work.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The lease is lost.
    #[error("leader election lost")]
    Lost(#[source] Loss),
    /// A part that runs for ever has ended.
    #[error("the {0} ended by itself")]
    Ended(&'static str),
}

/// Runs until a signal comes, or something that the process cannot live without is lost. Blocks; for the main thread.
///
/// # Errors
/// [`RunError`]; after a signal there is none where everything ended in good order.
pub fn run(settings: Settings) -> Result<(), RunError> {
    // One provider for every connection, whatever else a library brings along. It is there already only in a second call.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // One thread: a review takes less time than waking a second one. It still answers several times as many as API servers ask.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(RunError::Runtime)?;
    let result = runtime.block_on(live(settings));
    runtime.shutdown_timeout(LEFTOVERS);
    result
}

async fn live(settings: Settings) -> Result<(), RunError> {
    let mut signals = Signals::new().map_err(RunError::Signals)?;
    let metrics = Arc::new(Metrics::new());
    let serving = Serving::default();
    let ready = Ready::new(serving.clone());
    let mut background = Background::default();
    probes(&settings, &ready, &metrics, &mut background).await?;
    let listener = settings.server_address.listen().await;
    let listener = listener.map_err(|source| RunError::Listen { flag: "--webhook-config-server-port", source })?;

    let (keeper, elector) = connected(&settings, &metrics, &serving).await?;
    let stage = watch::Sender::new(Stage::Serving);
    let reviewer = Reviewer::new(settings.landscape);
    let server = Server::new(reviewer, metrics.webhook.clone(), serving, stage.subscribe(), server::ANSWER_DEADLINE);
    let mut servers = JoinSet::new();
    if let Some(listener) = listener {
        tell_address("webhook server", &listener);
        ready.listening();
        servers.spawn(server::serve(Arc::new(server), listener));
    }
    let mut leader = Leader { elector, lease: settings.election.map(|election| election.name), metrics: &metrics };
    let leads = Notify::new();
    let result = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "shutting down");
            Ok(())
        }
        part = background.ended() => Err(RunError::Ended(part)),
        Some(ended) = servers.join_next() => match ended {
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(())) | Err(_) => Err(RunError::Ended("webhook server")),
        },
        () = keep(&keeper, &ready, &leads) => Err(RunError::Ended("keeper of certificates")),
        loss = leader.lead(&leads) => Err(RunError::Lost(loss)),
    };
    // Who lost the lease still answers well: nobody who is sent here until others are is turned away.
    ready.stop();
    tokio::join!(leader.release(), server::leave(&stage));
    while servers.join_next().await.is_some() {}
    background.shutdown().await;
    result
}

async fn keep(keeper: &Keeper, ready: &Ready, leads: &Notify) {
    keeper.begin().await;
    ready.introduced();
    keeper.keep(leads).await;
}

/// Connections to one or two clusters, and what uses them.
async fn connected(
    settings: &Settings,
    metrics: &Metrics,
    serving: &Serving,
) -> Result<(Keeper, Option<Elector>), RunError> {
    let requests: Arc<dyn ObserveRequest> = Arc::clone(&metrics.requests) as _;
    let connect = |config| {
        ApiClient::connect(config, RateLimit::new(QPS, BURST), Arc::clone(&requests))
            .map_err(|error| ConnectError::Client(Box::new(error)))
    };
    let target_config = connect::configuration(&settings.target).await?;
    let source_config = match &settings.source {
        Some(source) => connect::configuration(source).await?,
        None => target_config.clone(),
    };
    let (elector, leadership) = match &settings.election {
        None => (None, Leadership::always()),
        Some(election) => {
            let unlimited = connect::connection(source_config.clone(), SILENCE, &requests)?;
            let election = Election::new(&election.namespace, &election.name, identity());
            metrics.leads(&election.name, false);
            let (elector, leadership) = Elector::new(unlimited, election, Clock::boot());
            (Some(elector), leadership)
        }
    };
    let name = settings.registration.name();
    let store = match &settings.certificates {
        Place::Namespace(namespace) => Store::Secret {
            client: connect(source_config)?,
            namespace: namespace.clone(),
            name: format!("{name}-certificates"),
        },
        Place::Folder(folder) => {
            tracing::warn!("certificates are kept in a folder: other replicas would have other ones");
            Store::Folder(folder.clone())
        }
    };
    let keeper = Keeper {
        store,
        target: connect(target_config)?,
        registration: settings.registration.clone(),
        owner_namespace: settings.owner_namespace.clone(),
        leadership,
        serving: serving.clone(),
        metrics: metrics.certificates.clone(),
        clock: Box::new(now),
    };
    Ok((keeper, elector))
}

/// What the replica does that leads, or would.
struct Leader<'a> {
    elector: Option<Elector>,
    lease: Option<String>,
    metrics: &'a Metrics,
}

impl Leader<'_> {
    /// Contends, leads, and returns when that is lost. Without an election nothing can be.
    async fn lead(&mut self, leads: &Notify) -> Loss {
        let Some(elector) = &mut self.elector else { return std::future::pending().await };
        elector.acquire().await;
        if let Some(lease) = &self.lease {
            self.metrics.leads(lease, true);
            tracing::info!(lease, leads = true, "leader election");
        }
        leads.notify_one();
        elector.hold().await
    }

    /// Gives the lease back, where this process holds it. A write that was cut off has a precondition.
    async fn release(&mut self) {
        let Some(elector) = &mut self.elector else { return };
        match timeout(RELEASE_DEADLINE, elector.release()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = chain(&error), "the lease was not given back"),
            Err(_) => tracing::warn!("the lease was not given back in time"),
        }
        if let Some(lease) = &self.lease {
            self.metrics.leads(lease, false);
        }
    }
}

/// Begins to listen before anything else, so that a taken port is known at once.
async fn probes(
    settings: &Settings,
    ready: &Ready,
    metrics: &Arc<Metrics>,
    background: &mut Background,
) -> Result<(), RunError> {
    let listen = |flag| move |source| RunError::Listen { flag, source };
    let health = settings.health_address.listen().await.map_err(listen("--health-bind-address"))?;
    let scrape = settings.metrics_address.listen().await.map_err(listen("--metrics-bind-address"))?;
    background.serve("health endpoint", health, endpoints::probes(ready.clone()));
    background.serve("metrics endpoint", scrape, endpoints::metrics(Arc::clone(metrics)));
    Ok(())
}
