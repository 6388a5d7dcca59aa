//! What people read: the sentence of a verdict with its particulars, who must act, what would change it.

use crate::support::convert::{Input, failure};
use crate::support::model::{Case, Entries, Guard, Node, Nodes, Overlay, Wish};
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::{HoldReason, OverlayVerdict, UnverifiedReason};
use calico_policy::privilege::PrivilegedBecause;
use calico_policy::resolve::ResolveError;
use calico_policy::{ReadFailureKind, UnknownCode};

fn message(case: &Case) -> String {
    Input::from(case).decide().overlay.message()
}

fn nodes(ready: usize, unready: usize) -> Nodes {
    let mut nodes = vec![Node::ready(); ready];
    nodes.extend(vec![Node::with(Entries::None); unready]);
    Nodes::Listed(nodes)
}

#[test]
fn verdicts() {
    let with = |ready, unready| message(&Case { nodes: nodes(ready, unready), ..Case::ready() });
    assert_eq!(with(1, 0), "the only node has a route; the encapsulation may go");
    assert_eq!(with(2, 0), "all 2 nodes have a route; the encapsulation may go");
    assert_eq!(with(0, 1), "1 of 1 node has no route: `node-000`");
    assert_eq!(with(3, 1), "1 of 4 nodes has no route: `node-003`");
    assert_eq!(with(3, 3), "3 of 6 nodes have no route: `node-003`, `node-004`, `node-005`");
    assert_eq!(with(3, 4), "4 of 7 nodes have no route: `node-003`, `node-004`, `node-005`, …");

    let case = Case { nodes: nodes(0, 2), held_for: Some(600), ..Case::ready() };
    assert_eq!(
        message(&case),
        "2 of 2 nodes have no route: `node-000`, `node-001`; no route controller has written any condition: check that the \
         provider runs one for this shoot"
    );
    let case = Case { nodes: Nodes::Unreadable, ..Case::ready() };
    assert_eq!(message(&case), "the nodes of the shoot could not be read: the test says so");
    let case = Case { nodes: Nodes::NotThere, ..Case::ready() };
    assert_eq!(message(&case), "the nodes of the shoot could not be read: there is no list of nodes");
    let case = Case { guard: Guard::NotEffective, ..Case::ready() };
    assert_eq!(
        message(&case),
        "the guard in the shoot is not effective, so calico-node could overwrite what route controllers say"
    );
    let case = Case { wish: Wish::overlay(Overlay::On), ..Case::ready() };
    assert_eq!(message(&case), "no encapsulation that is in effect would be removed");
    let case = Case { gate: false, ..Case::ready() };
    assert_eq!(message(&case), "the feature gate SeamlessOverlaySwitch is off, so routes are not looked at");
}

#[test]
fn who_must_act() {
    for (reason, actor) in HoldReason::ALL.iter().zip([
        "LandscapeOperator",
        "LandscapeOperator",
        "LandscapeOperator",
        "LandscapeOperator",
        "LandscapeOperator",
        "LandscapeOperator",
        "ShootOwner",
        "ShootOwner",
        "Nobody",
    ]) {
        assert_eq!(reason.actor().code(), actor, "{reason}");
    }
    for reason in UnverifiedReason::ALL {
        let owner = ["AdmissionPolicyUnavailable", "OverlayNotDisabledExplicitly"].contains(&reason.code());
        assert_eq!(reason.actor().code(), if owner { "ShootOwner" } else { "Nobody" }, "{reason}");
    }
    assert_eq!(Input::from(&Case::ready()).decide().overlay.actor().code(), "Nobody");
    assert_eq!(OverlayVerdict::Unchanged.actor().code(), "Nobody");
    assert_eq!(OverlayVerdict::ProceedUnverified(UnverifiedReason::NoNodes).actor().code(), "Nobody");
}

/// One sentence each, no two alike, and none that ends in a full stop: they are fragments that chain.
#[test]
fn sentences_differ() {
    let holds = HoldReason::ALL.iter().flat_map(|reason| [reason.sentence(), reason.remedy()]);
    let unverified = UnverifiedReason::ALL.iter().map(|reason| reason.sentence());
    let classes = NodeClass::ALL.iter().map(|class| class.sentence());
    let privileged = PrivilegedBecause::ALL.iter().map(|because| because.sentence());
    let mut sentences: Vec<&str> = holds.chain(unverified).chain(classes).chain(privileged).collect();
    let count = sentences.len();
    assert!(sentences.iter().all(|sentence| sentence.len() > 15 && !sentence.ends_with('.')));
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), count);
    assert_eq!(NodeClass::Stale.sentence(), "its condition is older than the node itself, or has to be written again");
    assert_eq!(HoldReason::Hibernated.remedy(), "waking the shoot up");
}

#[test]
fn errors() {
    assert_eq!(UnknownCode.to_string(), "unknown code");
    assert_eq!(failure(ReadFailureKind::Refused).to_string(), "the test says so");
    assert_eq!(ResolveError::Ipv6PodCidrUnknown.to_string(), "the shoot's status names no IPv6 pod network yet");
    assert_eq!(
        ResolveError::KubeProxyDisabledWithoutEbpf.to_string(),
        "Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane",
        "the text of the Go extension"
    );
}
