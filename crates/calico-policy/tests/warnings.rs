//! Every warning with its whole text, and where it must not appear.

use crate::support::convert::{Input, NOW, failure};
use crate::support::model::{
    Before, Case, Entries, Guard, Node, Nodes, Overlay, PolicyApi, Record, Requirement, Seen, Source, Wish,
};
use crate::support::steps::Slot;
use calico_policy::decision::NodeList;
use calico_policy::intent::DeprecatedField;
use calico_policy::phase::{Phase, Rollout};
use calico_policy::warning::WarningCode;
use calico_policy::{ReadFailureKind, Reading, SwitchStatus};

fn lines(input: &Input) -> Vec<String> {
    input.decide().warnings.iter().map(|warning| format!("{}: {}", warning.code, warning.message)).collect()
}

fn of(case: &Case) -> Vec<String> {
    lines(&Input::from(case))
}

fn nothing_asked() -> Case {
    Case { wish: Wish::overlay(Overlay::On), ..Case::ready() }
}

fn blocked(node: Node) -> Nodes {
    Nodes::Listed(vec![Node::ready(), node])
}

#[test]
fn nothing_to_say() {
    assert_eq!(of(&Case::ready()), [""; 0]);
    assert_eq!(of(&nothing_asked()), [""; 0]);
}

#[test]
fn deprecated_fields() {
    let mut input = Input::from(&nothing_asked());
    input.intent.deprecated_fields = vec![DeprecatedField::Ipip, DeprecatedField::IpAutodetectionMethod];
    assert_eq!(
        lines(&input),
        [
            "DeprecatedField: `ipAutodetectionMethod` has no effect: remove it",
            "DeprecatedField: `ipip` has no effect: remove it",
        ]
    );
}

#[test]
fn felix_and_pool() {
    let dual = |mode| Wish { families: &["IPv4", "IPv6"], ipv4_mode: mode, ..Wish::overlay(Overlay::On) };
    let before =
        Before::bundle(Seen { ipv6: Some(Slot { pool: "vxlan", mode: "Always", object: true }), ..Seen::ipip(true) });
    let case = Case { wish: dual(None), before, ..Case::ready() };
    assert_eq!(
        of(&case),
        ["FelixDisagreesWithPool: Felix has IP in IP off, but the IPv4 pool is `Ipip(Always)`: the pool counts"]
    );
    // Pool and mode beside an `overlay` block reach only variables.
    for wish in [Wish { ipv4_pool: Some("vxlan"), ..dual(None) }, dual(Some("Never"))] {
        assert_eq!(of(&Case { wish, ..case.clone() }), of(&case));
    }
    assert_eq!(
        of(&Case { wish: Wish { vxlan: true, ..dual(None) }, ..case.clone() }),
        [
            "EncapsulationProtocolChanges: IPv4 goes from `Ipip(Always)` to `Vxlan(Always)`: nodes that have rolled and nodes that \
             have not may lose each other's packets",
            "IpamChanges: address management changes from `host-local` to `calico-ipam` with the encapsulation: running pods keep \
             addresses that may lie outside of the node's podCIDRs, where no route leads"
        ]
    );
    let never = Wish { ipv4_mode: Some("Never"), ..Wish::overlay(Overlay::Unset) };
    let case =
        Case { wish: never, before: Before::bundle(Seen { backend: "bird", ..Seen::native(true) }), ..Case::ready() };
    assert_eq!(
        of(&case),
        ["FelixDisagreesWithPool: Felix has IP in IP on, but the IPv4 pool is `None`: the pool counts"]
    );
}

#[test]
fn a_setting_without_effect() {
    let wish = Wish { ipv4_mode: Some("Never"), ..Wish::overlay(Overlay::Unset) };
    let case = Case { wish, before: Before::bundle(Seen::ipip(false)), ..Case::ready() };
    assert_eq!(
        of(&case)[1],
        "PoolSettingWithoutEffect: the IPv4 pool setting changes only variables that calico-node no longer reads: set \
         `overlay.enabled: false` to turn the overlay off"
    );
}

#[test]
fn encapsulation_that_variables_name() {
    let assumed =
        "EncapsulationAssumed: no IPPool object names the IPv4 encapsulation, it is taken from calico-node's variables";
    assert_eq!(of(&Case { before: Before::bundle(Seen::ipip(false)), ..Case::ready() }), [assumed]);
    let keeps = Case { before: Before::bundle(Seen::ipip(false)), ..nothing_asked() };
    assert_eq!(of(&keeps), [""; 0], "only a switch rests on it");
}

