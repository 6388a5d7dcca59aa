//! From settings to a running process, and to its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::client::resource::{CLUSTERS, NETWORKS};
use adapter_k8s::client::{ApiClient, ObserveRequest, chain};
use adapter_k8s::connect::{self, ConnectError};
use adapter_k8s::lease::{Clock, Election, Elector, Heartbeat, HeartbeatError, Leadership, Loss, identity};
use adapter_k8s::watch as watches;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use super::decisions::Decisions;
use super::health::{Health, Source};
use super::metrics::Metrics;
use super::queue::{BackOff, Queue, Wake};
use super::settings::{self, OperationAnnotation, Settings};
use super::tasks::{Background, Signals};
use super::watch::KnownNetworks;
use super::{endpoints, heartbeat, watch, workers};
use crate::controller::Reconciler;

/// How long the watches may take to read their first lists.
const SYNC_DEADLINE: Duration = Duration::from_secs(120);
/// How long running reconciles may take after a signal. What comes after it fits into the 30 s that a pod has.
const DRAIN_DEADLINE: Duration = Duration::from_secs(24);
/// How often the reconciler lets go of what it no longer uses.
const HOUSEKEEPING: Duration = Duration::from_secs(60);
/// How long giving back the lease may take.
const RELEASE_DEADLINE: Duration = Duration::from_secs(3);
/// How long connections of the libraries may take to close; nothing of ours is left then.
const LEFTOVERS: Duration = Duration::from_secs(1);
/// An API server ends a watch within five minutes; one that is silent for longer has lost its connection.
const SILENCE: Duration = Duration::from_secs(310);

/// What a reconciler is made of.
#[derive(Clone)]
pub struct Parts {
    /// The seed, with the configured rate limit; it takes writes only while this process leads.
    pub seed: ApiClient,
    /// Whether this process may write.
    pub leadership: Leadership,
    /// Wakes Networks.
    pub wake: Wake,
    /// What the watch has told of Networks.
    pub known: KnownNetworks,
    /// Whom to tell about decisions.
    pub decisions: Arc<Decisions>,
    /// Whom to tell about requests to other API servers.
    pub requests: Arc<dyn ObserveRequest>,
}

/// Why the process ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no connection to the seed.
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
    /// The heartbeat cannot work.
    #[error(transparent)]
    Heartbeat(#[from] HeartbeatError),
    /// The watches did not read their first lists.
    #[error("the watches did not read their first lists within {} s", .0.as_secs())]
    NotSynced(Duration),
    /// The lease is lost.
    #[error("leader election lost")]
    Lost(#[source] Loss),
    /// A part that runs for ever has ended.
    #[error("the {0} ended by itself")]
    Ended(&'static str),
    /// Running reconciles were cut off. Their next run finds what they left.
    #[error("running reconciles did not finish: {0}")]
    Unfinished(&'static str),
}

/// Runs until a signal comes, or something that the process cannot live without is lost. Blocks; for the main thread.
///
/// # Errors
/// [`RunError`]; after a signal there is none where everything ended in good order.
pub fn run<R: Reconciler>(settings: Settings, reconciler: impl FnOnce(&Settings, Parts) -> R) -> Result<(), RunError> {
    // One provider for every connection, whatever else a library brings along. It is there already only in a second call.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Two threads: one that computes a bundle does not keep the other from renewing the lease.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(RunError::Runtime)?;
    let result = runtime.block_on(live(settings, reconciler));
    runtime.shutdown_timeout(LEFTOVERS);
    result
}

async fn live<R: Reconciler>(
    settings: Settings,
    reconciler: impl FnOnce(&Settings, Parts) -> R,
) -> Result<(), RunError> {
    let mut signals = Signals::new().map_err(RunError::Signals)?;
    let metrics = Arc::new(Metrics::new());
    let sources: &[Source] = match settings.operation_annotation {
        OperationAnnotation::Obeyed => &[Source::Networks],
        OperationAnnotation::Ignored => &[Source::Networks, Source::Clusters],
    };
    let health = Health::new(sources);
    let mut background = Background::default();
    serve(&settings, &health, &metrics, &mut background).await?;

    let config = connect::configuration(&settings.source).await?;
    let requests: Arc<dyn ObserveRequest> = Arc::clone(&metrics.requests) as _;
    let unlimited = connect::connection(config.clone(), SILENCE, &requests)?;
    let seed = ApiClient::connect(config, settings::rate_limit(&settings.configuration), Arc::clone(&requests))
        .map_err(|error| ConnectError::Client(Box::new(error)))?;
    let heartbeat = settings
        .heartbeat
        .as_ref()
        .map(|heartbeat| Heartbeat::new(unlimited.clone(), &heartbeat.namespace, heartbeat.interval_seconds))
        .transpose()?;

    let queue = Queue::new(BackOff::default(), metrics.queue.clone());
    let known = KnownNetworks::default();
    let networks = watches::metadata(&unlimited, &NETWORKS);
    background.add("watch of Networks", watch::networks(networks, known.clone(), queue.clone(), health.clone()));
    if settings.operation_annotation == OperationAnnotation::Ignored {
        let clusters = watches::metadata(&unlimited, &CLUSTERS);
        background.add("watch of Clusters", watch::clusters(clusters, known.clone(), queue.clone(), health.clone()));
    }

    let (elector, leadership) = match &settings.election {
        None => (None, Leadership::always()),
        Some(election) => {
            let election = Election::new(&election.namespace, &election.name, identity());
            metrics.leads(&election.name, false);
            let (elector, leadership) = Elector::new(unlimited, election, Clock::boot());
            (Some(elector), leadership)
        }
    };
    let decisions = Arc::new(Decisions::new(Arc::clone(&metrics.switches)));
    let seed = seed.writing_under(leadership.clone());
    let parts = Parts { seed, leadership: leadership.clone(), wake: queue.handle(), known, decisions, requests };
    let reconciler = Arc::new(reconciler(&settings, parts));
    background.add("housekeeping", keep_house(Arc::clone(&reconciler)));

    let mut leader =
        Leader { settings: &settings, elector, leadership, queue, metrics, health: health.clone(), heartbeat };
    let begun = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "shutting down");
            None
        }
        part = background.ended() => Some(Err(RunError::Ended(part))),
        begun = leader.begin() => Some(begun),
    };
    let result = match begun {
        None => {
            // The signal may have come together with the lease.
            leader.release().await;
            Ok(())
        }
        Some(Err(error)) => Err(error),
        Some(Ok(())) => leader.lead(&reconciler, &mut signals, &mut background).await,
    };
    health.stop();
    background.shutdown().await;
    result
}

