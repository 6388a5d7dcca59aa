//! The verdict over a small space, enumerated: every combination of the inputs that answer before a look at the shoot, every
//! combination of those that answer from it, and a walk through the product of both. The oracle says what is right.

use std::collections::BTreeMap;

use calico_policy::nodes::NodeClass;

use crate::support::convert::answer;
use crate::support::model::{
    Before, Case, Guard, Node, Nodes, Overlay, PolicyApi, Record, Requirement, Seen, Source, Wish,
};
use crate::support::oracle;
use crate::support::steps::Slot;

/// The values of every dimension. A case is one index per dimension.
struct Space {
    apis: Vec<PolicyApi>,
    wishes: Vec<Wish>,
    befores: Vec<Before>,
    nodes: Vec<Nodes>,
    held_for: Vec<Option<i64>>,
}

const BOTH: u64 = 2;

impl Space {
    fn new() -> Self {
        Self {
            apis: vec![PolicyApi::Fits, PolicyApi::Misfit, PolicyApi::Missing],
            wishes: wishes(),
            befores: befores(),
            nodes: node_lists(),
            held_for: vec![None, Some(60), Some(600)],
        }
    }

    /// The number of values of every dimension, in the order in which [`Self::case`] reads them.
    fn sizes(&self) -> [u64; 15] {
        let of = |length: usize| length as u64;
        [
            BOTH,
            of(self.apis.len()),
            of(self.wishes.len()),
            of(self.befores.len()),
            BOTH,
            of(self.nodes.len()),
            of(Guard::ALL.len()),
            of(Requirement::ALL.len()),
            BOTH,
            BOTH,
            BOTH,
            BOTH,
            BOTH,
            BOTH,
            of(self.held_for.len()),
        ]
    }

    fn case(&self, index: [usize; 15]) -> Case {
        let [
            gate,
            api,
            wish,
            before,
            hibernated,
            nodes,
            guard,
            requirement,
            strict,
            routes,
            pods,
            unguarded,
            implicit,
            glass,
            held,
        ] = index;
        Case {
            gate: gate == 0,
            api: self.apis[api],
            wish: self.wishes[wish].clone(),
            before: self.befores[before].clone(),
            hibernated: hibernated == 1,
            nodes: self.nodes[nodes].clone(),
            guard: Guard::ALL[guard],
            requirement: Requirement::ALL[requirement],
            strict: strict == 1,
            skip_route_verification: routes == 1,
            skip_pod_routes: pods == 1,
            hold_when_unguarded: unguarded == 1,
            hold_implicit_removals: implicit == 1,
            refresh_evidence: false,
            break_glass: glass == 1,
            excluded: Vec::new(),
            held_for: self.held_for[held],
        }
    }

    /// Compares core and oracle over the product of the dimensions that `free` names, the others at their first value, taking
    /// every `stride`th combination. Returns how often each answer came.
    fn compare(&self, free: &[usize], stride: u64) -> BTreeMap<String, usize> {
        let sizes = self.sizes();
        let combinations: u64 = free.iter().map(|dimension| sizes[*dimension]).product();
        let mut counts = BTreeMap::new();
        for number in (0..combinations).step_by(usize::try_from(stride).unwrap()) {
            let mut rest = number;
            let mut index = [0_usize; 15];
            for dimension in free {
                index[*dimension] = usize::try_from(rest % sizes[*dimension]).unwrap();
                rest /= sizes[*dimension];
            }
            let case = self.case(index);
            let seen = answer(&case);
            assert_eq!(seen, oracle::verdict(&case), "{case:#?}");
            *counts.entry(format!("{} {}", seen.0, seen.1.unwrap_or("-"))).or_default() += 1;
        }
        counts
    }
}

const GATE: usize = 0;
const API: usize = 1;
const WISH: usize = 2;
const BEFORE: usize = 3;
const HIBERNATED: usize = 4;
const NODES: usize = 5;
const GUARD: usize = 6;
const REQUIREMENT: usize = 7;
const STRICT: usize = 8;
const ROUTES: usize = 9;
const PODS: usize = 10;
const UNGUARDED: usize = 11;
const IMPLICIT: usize = 12;
const GLASS: usize = 13;
const HELD: usize = 14;

#[test]
fn what_answers_before_a_look_at_the_shoot() {
    let space = Space::new();
    let counts = space.compare(&[GATE, API, WISH, BEFORE, HIBERNATED, ROUTES, PODS, UNGUARDED, IMPLICIT, GLASS], 1);
    let answers: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(
        answers,
        [
            "Hold AdmissionPolicyUnavailable",
            "Hold CurrentStateUnreadable",
            "Hold Hibernated",
            "Hold NodesUnreadable",
            "Hold OverlayNotDisabledExplicitly",
            "ProceedUnverified AdmissionPolicyUnavailable",
            "ProceedUnverified BreakGlass",
            "ProceedUnverified FirstInstallation",
            "ProceedUnverified GateDisabled",
            "ProceedUnverified NoRouteController",
            "ProceedUnverified OverlayNotDisabledExplicitly",
            "ProceedUnverified PodRoutesByCalico",
            "Unchanged -",
        ]
    );
}

