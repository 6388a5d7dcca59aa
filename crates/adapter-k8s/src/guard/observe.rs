//! Whether the guard keeps the condition, asked of the API servers of the shoot themselves.
//!
//! A dry run stores nothing and tells nobody: the answer is the node as it would be stored. Without a guard the condition of the probe
//! is in it.

use calico_manifests::guard::{CALICO_ACCOUNTS, NAME};
use calico_policy::admission_policy::GuardApi;
use calico_policy::nodes::NodeFacts;
use calico_policy::time::Timestamp;
use calico_policy::{ReadFailure, ReadFailureKind};
use futures::future::{join_all, try_join};
use gardener_api::meta::ObjectMeta;
use gardener_api::node::Node;
use serde::Deserialize;
use serde_json::json;

use crate::client::resource::{NODES, guard_binding, guard_policy};
use crate::client::{ApiClient, ApiError, Problem, Request, Resource};
use crate::time;

/// What was seen of the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardSeen {
    /// Every connection kept the condition.
    Effective,
    /// A connection did not, or policy or binding does not exist.
    NotEffective,
    /// The probe was refused; the younger one of policy and binding exists since then.
    ExistsSince(Timestamp),
    /// Nothing is proven.
    Unproven(ReadFailure),
}

/// Which policy and binding there are. As long as that is the same, nobody has changed or replaced either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardObjects {
    /// The policy.
    pub policy: ObjectVersion,
    /// Its binding.
    pub binding: ObjectVersion,
}

/// An object, and how often its spec has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
}

/// How many nodes are tried where one is gone since it was listed.
const NODES_TRIED: usize = 3;
const REASON: &str = "NetworkingCalicoGuardProbe";

/// Probes the guard over each of these connections: a highly available shoot has several API servers, and each learns of a policy on its
/// own. Where the probe is not allowed, or calico-node has not the role for it, existence is looked at.
pub async fn observe(connections: &[ApiClient], nodes: &[NodeFacts], api: GuardApi) -> GuardSeen {
    let answers = join_all(connections.iter().map(|connection| probe(connection, nodes))).await;
    let worst = answers.into_iter().min_by_key(|answer| match answer {
        Ok(Kept::No) => 0,
        Err(ApiError { problem, .. }) if !matches!(problem, Problem::Forbidden { .. }) => 1,
        Err(_) => 2,
        Ok(Kept::Yes) => 3,
    });
    match (worst, connections.first()) {
        (Some(Ok(Kept::Yes)), _) => GuardSeen::Effective,
        (Some(Ok(Kept::No)), _) => GuardSeen::NotEffective,
        (Some(Err(ApiError { problem: Problem::Forbidden { .. }, .. })), Some(shoot)) => existence(shoot, api).await,
        (Some(Err(error)), _) => GuardSeen::Unproven(error.failure()),
        (None, _) => GuardSeen::Unproven(ReadFailure::new(ReadFailureKind::NotGiven, "nobody was asked")),
    }
}

/// Reads which policy and binding there are.
///
/// # Errors
/// [`ApiError`], also where one of the two does not exist.
pub async fn objects(shoot: &ApiClient, api: GuardApi) -> Result<GuardObjects, ApiError> {
    let version = async |resource| {
        let ObjectMeta { uid, generation, .. } = metadata(shoot, resource).await?;
        Ok::<_, ApiError>(ObjectVersion { uid, generation })
    };
    let (policy, binding) = try_join(version(guard_policy(api)), version(guard_binding(api))).await?;
    Ok(GuardObjects { policy, binding })
}

/// Whether the condition was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

async fn probe(shoot: &ApiClient, nodes: &[NodeFacts]) -> Result<Kept, ApiError> {
    let mut last = Request::list(&NODES, "").error(Problem::Absent);
    for node in nodes.iter().take(NODES_TRIED) {
        let name = node.name.to_string();
        let request = write_as_calico_node(&name);
        match shoot.json::<Node>(&request).await {
            Ok(answer) if *answer.name == *name => {
                let is_probe = answer.network_unavailable.iter().any(|condition| &*condition.reason == REASON);
                return Ok(if is_probe { Kept::No } else { Kept::Yes });
            }
            Ok(_) => return Err(request.error(Problem::Undecodable("it is another object".to_owned()))),
            Err(error) if error.is_absent() => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// What calico-node writes when it starts, told apart by its reason, to be answered and not stored.
fn write_as_calico_node(node: &str) -> Request {
    let condition = json!({
        "type": "NetworkUnavailable",
        "status": "False",
        "reason": REASON,
        "message": "a dry run that asks whether the guard is effective",
    });
    let [calico_node, _] = CALICO_ACCOUNTS;
    Request::strategic_patch(&NODES, "", node, &json!({"status": {"conditions": [condition]}}))
        .subresource("status")
        .with_query(&[("dryRun", "All")])
        .impersonating(calico_node)
}

/// Since when both policy and binding exist.
async fn existence(shoot: &ApiClient, api: GuardApi) -> GuardSeen {
    let mut since = None;
    for resource in [guard_policy(api), guard_binding(api)] {
        let created = match metadata(shoot, resource).await {
            Ok(metadata) => metadata.creation_timestamp,
            Err(error) if error.is_absent() || error.problem == Problem::NotServed => return GuardSeen::NotEffective,
            Err(error) => return GuardSeen::Unproven(error.failure()),
        };
        let Some(created) = created.as_deref().and_then(|text| time::parse(text).ok()) else {
            let failure = ReadFailure::new(ReadFailureKind::Undecodable, "the guard has no time of creation");
            return GuardSeen::Unproven(failure);
        };
        since = since.max(Some(created));
    }
    since.map_or(GuardSeen::NotEffective, GuardSeen::ExistsSince)
}

async fn metadata(shoot: &ApiClient, resource: &'static Resource) -> Result<ObjectMeta, ApiError> {
    #[derive(Deserialize)]
    struct Metadata {
        metadata: ObjectMeta,
    }

    let request = Request::get(resource, "", NAME).metadata_only();
    shoot.json::<Metadata>(&request).await.map(|found| found.metadata)
}
