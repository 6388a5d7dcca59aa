//! A node as far as the overlay switch cares, and the closed set of classes into which a survey sorts nodes.

use alloc::sync::Arc;

use crate::codes::closed_set;
use crate::encapsulation::IpFamily;
use crate::time::Timestamp;

/// The name of a node. Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeName(pub Arc<str>);

impl core::fmt::Display for NodeName {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The UID of a node: a machine that is re-created under its old name has another one. Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeUid(pub Arc<str>);

/// What is known of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct NodeFacts {
    /// `metadata.name`.
    pub name: NodeName,
    /// `metadata.uid`.
    pub uid: NodeUid,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// The condition `Ready`.
    pub readiness: Readiness,
    /// Which families have an entry in `spec.podCIDRs`.
    pub pod_cidrs: PodCidrFamilies,
    /// The condition `NetworkUnavailable`.
    pub network_unavailable: NetworkUnavailable,
}

/// The condition `Ready` of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Readiness {
    /// Status `True`.
    Ready,
    /// Any other status.
    NotReady,
    /// No such condition.
    NotReported,
}

/// The families in which a node has a pod network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct PodCidrFamilies {
    /// IPv4.
    pub ipv4: bool,
    /// IPv6.
    pub ipv6: bool,
}

impl PodCidrFamilies {
    /// Whether the node has a pod network at all.
    #[must_use]
    pub const fn any(self) -> bool {
        self.ipv4 || self.ipv6
    }

    /// Whether the node has a pod network of this family.
    #[must_use]
    pub const fn has(self, family: IpFamily) -> bool {
        match family {
            IpFamily::Ipv4 => self.ipv4,
            IpFamily::Ipv6 => self.ipv6,
        }
    }
}

/// The entries of type `NetworkUnavailable` in a node's conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NetworkUnavailable {
    /// None.
    Missing,
    /// Exactly one, as it should be.
    One(Condition),
    /// Two or more: which one counts is undefined (D24).
    Several,
}

/// One entry of type `NetworkUnavailable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct Condition {
    /// `status`.
    pub status: ConditionStatus,
    /// `reason`.
    pub reason: ConditionReason,
    /// `lastTransitionTime`.
    pub last_transition: Option<Timestamp>,
    /// `lastHeartbeatTime`.
    pub last_heartbeat: Option<Timestamp>,
}

impl Condition {
    /// When somebody last wrote it, as far as it says so itself.
    #[must_use]
    pub fn last_written(&self) -> Option<Timestamp> {
        self.last_transition.max(self.last_heartbeat)
    }
}

/// The status of a condition, compared exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ConditionStatus {
    /// `True`.
    True,
    /// `False`.
    False,
    /// `Unknown`, or any text that Kubernetes does not define.
    Unknown,
}

/// The reason of a condition, compared exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ConditionReason {
    /// A route writer has created the node's routes.
    RouteCreated,
    /// A route writer could not create them.
    NoRouteCreated,
    /// calico-node has started.
    CalicoIsUp,
    /// calico-node is stopping.
    CalicoIsDown,
    /// Anything else.
    Other,
}

impl ConditionReason {
    /// Reads the text of a reason.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "RouteCreated" => Self::RouteCreated,
            "NoRouteCreated" => Self::NoRouteCreated,
            "CalicoIsUp" => Self::CalicoIsUp,
            "CalicoIsDown" => Self::CalicoIsDown,
            _ => Self::Other,
        }
    }
}

closed_set! {
    /// The class of a node in a survey; every node is in exactly one.
    pub enum NodeClass {
        /// The only ready class: a route writer says that the routes exist.
        RouteCreated,
        /// No condition at all.
        NoCondition,
        /// The condition comes from Calico, which knows nothing of routes.
        WrittenByCalico,
        /// A route writer says that the routes do not exist; the machine is replaced after ten minutes.
        NoRouteCreated,
        /// The condition has another reason, an unknown status, or several entries.
        OtherReason,
        /// No pod network in a family that the shoot has, so no route writer will ever speak.
        NoPodCidr,
        /// No condition, and the node is being deleted.
        Deleting,
        /// No condition, and the node is not ready.
        NotReady,
        /// The condition is too old to count: older than the node, so that it belonged to another machine, or one that is to be written
        /// again in this switch.
        Stale,
    }
}

impl NodeClass {
    /// What the class means and what it takes to leave it, for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::RouteCreated => "the route writer has created its routes",
            Self::NoCondition => "no route writer has spoken about it yet",
            Self::WrittenByCalico => "its condition was written by calico-node, not by a route writer",
            Self::NoRouteCreated => "the route writer could not create its route",
            Self::OtherReason => "its condition has another reason, an unknown status or several entries",
            Self::NoPodCidr => "it has no pod network of every family of the shoot",
            Self::Deleting => "it is being deleted and has no condition",
            Self::NotReady => "it is not ready and has no condition",
            Self::Stale => "its condition is older than the node itself, or has to be written again",
        }
    }
}

