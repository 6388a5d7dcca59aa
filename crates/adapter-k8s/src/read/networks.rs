//! All Networks of a seed, live. One that cannot be understood does not hide the others.

use gardener_api::meta::ObjectMeta;
use gardener_api::network::Network;
use gardener_api::raw::RawJson;
use serde::Deserialize;

use super::pages;
use crate::client::resource::NETWORKS;
use crate::client::{ApiClient, ApiError};

/// Networks per request. A page of this size is a few megabytes.
const PAGE: &str = "500";

/// A Network as a list or a watch has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedNetwork {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// The object, or why it cannot be understood.
    pub network: Result<Box<Network>, NetworkUnreadable>,
}

/// A field of a Network that has the wrong type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {text}")]
pub struct NetworkUnreadable {
    /// Its path in the object.
    pub path: String,
    /// What is wrong with it.
    pub text: String,
}

/// Reads all Networks of the seed, of whatever type, in the order in which the API server lists them.
///
/// # Errors
/// [`ApiError`], where the list as a whole cannot be read. A part of it is no list.
pub async fn networks(seed: &ApiClient) -> Result<Vec<ListedNetwork>, ApiError> {
    let take = |item: RawJson| Ok::<_, ApiError>(listed(item.get()));
    Ok(pages::list(seed, &NETWORKS, PAGE, take).await?.items)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: ObjectMeta,
}

/// What JSON says about a Network.
pub(crate) fn listed(json: &str) -> ListedNetwork {
    let network = serde_path_to_error::deserialize::<_, Network>(&mut serde_json::Deserializer::from_str(json));
    match network {
        Ok(network) => ListedNetwork {
            namespace: network.metadata.namespace.clone(),
            name: network.metadata.name.clone(),
            network: Ok(Box::new(network)),
        },
        Err(error) => {
            let Named { metadata } = serde_json::from_str(json).unwrap_or_default();
            let text = error.inner().to_string();
            // The position is one in an answer that nobody sees.
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text).to_owned();
            let unreadable = NetworkUnreadable { path: error.path().to_string(), text };
            ListedNetwork { namespace: metadata.namespace, name: metadata.name, network: Err(unreadable) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_understood_is_still_named() {
        let listed = listed(r#"{"metadata": {"namespace": "n", "name": "a"}, "spec": {"ipFamilies": "IPv4"}}"#);
        assert_eq!((listed.namespace.as_str(), listed.name.as_str()), ("n", "a"));
        assert_eq!(
            listed.network.unwrap_err().to_string(),
            "spec.ipFamilies: invalid type: string \"IPv4\", expected a sequence"
        );
    }

    #[test]
    fn the_kept_parts_are_decoded() {
        let listed =
            listed(r#"{"metadata": {"name": "a"}, "status": {"providerStatus": {"kind": "X"}, "state": null}}"#);
        let status = listed.network.unwrap().status;
        assert_eq!(status.provider_status.unwrap().get(), r#"{"kind": "X"}"#);
        assert_eq!(status.state, None);
    }
}