#[test]
fn a_removal_by_another_field() {
    let before = Before::bundle(Seen::ipip(true));
    let case = Case { wish: Wish { backend: Some("none"), ..Wish::overlay(Overlay::Unset) }, before, ..Case::ready() };
    let text = "OverlayNotDisabledExplicitly: encapsulation goes because of another field: set `overlay.enabled: false`, so that \
                the provider starts a route controller";
    assert_eq!(of(&case), [text]);
    let by_mode = Wish { ipv4_mode: Some("Never"), ..Wish::overlay(Overlay::Unset) };
    assert!(of(&Case { wish: by_mode, ..case }).contains(&text.to_string()));
}

#[test]
fn transitions_without_a_gate() {
    let starts = "EncapsulationStarts: IPv4 goes from `None` to `Ipip(Always)`: running pods keep their MTU, larger packets are \
                  lost until they are re-created";
    assert_eq!(of(&Case { before: Before::bundle(Seen::native(true)), ..nothing_asked() }), [starts]);
    let vxlan =
        Seen { backend: "vxlan", ipv4: Some(Slot { pool: "vxlan", mode: "CrossSubnet", object: true }), ipv6: None };
    assert_eq!(
        of(&Case { before: Before::bundle(vxlan), ..nothing_asked() }),
        [
            "EncapsulationProtocolChanges: IPv4 goes from `Vxlan(CrossSubnet)` to `Ipip(Always)`: nodes that have rolled and nodes \
             that have not may lose each other's packets"
        ]
    );
    let cross_subnet =
        Seen { ipv4: Some(Slot { pool: "ipip", mode: "CrossSubnet", object: true }), ..Seen::ipip(true) };
    assert_eq!(of(&Case { before: Before::bundle(cross_subnet), ..nothing_asked() }), [""; 0]);
}

#[test]
fn address_management_that_changes() {
    let wish = |overlay| Wish { ipam: Some("calico-ipam"), ..Wish::overlay(overlay) };
    assert_eq!(
        of(&Case { wish: wish(Overlay::Off), ..Case::ready() }),
        [
            "IpamChanges: address management changes from `host-local` to `calico-ipam` with the encapsulation: running pods keep \
             addresses that may lie outside of the node's podCIDRs, where no route leads"
        ]
    );
    assert_eq!(
        of(&Case { wish: wish(Overlay::On), ..Case::ready() }),
        [
            "IpamChanges: address management changes from `host-local` to `calico-ipam`: running pods keep addresses that may lie \
             outside of the node's podCIDRs, where no route leads"
        ],
        "the encapsulation stays"
    );
}

#[test]
fn a_status_that_cannot_be_read() {
    let mut input = Input::from(&nothing_asked());
    input.previous = Reading::Unreadable(failure(ReadFailureKind::Undecodable));
    assert_eq!(lines(&input), ["PreviousStatusUnreadable: the last status could not be read: the test says so"]);
}

#[test]
fn a_policy_api_that_does_not_fit() {
    let text = "GuardApiMismatch: Kubernetes 1.34.2 serves no version of the policy API that its runtimeConfig turns on: routes \
                are checked, the guard is not required";
    assert_eq!(of(&Case { api: PolicyApi::Misfit, ..Case::ready() }), [text]);
    assert_eq!(of(&Case { api: PolicyApi::Misfit, ..nothing_asked() }), [""; 0]);
    assert_eq!(of(&Case { api: PolicyApi::Missing, ..Case::ready() }), [""; 0], "the gate is not active at all");
}

#[test]
fn a_guard_that_nobody_looked_for() {
    let case = Case { guard: Guard::NotObserved, requirement: Requirement::WhereObserved, ..Case::ready() };
    assert_eq!(
        of(&case),
        ["GuardNotObserved: no admission policy was given: a live controller deploys it before it counts routes"]
    );
}

#[test]
fn break_glass_that_is_used() {
    let case = Case { nodes: blocked(Node::with(Entries::None)), break_glass: true, ..Case::ready() };
    assert_eq!(of(&case), ["BreakGlassUsed: skip-route-check lets the switch go ahead unverified: `INC-4711`"]);
    assert_eq!(of(&Case { break_glass: true, ..Case::ready() }), [""; 0]);
}