/// How much older than the node a condition may be before it is [`NodeClass::Stale`]: clocks differ.
pub const STALE_TOLERANCE: core::time::Duration = core::time::Duration::from_secs(60);

/// The evidence rules that a classification applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceRules {
    /// None, as the Go extension.
    Off,
    /// [`NodeClass::Stale`], and a pod network per family where the shoot has both.
    On {
        /// Whether the shoot has both families.
        dual_stack: bool,
        /// Which routes count.
        routes: CountedRoutes,
    },
}

/// Which of the conditions that say `RouteCreated`, and are not older than their node, count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedRoutes {
    /// All of them: steady route writers do not write again what they have said.
    OfAnyAge,
    /// Those that were written at this time or later.
    WrittenSince(Timestamp),
}

/// Sorts a node into its class; the first rule that matches wins.
#[must_use]
pub fn classify(node: &NodeFacts, rules: EvidenceRules) -> NodeClass {
    use ConditionReason as Reason;
    use ConditionStatus as Status;

    let condition = match node.network_unavailable {
        NetworkUnavailable::Missing => return classify_without_condition(node),
        NetworkUnavailable::Several => return NodeClass::OtherReason,
        NetworkUnavailable::One(condition) => condition,
    };
    match (condition.status, condition.reason) {
        (Status::Unknown, _) => NodeClass::OtherReason,
        (Status::False, Reason::RouteCreated) => classify_evidence(node, condition, rules),
        (_, Reason::CalicoIsUp | Reason::CalicoIsDown) => NodeClass::WrittenByCalico,
        (Status::True, Reason::NoRouteCreated) => NodeClass::NoRouteCreated,
        (_, Reason::RouteCreated | Reason::NoRouteCreated | Reason::Other) => NodeClass::OtherReason,
    }
}

fn classify_without_condition(node: &NodeFacts) -> NodeClass {
    if node.deleting {
        NodeClass::Deleting
    } else if node.readiness == Readiness::NotReady {
        NodeClass::NotReady
    } else if node.pod_cidrs.any() {
        NodeClass::NoCondition
    } else {
        NodeClass::NoPodCidr
    }
}

