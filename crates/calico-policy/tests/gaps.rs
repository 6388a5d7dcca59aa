//! Where the Go extension lets an overlay go that it should keep, or keeps what it need not: each gap by the name under which
//! `docs/deviations.md` lists it, with literal inputs and outputs. Cases that the laws once shrank to stand at the end.

use crate::support::convert::{Input, NOW, answer};
use crate::support::model::{Before, Case, Code, Entries, Guard, Node, Nodes, Overlay, Record, Seen, Source, Wish};
use crate::support::steps::Slot;
use calico_policy::decision::{Action, Bundle, Outcome, Requeue};
use calico_policy::encapsulation::{Encapsulation, IpFamily};
use calico_policy::in_effect::History;
use calico_policy::nodes::NodeUid;
use calico_policy::overlay::OverlayVerdict;
use calico_policy::resolve::ResolveError;
use calico_policy::shoot::Cidr;
use calico_policy::time::Timestamp;
use calico_policy::warning::WarningCode;
use calico_policy::{Decision, Reading, decide};
use core::time::Duration;

const BLOCKED: Node = Node::with(Entries::One("False", "CalicoIsUp"));

fn decided(case: &Case) -> Decision {
    Input::from(case).decide()
}

fn warnings(decision: &Decision) -> Vec<Code> {
    decision.warnings.iter().map(|warning| warning.code.code()).collect()
}

fn from_to(decision: &Decision) -> [Option<Code>; 4] {
    let to = decision.target.encapsulations();
    [decision.from.ipv4, decision.from.ipv6, to.ipv4, to.ipv6].map(|of| of.map(Encapsulation::code))
}

fn one_blocked() -> Nodes {
    Nodes::Listed(vec![Node::ready(), BLOCKED, Node::ready()])
}

/// Overlay on, both families: what `overlay.enabled: true` renders.
const DUAL: Seen = Seen {
    backend: "bird",
    ipv4: Some(Slot { pool: "ipip", mode: "Always", object: true }),
    ipv6: Some(Slot { pool: "vxlan", mode: "Always", object: true }),
};

#[test]
fn d19_dual_stack_overlay_off_holds_on_a_blocked_node() {
    let case = Case {
        wish: Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::Off) },
        before: Before::bundle(DUAL),
        nodes: one_blocked(),
        ..Case::ready()
    };
    let decision = decided(&case);
    assert_eq!(answer(&case), ("Hold", Some("RoutesMissing")));
    assert_eq!(from_to(&decision), [Some("Ipip(Always)"), Some("Vxlan(Always)"), Some("None"), Some("None")]);
}

#[test]
fn d19_ipv6_overlay_off_holds_on_a_blocked_node() {
    let case = Case {
        wish: Wish { families: &["IPv6"], ..Wish::overlay(Overlay::Off) },
        before: Before::bundle(Seen { ipv4: None, ..DUAL }),
        nodes: one_blocked(),
        ..Case::ready()
    };
    assert_eq!(answer(&case), ("Hold", Some("RoutesMissing")));
    assert_eq!(from_to(&decided(&case)), [None, Some("Vxlan(Always)"), None, Some("None")]);
}

#[test]
fn d20_backend_none_without_overlay_field_is_noticed() {
    for object in [false, true] {
        let case = Case {
            wish: Wish { backend: Some("none"), ..Wish::overlay(Overlay::Unset) },
            before: Before::bundle(Seen::ipip(object)),
            nodes: one_blocked(),
            ..Case::ready()
        };
        assert_eq!(answer(&case), ("ProceedUnverified", Some("OverlayNotDisabledExplicitly")), "object {object}");
        let decision = decided(&case);
        assert!(warnings(&decision).contains(&"OverlayNotDisabledExplicitly"));
        assert_eq!(decision.overlay.actor().code(), "ShootOwner");

        let gated = Case { hold_implicit_removals: true, ..case };
        assert_eq!(answer(&gated), ("Hold", Some("OverlayNotDisabledExplicitly")), "object {object}");
    }
}