/// What only the replica that leads does.
struct Leader<'a> {
    settings: &'a Settings,
    elector: Option<Elector>,
    leadership: Leadership,
    queue: Queue,
    metrics: Arc<Metrics>,
    health: Health,
    heartbeat: Option<Heartbeat>,
}

impl Leader<'_> {
    /// Waits until this process sees everything and leads. One that is blind does not contend.
    async fn begin(&mut self) -> Result<(), RunError> {
        if timeout(SYNC_DEADLINE, self.health.wait_synced()).await.is_err() {
            return Err(RunError::NotSynced(SYNC_DEADLINE));
        }
        if let Some(elector) = &mut self.elector {
            elector.acquire().await;
            self.tell(true);
        }
        Ok(())
    }

    /// Works until the end.
    async fn lead<R: Reconciler>(
        &mut self,
        reconciler: &Arc<R>,
        signals: &mut Signals,
        background: &mut Background,
    ) -> Result<(), RunError> {
        let workers = self.settings.max_concurrent_reconciles;
        let mut workers = workers::start(workers, &self.queue, reconciler, &self.metrics.network);
        let mut heartbeat = JoinSet::new();
        if let Some(beating) = self.heartbeat.take() {
            heartbeat.spawn(heartbeat::run(beating, self.leadership.clone(), self.metrics.heartbeat.clone()));
        }
        let result = {
            let mut hold = std::pin::pin!(hold(self.elector.as_mut()));
            tokio::select! {
                loss = &mut hold => Err(RunError::Lost(loss)),
                part = background.ended() => Err(RunError::Ended(part)),
                Some(_) = workers.join_next() => Err(RunError::Ended("worker")),
                Some(_) = heartbeat.join_next() => Err(RunError::Ended("heartbeat")),
                signal = signals.next() => {
                    tracing::info!(signal, "shutting down");
                    self.health.stop();
                    self.queue.close();
                    tokio::select! {
                        () = finished(&mut workers) => Ok(()),
                        loss = &mut hold => Err(RunError::Lost(loss)),
                        _ = signals.next() => Err(RunError::Unfinished("a second signal came")),
                        () = sleep(DRAIN_DEADLINE) => Err(RunError::Unfinished("they took too long")),
                    }
                }
            }
        };
        workers.shutdown().await;
        reconciler.close().await;
        heartbeat.shutdown().await;
        // A write that was cut off may still arrive: the next leader must wait until the lease has run out.
        if result.is_ok() {
            self.release().await;
        }
        self.tell(false);
        result
    }

    /// Gives the lease back, where this process holds it.
    async fn release(&mut self) {
        let Some(elector) = &mut self.elector else { return };
        match timeout(RELEASE_DEADLINE, elector.release()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = chain(&error), "the lease was not given back"),
            Err(_) => tracing::warn!("the lease was not given back in time"),
        }
    }

    fn tell(&self, leads: bool) {
        if let Some(election) = &self.settings.election {
            self.metrics.leads(&election.name, leads);
            tracing::info!(lease = election.name, leads, "leader election");
        }
    }
}

async fn keep_house<R: Reconciler>(reconciler: Arc<R>) {
    let mut ticker = interval(HOUSEKEEPING);
    loop {
        ticker.tick().await;
        reconciler.keep_house();
    }
}

/// Without an election nothing can be lost.
async fn hold(elector: Option<&mut Elector>) -> Loss {
    match elector {
        Some(elector) => elector.hold().await,
        None => std::future::pending().await,
    }
}

async fn finished(workers: &mut JoinSet<()>) {
    while workers.join_next().await.is_some() {}
}

/// Begins to listen before anything else, so that a taken port is known at once.
async fn serve(
    settings: &Settings,
    health: &Health,
    metrics: &Arc<Metrics>,
    background: &mut Background,
) -> Result<(), RunError> {
    let listen = |flag| move |source| RunError::Listen { flag, source };
    let health_listener = settings.health_address.listen().await.map_err(listen("--health-bind-address"))?;
    let metrics_listener = settings.metrics_address.listen().await.map_err(listen("--metrics-bind-address"))?;
    background.serve("health endpoint", health_listener, endpoints::health(health.clone()));
    background.serve("metrics endpoint", metrics_listener, endpoints::metrics(Arc::clone(metrics)));
    Ok(())
}
