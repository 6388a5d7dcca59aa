//! Conditions that would stick: what Calico wrote before the guard, which nobody overwrites any more but a route writer, what a route
//! writer has said that is stopped because the overlay stays, and what one has said so long ago that it has to say it again.

use calico_policy::nodes::{NetworkUnavailable, NodeName};
use calico_policy::survey::StaleRoute;
use futures::StreamExt as _;
use gardener_api::node::{Node, NodeCondition};
use serde::Deserialize;
use serde_json::json;

use crate::client::resource::NODES;
use crate::client::{ApiClient, ApiError, Request, decode, optional};
use crate::facts::node;

/// What became of the conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Nodes whose condition was deleted.
    pub deleted: usize,
    /// Nodes that were left alone: gone, written by somebody else since, or changed between read and write.
    pub left: usize,
    /// What failed, for the first of the nodes for which something did.
    pub failed: Option<ApiError>,
}

/// Nodes that are cleaned in one look. The others wait for the next, so that no look lasts for minutes.
pub const PER_LOOK: usize = 100;
const AT_ONCE: usize = 8;

/// Deletes the condition `NetworkUnavailable` of these nodes, at most [`PER_LOOK`] of them, where Calico is still the one who wrote it. Other
/// conditions stay. Calling it twice is harmless.
pub async fn clean(shoot: &ApiClient, nodes: impl Iterator<Item = &NodeName>) -> Cleaned {
    delete(shoot, each(nodes, |condition| matches!(&*condition.reason, "CalicoIsUp" | "CalicoIsDown"))).await
}

/// The same, where a route writer says that there is no route. With an overlay none is needed, and who said so is stopped: the node would
/// stay tainted, and its machine be replaced.
pub async fn release(shoot: &ApiClient, nodes: impl Iterator<Item = &NodeName>) -> Cleaned {
    let no_route = |condition: &NodeCondition| (&*condition.status, &*condition.reason) == ("True", "NoRouteCreated");
    delete(shoot, each(nodes, no_route)).await
}

/// The same, where it is the very condition that was seen, on the very node: of this UID, and written by nobody since. A route writer that
/// lives writes it again.
pub async fn refresh(shoot: &ApiClient, routes: &[StaleRoute]) -> Cleaned {
    let each = routes.iter().take(PER_LOOK).map(|route| (route.name.to_string(), Deletes::This(route.clone())));
    delete(shoot, each.collect()).await
}

/// Which condition is deleted.
enum Deletes {
    /// Every one of this kind.
    Any(fn(&NodeCondition) -> bool),
    /// This one.
    This(StaleRoute),
}

impl Deletes {
    fn allows(&self, node: &Node) -> bool {
        // Without one there is nothing to do, and of several nobody knows which counts.
        let [condition] = node.network_unavailable.as_slice() else { return false };
        match self {
            Self::Any(is_of_this_kind) => is_of_this_kind(condition),
            Self::This(route) => node::facts(node).is_ok_and(|now| {
                now.uid == route.uid && now.network_unavailable == NetworkUnavailable::One(route.condition)
            }),
        }
    }
}

fn each<'a>(
    nodes: impl Iterator<Item = &'a NodeName>,
    is_of_this_kind: fn(&NodeCondition) -> bool,
) -> Vec<(String, Deletes)> {
    nodes.take(PER_LOOK).map(|name| (name.to_string(), Deletes::Any(is_of_this_kind))).collect()
}

async fn delete(shoot: &ApiClient, nodes: Vec<(String, Deletes)>) -> Cleaned {
    let each = futures::stream::iter(nodes)
        .map(|(name, deletes)| async move { delete_one(shoot, &name, &deletes).await })
        .buffer_unordered(AT_ONCE);
    each.fold(Cleaned::default(), async |mut cleaned, result| {
        match result {
            Ok(true) => cleaned.deleted += 1,
            Ok(false) => cleaned.left += 1,
            Err(error) => cleaned.failed = cleaned.failed.or(Some(error)),
        }
        cleaned
    })
    .await
}

#[derive(Deserialize)]
struct Versioned {
    metadata: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    resource_version: String,
}

async fn delete_one(shoot: &ApiClient, name: &str, deletes: &Deletes) -> Result<bool, ApiError> {
    let get = Request::get(&NODES, "", name);
    let Some(text) = optional(shoot.text(&get).await)? else { return Ok(false) };
    let node: Node = decode(&get, &text)?;
    if !deletes.allows(&node) {
        return Ok(false);
    }
    let Versioned { metadata: Version { resource_version } } = decode(&get, &text)?;
    let patch = json!({
        // Only of what was just read.
        "metadata": {"resourceVersion": resource_version},
        "status": {"conditions": [{"type": "NetworkUnavailable", "$patch": "delete"}]},
    });
    match shoot.text(&Request::strategic_patch(&NODES, "", name, &patch).subresource("status")).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() || error.is_absent() => Ok(false),
        Err(error) => Err(error),
    }
}