#[test]
fn d20_pool_mode_never_is_without_effect_where_only_a_variable_changes() {
    let case = Case {
        wish: Wish { ipv4_mode: Some("Never"), ..Wish::overlay(Overlay::Unset) },
        before: Before::bundle(Seen::ipip(false)),
        nodes: one_blocked(),
        ..Case::ready()
    };
    assert_eq!(answer(&case), ("Unchanged", None));
    assert_eq!(warnings(&decided(&case)), ["FelixDisagreesWithPool", "PoolSettingWithoutEffect"]);
}

#[test]
fn d20_pool_mode_never_removes_where_the_pool_is_an_object() {
    let case = Case {
        wish: Wish { ipv4_mode: Some("Never"), ..Wish::overlay(Overlay::Unset) },
        before: Before::bundle(Seen::ipip(true)),
        nodes: one_blocked(),
        ..Case::ready()
    };
    assert_eq!(answer(&case), ("ProceedUnverified", Some("OverlayNotDisabledExplicitly")));
}

#[test]
fn d20_adding_ipv6_is_noticed() {
    let case = Case {
        wish: Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::Unset) },
        before: Before::bundle(Seen::ipip(false)),
        nodes: one_blocked(),
        ..Case::ready()
    };
    assert_eq!(answer(&case), ("ProceedUnverified", Some("OverlayNotDisabledExplicitly")));
    assert_eq!(from_to(&decided(&case)), [Some("Ipip(Always)"), None, Some("None"), Some("None")]);
}

#[test]
fn d20_felix_ipip_on_with_pool_never_is_no_overlay() {
    let never = Seen { backend: "bird", ..Seen::native(true) };
    let case = Case { before: Before::bundle(never), nodes: one_blocked(), ..Case::ready() };
    let mut input = Input::from(&case);
    let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("a known bundle") };
    bundle.felix_ipip = Some(true);
    assert_eq!(input.decide().overlay, OverlayVerdict::Unchanged);
}

#[test]
fn d22_an_unknown_ipv6_pod_network_is_an_error_not_an_empty_pool() {
    let case = Case { wish: Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::On) }, ..Case::ready() };
    let mut input = Input::from(&case);
    input.shoot.pod_cidrs = vec![Cidr { family: IpFamily::Ipv4, text: "10.0.0.0/16".into() }];
    let error = decide(&input.settings, &input.shoot, &input.intent, &input.observed, &input.previous, NOW);
    assert_eq!(error.unwrap_err(), ResolveError::Ipv6PodCidrUnknown);

    input.shoot.pod_cidrs =
        ["2001:db8:1::/48", "2001:db8:2::/48"].map(|text| Cidr { family: IpFamily::Ipv6, text: text.into() }).into();
    assert_eq!(input.decide().target.ipv6.unwrap().pod_cidr.as_deref(), Some("2001:db8:1::/48"));
}

#[test]
fn d24_duplicate_entries_and_unknown_status_do_not_count() {
    for entries in [Entries::Two, Entries::One("Unknown", "RouteCreated")] {
        for strict in [false, true] {
            let nodes = Nodes::Listed(vec![Node::ready(), Node::with(entries)]);
            let case = Case { nodes, strict, ..Case::ready() };
            let decision = decided(&case);
            assert_eq!(answer(&case), ("Hold", Some("RoutesMissing")), "{entries:?}");
            let waiting: Vec<_> = decision.survey.unwrap().waiting_for.iter().map(|node| node.class.code()).collect();
            assert_eq!(waiting, ["OtherReason"]);
        }
    }
}

#[test]
fn d24_an_incomplete_list_is_no_list() {
    let case = Case { nodes: Nodes::Unreadable, ..Case::ready() };
    assert_eq!(answer(&case), ("Hold", Some("NodesUnreadable")));
    assert_eq!(decided(&case).bundle, Bundle::Held);
}

#[test]
fn d25_empty_families_mean_ipv4() {
    let case = Case { wish: Wish { families: &[], ..Wish::overlay(Overlay::Unset) }, ..Case::ready() };
    let target = decided(&case).target;
    assert_eq!(target.ipv4.map(|ipv4| (ipv4.pool.code(), ipv4.mode.code())), Some(("ipip", "Always")));
    assert_eq!(target.ipv6, None);
}

