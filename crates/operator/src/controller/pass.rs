//! One look at one Network: what was read, what is being done, and the few writes to the object itself.

use adapter_k8s::client::ApiClient;
use adapter_k8s::read::cluster::ClusterError;
use adapter_k8s::read::network::LiveNetwork;
use adapter_k8s::write::network::{self, Change, Finalizers, OPERATION, asks_the_same};
use adapter_k8s::write::status::{self as writes, StatusChange};
use calico_policy::phase::Phase;
use calico_policy::time::Timestamp;
use gardener_api::cluster::Shoot;
use serde_json::Value;

use super::dispatch::{Attempt, Work};
use super::failure::Failure;
use super::memory::Remembered;
use super::operation::Operation;
use super::{NetworkKey, status};

/// One look at one Network.
pub(super) struct Pass<'a> {
    pub(super) seed: &'a ApiClient,
    pub(super) key: NetworkKey,
    pub(super) live: LiveNetwork,
    pub(super) work: Work,
    pub(super) shoot: Result<Shoot, ClusterError>,
    pub(super) memory: &'a mut Remembered,
    pub(super) now: Timestamp,
    /// Whether the bundle was written in this look.
    pub(super) wrote: bool,
    begun: bool,
    gone: bool,
    /// Whether a write of this look has shown that the Network is as it was read.
    proven: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        seed: &'a ApiClient,
        key: NetworkKey,
        live: LiveNetwork,
        work: Work,
        shoot: Result<Shoot, ClusterError>,
        memory: &'a mut Remembered,
        now: Timestamp,
    ) -> Self {
        Self { seed, key, live, work, shoot, memory, now, wrote: false, begun: false, gone: false, proven: false }
    }

    /// The operation; `None` where this look only follows one up.
    pub(super) const fn operation(&self) -> Option<Operation> {
        match self.work {
            Work::Run { operation, .. } => Some(operation),
            Work::Nothing(_) | Work::Acknowledge | Work::FollowUp => None,
        }
    }

    /// Takes the Network on: our finalizer, and the request to reconcile as heard. Both in one write, and where the status could be
    /// taken for the answer by then, only after that has been said to be under way.
    pub(super) async fn adopt(&mut self) -> Result<(), Failure> {
        if status::reads_as_answer(&self.live.object) {
            self.begin(None).await?;
        }
        self.hear("reconcile", Finalizers::AddOurs).await
    }

    /// Tells that the operation has begun, once, and not again where it goes on; with it what our own record must say before
    /// anything is written.
    pub(super) async fn begin(&mut self, record: Option<Value>) -> Result<(), Failure> {
        let Work::Run { operation, attempt } = self.work else { return Ok(()) };
        let mut change = if self.begun || attempt == Attempt::Continued && self.goes_on(operation) {
            StatusChange::default()
        } else {
            status::processing(&self.live.object, operation, self.now)
        };
        self.begun = true;
        change.state = record;
        self.tell(change).await
    }

    /// Makes sure that the Network is as it was read before anything is made for it. On an answer from before its deletion something
    /// would be made that nobody takes away any more.
    pub(super) async fn prove(&mut self) -> Result<(), Failure> {
        if !self.gone && !self.proven {
            match network::confirm(self.seed, &self.live).await {
                Ok(is_there) => (self.gone, self.proven) = (!is_there, is_there),
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(Failure::Own(error)),
            }
        }
        if self.proven && !self.gone { Ok(()) } else { Err(Failure::Outdated("Network")) }
    }

    /// Writes the status, as far as it does not say so already.
    pub(super) async fn tell(&mut self, change: StatusChange) -> Result<(), Failure> {
        if self.gone {
            return Ok(());
        }
        let written = writes::write(self.seed, &self.live, &change).await.map_err(Failure::Own)?;
        self.replace(written);
        Ok(())
    }

    /// Changes finalizers and annotations.
    pub(super) async fn change(&mut self, change: Change<'_>) -> Result<(), Failure> {
        if self.gone {
            return Ok(());
        }
        let written = network::change(self.seed, &self.live, change).await.map_err(Failure::Own)?;
        self.replace(written);
        Ok(())
    }

    /// Takes away the request for the operation that has succeeded. One for another that came in the meantime stays.
    pub(super) async fn finish(&mut self) -> Result<(), Failure> {
        match self.operation() {
            Some(Operation::Restore) => self.hear("restore", Finalizers::Keep).await,
            _ => Ok(()),
        }
    }

    /// Takes a request away as heard, and changes the finalizers with it.
    async fn hear(&mut self, request: &str, finalizers: Finalizers) -> Result<(), Failure> {
        let mut heard = self.live.object.metadata.clone();
        self.change(Change { finalizers, remove_annotation: Some((OPERATION, request)) }).await?;
        heard.annotations.retain(|key, value| key != OPERATION || value != request);
        // Somebody else may have written in the meantime, and the change was made over that: also a request in the same words.
        if !self.gone && asks_the_same(&heard, &self.live.object.metadata) {
            Ok(())
        } else {
            Err(Failure::Outdated("Network"))
        }
    }

    /// An attempt that failed is followed by a new one, except where it waits: for routes, or for objects to go.
    fn goes_on(&self, operation: Operation) -> bool {
        let waits = adapter_k8s::facts::network::phase(&self.live.object).is_some_and(Phase::is_hold)
            || matches!(operation, Operation::Delete | Operation::Migrate);
        let state = self.live.object.status.last_operation.as_ref().map(|last| last.state.as_str());
        state == Some("Processing") || state == Some("Error") && waits
    }

    fn replace(&mut self, written: Option<LiveNetwork>) {
        match written {
            Some(live) => {
                self.proven |= live.object.metadata.resource_version != self.live.object.metadata.resource_version;
                self.live = live;
            }
            None => self.gone = true,
        }
    }
}
