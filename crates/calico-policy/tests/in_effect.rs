//! What is in effect where sources are missing, silent or at odds: named cases, among them those that the laws shrank to.

use crate::support::convert::{Input, answer};
use crate::support::model::{Before, Case, Code, Node, Nodes, Overlay, Record, Seen, Source, Wish};
use crate::support::steps::Slot;
use calico_policy::Reading;
use calico_policy::decision::{Action, Bundle};
use calico_policy::in_effect::hold_encapsulation;
use calico_policy::overlay::OverlayVerdict;

const UNREADABLE: (Code, Option<Code>) = ("Hold", Some("CurrentStateUnreadable"));
const MISSING: (Code, Option<Code>) = ("Hold", Some("RoutesMissing"));
const UNCHANGED: (Code, Option<Code>) = ("Unchanged", None);

/// An overlay turned off, with a node that has no route.
fn blocked(before: Before) -> Case {
    Case { before, nodes: Nodes::Listed(vec![Node::with(crate::support::model::Entries::None)]), ..Case::ready() }
}

fn sources(bundle: Source, live: Source, record: Record) -> Before {
    Before { bundle, live, record, never_installed: false }
}

fn ipip() -> Source {
    Source::Known(Seen::ipip(true))
}

fn native() -> Source {
    Source::Known(Seen::native(true))
}

/// Pool mode `Never` set by a variable while the pool, made earlier, goes on encapsulating.
fn never_by_variable() -> Source {
    Source::Known(Seen { backend: "bird", ..Seen::native(false) })
}

const ENCAPSULATED: Record = Record::Known { ipv4: Some("Ipip(Always)"), ipv6: None };
const NATIVE: Record = Record::Known { ipv4: Some("None"), ipv6: None };
const EMPTY: Record = Record::Known { ipv4: None, ipv6: None };

fn detail(case: &Case) -> String {
    match Input::from(case).decide().overlay {
        OverlayVerdict::Hold(hold) => hold.failure.expect("a failure").detail,
        verdict => panic!("not held: {verdict:?}"),
    }
}

/// `ipv4.mode: Never` first, without effect, then `overlay.enabled: false`: the second step is the switch.
#[test]
fn variables_do_not_prove_that_nothing_is_encapsulated() {
    for (live, record, expected) in [
        (ipip(), Record::Absent, MISSING),
        (Source::NotGiven, ENCAPSULATED, MISSING),
        (Source::Failed, Record::Absent, UNREADABLE),
        (Source::Failed, ENCAPSULATED, MISSING),
        (native(), Record::Absent, UNCHANGED),
        (Source::Failed, NATIVE, UNCHANGED),
        (Source::NotGiven, Record::Absent, UNCHANGED),
        (Source::Absent, Record::Absent, UNCHANGED),
    ] {
        let case = blocked(sources(never_by_variable(), live.clone(), record));
        assert_eq!(answer(&case), expected, "{live:?} {record:?}");
    }
}

#[test]
fn variables_that_stay_as_they_are_remove_nothing() {
    let wish = Wish { ipv4_mode: Some("Never"), ..Wish::overlay(Overlay::Unset) };
    let case = Case { wish, ..blocked(sources(never_by_variable(), Source::Failed, Record::Absent)) };
    assert_eq!(answer(&case), UNCHANGED);
    let other_backend = Wish { backend: Some("none"), ..case.wish.clone() };
    assert_eq!(answer(&Case { wish: other_backend, ..case }), UNREADABLE);
}