#[test]
fn d26_node_networks_of_the_status_count_per_family() {
    let case = Case { wish: Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::On) }, ..Case::ready() };
    let mut input = Input::from(&case);
    let cidr = |family, text: &str| Cidr { family, text: text.into() };
    let methods = |input: &Input| {
        let target = input.decide().target;
        [target.ipv4, target.ipv6].map(|family| family.unwrap().auto_detection_method)
    };
    assert_eq!(methods(&input), [None, None]);

    input.shoot.node_cidrs.status = vec![
        cidr(IpFamily::Ipv6, "2001:db8:f::/64"),
        cidr(IpFamily::Ipv4, "10.250.0.0/16"),
        cidr(IpFamily::Ipv4, "10.251.0.0/16"),
    ];
    let both = [Some("cidr=10.250.0.0/16,10.251.0.0/16".into()), Some("cidr=2001:db8:f::/64".into())];
    assert_eq!(methods(&input), both);

    input.shoot.node_cidrs.status = vec![cidr(IpFamily::Ipv6, "2001:db8:f::/64")];
    input.shoot.node_cidrs.spec = Some(cidr(IpFamily::Ipv4, "10.250.0.0/16"));
    assert_eq!(methods(&input), [Some("cidr=10.250.0.0/16".into()), Some("cidr=2001:db8:f::/64".into())]);

    input.intent.ipv4.auto_detection_method = Some("interface=eth0".into());
    assert_eq!(methods(&input)[0].as_deref(), Some("interface=eth0"));
}

#[test]
fn f1_an_unreadable_bundle_is_no_reason_to_drop_the_overlay() {
    let before = Before { bundle: Source::Failed, ..Before::bundle(Seen::ipip(true)) };
    let decision = decided(&Case { before, ..Case::ready() });
    let OverlayVerdict::Hold(hold) = &decision.overlay else { panic!("{:?}", decision.overlay) };
    assert_eq!(hold.reason.code(), "CurrentStateUnreadable");
    assert_eq!(hold.failure.as_ref().unwrap().detail, "the test says so");
    assert_eq!(decision.bundle, Bundle::Frozen);
    assert!(decision.actions.contains(&Action::KeepBundle));
    assert!(!decision.actions.iter().any(|action| matches!(action, Action::WriteBundle(_))));
}

#[test]
fn f13_zero_nodes_are_a_verdict_of_their_own() {
    let case = Case { nodes: Nodes::Listed(Vec::new()), guard: Guard::NotEffective, ..Case::ready() };
    assert_eq!(answer(&case), ("ProceedUnverified", Some("NoNodes")));
    assert_eq!(decided(&case).guard.state.code(), "NotNeeded");
}

#[test]
fn f16_the_witness_does_not_cover_a_node_that_was_created_again() {
    let decision = decided(&Case::ready());
    let OverlayVerdict::Proceed(witness) = decision.overlay else { panic!("{:?}", decision.overlay) };
    let uid = |text: &str| NodeUid(text.into());
    assert!(witness.covers(&[uid("uid-000"), uid("uid-002")]));
    assert!(!witness.covers(&[uid("uid-000"), uid("uid-001-of-another-machine"), uid("uid-002")]));
    assert_eq!((witness.len(), witness.is_empty()), (3, false));
}

#[test]
fn f17_a_sleeping_shoot_waits_for_nobody() {
    let case = Case { hibernated: true, nodes: Nodes::Unreachable, break_glass: true, ..Case::ready() };
    let decision = decided(&case);
    assert_eq!(answer(&case), ("Hold", Some("Hibernated")));
    assert_eq!((decision.outcome, decision.requeue), (Outcome::Succeed, Requeue::OnChange));
    assert_eq!(decision.bundle, Bundle::Held);
    assert!(matches!(decision.actions.as_slice(), [Action::WriteBundle(_)]));
}

