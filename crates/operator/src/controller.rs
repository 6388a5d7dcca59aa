//! One Network, from its key to its final status.
//!
//! Every look reads the Network anew and judges what there is to do ([`dispatch`]); nothing is carried over from an event. Waiting,
//! for routes, for a bundle to be applied or for objects to go, is a look later on and never a worker that sleeps.

mod api;
mod configure;
mod digest;
pub mod dispatch;
pub mod events;
pub mod evidence;
mod failure;
mod freshness;
pub mod guard;
mod memory;
mod node_watch;
mod operation;
mod pass;
mod remove;
mod second_bundle;
mod status;

use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::bundle::Definitions;
use adapter_k8s::client::ApiClient;
use adapter_k8s::read;
use adapter_k8s::read::network::LiveNetwork;
use adapter_k8s::shoot_access::ShootAccess;
use adapter_k8s::write::network::{Change, OPERATION};
use calico_policy::time::Timestamp;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;

pub use api::{FailureKind, NetworkKey, Next, Observer, ReconcileError, Reconciler};
pub use dispatch::{Service, Trigger};
pub use failure::{ErrorCode, Failure};
pub use freshness::ToldState;
pub use node_watch::{Hearing, NodeWatches, WakeNetwork, WatchCounts};
pub use operation::Operation;

use dispatch::{Idle, Sight, Work};
use freshness::Freshness;
use memory::{Memory, Remembered};
use pass::Pass;

/// How long one look may take.
const DEADLINE: Duration = Duration::from_secs(180);
/// How often it is looked whether Gardener has taken up a shoot again that it has given up, where something was asked for meanwhile.
const LOOK_AT_FAILED: Duration = Duration::from_secs(60);

/// What reconciles Networks.
pub struct Controller {
    /// The seed; its writes are checked for leadership.
    pub seed: ApiClient,
    /// The shoots.
    pub shoots: ShootAccess,
    /// The landscape operator's configuration.
    pub configuration: ControllerConfiguration,
    /// Where images come from.
    pub images: ImageVector,
    /// Calico's definitions, of which a process has one copy.
    pub definitions: Arc<Definitions>,
    /// Which Networks are served.
    pub service: Service,
    /// What the watch has told of each Network. Without a watch, nothing.
    pub told: Box<ToldState>,
    /// Who is told about decisions.
    pub observer: Arc<dyn Observer>,
    /// The time.
    pub clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Which shoots' nodes are watched.
    pub watches: NodeWatches,
    /// What is remembered between two looks.
    pub memory: RememberedNetworks,
}

/// What a [`Controller`] remembers between two looks; losing it costs requests and changes no decision.
#[derive(Debug, Default)]
pub struct RememberedNetworks(Memory);

impl Reconciler for Controller {
    async fn reconcile(&self, key: NetworkKey) -> Result<Next, ReconcileError> {
        let mut remembered = self.memory.0.take(&key);
        remembered.watches_nodes = false;
        let result = tokio::time::timeout(DEADLINE, self.look_at(&key, &mut remembered)).await;
        if !matches!(result, Ok(Ok(_))) {
            remembered.doubt();
        }
        if !remembered.watches_nodes {
            self.watches.stop(&key);
        }
        if !remembered.is_over {
            self.memory.0.put(key.clone(), remembered);
        }
        match result {
            Ok(result) => result,
            Err(_) => {
                let failure = Failure::TimedOut(DEADLINE);
                self.report(&key, &failure).await?;
                Err(failure.into_error())
            }
        }
    }

    async fn report_panic(&self, key: NetworkKey, message: String) -> Result<(), ReconcileError> {
        self.report(&key, &Failure::Panic(message)).await
    }

    fn keep_house(&self) {
        self.shoots.close_unused();
    }

    async fn close(&self) {
        self.watches.close().await;
    }
}