#[test]
fn a_source_that_names_no_family_says_nothing() {
    let nothing = Source::Known(Seen { backend: "bird", ipv4: None, ipv6: None });
    for (bundle, live, record, expected) in [
        (Source::Absent, Source::NotGiven, EMPTY, UNREADABLE),
        (Source::Failed, nothing.clone(), Record::Absent, UNREADABLE),
        (nothing.clone(), Source::NotGiven, Record::Absent, UNREADABLE),
        (nothing.clone(), nothing.clone(), EMPTY, UNREADABLE),
        (nothing.clone(), ipip(), Record::Absent, MISSING),
        (nothing.clone(), Source::Failed, NATIVE, UNCHANGED),
        (nothing, native(), Record::Absent, UNCHANGED),
    ] {
        let case = blocked(sources(bundle.clone(), live.clone(), record));
        assert_eq!(answer(&case), expected, "{bundle:?} {live:?} {record:?}");
    }
}

#[test]
fn a_living_overlay_contradicts_a_first_installation() {
    let first = |live, record| {
        let before = Before { never_installed: true, ..sources(Source::Absent, live, record) };
        answer(&blocked(before))
    };
    let installation = ("ProceedUnverified", Some("FirstInstallation"));
    assert_eq!(first(Source::NotGiven, Record::Absent), installation);
    assert_eq!(first(Source::Failed, Record::Absent), installation);
    assert_eq!(first(native(), Record::Absent), installation);
    assert_eq!(first(ipip(), Record::Absent), MISSING);
    assert_eq!(first(Source::NotGiven, ENCAPSULATED), MISSING);
    assert_eq!(first(Source::NotGiven, Record::Failed), UNREADABLE);
}

#[test]
fn a_record_proves_nothing_beside_a_bundle_that_nobody_could_read() {
    for (bundle, record, expected) in [
        (Source::Failed, NATIVE, UNREADABLE),
        (Source::Failed, ENCAPSULATED, MISSING),
        (Source::Absent, NATIVE, UNCHANGED),
        (Source::Absent, ENCAPSULATED, MISSING),
        (Source::Absent, Record::Failed, UNREADABLE),
    ] {
        let case = blocked(sources(bundle.clone(), Source::NotGiven, record));
        assert_eq!(answer(&case), expected, "{bundle:?} {record:?}");
    }
}

/// The live shoot is what nodes really do, so it answers for a bundle that nobody could read.
#[test]
fn a_live_shoot_answers_for_an_unreadable_bundle() {
    assert_eq!(answer(&blocked(sources(Source::Failed, native(), Record::Absent))), UNCHANGED);
    let held = blocked(sources(Source::Failed, ipip(), Record::Absent));
    assert_eq!(answer(&held), MISSING);
    assert_eq!(Input::from(&held).decide().bundle, Bundle::Held);
}

/// Nothing that was read would render the encapsulation again, so nothing is written.
#[test]
fn a_source_without_the_encapsulation_in_effect_is_not_held() {
    for case in [
        blocked(sources(Source::Failed, native(), ENCAPSULATED)),
        blocked(sources(never_by_variable(), Source::NotGiven, ENCAPSULATED)),
    ] {
        let decision = Input::from(&case).decide();
        assert_eq!(answer(&case), MISSING);
        assert_eq!(decision.bundle, Bundle::Frozen);
        assert!(decision.actions.contains(&Action::KeepBundle));
    }
    let from_live = blocked(sources(never_by_variable(), ipip(), Record::Absent));
    assert_eq!(Input::from(&from_live).decide().bundle, Bundle::Held);
}

/// Shrunk: a held bundle that was written and read back was not held again, because the live shoot still had a family that the
/// configuration no longer has.
#[test]
fn a_family_that_the_target_does_not_have_needs_no_rendering() {
    let pool = Some(Slot { pool: "ipip", mode: "Always", object: false });
    let ipv6_only = Wish { families: &["IPv6"], ..Wish::overlay(Overlay::Off) };
    let bundle = Source::Known(Seen { backend: "bird", ipv4: None, ipv6: pool });
    let live = Source::Known(Seen { backend: "bird", ipv4: pool, ipv6: None });
    let case = Case { wish: ipv6_only, ..blocked(sources(bundle, live, Record::Absent)) };
    assert_eq!(answer(&case), MISSING);
    assert_eq!(Input::from(&case).decide().bundle, Bundle::Held);
}