#[test]
fn an_overdue_hold() {
    let case = |held_for| Case { nodes: blocked(Node::with(Entries::None)), held_for: Some(held_for), ..Case::ready() };
    assert_eq!(of(&case(1_800)), [""; 0]);
    assert_eq!(of(&case(1_801)), ["HoldOverdue: the switch has been held for 30 minutes"]);
    assert_eq!(of(&case(7_200)), ["HoldOverdue: the switch has been held for 120 minutes"]);
}

#[test]
fn a_list_that_is_complete_by_assumption() {
    let mut input = Input::from(&Case::ready());
    input.observed.node_list = NodeList::AssumedComplete;
    assert_eq!(lines(&input), ["CompletenessAssumed: 3 single Node documents were taken as all nodes of the shoot"]);
    input.intent.overlay = None;
    assert_eq!(lines(&input), [""; 0], "nobody looked at the nodes");
}

#[test]
fn evidence_that_nobody_refreshes() {
    let mut input = Input::from(&Case::ready());
    let Reading::Known(nodes) = &mut input.observed.nodes else { panic!("no nodes") };
    nodes[0].created = None;
    let calico_policy::nodes::NetworkUnavailable::One(condition) = &mut nodes[0].network_unavailable else {
        panic!("no condition")
    };
    condition.last_transition = Some(calico_policy::time::Timestamp(NOW.0 - 3_601));
    assert_eq!(lines(&input), ["EvidenceOld: 1 of 3 nodes: nobody has refreshed the condition for an hour"]);
}

#[test]
fn excluded_nodes_by_class_and_name() {
    let mut nodes = vec![Node::ready(); 2];
    nodes.extend([Node { ready: Some(false), ..Node::with(Entries::None) }; 2]);
    nodes.push(Node { deleting: true, ..Node::with(Entries::None) });
    let case = Case { nodes: Nodes::Listed(nodes), excluded: vec!["Deleting", "NotReady", "Stale"], ..Case::ready() };
    assert_eq!(
        of(&case),
        [
            "NodesExcluded: 1 nodes of class Deleting do not block: node-004",
            "NodesExcluded: 2 nodes of class NotReady do not block: node-002, node-003",
        ]
    );
    let listed = |count: usize| {
        let mut nodes = vec![Node::ready()];
        nodes.extend(vec![Node { deleting: true, ..Node::with(Entries::None) }; count]);
        of(&Case { nodes: Nodes::Listed(nodes), excluded: vec!["Deleting"], ..Case::ready() }).remove(0)
    };
    assert!(listed(20).ends_with("node-019, node-020"), "{}", listed(20));
    assert!(listed(21).ends_with("node-019, node-020, …"), "{}", listed(21));
}

#[test]
fn conditions_that_came_back() {
    let mut input = Input::from(&Case {
        nodes: blocked(Node::with(Entries::One("False", "CalicoIsUp"))),
        excluded: vec!["WrittenByCalico"],
        ..Case::ready()
    });
    let came_back = "CalicoConditionCameBack: 1 of 2 nodes carry a condition of Calico";
    assert!(lines(&input).contains(&came_back.to_string()), "switching: {:?}", lines(&input));
    let held = Case { nodes: blocked(Node::with(Entries::One("False", "CalicoIsUp"))), ..Case::ready() };
    assert_eq!(of(&held), [""; 0], "during a hold that is what the hold is about");
    input.observed.nodes = Input::from(&Case::ready()).observed.nodes;
    assert_eq!(lines(&input), [""; 0]);
}

/// A restored shoot of which only the record is known gets no warning about pools that nobody read.
#[test]
fn a_record_alone() {
    let record = Record::Known { ipv4: Some("Ipip(Always)"), ipv6: None };
    let before = Before { bundle: Source::Absent, live: Source::NotGiven, record, never_installed: false };
    assert_eq!(of(&Case { before, ..Case::ready() }), [""; 0]);
}

#[test]
fn every_code_has_a_meaning_of_its_own() {
    let mut meanings: Vec<&str> = WarningCode::ALL.iter().map(|code| code.meaning()).collect();
    assert!(meanings.iter().all(|meaning| meaning.len() > 20));
    meanings.sort_unstable();
    meanings.dedup();
    assert_eq!(meanings.len(), WarningCode::ALL.len());
}

/// Warnings about nodes that regress come only after the write, whatever the phase was before.
#[test]
fn after_the_write() {
    let mut input = Input::from(&Case { before: Before::bundle(Seen::native(true)), ..Case::ready() });
    input.previous = Reading::Known(SwitchStatus { phase: Phase::Verifying, since: None });
    input.observed.rollout = Rollout::Applied;
    assert_eq!(lines(&input), [""; 0]);
}