impl Controller {
    async fn look_at(&self, key: &NetworkKey, remembered: &mut Remembered) -> Result<Next, ReconcileError> {
        // What is told of after this makes the Network due again.
        let told = (self.told)(key);
        let live = self.network(key).await?;
        let freshness = Freshness::of(live.as_ref().map(|live| &live.object), told.as_deref());
        if let Some(delay) = remembered.puts_off(freshness) {
            tracing::info!(
                ?delay,
                "the API server answered with an earlier state than the watch has told of; the look is put off"
            );
            return Ok(Next::After(delay));
        }
        let sight = remembered.look();
        let Some(live) = live else {
            self.forget(key, remembered);
            return Ok(Next::OnChange);
        };
        let work = dispatch::work(&live.object, &self.service, sight);
        if let Work::Nothing(idle) = work {
            if matches!(idle, Idle::NotOurs | Idle::Migrated | Idle::Released) {
                self.forget(key, remembered);
            }
            return Ok(Next::OnChange);
        }
        let shoot = read::cluster::shoot(&self.seed, &key.namespace).await;
        if shoot.as_ref().is_ok_and(dispatch::is_failed) {
            return Ok(Next::After(LOOK_AT_FAILED));
        }
        let now = (self.clock)();
        let mut pass = Pass::new(&self.seed, key.clone(), live, work, shoot, remembered, now);
        match self.carry_out(&mut pass).await {
            Ok(next) => Ok(next),
            Err(failure) => self.fail(pass, failure).await,
        }
    }

    async fn carry_out(&self, pass: &mut Pass<'_>) -> Result<Next, Failure> {
        match pass.work {
            Work::Nothing(_) => Ok(Next::OnChange),
            Work::Acknowledge => {
                pass.change(Change { remove_annotation: Some((OPERATION, "reconcile")), ..Change::default() }).await?;
                Ok(Next::OnChange)
            }
            Work::FollowUp => self.configure(pass).await,
            Work::Run { operation: Operation::Delete, .. } => self.delete(pass).await,
            Work::Run { operation: Operation::Migrate, .. } => self.migrate(pass).await,
            Work::Run { operation: Operation::Create | Operation::Reconcile | Operation::Restore, .. } => {
                pass.adopt().await?;
                self.configure(pass).await
            }
        }
    }

    /// Tells of a failure, as well as that is possible, and hands it to the queue.
    async fn fail(&self, mut pass: Pass<'_>, failure: Failure) -> Result<Next, ReconcileError> {
        if let (Some(operation), true) = (pass.operation(), failure.is_told()) {
            let (text, codes) = (failure.to_string(), failure.codes());
            let told = status::failed(&pass.live.object, operation, &text, codes, pass.now);
            // The failure itself is what counts, and the queue is told in any case.
            let _ = pass.tell(told).await;
        }
        match failure.retry_after() {
            Some(delay) => {
                pass.memory.doubt();
                Ok(Next::After(delay))
            }
            None => Err(failure.into_error()),
        }
    }

    /// Tells of a failure that ended a look from outside.
    async fn report(&self, key: &NetworkKey, failure: &Failure) -> Result<(), ReconcileError> {
        let Some(live) = self.network(key).await? else { return Ok(()) };
        let Work::Run { operation, .. } = dispatch::work(&live.object, &self.service, Sight::Again) else {
            return Ok(());
        };
        let (text, now) = (failure.to_string(), (self.clock)());
        let told = status::failed(&live.object, operation, &text, failure.codes(), now);
        let written = adapter_k8s::write::status::write(&self.seed, &live, &told).await;
        written.map(|_| ()).map_err(|error| Failure::Own(error).into_error())
    }

    async fn network(&self, key: &NetworkKey) -> Result<Option<LiveNetwork>, ReconcileError> {
        let read = read::network::network(&self.seed, &key.namespace, &key.name).await;
        read.map_err(|error| Failure::Own(error).into_error())
    }

    fn forget(&self, key: &NetworkKey, remembered: &mut Remembered) {
        self.observer.forgotten(key);
        self.shoots.forget(&key.namespace);
        remembered.is_over = true;
    }
}