fn classify_evidence(node: &NodeFacts, condition: Condition, rules: EvidenceRules) -> NodeClass {
    let EvidenceRules::On { dual_stack, routes } = rules else {
        return NodeClass::RouteCreated;
    };
    if let (Some(transition), Some(created)) = (condition.last_transition, node.created)
        && transition < created.minus(STALE_TOLERANCE)
    {
        return NodeClass::Stale;
    }
    if let (CountedRoutes::WrittenSince(since), Some(written)) = (routes, condition.last_written())
        && written < since
    {
        return NodeClass::Stale;
    }
    if dual_stack && !(node.pod_cidrs.ipv4 && node.pod_cidrs.ipv6) {
        return NodeClass::NoPodCidr;
    }
    NodeClass::RouteCreated
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: EvidenceRules = EvidenceRules::On { dual_stack: false, routes: CountedRoutes::OfAnyAge };
    const DUAL_STACK: EvidenceRules = EvidenceRules::On { dual_stack: true, routes: CountedRoutes::OfAnyAge };

    fn node() -> NodeFacts {
        NodeFacts {
            name: NodeName("a".into()),
            uid: NodeUid("u".into()),
            created: Some(Timestamp(1_000)),
            deleting: false,
            readiness: Readiness::Ready,
            pod_cidrs: PodCidrFamilies { ipv4: true, ipv6: false },
            network_unavailable: NetworkUnavailable::Missing,
        }
    }

    fn with(status: ConditionStatus, reason: ConditionReason) -> NodeFacts {
        let condition = Condition { status, reason, last_transition: Some(Timestamp(2_000)), last_heartbeat: None };
        NodeFacts { network_unavailable: NetworkUnavailable::One(condition), ..node() }
    }

    /// Status × reason, every cell; columns are RouteCreated, NoRouteCreated, CalicoIsUp, CalicoIsDown, Other.
    #[test]
    fn class_of_every_condition() {
        use ConditionReason as R;
        let reasons = [R::RouteCreated, R::NoRouteCreated, R::CalicoIsUp, R::CalicoIsDown, R::Other];
        for (status, expected) in [
            (
                ConditionStatus::False,
                ["RouteCreated", "OtherReason", "WrittenByCalico", "WrittenByCalico", "OtherReason"],
            ),
            (
                ConditionStatus::True,
                ["OtherReason", "NoRouteCreated", "WrittenByCalico", "WrittenByCalico", "OtherReason"],
            ),
            (ConditionStatus::Unknown, ["OtherReason"; 5]),
        ] {
            let seen = reasons.map(|reason| classify(&with(status, reason), ON).code());
            assert_eq!(seen, expected, "{status:?}");
        }
    }

    /// Without a condition: deleting before not ready before no pod network.
    #[test]
    fn precedence_without_condition() {
        for deleting in [false, true] {
            for readiness in [Readiness::Ready, Readiness::NotReady, Readiness::NotReported] {
                for ipv4 in [false, true] {
                    let pod_cidrs = PodCidrFamilies { ipv4, ipv6: false };
                    let seen = classify(&NodeFacts { deleting, readiness, pod_cidrs, ..node() }, EvidenceRules::Off);
                    let expected = match (deleting, readiness, ipv4) {
                        (true, _, _) => "Deleting",
                        (false, Readiness::NotReady, _) => "NotReady",
                        (false, _, false) => "NoPodCidr",
                        (false, _, true) => "NoCondition",
                    };
                    assert_eq!(seen.code(), expected, "{deleting} {readiness:?} {ipv4}");
                }
            }
        }
    }

    #[test]
    fn a_route_counts_on_a_node_that_is_deleting_not_ready_or_without_pod_cidr() {
        let route = with(ConditionStatus::False, ConditionReason::RouteCreated);
        for node in [
            NodeFacts { deleting: true, ..route.clone() },
            NodeFacts { readiness: Readiness::NotReady, ..route.clone() },
            NodeFacts { pod_cidrs: PodCidrFamilies::default(), ..route },
        ] {
            assert_eq!(classify(&node, ON), NodeClass::RouteCreated);
        }
    }

    #[test]
    fn two_entries_are_no_evidence() {
        let node = NodeFacts { network_unavailable: NetworkUnavailable::Several, ..node() };
        assert_eq!(classify(&node, EvidenceRules::Off), NodeClass::OtherReason);
    }

    #[test]
    fn a_condition_older_than_its_node_is_stale_only_with_evidence_rules() {
        for (transition, with_rules) in [(939, "Stale"), (940, "RouteCreated"), (1_000, "RouteCreated")] {
            let mut node = with(ConditionStatus::False, ConditionReason::RouteCreated);
            if let NetworkUnavailable::One(condition) = &mut node.network_unavailable {
                condition.last_transition = Some(Timestamp(transition));
            }
            assert_eq!(classify(&node, ON).code(), with_rules, "{transition}");
            assert_eq!(classify(&node, EvidenceRules::Off), NodeClass::RouteCreated);
        }
    }

    /// The later one of transition and heartbeat counts; who says neither cannot be told to be old.
    #[test]
    fn a_route_that_has_to_be_written_again_is_stale_until_it_is() {
        let since = EvidenceRules::On { dual_stack: false, routes: CountedRoutes::WrittenSince(Timestamp(3_000)) };
        for (transition, heartbeat, expected) in [
            (Some(2_999), None, "Stale"),
            (Some(3_000), None, "RouteCreated"),
            (Some(2_000), Some(2_999), "Stale"),
            (Some(2_000), Some(3_000), "RouteCreated"),
            (None, Some(2_999), "Stale"),
            (None, None, "RouteCreated"),
        ] {
            let mut node = with(ConditionStatus::False, ConditionReason::RouteCreated);
            if let NetworkUnavailable::One(condition) = &mut node.network_unavailable {
                condition.last_transition = transition.map(Timestamp);
                condition.last_heartbeat = heartbeat.map(Timestamp);
            }
            assert_eq!(classify(&node, since).code(), expected, "{transition:?} {heartbeat:?}");
            assert_eq!(classify(&node, ON), NodeClass::RouteCreated);
        }
        let by_calico = with(ConditionStatus::False, ConditionReason::CalicoIsUp);
        assert_eq!(classify(&by_calico, since), NodeClass::WrittenByCalico, "only routes are asked for again");
    }

    #[test]
    fn dual_stack_evidence_needs_a_pod_network_of_both_families() {
        let route = with(ConditionStatus::False, ConditionReason::RouteCreated);
        assert_eq!(classify(&route, DUAL_STACK), NodeClass::NoPodCidr);
        let both = NodeFacts { pod_cidrs: PodCidrFamilies { ipv4: true, ipv6: true }, ..route };
        assert_eq!(classify(&both, DUAL_STACK), NodeClass::RouteCreated);
    }
}
