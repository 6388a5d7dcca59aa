//! Delete, force delete and migrate. None of them looks at `providerConfig`, and none needs a Cluster.

use std::time::Duration;

use adapter_k8s::read;
use adapter_k8s::write::deletion::{self, Remaining};
use adapter_k8s::write::network::{Change, Finalizers, OPERATION};
use calico_policy::Reading;
use calico_policy::phase::Phase;
use serde_json::Value;

use super::dispatch::is_force_deleted;
use super::failure::Failure;
use super::memory::Waiting;
use super::operation::Operation;
use super::pass::Pass;
use super::{Controller, Next, status};

/// How long objects may take to go before the status says so. Gardener waits three minutes.
const GONE_WITHIN: Duration = Duration::from_secs(120);
/// How often it is looked whether they are gone.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
const LOOK_AT_OVERDUE: Duration = Duration::from_secs(5);

impl Controller {
    /// Takes everything back that belongs to the shoot's network.
    pub(super) async fn delete(&self, pass: &mut Pass<'_>) -> Result<Next, Failure> {
        pass.begin(None).await?;
        if pass.shoot.as_ref().is_ok_and(is_force_deleted) {
            // Whatever stays behind is cleaned up by gardenlet, which waits for this Network first.
            let _ = deletion::monitoring(&self.seed, &pass.key.namespace).await;
            let _ = deletion::managed_resources(&self.seed, &pass.key.namespace).await;
        } else if let Some(next) = self.take_back(pass).await? {
            return Ok(next);
        }
        pass.tell(status::succeeded(&pass.live.object, Operation::Delete, pass.now)).await?;
        pass.change(Change { finalizers: Finalizers::RemoveOurs, ..Change::default() }).await?;
        Ok(Next::OnChange)
    }

    /// Leaves the objects in the shoot and takes back what is in this seed.
    pub(super) async fn migrate(&self, pass: &mut Pass<'_>) -> Result<Next, Failure> {
        let record = self.record_to_carry(pass).await;
        pass.begin(record).await?;
        if !pass.memory.waits(&Waiting::Gone) {
            deletion::keep_objects(&self.seed, &pass.key.namespace).await?;
        }
        let still_there = self.take_back(pass).await?;
        if let (Some(next), false) = (still_there, pass.shoot.as_ref().is_ok_and(is_force_deleted)) {
            return Ok(next);
        }
        pass.tell(status::succeeded(&pass.live.object, Operation::Migrate, pass.now)).await?;
        let remove_annotation = Some((OPERATION, "migrate"));
        pass.change(Change { finalizers: Finalizers::RemoveAll, remove_annotation }).await?;
        Ok(Next::OnChange)
    }

    /// Deletes what is in the seed; says when to look again while something of it is still there.
    async fn take_back(&self, pass: &mut Pass<'_>) -> Result<Option<Next>, Failure> {
        let namespace = &pass.key.namespace;
        let begun = pass.memory.waits(&Waiting::Gone);
        if !begun {
            deletion::monitoring(&self.seed, namespace).await?;
        }
        let mut remaining = deletion::managed_resources(&self.seed, namespace).await?;
        if !begun && !remaining.is_empty() {
            // Without finalizers they are gone at once.
            remaining = deletion::managed_resources(&self.seed, namespace).await?;
        }
        if remaining.is_empty() {
            pass.memory.stop_waiting();
            return Ok(None);
        }
        if pass.memory.wait(Waiting::Gone) < GONE_WITHIN {
            return Ok(Some(Next::After(LOOK_AGAIN)));
        }
        let operation = pass.operation().unwrap_or(Operation::Delete);
        let failed = status::failed(&pass.live.object, operation, &still_there(&remaining), &[], pass.now);
        pass.tell(failed).await?;
        Ok(Some(Next::After(LOOK_AT_OVERDUE)))
    }

    /// What the new seed must know, where no reconcile of ours has written it yet.
    async fn record_to_carry(&self, pass: &Pass<'_>) -> Option<Value> {
        if pass.live.object.status.state.is_some() {
            return None;
        }
        match read::bundle::bundle(&self.seed, &pass.key.namespace, None).await.dataplane {
            Reading::Known(dataplane) => Some(status::state(dataplane.encapsulations(), Phase::Idle, None)),
            Reading::Absent | Reading::Unreadable(_) => None,
        }
    }
}

/// The text that Gardener's own helper has for this.
fn still_there(remaining: &[Remaining]) -> String {
    let objects: Vec<&str> = remaining.iter().map(|remaining| remaining.object.as_str()).collect();
    let pending: Vec<&str> = remaining.iter().filter_map(|remaining| remaining.pending.as_deref()).collect();
    let text = format!(
        "retry failed with context deadline exceeded, last error: resource {} still exists",
        objects.join(", ")
    );
    if pending.is_empty() {
        text
    } else {
        format!("error while waiting for all resources to be deleted: {text}\n{}", pending.join("\n"))
    }
}
