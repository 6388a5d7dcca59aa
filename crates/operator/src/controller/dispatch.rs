//! What a Network asks for, judged on what was just read and nothing else. An event only says that it is worth a look.

use std::collections::BTreeSet;

use adapter_k8s::facts::network::{TIMESTAMP, phase};
use adapter_k8s::time;
use adapter_k8s::write::network::{FINALIZER, OPERATION};
use calico_policy::phase::Phase;
use gardener_api::cluster::Shoot;
use gardener_api::network::Network;

use super::operation::Operation;

const DELETION_CONFIRMED: &str = "confirmation.gardener.cloud/deletion";
const FORCE_DELETION: &str = "confirmation.gardener.cloud/force-deletion";
const NETWORK_TYPE: &str = "calico";
const DEFAULT_CLASS: &str = "shoot";

/// Which Networks are served, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Extension classes.
    pub classes: BTreeSet<String>,
    /// What makes a Network that is settled be reconciled again.
    pub trigger: Trigger,
}

impl Default for Service {
    fn default() -> Self {
        Self { classes: BTreeSet::from([DEFAULT_CLASS.to_owned()]), trigger: Trigger::OperationAnnotation }
    }
}

/// What makes a Network that is settled be reconciled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The annotation that gardenlet sets.
    OperationAnnotation,
    /// A new generation (`--ignore-operation-annotation`).
    Generation,
}

/// Whether this process has looked at the Network before, and not in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It has not, or the last look failed: a request may have been missed, or heard and not answered, so generation and timestamp
    /// count, too.
    First,
    /// It has.
    Again,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing, for this reason.
    Nothing(Idle),
    /// The annotation is taken away and that is all: the control plane has left this seed.
    Acknowledge,
    /// The operation is over, what it has begun is not: a switch that is applied or verified, a bundle that is still not applied.
    FollowUp,
    /// An operation.
    Run {
        /// Which.
        operation: Operation,
        /// Whether it was asked for since the status was last written, as opposed to one that goes on.
        attempt: Attempt,
    },
}

/// Why there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Another type or class.
    NotOurs,
    /// The state of the old seed is still to come.
    WaitsForState,
    /// The control plane has left this seed.
    Migrated,
    /// It is being deleted, and nothing of ours is left.
    Released,
    /// Everything asked for is done.
    Settled,
}

/// Whether an operation is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The status does not speak about it yet.
    New,
    /// The status does.
    Continued,
}

/// What there is to do. Whether the shoot counts as failed is asked separately: it is in another object.
#[must_use]
pub fn work(network: &Network, service: &Service, sight: Sight) -> Work {
    let deleting = network.metadata.deletion_timestamp.is_some();
    let annotation = network.metadata.annotations.get(OPERATION).map(String::as_str);
    if !is_ours(network, service) {
        return Work::Nothing(Idle::NotOurs);
    }
    if annotation == Some("wait-for-state") && !deleting {
        return Work::Nothing(Idle::WaitsForState);
    }
    let operation = operation(network, annotation, deleting);
    let last = network.status.last_operation.as_ref();
    let last_is = |kind: &str| last.is_some_and(|last| last.operation_type == kind);
    let succeeded = last.is_some_and(|last| last.state == "Succeeded");
    if !matches!(operation, Operation::Migrate | Operation::Restore) && last_is("Migrate") && succeeded {
        return if annotation == Some("reconcile") { Work::Acknowledge } else { Work::Nothing(Idle::Migrated) };
    }
    let has_finalizer = network.metadata.finalizers.iter().any(|finalizer| finalizer == FINALIZER);
    if operation == Operation::Delete && !has_finalizer {
        return Work::Nothing(Idle::Released);
    }
    let asked = deleting || matches!(annotation, Some("reconcile" | "migrate" | "restore"));
    let stale = network.metadata.generation != network.status.observed_generation;
    let missed = match (service.trigger, sight) {
        (Trigger::OperationAnnotation, Sight::First) => stale || requested_since(network),
        (Trigger::OperationAnnotation, Sight::Again) => false,
        (Trigger::Generation, Sight::First) => true,
        (Trigger::Generation, Sight::Again) => stale,
    };
    if asked || !succeeded || missed {
        let new =
            annotation == Some("reconcile") || requested_since(network) || succeeded || !last_is(operation.code());
        return Work::Run { operation, attempt: if new { Attempt::New } else { Attempt::Continued } };
    }
    if is_open(network) { Work::FollowUp } else { Work::Nothing(Idle::Settled) }
}

/// Whether Gardener has given the shoot up: nothing may be written then.
#[must_use]
pub fn is_failed(shoot: &Shoot) -> bool {
    shoot.status.last_operation.as_ref().is_some_and(|last| last.state == "Failed")
}

/// Whether the shoot goes whatever is left of it.
#[must_use]
pub fn is_force_deleted(shoot: &Shoot) -> bool {
    let value = shoot.metadata.annotations.get(FORCE_DELETION).map(String::as_str);
    matches!(value, Some("1" | "t" | "T" | "TRUE" | "true" | "True"))
}

fn is_ours(network: &Network, service: &Service) -> bool {
    let class = network.spec.class.as_deref().unwrap_or(DEFAULT_CLASS);
    network.spec.network_type == NETWORK_TYPE && service.classes.contains(class)
}

fn operation(network: &Network, annotation: Option<&str>, deleting: bool) -> Operation {
    let unfinished = network.status.last_operation.as_ref().filter(|last| last.state != "Succeeded");
    match (annotation, unfinished.map(|last| last.operation_type.as_str())) {
        (Some("migrate"), _) => Operation::Migrate,
        _ if deleting => Operation::Delete,
        (Some("restore"), _) => Operation::Restore,
        _ if network.status.last_operation.is_none() => Operation::Create,
        (_, Some("Create")) => Operation::Create,
        (_, Some("Migrate")) => Operation::Migrate,
        (_, Some("Restore")) => Operation::Restore,
        _ => Operation::Reconcile,
    }
}

/// Whether gardenlet has asked for something since the status was last written. It also renews the timestamp right before it
/// deletes; then the deletion is what it asks for.
fn requested_since(network: &Network) -> bool {
    let annotations = &network.metadata.annotations;
    let requested = annotations.get(TIMESTAMP).and_then(|text| time::parse(text).ok());
    let last = network.status.last_operation.as_ref();
    let written = last.and_then(|last| last.last_update_time.as_deref()).and_then(|text| time::parse(text).ok());
    let confirmed = annotations.get(DELETION_CONFIRMED).is_some_and(|value| value == "true");
    !confirmed && matches!((requested, written), (Some(requested), Some(written)) if requested > written)
}

/// Whether the status tells of something that goes on after the operation.
fn is_open(network: &Network) -> bool {
    let open_phase = matches!(phase(network), Some(Phase::Switching | Phase::Verifying | Phase::Reverting));
    open_phase || adapter_k8s::facts::network::warns_of_unapplied_bundle(network)
}

#[cfg(test)]
mod tests;
