//! The Shoot inside a Cluster, live. Seed and CloudProfile beside it are skipped.

use gardener_api::cluster::{Cluster, Shoot};

use crate::client::resource::CLUSTERS;
use crate::client::{ApiClient, ApiError, Request};

/// Why there is no Shoot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The Cluster cannot be read.
    #[error(transparent)]
    Read(#[from] ApiError),
    /// It holds no shoot.
    #[error("Cluster `{0}` holds no shoot")]
    NoShoot(String),
}

/// Reads the Shoot whose control plane is in this namespace.
///
/// # Errors
/// [`ClusterError`], absence included: whoever asks needs one.
pub async fn shoot(seed: &ApiClient, namespace: &str) -> Result<Shoot, ClusterError> {
    let cluster: Cluster = seed.json(&Request::get(&CLUSTERS, "", namespace)).await?;
    cluster.spec.shoot.ok_or_else(|| ClusterError::NoShoot(namespace.to_owned()))
}
