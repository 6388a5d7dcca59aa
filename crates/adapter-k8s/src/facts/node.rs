//! Facts of a Node.

use calico_policy::nodes::{
    Condition, ConditionReason, ConditionStatus, NetworkUnavailable, NodeFacts, NodeName, NodeUid, PodCidrFamilies,
    Readiness,
};
use gardener_api::node::{Node, NodeCondition};

use crate::time::{self, TimestampError};

/// Why a Node yields no facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// It has no name.
    #[error("a Node without `metadata.name`")]
    NoName,
    /// A timestamp makes no sense.
    #[error("Node `{name}`: `{field}`")]
    Timestamp {
        /// Its name.
        name: String,
        /// Where.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: TimestampError,
    },
}

impl NodeError {
    /// The field.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self {
            Self::NoName => "metadata.name",
            Self::Timestamp { field, .. } => field,
        }
    }
}

/// The facts of a node.
///
/// # Errors
/// [`NodeError`] where the object cannot be one that an API server stored: evidence that makes no sense is none.
pub fn facts(node: &Node) -> Result<NodeFacts, NodeError> {
    if node.name.is_empty() {
        return Err(NodeError::NoName);
    }
    let timestamp = |field, text: Option<&str>| {
        time::parse_optional(text).map_err(|source| NodeError::Timestamp { name: node.name.to_string(), field, source })
    };
    let network_unavailable = match node.network_unavailable.as_slice() {
        [] => NetworkUnavailable::Missing,
        [condition] => NetworkUnavailable::One(Condition {
            status: status(condition),
            reason: ConditionReason::from_text(&condition.reason),
            last_transition: timestamp(
                "status.conditions[NetworkUnavailable].lastTransitionTime",
                condition.last_transition_time.as_deref(),
            )?,
            last_heartbeat: timestamp(
                "status.conditions[NetworkUnavailable].lastHeartbeatTime",
                condition.last_heartbeat_time.as_deref(),
            )?,
        }),
        _ => NetworkUnavailable::Several,
    };
    Ok(NodeFacts {
        name: NodeName(node.name.as_ref().into()),
        uid: NodeUid(node.uid.as_ref().into()),
        created: timestamp("metadata.creationTimestamp", node.creation_timestamp.as_deref())?,
        deleting: node.deletion_timestamp.is_some(),
        readiness: match &node.ready {
            None => Readiness::NotReported,
            Some(ready) if &*ready.status == "True" => Readiness::Ready,
            Some(_) => Readiness::NotReady,
        },
        pod_cidrs: pod_cidr_families(node),
        network_unavailable,
    })
}

fn status(condition: &NodeCondition) -> ConditionStatus {
    match &*condition.status {
        "True" => ConditionStatus::True,
        "False" => ConditionStatus::False,
        _ => ConditionStatus::Unknown,
    }
}

/// `spec.podCIDR` alone counts too: it is the first of `spec.podCIDRs` wherever the API server wrote both.
fn pod_cidr_families(node: &Node) -> PodCidrFamilies {
    let mut families = PodCidrFamilies::default();
    for cidr in node.pod_cidrs.iter().chain(&node.pod_cidr).filter(|cidr| !cidr.is_empty()) {
        if cidr.contains(':') {
            families.ipv6 = true;
        } else {
            families.ipv4 = true;
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use calico_policy::time::Timestamp;

    use super::*;

    fn condition(status: &str, reason: &str, transition: Option<&str>) -> NodeCondition {
        NodeCondition {
            status: status.into(),
            reason: reason.into(),
            last_transition_time: transition.map(Into::into),
            ..NodeCondition::default()
        }
    }

    fn node(conditions: Vec<NodeCondition>) -> Node {
        Node { name: "a".into(), uid: "u".into(), network_unavailable: conditions, ..Node::default() }
    }

    #[test]
    fn reads_one_condition() {
        let facts = facts(&node(vec![condition("False", "RouteCreated", Some("1970-01-01T00:01:00Z"))])).unwrap();
        assert_eq!(
            facts.network_unavailable,
            NetworkUnavailable::One(Condition {
                status: ConditionStatus::False,
                reason: ConditionReason::RouteCreated,
                last_transition: Some(Timestamp(60)),
                last_heartbeat: None,
            })
        );
    }

    #[test]
    fn status_and_reason_are_compared_exactly() {
        for (status, reason) in [("false", "RouteCreated"), (" False", "RouteCreated"), ("", "RouteCreated")] {
            let facts = facts(&node(vec![condition(status, reason, None)])).unwrap();
            let NetworkUnavailable::One(condition) = facts.network_unavailable else { panic!("not one") };
            assert_eq!(condition.status, ConditionStatus::Unknown, "{status}");
        }
        let facts = facts(&node(vec![condition("False", "routecreated", None)])).unwrap();
        let NetworkUnavailable::One(condition) = facts.network_unavailable else { panic!("not one") };
        assert_eq!(condition.reason, ConditionReason::Other);
    }

    #[test]
    fn several_conditions_are_never_one() {
        let twice = vec![condition("False", "RouteCreated", None), condition("False", "RouteCreated", None)];
        assert_eq!(facts(&node(twice)).unwrap().network_unavailable, NetworkUnavailable::Several);
    }

    #[test]
    fn an_impossible_timestamp_is_an_error_that_names_node_and_field() {
        let error = facts(&node(vec![condition("False", "RouteCreated", Some("2026-13-01T00:00:00Z"))])).unwrap_err();
        assert_eq!(error.to_string(), "Node `a`: `status.conditions[NetworkUnavailable].lastTransitionTime`");
    }

    #[test]
    fn pod_networks_count_per_family() {
        let with =
            |cidrs: &[&str]| Node { pod_cidrs: cidrs.iter().map(|cidr| (*cidr).into()).collect(), ..node(Vec::new()) };
        for (cidrs, ipv4, ipv6) in [
            (&[][..], false, false),
            (&["100.96.0.0/24"][..], true, false),
            (&["100.96.0.0/24", "2001:db8::/64"][..], true, true),
            (&["2001:db8::/64"][..], false, true),
        ] {
            assert_eq!(facts(&with(cidrs)).unwrap().pod_cidrs, PodCidrFamilies { ipv4, ipv6 }, "{cidrs:?}");
        }
    }
}
