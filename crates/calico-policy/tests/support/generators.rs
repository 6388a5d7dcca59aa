//! Random inputs. They lean towards what is hard: a switch that is asked for, a cluster in which nearly every node is ready.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};

use super::model::{
    Before, Case, Code, Entries, Guard, Node, Nodes, Overlay, PolicyApi, Record, Requirement, Seen, Source, Wish,
};
use super::steps::{Slot, sends};

/// Any input whose wish resolves.
pub fn case() -> BoxedStrategy<Case> {
    let first = (rarely(), policy_api(), wish(), before(), rarely(), nodes(), select(&Guard::ALL[..]), requirement());
    let second = (any::<bool>(), rarely(), rarely(), any::<bool>(), any::<bool>(), rarely(), excluded(), held_for());
    (first, second)
        .prop_map(|((gate_off, api, wish, before, hibernated, nodes, guard, requirement), second)| {
            let (strict, skip_route_verification, skip_pod_routes, hold_when_unguarded, hold_implicit_removals, ..) =
                second;
            Case {
                gate: !gate_off,
                api,
                wish,
                before,
                hibernated,
                nodes,
                guard,
                requirement,
                strict,
                skip_route_verification,
                skip_pod_routes,
                hold_when_unguarded,
                hold_implicit_removals,
                refresh_evidence: false,
                break_glass: second.5,
                excluded: second.6,
                held_for: second.7,
            }
        })
        .boxed()
}

/// The scope of the laws about evidence: gate on and active, no break glass, the overlay turned off explicitly, routes
/// verified, no class excluded, Calico installed before, and every source that tells something tells the same.
pub fn gated_case() -> BoxedStrategy<Case> {
    let overlay = prop_oneof![4 => Just(Overlay::Off), 1 => Just(Overlay::OffWithPodRoutes)];
    let families =
        select(vec![&["IPv4"][..], &["IPv4"][..], &["IPv6"][..], &["IPv4", "IPv6"][..], &["IPv6", "IPv4"][..]]);
    (case(), overlay, families, any::<bool>())
        .prop_flat_map(|(case, overlay, families, misfit)| {
            (Just((case, overlay, families, misfit)), agreeing_sources(families))
        })
        .prop_map(|((case, overlay, families, misfit), before)| Case {
            gate: true,
            api: if misfit { PolicyApi::Misfit } else { PolicyApi::Fits },
            wish: Wish { families, ..Wish::overlay(overlay) },
            before,
            skip_route_verification: false,
            skip_pod_routes: false,
            break_glass: false,
            excluded: Vec::new(),
            ..case
        })
        .boxed()
}

/// The same cases with `refreshEvidence`, and with nodes of every age.
pub fn refreshing(case: BoxedStrategy<Case>) -> BoxedStrategy<Case> {
    let ages = vec(select(vec![1_000, 1_000, 3_630, 3_631, 10_000, 100_000]), 12);
    (case, ages)
        .prop_map(|(mut case, ages)| {
            if let Nodes::Listed(nodes) = &mut case.nodes {
                for (node, age) in nodes.iter_mut().zip(ages) {
                    node.age = age;
                }
            }
            Case { refresh_evidence: true, ..case }
        })
        .boxed()
}

pub fn wish() -> BoxedStrategy<Wish> {
    let overlay = prop_oneof![
        1 => Just(Overlay::Unset),
        1 => Just(Overlay::On),
        5 => Just(Overlay::Off),
        1 => Just(Overlay::OffWithPodRoutes),
    ];
    let families = select(vec![
        &["IPv4"][..],
        &["IPv4"][..],
        &["IPv4"][..],
        &[][..],
        &["IPv6"][..],
        &["IPv4", "IPv6"][..],
        &["IPv6", "IPv4"][..],
    ]);
    let seldom = |codes: &'static [Code]| option::weighted(0.2, select(codes));
    (
        families,
        seldom(&["bird", "none", "vxlan"]),
        seldom(&["ipip", "vxlan"]),
        seldom(&["Always", "CrossSubnet", "Never", "Off"]),
        overlay,
        rarely(),
        rarely(),
        select(&["on", "nftables", "off"][..]),
        seldom(&["host-local", "calico-ipam"]),
    )
        .prop_map(|(families, backend, ipv4_pool, ipv4_mode, overlay, vxlan, ebpf, kube_proxy, ipam)| Wish {
            families,
            backend,
            ipv4_pool,
            ipv4_mode,
            overlay,
            vxlan,
            ebpf,
            kube_proxy: if ebpf || kube_proxy != "off" { kube_proxy } else { "on" },
            ipam,
        })
        .boxed()
}

fn before() -> BoxedStrategy<Before> {
    (source(6), source(2), record(), any::<bool>())
        .prop_map(|(bundle, live, record, never_installed)| Before { bundle, live, record, never_installed })
        .boxed()
}

