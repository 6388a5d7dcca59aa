//! Events on a Network.

use gardener_api::network::Network;
use serde_json::json;

use crate::client::resource::{EVENTS, NETWORKS};
use crate::client::{ApiClient, ApiError, Request};

/// How much an Event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It is as it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

impl Severity {
    /// `type` of the Event.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// RFC 3339.
    pub at: String,
}

/// What an API server takes in a message.
const LONGEST_MESSAGE: usize = 1000;

/// Records an Event. The same one at the same time is recorded once, so a lost answer does no harm.
///
/// # Errors
/// [`ApiError`]. An Event is never worth failing for.
pub async fn record(seed: &ApiClient, network: &Network, event: &Event) -> Result<(), ApiError> {
    let Event { severity, reason, message, at } = event;
    let metadata = &network.metadata;
    let message: String = message.chars().take(LONGEST_MESSAGE).collect();
    let name = format!("{}.{:016x}", metadata.name, digest(&[&metadata.uid, reason, &message, at]));
    let object = json!({
        "apiVersion": EVENTS.api_version(),
        "kind": EVENTS.kind,
        "metadata": {"name": name, "namespace": metadata.namespace},
        "involvedObject": {
            "apiVersion": NETWORKS.api_version(),
            "kind": NETWORKS.kind,
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
        },
        "type": severity.code(),
        "reason": reason,
        "message": message,
        "source": {"component": "networking-calico"},
        "reportingComponent": "networking-calico",
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    });
    match seed.text(&Request::create(&EVENTS, &metadata.namespace, &name, &object)).await {
        Err(error) if !error.is_conflict() => Err(error),
        _ => Ok(()),
    }
}

/// FNV-1a: names of Events must differ, not withstand anybody.
fn digest(parts: &[&str]) -> u64 {
    parts
        .iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
