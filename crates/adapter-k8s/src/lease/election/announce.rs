//! The Event at the Lease that tells people who leads.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use tokio::time::timeout;

use super::Election;

/// The reason of the Event.
pub const LEADER_ELECTION: &str = "LeaderElection";

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    BecameLeader,
    StoppedLeading,
}

/// The Event, with the reason and the words of client-go.
pub(super) fn event(election: &Election, change: Change) -> Event {
    let words = match change {
        Change::BecameLeader => "became leader",
        Change::StoppedLeading => "stopped leading",
    };
    let now = Timestamp::now();
    Event {
        metadata: ObjectMeta {
            // As client-go names Events: unique enough, and the start tells the object.
            name: Some(format!("{}.{:x}", election.name, now.as_nanosecond())),
            namespace: Some(election.namespace.clone()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some("coordination.k8s.io/v1".to_owned()),
            kind: Some("Lease".to_owned()),
            namespace: Some(election.namespace.clone()),
            name: Some(election.name.clone()),
            ..ObjectReference::default()
        },
        type_: Some("Normal".to_owned()),
        reason: Some(LEADER_ELECTION.to_owned()),
        message: Some(format!("{} {words}", election.identity)),
        source: Some(EventSource { component: Some(election.identity.clone()), host: None }),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        count: Some(1),
        ..Event::default()
    }
}

/// Writes the Event. Nothing depends on it, so a failure is only logged.
pub(super) async fn publish(events: &Api<Event>, event: &Event) {
    match timeout(Duration::from_secs(2), events.create(&PostParams::default(), event)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "cannot write the Event about the lease"),
        Err(_) => tracing::warn!("no answer to the Event about the lease in time"),
    }
}