#[test]
fn f17_a_restore_without_record_holds_and_with_record_looks_at_the_nodes() {
    let restored = |record| {
        let before = Before { bundle: Source::Absent, live: Source::NotGiven, record, never_installed: false };
        Case { before, nodes: one_blocked(), ..Case::ready() }
    };
    assert_eq!(answer(&restored(Record::Absent)), ("Hold", Some("CurrentStateUnreadable")));

    let with_record = restored(Record::Known { ipv4: Some("Ipip(Always)"), ipv6: None });
    assert_eq!(answer(&with_record), ("Hold", Some("RoutesMissing")));
    assert_eq!(decided(&with_record).bundle, Bundle::Frozen, "only the encapsulation is known, not the whole held set");

    let native = restored(Record::Known { ipv4: Some("None"), ipv6: None });
    assert_eq!(answer(&native), ("Unchanged", None));
}

#[test]
fn f17_a_restore_is_no_first_installation() {
    let before = Before { bundle: Source::Absent, never_installed: true, ..Before::bundle(Seen::ipip(true)) };
    let mut input = Input::from(&Case { before, ..Case::ready() });
    assert_eq!(input.decide().overlay.reason(), Some("FirstInstallation"));
    input.observed.sources.history = History::Installed;
    assert_eq!(input.decide().overlay.reason(), Some("CurrentStateUnreadable"));
}

#[test]
fn break_glass_goes_over_routes_guard_and_unreadable_evidence_and_is_consumed() {
    let unreadable = Before { bundle: Source::Failed, ..Before::bundle(Seen::ipip(true)) };
    for case in [
        Case { nodes: one_blocked(), ..Case::ready() },
        Case { nodes: Nodes::Unreadable, ..Case::ready() },
        Case { guard: Guard::NotEffective, ..Case::ready() },
        Case { before: unreadable, ..Case::ready() },
    ] {
        assert_eq!(answer(&case).0, "Hold");
        let broken = Case { break_glass: true, ..case };
        let decision = decided(&broken);
        assert_eq!(answer(&broken), ("ProceedUnverified", Some("BreakGlass")));
        assert!(matches!(decision.actions.as_slice(), [.., Action::WriteBundle(_), Action::ConsumeBreakGlass]));
        let warning = decision.warnings.iter().find(|warning| warning.code == WarningCode::BreakGlassUsed).unwrap();
        assert!(warning.message.ends_with("`INC-4711`"), "{}", warning.message);
    }
}

/// Otherwise it stays armed and lets the next switch go.
#[test]
fn break_glass_is_consumed_also_by_a_switch_that_did_not_need_it() {
    let consumes = |case: &Case| decided(case).actions.contains(&Action::ConsumeBreakGlass);
    let ready = Case { break_glass: true, ..Case::ready() };
    assert_eq!(answer(&ready), ("Proceed", None));
    assert!(consumes(&ready));
    assert!(!consumes(&Case { break_glass: false, ..Case::ready() }));
    let nothing_asked = Case { wish: Wish::overlay(Overlay::On), ..ready };
    assert!(!consumes(&nothing_asked), "it may have been set for the switch that is about to be asked for");
}

#[test]
fn without_any_sign_of_a_route_writer_the_reason_changes_after_ten_minutes() {
    let silent = Nodes::Listed(vec![BLOCKED, Node::with(Entries::None)]);
    for (held_for, reason) in [(None, "RoutesMissing"), (Some(599), "RoutesMissing"), (Some(600), "NoRouteWriter")] {
        let case = Case { nodes: silent.clone(), held_for, ..Case::ready() };
        assert_eq!(answer(&case), ("Hold", Some(reason)), "{held_for:?}");
    }
    let case = Case { nodes: one_blocked(), held_for: Some(600), ..Case::ready() };
    assert_eq!(answer(&case), ("Hold", Some("RoutesMissing")), "two nodes have routes");

    let one_family_missing = Node { pod_cidr_ipv6: false, ..Node::ready() };
    let case = Case {
        wish: Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::Off) },
        before: Before::bundle(DUAL),
        nodes: Nodes::Listed(vec![one_family_missing]),
        held_for: Some(600),
        ..Case::ready()
    };
    assert_eq!(answer(&case), ("Hold", Some("RoutesMissing")), "a writer wrote, the node lacks a pod network");
}