#[test]
fn what_answers_from_the_shoot() {
    let space = Space::new();
    let counts = space.compare(&[API, HIBERNATED, NODES, GUARD, REQUIREMENT, STRICT, ROUTES, GLASS, HELD], 1);
    let answers: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(
        answers,
        [
            "Hold GuardNotEffective",
            "Hold Hibernated",
            "Hold NoRouteWriter",
            "Hold NodesUnreadable",
            "Hold RoutesMissing",
            "Hold ShootUnreachable",
            "Proceed -",
            "ProceedUnverified AdmissionPolicyUnavailable",
            "ProceedUnverified BreakGlass",
            "ProceedUnverified NoNodes",
            "ProceedUnverified NoRouteController",
        ]
    );
}

/// A prime stride visits every pair and triple of values many times.
#[test]
fn a_walk_through_the_whole_product() {
    let space = Space::new();
    let all: Vec<usize> = (0..15).collect();
    let counts = space.compare(&all, 997);
    assert_eq!(counts.len(), 19, "every verdict with every reason: {counts:#?}");
}

/// Explicit, implicit and unset: everything that can be asked of an IPv4 shoot about its overlay, and both families.
fn wishes() -> Vec<Wish> {
    let implicit = |backend, ipv4_mode| Wish { backend, ipv4_mode, ..Wish::overlay(Overlay::Unset) };
    vec![
        Wish::overlay(Overlay::Off),
        Wish::overlay(Overlay::OffWithPodRoutes),
        Wish::overlay(Overlay::On),
        Wish::overlay(Overlay::Unset),
        implicit(Some("none"), None),
        implicit(None, Some("Never")),
        Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::Off) },
        Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::Unset) },
    ]
}

/// Every way to learn, or not, what is in effect.
fn befores() -> Vec<Before> {
    let record = |code| Record::Known { ipv4: Some(code), ipv6: None };
    let before = |bundle, live, record| Before { bundle, live, record, never_installed: false };
    let absent = |live, record, never_installed| Before { bundle: Source::Absent, live, record, never_installed };
    let ipip = Source::Known(Seen::ipip(true));
    let by_variable = Source::Known(Seen::ipip(false));
    let native = Source::Known(Seen::native(true));
    let backend_bird_mode_never =
        Seen { backend: "bird", ipv4: Some(Slot { pool: "ipip", mode: "Never", object: false }), ipv6: None };
    let dual = Seen {
        backend: "bird",
        ipv4: Some(Slot { pool: "ipip", mode: "Always", object: true }),
        ipv6: Some(Slot { pool: "vxlan", mode: "Always", object: true }),
    };
    let pools_of_nobody = Seen { backend: "bird", ipv4: None, ipv6: None };
    vec![
        before(ipip.clone(), Source::NotGiven, Record::Absent),
        before(by_variable.clone(), Source::NotGiven, Record::Absent),
        before(by_variable, ipip.clone(), Record::Absent),
        before(native.clone(), Source::NotGiven, Record::Absent),
        before(native.clone(), ipip.clone(), Record::Absent),
        before(Source::Known(Seen::native(false)), Source::NotGiven, Record::Absent),
        before(Source::Known(backend_bird_mode_never), Source::NotGiven, Record::Absent),
        before(Source::Known(backend_bird_mode_never), Source::Failed, Record::Absent),
        before(Source::Known(backend_bird_mode_never), ipip.clone(), Record::Absent),
        before(Source::Known(dual), Source::NotGiven, Record::Absent),
        before(Source::Known(pools_of_nobody), Source::NotGiven, Record::Absent),
        before(Source::Failed, Source::Failed, Record::Absent),
        before(Source::Failed, ipip.clone(), Record::Absent),
        before(Source::Failed, native, Record::Absent),
        before(Source::Failed, Source::NotGiven, record("Ipip(Always)")),
        before(Source::Failed, Source::NotGiven, record("None")),
        absent(Source::NotGiven, Record::Absent, true),
        absent(ipip.clone(), Record::Absent, true),
        absent(Source::NotGiven, record("Ipip(Always)"), true),
        absent(Source::NotGiven, Record::Failed, true),
        absent(Source::NotGiven, Record::Absent, false),
        absent(ipip, Record::Absent, false),
        absent(Source::NotGiven, record("Ipip(Always)"), false),
        absent(Source::NotGiven, record("None"), false),
        absent(Source::Failed, Record::Failed, false),
    ]
}

/// Unreadable, unreachable, not there, zero, ready, and one unready node of every class.
fn node_lists() -> Vec<Nodes> {
    let mut lists = vec![
        Nodes::Unreadable,
        Nodes::Unreachable,
        Nodes::NotThere,
        Nodes::Listed(Vec::new()),
        Nodes::Listed(vec![Node::ready(), Node::ready()]),
    ];
    for (_, unready) in Node::one_per_class() {
        lists.push(Nodes::Listed(vec![Node::ready(), unready]));
        lists.push(Nodes::Listed(vec![unready]));
    }
    lists
}

#[test]
fn every_class_that_blocks_has_a_node() {
    let mut with_nodes: Vec<&str> = Node::one_per_class().into_iter().map(|(class, _)| class).collect();
    let mut blocking: Vec<&str> =
        NodeClass::ALL.iter().filter(|class| **class != NodeClass::RouteCreated).map(|class| class.code()).collect();
    with_nodes.sort_unstable();
    blocking.sort_unstable();
    assert_eq!(with_nodes, blocking);
    for (class, node) in Node::one_per_class() {
        assert_eq!(oracle::class(&node, &Case::ready()), class);
    }
}