/// Sources of a shoot that encapsulates; those that tell something tell the same.
fn agreeing_sources(families: &'static [Code]) -> BoxedStrategy<Before> {
    let object = any::<bool>();
    let kind = || 0_u8..4;
    (select(&["Always", "CrossSubnet"][..]), object, kind(), kind(), kind())
        .prop_map(move |(mode, object, bundle, live, record)| {
            let ipv4 = families.contains(&"IPv4").then_some(Slot { pool: "ipip", mode, object });
            let ipv6 = families.contains(&"IPv6").then_some(Slot { pool: "vxlan", mode: "Always", object: true });
            let seen = Seen { backend: "bird", ipv4, ipv6 };
            let source = |kind| match kind {
                0 | 1 => Source::Known(seen),
                2 => Source::NotGiven,
                _ => Source::Failed,
            };
            let code = |slot: Option<Slot>| slot.map(|slot| sends("bird", slot));
            Before {
                bundle: if bundle == 2 { Source::Absent } else { source(bundle) },
                live: source(live),
                record: match record {
                    0 | 1 => Record::Known { ipv4: code(ipv4), ipv6: code(ipv6) },
                    2 => Record::Absent,
                    _ => Record::Failed,
                },
                never_installed: false,
            }
        })
        .boxed()
}

fn source(weight_of_known: u32) -> BoxedStrategy<Source> {
    prop_oneof![
        weight_of_known => seen().prop_map(Source::Known),
        1 => Just(Source::Absent),
        1 => Just(Source::NotGiven),
        1 => Just(Source::Failed),
    ]
    .boxed()
}

fn seen() -> BoxedStrategy<Seen> {
    let slot = || {
        (select(&["ipip", "vxlan"][..]), select(&["Always", "CrossSubnet", "Never", "Off"][..]), any::<bool>())
            .prop_map(|(pool, mode, object)| Slot { pool, mode, object })
    };
    (select(&["bird", "none", "vxlan"][..]), option::weighted(0.8, slot()), option::weighted(0.4, slot()))
        .prop_map(|(backend, ipv4, ipv6)| Seen { backend, ipv4, ipv6 })
        .boxed()
}

fn record() -> BoxedStrategy<Record> {
    let code = || {
        option::of(select(&["None", "Ipip(Always)", "Ipip(CrossSubnet)", "Vxlan(Always)", "Vxlan(CrossSubnet)"][..]))
    };
    prop_oneof![
        1 => (code(), code()).prop_map(|(ipv4, ipv6)| Record::Known { ipv4, ipv6 }),
        2 => Just(Record::Absent),
        1 => Just(Record::Failed),
    ]
    .boxed()
}

fn nodes() -> BoxedStrategy<Nodes> {
    prop_oneof![
        1 => Just(Nodes::Unreadable),
        1 => Just(Nodes::Unreachable),
        1 => Just(Nodes::NotThere),
        1 => Just(Nodes::Listed(Vec::new())),
        16 => nearly_ready_nodes().prop_map(Nodes::Listed),
        2 => vec(spoiled_node(), 1..4).prop_map(Nodes::Listed),
    ]
    .boxed()
}

/// One to twelve ready nodes, of which none to two are spoiled.
fn nearly_ready_nodes() -> BoxedStrategy<Vec<Node>> {
    (1_usize..12, vec((any::<proptest::sample::Index>(), spoiled_node()), 0..=2))
        .prop_map(|(count, spoiled)| {
            let mut nodes = vec![Node::ready(); count];
            for (index, node) in spoiled {
                nodes[index.index(count)] = node;
            }
            nodes
        })
        .boxed()
}

/// Any node at all; with some luck a ready one.
pub fn spoiled_node() -> BoxedStrategy<Node> {
    let reasons = &["RouteCreated", "NoRouteCreated", "CalicoIsUp", "CalicoIsDown", "FlannelIsUp"][..];
    let entries = prop_oneof![
        3 => Just(Entries::None),
        6 => (select(&["True", "False", "Unknown"][..]), select(reasons)).prop_map(|(status, reason)| Entries::One(status, reason)),
        1 => Just(Entries::Two),
    ];
    let ready = select(vec![Some(true), Some(true), Some(false), None]);
    let transition = select(vec![30, 900, 0, -60, -61, -86_400]);
    (entries, transition, rarely(), ready, any::<bool>(), any::<bool>())
        .prop_map(|(entries, transition_after_creation, deleting, ready, pod_cidr_ipv4, pod_cidr_ipv6)| Node {
            entries,
            age: Node::ready().age,
            transition_after_creation,
            deleting,
            ready,
            pod_cidr_ipv4,
            pod_cidr_ipv6,
        })
        .boxed()
}

fn policy_api() -> BoxedStrategy<PolicyApi> {
    prop_oneof![6 => Just(PolicyApi::Fits), 2 => Just(PolicyApi::Misfit), 1 => Just(PolicyApi::Missing)].boxed()
}

fn requirement() -> BoxedStrategy<Requirement> {
    select(&Requirement::ALL[..]).boxed()
}

fn excluded() -> BoxedStrategy<Vec<Code>> {
    let classes: Vec<Code> = Node::one_per_class().into_iter().map(|(class, _)| class).collect();
    prop_oneof![3 => Just(Vec::new()), 1 => subsequence(classes, 1..=2)].boxed()
}

fn held_for() -> BoxedStrategy<Option<i64>> {
    option::weighted(0.7, select(vec![0, 10, 149, 150, 599, 600, 1_800, 1_801, 86_400])).boxed()
}

fn rarely() -> BoxedStrategy<bool> {
    proptest::bool::weighted(0.1).boxed()
}
