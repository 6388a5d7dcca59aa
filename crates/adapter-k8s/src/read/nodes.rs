//! The nodes of a shoot, live and complete, or not at all.

use calico_policy::nodes::NodeFacts;
use calico_policy::{ReadFailure, ReadFailureKind};
use gardener_api::node::Node;

use super::pages::{self, Listed};
use crate::client::resource::NODES;
use crate::client::{ApiClient, ApiError};
use crate::facts::node::{self, NodeError};
use crate::read::version;

/// Nodes per request. A page of this size is about 4 MB; the memory that a look at a large shoot needs goes with it.
const PAGE: &str = "250";

/// All nodes at one point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSnapshot {
    /// The nodes.
    pub nodes: Vec<NodeFacts>,
    /// The point in time, as the API server counts it.
    pub resource_version: String,
}

/// Why the nodes are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodesError {
    /// They cannot be read.
    #[error(transparent)]
    Read(#[from] ApiError),
    /// A node makes no sense.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl NodesError {
    /// The failure as the core sees it.
    #[must_use]
    pub fn failure(&self) -> ReadFailure {
        match self {
            Self::Read(error) => error.failure(),
            Self::Node(_) => ReadFailure::new(ReadFailureKind::Undecodable, self.to_string()),
        }
    }
}

/// Reads all nodes, page by page: a consistent list as of the moment of the first page.
///
/// # Errors
/// [`NodesError`]. A part of the list is no list.
pub async fn nodes(shoot: &ApiClient) -> Result<NodeSnapshot, NodesError> {
    let take = |node: Node| node::facts(&node).map_err(NodesError::from);
    let Listed { items: nodes, resource_version } = pages::list(shoot, &NODES, PAGE, take).await?;
    Ok(NodeSnapshot { nodes, resource_version })
}

impl NodeSnapshot {
    /// Whether this was read no earlier than `other`. Where one of them is no number nothing can be said, and the answer is no.
    #[must_use]
    pub fn is_at_least_as_new_as(&self, other: &str) -> bool {
        version::is_at_least_as_new_as(&self.resource_version, other)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use kube::client::Body;

    use super::*;
    use crate::client::{RateLimit, Unobserved};

    /// A shoot that gives these answers, and what it was asked.
    fn shoot(answers: &[(u16, &'static str)]) -> (ApiClient, Arc<Mutex<Vec<String>>>) {
        let answers = Arc::new(Mutex::new(VecDeque::from(answers.to_vec())));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let queries = Arc::clone(&asked);
        let service = tower::service_fn(move |request: http::Request<Body>| {
            queries.lock().unwrap().push(request.uri().query().unwrap_or_default().to_owned());
            let (code, text) = answers.lock().unwrap().pop_front().expect("one request more than there are answers");
            async move { http::Response::builder().status(code).body(Body::from(text.as_bytes().to_vec())) }
        });
        let client = kube::Client::new(service, "default");
        (ApiClient::new(client, "shoot", RateLimit::none(), Arc::new(Unobserved)), asked)
    }

    const FIRST: (u16, &str) =
        (200, r#"{"metadata": {"resourceVersion": "7", "continue": "a/b"}, "items": [{"metadata": {"name": "a"}}]}"#);
    const LAST: (u16, &str) =
        (200, r#"{"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "b"}}]}"#);
    const GONE: (u16, &str) = (410, r#"{"reason": "Expired"}"#);

    fn names(snapshot: &NodeSnapshot) -> Vec<String> {
        snapshot.nodes.iter().map(|node| node.name.to_string()).collect()
    }

    #[tokio::test]
    async fn pages_are_followed_to_the_end() {
        let (client, asked) = shoot(&[FIRST, LAST]);
        let snapshot = nodes(&client).await.unwrap();
        assert_eq!((names(&snapshot), snapshot.resource_version.as_str()), (vec!["a".to_owned(), "b".to_owned()], "7"));
        assert_eq!(*asked.lock().unwrap(), ["limit=250", "limit=250&continue=a%2Fb"]);
    }

    #[tokio::test]
    async fn a_list_that_expired_is_begun_anew() {
        let (client, _) = shoot(&[FIRST, GONE, FIRST, LAST]);
        assert_eq!(names(&nodes(&client).await.unwrap()), ["a", "b"]);
        let (client, _) = shoot(&[FIRST, GONE, FIRST, GONE, FIRST, GONE, FIRST, GONE]);
        assert_eq!(nodes(&client).await.unwrap_err().failure().kind, ReadFailureKind::Incomplete);
    }

    #[tokio::test]
    async fn a_part_of_a_list_or_no_list_is_no_list() {
        for last in [(403, r#"{"reason": "Forbidden"}"#), (200, r#"{"items": null}"#), (200, r#"{"items": [null]}"#)] {
            let (client, _) = shoot(&[FIRST, last]);
            assert!(nodes(&client).await.is_err(), "{last:?}");
        }
        let (client, _) = shoot(&[(200, r#"{"items": []}"#)]);
        assert_eq!(names(&nodes(&client).await.unwrap()), [] as [&str; 0], "zero nodes are an answer");
    }
}
