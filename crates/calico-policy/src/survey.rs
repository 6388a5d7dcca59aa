//! The survey: every node in exactly one class, and the witness that all counted nodes have routes.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use crate::nodes::{
    Condition, ConditionReason, CountedRoutes, EvidenceRules, NetworkUnavailable, NodeClass, NodeFacts, NodeName,
    NodeUid, classify,
};
use crate::time::Timestamp;

mod first;
mod names;

pub use names::NodeNames;

use first::FirstNodes;

/// At most this many blocking nodes are listed by name; the totals tell the rest.
pub const LISTED_NODES: usize = 20;

/// Evidence that nobody has refreshed for this long is reported as old. Steady route writers do not refresh it, so it never
/// blocks.
pub const EVIDENCE_OLD_AFTER: Duration = Duration::from_secs(3600);

/// What a look at all nodes found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Number of nodes.
    pub total: usize,
    /// Number of nodes per class, classes without nodes left out.
    pub by_class: BTreeMap<NodeClass, usize>,
    /// The first blocking nodes by name, at most [`LISTED_NODES`].
    pub waiting_for: Vec<WaitingNode>,
    /// Number of blocking nodes.
    pub blocking: usize,
    /// Nodes that would block but for the configuration, sorted: of each class the first by name, at most
    /// [`LISTED_NODES`]; [`Survey::by_class`] tells how many there are.
    pub excluded: Vec<WaitingNode>,
    /// Nodes whose condition Calico wrote, all of them.
    pub written_by_calico: NodeNames,
    /// Nodes of which a route writer says that they have no route, all of them.
    pub no_route_created: NodeNames,
    /// Nodes of class [`NodeClass::Stale`] where routes have to be written again, all of them, sorted by name.
    pub stale: Vec<StaleRoute>,
    /// Number of ready nodes whose evidence is older than [`EVIDENCE_OLD_AFTER`].
    pub old_evidence: usize,
    /// Whether any node carries a condition that a route writer writes, whatever its class.
    pub shows_a_route_writer: bool,
}

impl Survey {
    /// Number of nodes in [`NodeClass::RouteCreated`].
    #[must_use]
    pub fn ready(&self) -> usize {
        self.by_class.get(&NodeClass::RouteCreated).copied().unwrap_or(0)
    }
}

/// A node that is not ready, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct WaitingNode {
    /// Its name.
    pub name: NodeName,
    /// Its class.
    pub class: NodeClass,
}

/// A condition that says `RouteCreated` and is too old to count, as it was seen: whoever deletes it makes sure that it still is that one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct StaleRoute {
    /// The name of the node.
    pub name: NodeName,
    /// Its UID.
    pub uid: NodeUid,
    /// The condition.
    pub condition: Condition,
}

/// Proof that every counted node had a route when it was made.
///
/// Its field is private and it is not `Clone`: only [`take`] makes one, for the nodes that it has just looked at, so a
/// verdict cannot be kept for a later reconcile.
///
/// ```compile_fail,E0451
/// let forged = calico_policy::RoutesReady { nodes: Vec::new() };
/// ```
///
/// ```compile_fail,E0308
/// fn keep(witness: &calico_policy::RoutesReady) -> calico_policy::RoutesReady {
///     witness.clone()
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct RoutesReady {
    nodes: Vec<NodeUid>,
}

impl RoutesReady {
    /// Whether these are all among the nodes that were surveyed. A node that joined or was re-created since is not, and
    /// re-opens the question; one that left does not matter.
    pub fn covers<'a>(&self, nodes: impl IntoIterator<Item = &'a NodeUid>) -> bool {
        let surveyed: BTreeSet<&NodeUid> = self.nodes.iter().collect();
        nodes.into_iter().all(|uid| surveyed.contains(uid))
    }

    /// Number of nodes surveyed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: zero nodes are a verdict of their own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// What a survey says about the switch.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every counted node has a route.
    Ready(RoutesReady),
    /// Some counted node has none.
    Waiting,
    /// There is no node that counts.
    NoNodes,
}