/// Shrunk: the pool object of the bundle was dropped where the live shoot is what is held.
#[test]
fn a_pool_object_of_the_bundle_stays_in_a_held_one() {
    let dual = Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::Off) };
    let slot = |mode, object| Some(Slot { pool: "ipip", mode, object });
    let bundle = Source::Known(Seen { backend: "bird", ipv4: slot("Never", true), ipv6: slot("Never", false) });
    let live = Source::Known(Seen { backend: "bird", ipv4: slot("Always", false), ipv6: None });
    let case = Case { wish: dual, ..blocked(sources(bundle, live, Record::Absent)) };
    let decision = Input::from(&case).decide();
    let [Action::DeployGuard(_), Action::WriteBundle(held), Action::WatchNodes] = decision.actions.as_slice() else {
        panic!("{:?}", decision.actions)
    };
    let ipv4 = held.ipv4.as_ref().unwrap();
    assert_eq!((ipv4.sends.code(), ipv4.pool_source), ("Ipip(Always)", calico_policy::dataplane::PoolSource::Object));
}

#[test]
fn an_unreadable_state_names_what_could_not_be_read() {
    let never_read = "the ManagedResource is gone although Calico was installed before, and neither the live shoot nor our record \
                      tells more";
    let silent = Source::Known(Seen { backend: "bird", ipv4: None, ipv6: None });
    for (bundle, live, record, expected) in [
        (Source::Failed, Source::NotGiven, Record::Absent, "the test says so"),
        (Source::Absent, Source::NotGiven, Record::Absent, never_read),
        (Source::Absent, Source::Failed, Record::Absent, "the test says so"),
        (Source::Absent, Source::NotGiven, Record::Failed, "the test says so"),
        (
            silent,
            Source::NotGiven,
            Record::Absent,
            "the bundle does not tell the encapsulation in effect, and neither the live shoot nor our record tells more",
        ),
    ] {
        let case = blocked(sources(bundle.clone(), live.clone(), record));
        assert_eq!(detail(&case), expected, "{bundle:?} {live:?} {record:?}");
    }
}

/// An IPPool object says what nodes do, so nothing else is asked, and nothing else can contradict it.
#[test]
fn an_object_without_encapsulation_settles_the_question() {
    for live in [ipip(), Source::Failed, Source::Absent] {
        assert_eq!(answer(&blocked(sources(native(), live.clone(), ENCAPSULATED))), UNCHANGED, "{live:?}");
    }
}

/// `FELIX_VXLANENABLED` × `FELIX_IPINIPENABLED` as they were read back: Felix' switch for IP in IP in the held bundle.
#[test]
fn a_held_bundle_says_of_ip_in_ip_what_was_rendered() {
    for (families, vxlan, ipip, expected) in [
        (&["IPv4"][..], None, None, false),
        (&["IPv4"], Some(false), None, false),
        (&["IPv4"], Some(true), None, true),
        (&["IPv4"], Some(true), Some(false), false),
        (&["IPv4"], Some(true), Some(true), true),
        (&["IPv4"], Some(false), Some(true), true),
        (&["IPv4", "IPv6"], Some(true), None, false),
    ] {
        let wish = Wish { families, ..Wish::overlay(Overlay::Off) };
        let mut input = Input::from(&Case { wish, ..blocked(Before::bundle(Seen::ipip(true))) });
        let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("no bundle") };
        (bundle.felix_vxlan, bundle.felix_ipip) = (vxlan, ipip);
        let bundle = bundle.clone();
        let held = hold_encapsulation(&input.decide().target, &bundle).expect("can be expressed");
        assert_eq!(held.felix.ipip, expected, "{families:?} {vxlan:?} {ipip:?}");
    }
}

