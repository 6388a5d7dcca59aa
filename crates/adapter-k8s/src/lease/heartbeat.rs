//! The heartbeat: a Lease by which gardenlet sees that this extension is alive.
//!
//! gardenlet takes the conditions of a Network for stale once the Lease was not renewed for some minutes (five, unless
//! configured otherwise).

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

/// The name of the Lease, the same in the namespace of each extension.
pub const HEARTBEAT_LEASE: &str = "gardener-extension-heartbeat";
const HOLDER: &str = "networking-calico";

/// Renews the heartbeat.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    leases: Api<Lease>,
    namespace: String,
    interval_seconds: i32,
}

/// Why there can be no heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// No interval.
    #[error("--heartbeat-renew-interval-seconds must be greater than 0")]
    Interval,
    /// No namespace.
    #[error("no namespace for the heartbeat: set --heartbeat-namespace or LEADER_ELECTION_NAMESPACE")]
    NoNamespace,
    /// No name that a namespace can have.
    #[error("--heartbeat-namespace: `{0}` cannot be the name of a namespace")]
    Namespace(String),
}

impl Heartbeat {
    /// A heartbeat in this namespace with this interval.
    ///
    /// # Errors
    /// [`HeartbeatError`] for values that cannot work; found here, not at the first beat.
    pub fn new(client: Client, namespace: &str, interval_seconds: i32) -> Result<Self, HeartbeatError> {
        if interval_seconds <= 0 {
            return Err(HeartbeatError::Interval);
        }
        match namespace {
            "" => Err(HeartbeatError::NoNamespace),
            namespace if !is_label(namespace) => Err(HeartbeatError::Namespace(namespace.to_owned())),
            namespace => Ok(Self {
                leases: Api::namespaced(client, namespace),
                namespace: namespace.to_owned(),
                interval_seconds,
            }),
        }
    }

    /// How far two beats lie apart.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.interval_seconds).unwrap_or(0))
    }

    /// Renews the Lease, and creates it where there is none. Calling it more often is harmless.
    ///
    /// # Errors
    /// Where the API server refused, or did not understand, either request.
    pub async fn beat(&self) -> Result<(), kube::Error> {
        match self.renew().await {
            Err(kube::Error::Api(status)) if status.code == 404 => match self.create().await {
                // A predecessor that is still shutting down was quicker.
                Err(kube::Error::Api(status)) if status.code == 409 => self.renew().await,
                other => other,
            },
            other => other,
        }
    }

    async fn renew(&self) -> Result<(), kube::Error> {
        // Everything that we do not set goes, whoever wrote it.
        let patch = json!({"spec": {
            "holderIdentity": HOLDER,
            "leaseDurationSeconds": self.interval_seconds,
            "renewTime": MicroTime(Timestamp::now()),
            "acquireTime": null,
            "leaseTransitions": null,
        }});
        self.leases.patch(HEARTBEAT_LEASE, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
    }

    async fn create(&self) -> Result<(), kube::Error> {
        let lease = Lease {
            metadata: ObjectMeta {
                name: Some(HEARTBEAT_LEASE.to_owned()),
                namespace: Some(self.namespace.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(HOLDER.to_owned()),
                lease_duration_seconds: Some(self.interval_seconds),
                renew_time: Some(MicroTime(Timestamp::now())),
                ..LeaseSpec::default()
            }),
        };
        self.leases.create(&PostParams::default(), &lease).await.map(drop)
    }
}

/// An RFC 1123 label, which is what the API server takes as the name of a namespace.
fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
