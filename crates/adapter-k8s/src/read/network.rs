//! A Network, live.

use gardener_api::network::Network;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::client::resource::NETWORKS;
use crate::client::{ApiClient, ApiError, Request, decode, optional};

/// A Network as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveNetwork {
    /// The object.
    pub object: Network,
    /// Whether it has a status at all. A JSON patch must know.
    pub has_status: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Outline {
    status: Option<IgnoredAny>,
}

/// Reads a Network; `None` where it is proven not to exist.
///
/// # Errors
/// [`ApiError`].
pub async fn network(seed: &ApiClient, namespace: &str, name: &str) -> Result<Option<LiveNetwork>, ApiError> {
    let request = Request::get(&NETWORKS, namespace, name);
    optional(seed.text(&request).await)?.map(|text| live(&request, &text)).transpose()
}

/// The Network in an answer.
pub(crate) fn live(request: &Request, text: &[u8]) -> Result<LiveNetwork, ApiError> {
    let Outline { status } = decode(request, text)?;
    Ok(LiveNetwork { object: decode(request, text)?, has_status: status.is_some() })
}