/// What is known of calico-kube-controllers under BIRD: where nothing is, they run, because that backend needs them.
#[test]
fn a_held_bundle_keeps_the_controllers_that_run() {
    for (known, expected) in [(None, true), (Some(true), true), (Some(false), false)] {
        let mut input = Input::from(&blocked(Before::bundle(Seen::ipip(true))));
        let Reading::Known(bundle) = &mut input.observed.sources.bundle else { panic!("no bundle") };
        bundle.kube_controllers = known;
        let bundle = bundle.clone();
        let held = hold_encapsulation(&input.decide().target, &bundle).expect("can be expressed");
        assert_eq!(held.kube_controllers, expected, "{known:?}");
    }
}

/// Found beyond the draws of `decide_is_idempotent`: a pool of IP in IP under backend `none`, which does not serve it. A bundle of ours would say
/// `Never` of it and read back as that, so none is written while the other family is held.
#[test]
fn a_pool_that_its_backend_does_not_serve_freezes_the_bundle() {
    let vxlan = |object| Slot { pool: "vxlan", mode: "Always", object };
    let ipip = |mode, object| Slot { pool: "ipip", mode, object };
    let without_pools = Source::Known(Seen { backend: "bird", ipv4: None, ipv6: None });
    for (ipv4, ipv6, live, bundle) in [
        // That very bundle.
        (ipip("Always", true), vxlan(false), without_pools, Bundle::Frozen),
        (ipip("Always", true), vxlan(true), Source::NotGiven, Bundle::Frozen),
        (ipip("CrossSubnet", true), vxlan(true), Source::NotGiven, Bundle::Frozen),
        (ipip("Off", true), vxlan(true), Source::NotGiven, Bundle::Frozen),
        (ipip("Never", true), vxlan(true), Source::NotGiven, Bundle::Held),
        // A variable is written as it was read.
        (ipip("Always", false), vxlan(true), Source::NotGiven, Bundle::Held),
        (ipip("Off", false), vxlan(true), Source::NotGiven, Bundle::Held),
    ] {
        let what = format!("{ipv4:?}, {ipv6:?}, {live:?}");
        let seen = Seen { backend: "none", ipv4: Some(ipv4), ipv6: Some(ipv6) };
        let wish = Wish { families: &["IPv4", "IPv6"], ..Wish::overlay(Overlay::Off) };
        let case = Case { wish, ..blocked(sources(Source::Known(seen), live, Record::Absent)) };
        assert_eq!(answer(&case), MISSING, "{what}");
        let decision = Input::from(&case).decide();
        assert_eq!(decision.bundle, bundle, "{what}");
        assert_eq!(decision.actions.contains(&Action::KeepBundle), bundle == Bundle::Frozen, "{what}");
        let from = [decision.from.ipv4, decision.from.ipv6]
            .map(|sends| sends.map(calico_policy::encapsulation::Encapsulation::code));
        assert_eq!(from, [Some("None"), Some("Vxlan(Always)")], "{what}");
    }
}

/// Found beyond the same draws: a family that is new brings a pool object of its own, and its owner has written `Off`.
#[test]
fn a_new_pool_of_a_held_bundle_is_written_as_it_reads_back() {
    let seen = Seen { backend: "bird", ipv4: None, ipv6: Some(Slot { pool: "ipip", mode: "Always", object: false }) };
    let wish = Wish { families: &["IPv4", "IPv6"], ipv4_mode: Some("Off"), ..Wish::overlay(Overlay::Off) };
    let case = Case { wish, ..blocked(sources(Source::Absent, Source::Known(seen), EMPTY)) };
    let decision = Input::from(&case).decide();
    let written = decision.actions.iter().find_map(|action| match action {
        Action::WriteBundle(held) => held.ipv4.as_ref().map(|family| family.mode.code()),
        _ => None,
    });
    assert_eq!((decision.bundle, written), (Bundle::Held, Some("Never")));
}