/// Looks at every node once. Linear, and the order of `nodes` is irrelevant.
#[must_use]
pub fn take(
    nodes: &[NodeFacts],
    rules: EvidenceRules,
    excluded_classes: &BTreeSet<NodeClass>,
    now: Timestamp,
) -> (Survey, Outcome) {
    let old_before = now.minus(EVIDENCE_OLD_AFTER);
    let mut counts = [0_usize; NodeClass::ALL.len()];
    let mut blocking = FirstNodes::default();
    let mut excluded: BTreeMap<NodeClass, FirstNodes<'_>> =
        excluded_classes.iter().map(|class| (*class, FirstNodes::default())).collect();
    let mut written_by_calico = Vec::new();
    let mut no_route_created = Vec::new();
    let mut stale = Vec::new();
    let mut old_evidence = 0;
    let mut shows_a_route_writer = false;

    for node in nodes {
        let class = classify(node, rules);
        shows_a_route_writer |= carries_a_writers_condition(node);
        if let Some(count) = counts.get_mut(class as usize) {
            *count += 1;
        }
        if class == NodeClass::RouteCreated {
            old_evidence += usize::from(is_old(node, old_before));
            continue;
        }
        if class == NodeClass::WrittenByCalico {
            written_by_calico.push(node.name.clone());
        }
        if class == NodeClass::NoRouteCreated {
            no_route_created.push(node.name.clone());
        }
        if class == NodeClass::Stale {
            stale.extend(stale_route(node, rules));
        }
        excluded.get_mut(&class).unwrap_or(&mut blocking).add(&node.name, class);
    }

    let ready = counts.first().copied().unwrap_or(0);
    let outcome = if blocking.count() > 0 {
        Outcome::Waiting
    } else if ready == 0 {
        Outcome::NoNodes
    } else {
        Outcome::Ready(RoutesReady { nodes: nodes.iter().map(|node| node.uid.clone()).collect() })
    };
    let mut excluded: Vec<WaitingNode> = excluded.into_values().flat_map(FirstNodes::into_listed).collect();
    excluded.sort_unstable();
    stale.sort_unstable_by(|left: &StaleRoute, right| left.name.cmp(&right.name));
    let survey = Survey {
        total: nodes.len(),
        by_class: NodeClass::ALL.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect(),
        blocking: blocking.count(),
        waiting_for: blocking.into_listed(),
        excluded,
        written_by_calico: written_by_calico.into(),
        no_route_created: no_route_created.into(),
        stale,
        old_evidence,
        shows_a_route_writer,
    };
    (survey, outcome)
}

const fn carries_a_writers_condition(node: &NodeFacts) -> bool {
    let NetworkUnavailable::One(condition) = node.network_unavailable else {
        return false;
    };
    matches!(condition.reason, ConditionReason::RouteCreated | ConditionReason::NoRouteCreated)
}

fn is_old(node: &NodeFacts, old_before: Timestamp) -> bool {
    let NetworkUnavailable::One(condition) = node.network_unavailable else {
        return false;
    };
    condition.last_written().is_some_and(|last| last < old_before)
}