#[test]
fn an_overdue_hold_is_reported_and_never_forced() {
    for (held_for, overdue) in [(1_800, false), (1_801, true), (864_000, true)] {
        let case = Case { nodes: one_blocked(), held_for: Some(held_for), ..Case::ready() };
        let decision = decided(&case);
        assert_eq!(answer(&case), ("Hold", Some("RoutesMissing")));
        assert_eq!(warnings(&decision).contains(&"HoldOverdue"), overdue, "{held_for}");
        let OverlayVerdict::Hold(hold) = decision.overlay else { panic!("not held") };
        assert_eq!((hold.since.0, hold.deadline.0), (NOW.0 - held_for, NOW.0 - held_for + 1_800));
    }
}

#[test]
fn a_hold_counts_as_progress_for_a_window_after_it_began_or_was_asked_for() {
    for (held_for, requested_before, strict, expected) in [
        (None, None, false, Outcome::Progressing),
        (Some(149), None, false, Outcome::Progressing),
        (Some(150), None, false, Outcome::RetriableError),
        (Some(3_600), Some(149), false, Outcome::Progressing),
        (Some(3_600), Some(150), false, Outcome::RetriableError),
        (Some(100), Some(3_600), false, Outcome::Progressing),
        (Some(150), Some(-60), false, Outcome::Progressing),
        (None, None, true, Outcome::RetriableError),
    ] {
        let mut input = Input::from(&Case { nodes: one_blocked(), held_for, strict, ..Case::ready() });
        input.observed.operation_requested = requested_before.map(|seconds| Timestamp(NOW.0 - seconds));
        let decision = input.decide();
        assert_eq!(decision.outcome, expected, "{held_for:?} {requested_before:?} strict {strict}");
        assert_eq!(decision.requeue, Requeue::After(Duration::from_secs(5)));
    }
}

/// Backend, pool, mode, Felix, address management, kube-controllers, MTU and what hangs on the overlay stay together; the rest
/// is taken new, so that a hold blocks no update.
#[test]
fn a_held_bundle_keeps_the_held_set_and_takes_everything_else() {
    let mut input = Input::from(&Case { nodes: one_blocked(), ..Case::ready() });
    input.intent.typha = Some(false);
    input.intent.wireguard = true;
    input.intent.veth_mtu = Some("8951".into());
    input.intent.ipam.kind = Some("calico-ipam".parse().unwrap());
    let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("a known bundle") };
    bundle.veth_mtu = Some("1430".into());
    bundle.ipv4.as_mut().unwrap().mode = "CrossSubnet".parse().unwrap();

    let decision = input.decide();
    assert_eq!((decision.overlay.reason(), decision.bundle), (Some("RoutesMissing"), Bundle::Held));
    let Some(Action::WriteBundle(held)) =
        decision.actions.iter().find(|action| matches!(action, Action::WriteBundle(_)))
    else {
        panic!("{:?}", decision.actions)
    };
    let ipv4 = held.ipv4.as_ref().unwrap();
    assert_eq!((held.backend.code(), ipv4.pool.code(), ipv4.mode.code()), ("bird", "ipip", "CrossSubnet"));
    assert_eq!((ipv4.sends.code(), ipv4.receives.code()), ("Ipip(CrossSubnet)", "Ipip(CrossSubnet)"));
    assert_eq!((held.felix.ipip, held.felix.vxlan), (true, false));
    assert_eq!((held.ipam.kind.code(), held.ipam.ranges.as_slice()), ("host-local", &["usePodCidr".to_string()][..]));
    assert_eq!((held.kube_controllers, held.snat_to_upstream_dns, held.veth_mtu.as_str()), (true, false, "1430"));
    assert!(held.overlay.unwrap().enabled, "nothing of an overlay that is off may be rendered");
    assert_eq!((held.typha, ipv4.wireguard), (false, true));

    let target = decision.target;
    assert_eq!((target.backend.code(), target.kube_controllers, target.veth_mtu.as_str()), ("none", false, "8951"));
}

#[test]
fn what_cannot_be_expressed_freezes_the_bundle() {
    let mut input = Input::from(&Case { nodes: one_blocked(), ..Case::ready() });
    let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("a known bundle") };
    bundle.backend = None;
    let decision = input.decide();
    assert_eq!((decision.overlay.reason(), decision.bundle), (Some("RoutesMissing"), Bundle::Frozen));
}