/// The condition of a stale node, where routes have to be written again.
fn stale_route(node: &NodeFacts, rules: EvidenceRules) -> Option<StaleRoute> {
    match (rules, node.network_unavailable) {
        (EvidenceRules::On { routes: CountedRoutes::WrittenSince(_), .. }, NetworkUnavailable::One(condition)) => {
            Some(StaleRoute { name: node.name.clone(), uid: node.uid.clone(), condition })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;
    use crate::nodes::{ConditionStatus, PodCidrFamilies, Readiness};

    fn node(name: &str, reason: Option<ConditionReason>) -> NodeFacts {
        NodeFacts {
            name: NodeName(name.into()),
            uid: NodeUid(format!("uid-{name}").into()),
            created: None,
            deleting: false,
            readiness: Readiness::Ready,
            pod_cidrs: PodCidrFamilies { ipv4: true, ipv6: false },
            network_unavailable: reason.map_or(NetworkUnavailable::Missing, |reason| {
                NetworkUnavailable::One(Condition {
                    status: ConditionStatus::False,
                    reason,
                    last_transition: Some(Timestamp(10_000)),
                    last_heartbeat: None,
                })
            }),
        }
    }

    fn look(nodes: &[NodeFacts], excluded: &[NodeClass]) -> (Survey, Outcome) {
        take(nodes, ON, &excluded.iter().copied().collect(), Timestamp(10_000))
    }

    const ON: EvidenceRules = EvidenceRules::On { dual_stack: false, routes: CountedRoutes::OfAnyAge };
    const ROUTE: Option<ConditionReason> = Some(ConditionReason::RouteCreated);

    #[test]
    fn ready_yields_a_witness_of_all_nodes() {
        let nodes = [node("b", ROUTE), node("a", ROUTE)];
        let (survey, Outcome::Ready(witness)) = look(&nodes, &[]) else { panic!("not ready") };
        assert_eq!((survey.total, survey.ready(), survey.blocking), (2, 2, 0));
        assert!(witness.covers([&NodeUid("uid-a".into())]));
        assert!(!witness.covers([&NodeUid("uid-a".into()), &NodeUid("uid-new".into())]));
    }

    #[test]
    fn waiting_lists_blocking_nodes_by_name() {
        let nodes = [node("c", None), node("b", ROUTE), node("a", Some(ConditionReason::CalicoIsUp))];
        let (survey, outcome) = look(&nodes, &[]);
        assert_eq!(outcome, Outcome::Waiting);
        let listed: Vec<_> = survey.waiting_for.iter().map(|node| (node.name.to_string(), node.class.code())).collect();
        assert_eq!(listed, [("a".to_string(), "WrittenByCalico"), ("c".to_string(), "NoCondition")]);
        assert_eq!(survey.written_by_calico, [NodeName("a".into())].into_iter().collect());
        assert!(survey.shows_a_route_writer);
    }

    #[test]
    fn only_the_first_twenty_are_listed() {
        let nodes: Vec<_> = (0..50).rev().map(|index| node(&format!("n{index:02}"), None)).collect();
        let (survey, _) = look(&nodes, &[]);
        assert_eq!((survey.blocking, survey.waiting_for.len()), (50, 20));
        assert_eq!(survey.waiting_for.first().unwrap().name.to_string(), "n00");
        assert_eq!(survey.waiting_for.last().unwrap().name.to_string(), "n19");
    }

    #[test]
    fn zero_nodes_is_its_own_outcome() {
        assert_eq!(look(&[], &[]).1, Outcome::NoNodes);
    }

    #[test]
    fn excluded_classes_do_not_block_and_are_named() {
        let nodes = [node("a", ROUTE), node("b", None)];
        let (survey, outcome) = look(&nodes, &[NodeClass::NoCondition]);
        assert!(matches!(outcome, Outcome::Ready(_)));
        assert_eq!(survey.excluded, [WaitingNode { name: NodeName("b".into()), class: NodeClass::NoCondition }]);
        assert_eq!(survey.by_class, BTreeMap::from([(NodeClass::RouteCreated, 1), (NodeClass::NoCondition, 1)]));
    }

    #[test]
    fn of_each_excluded_class_the_first_twenty_are_named() {
        let nodes: Vec<_> = (0..30)
            .flat_map(|index| {
                let by_calico = node(&format!("c{index:02}"), Some(ConditionReason::CalicoIsUp));
                [by_calico, node(&format!("n{index:02}"), None)]
            })
            .collect();
        let (survey, outcome) = look(&nodes, &[NodeClass::NoCondition, NodeClass::WrittenByCalico]);
        assert_eq!((outcome, survey.excluded.len(), survey.blocking), (Outcome::NoNodes, 40, 0));
        assert_eq!(survey.excluded[19].name, NodeName("c19".into()));
        assert_eq!(survey.excluded[39].name, NodeName("n19".into()));
        assert_eq!(survey.by_class.get(&NodeClass::NoCondition), Some(&30));
        assert_eq!(survey.written_by_calico.len(), 30);
    }

    #[test]
    fn where_every_node_is_excluded_none_counts() {
        assert_eq!(look(&[node("b", None)], &[NodeClass::NoCondition]).1, Outcome::NoNodes);
    }

    #[test]
    fn evidence_gets_old_after_an_hour_without_blocking() {
        let nodes = [node("a", ROUTE)];
        for (now, old) in [(13_600, 0), (13_601, 1)] {
            let (survey, outcome) = take(&nodes, EvidenceRules::Off, &BTreeSet::new(), Timestamp(now));
            assert_eq!(survey.old_evidence, old, "{now}");
            assert!(matches!(outcome, Outcome::Ready(_)));
        }
    }

    #[test]
    fn routes_that_have_to_be_written_again_block_and_are_told_as_seen() {
        let nodes = [node("c", None), node("b", ROUTE), node("a", ROUTE)];
        let since =
            |time| EvidenceRules::On { dual_stack: false, routes: CountedRoutes::WrittenSince(Timestamp(time)) };
        let stale = |rules| take(&nodes, rules, &BTreeSet::new(), Timestamp(20_000)).0;
        let survey = stale(since(10_001));
        assert_eq!((survey.ready(), survey.blocking, survey.old_evidence), (0, 3, 0));
        let names: Vec<_> = survey.stale.iter().map(|route| (&*route.name.0, &*route.uid.0)).collect();
        assert_eq!(names, [("a", "uid-a"), ("b", "uid-b")]);
        assert_eq!(survey.stale[0].condition.last_transition, Some(Timestamp(10_000)));
        assert!(survey.shows_a_route_writer);
        assert_eq!(stale(since(10_000)).stale, []);

        let mut nodes = nodes;
        nodes[2].created = Some(Timestamp(10_061));
        let stale = |rules| take(&nodes, rules, &BTreeSet::new(), Timestamp(20_000)).0;
        assert_eq!(stale(since(10_000)).stale.len(), 1, "also that of another machine");
        assert_eq!((stale(ON).stale, stale(ON).blocking), (Vec::new(), 2), "nobody writes it again by being told so");
    }
}
