//! What the verdict must be, written from what operators are promised: the overlay goes only once routes are confirmed on
//! every node, where the gate and the policy API permit to ask. Shares no code with the core.

use super::model::{Before, Case, Code, Entries, Guard, Node, Nodes, PolicyApi, Record, Requirement, Source, Wish};
use super::steps::{Scratch, Slot, follow, pools, sends};

/// The verdict and its reason.
pub type Answer = (Code, Option<Code>);

const fn hold(reason: Code) -> Answer {
    ("Hold", Some(reason))
}

const fn unverified(reason: Code) -> Answer {
    ("ProceedUnverified", Some(reason))
}

/// What the verdict must be. The wish must be one that resolves.
pub fn verdict(case: &Case) -> Answer {
    let answer = without_break_glass(case);
    let broken = case.break_glass && answer.0 == "Hold" && answer.1 != Some("Hibernated");
    if broken { unverified("BreakGlass") } else { answer }
}

fn without_break_glass(case: &Case) -> Answer {
    let question = question(&case.wish, &case.before);
    match question {
        Question::Nothing => return ("Unchanged", None),
        Question::FirstInstallation => return unverified("FirstInstallation"),
        Question::Unknowable | Question::Removal => {}
    }
    // "Disabled: the extension will disable overlay immediately when requested."
    if !case.gate {
        return unverified("GateDisabled");
    }
    if question == Question::Removal && !case.wish.overlay.is_off() {
        let reason = "OverlayNotDisabledExplicitly";
        return if case.hold_implicit_removals { hold(reason) } else { unverified(reason) };
    }
    // "Without one of these, the extension cannot use the newer admission APIs needed for the seamless switch."
    if case.api == PolicyApi::Missing {
        let reason = "AdmissionPolicyUnavailable";
        return if case.hold_when_unguarded { hold(reason) } else { unverified(reason) };
    }
    if question == Question::Unknowable {
        return hold("CurrentStateUnreadable");
    }
    if case.skip_route_verification {
        return unverified("NoRouteController");
    }
    if case.wish.overlay == super::model::Overlay::OffWithPodRoutes && case.skip_pod_routes {
        return unverified("PodRoutesByCalico");
    }
    if case.hibernated {
        return hold("Hibernated");
    }
    by_nodes(case)
}

/// "Check that all nodes have the NetworkUnavailable condition set to False with reason RouteCreated."
fn by_nodes(case: &Case) -> Answer {
    let nodes = match &case.nodes {
        Nodes::Unreachable => return hold("ShootUnreachable"),
        Nodes::Unreadable | Nodes::NotThere => return hold("NodesUnreadable"),
        Nodes::Listed(nodes) => nodes,
    };
    let mut ready = 0;
    let mut blocking = 0;
    let mut writer_seen = false;
    for node in nodes {
        let class = class(node, case);
        if class == "RouteCreated" {
            ready += 1;
        } else if !case.excluded.contains(&class) {
            blocking += 1;
        }
        writer_seen |= matches!(node.entries, Entries::One(_, "RouteCreated" | "NoRouteCreated"));
    }
    if ready + blocking == 0 {
        return unverified("NoNodes");
    }
    if !guard_suffices(case) {
        return hold("GuardNotEffective");
    }
    if blocking == 0 {
        return ("Proceed", None);
    }
    let given_up = !writer_seen && case.held_for.is_some_and(|seconds| seconds >= 600);
    hold(if given_up { "NoRouteWriter" } else { "RoutesMissing" })
}

pub fn is_dual_stack(wish: &Wish) -> bool {
    wish.families.len() == 2
}

/// The class of a node; the first rule that matches wins.
pub fn class(node: &Node, case: &Case) -> Code {
    let dual_stack = is_dual_stack(&case.wish);
    match node.entries {
        Entries::Two | Entries::One("Unknown", _) => "OtherReason",
        Entries::One("False", "RouteCreated") => {
            if case.strict {
                "RouteCreated"
            } else if node.transition_after_creation < -60 || has_to_be_written_again(node, case) {
                "Stale"
            } else if dual_stack && !(node.pod_cidr_ipv4 && node.pod_cidr_ipv6) {
                "NoPodCidr"
            } else {
                "RouteCreated"
            }
        }
        Entries::One(_, "CalicoIsUp" | "CalicoIsDown") => "WrittenByCalico",
        Entries::One("True", "NoRouteCreated") => "NoRouteCreated",
        Entries::One(_, _) => "OtherReason",
        Entries::None if node.deleting => "Deleting",
        Entries::None if node.ready == Some(false) => "NotReady",
        Entries::None if !node.pod_cidr_ipv4 && !node.pod_cidr_ipv6 => "NoPodCidr",
        Entries::None => "NoCondition",
    }
}

/// "Delete an old RouteCreated once, so that a living writer writes it again": older than an hour, and than the hold. Where no guard can
/// be, or an operator does not want to wait, none is asked for.
fn has_to_be_written_again(node: &Node, case: &Case) -> bool {
    let guard_is_possible = case.requirement != Requirement::Disabled && case.api == PolicyApi::Fits;
    let seconds_ago = node.age - node.transition_after_creation;
    case.refresh_evidence
        && guard_is_possible
        && !case.break_glass
        && seconds_ago > 3_600
        && case.held_for.is_none_or(|seconds| seconds_ago > seconds)
}

fn guard_suffices(case: &Case) -> bool {
    if case.strict || case.requirement == Requirement::Disabled || case.api != PolicyApi::Fits {
        return true;
    }
    match case.guard {
        Guard::Effective | Guard::ExistsLongEnough => true,
        Guard::NotEffective | Guard::NotProvenYet => false,
        Guard::NotObserved => case.requirement == Requirement::WhereObserved,
    }
}

/// What is asked for, compared with what is in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// No encapsulation goes.
    Nothing,
    /// There never was one.
    FirstInstallation,
    /// Nobody can tell.
    Unknowable,
    /// Some encapsulation goes.
    Removal,
}

/// Both families of something, IPv4 first.
type Both<T> = [Option<T>; 2];

/// What the wish asks for. A removal on paper is none.
pub fn question(wish: &Wish, before: &Before) -> Question {
    compare(wish, before).0
}

/// Whether some removal in the wish exists only on paper: it would change variables that calico-node no longer reads.
pub fn is_on_paper(wish: &Wish, before: &Before) -> bool {
    compare(wish, before).1
}

fn compare(wish: &Wish, before: &Before) -> (Question, bool) {
    let target = follow(wish).expect("a wish that resolves");
    let bundle = before.bundle.known();
    let bundle_slots = bundle.map_or([None, None], |seen| [seen.ipv4, seen.ipv6]);
    // A pool object that is in the bundle stays in it.
    let mut slots: Both<Slot> = pools(wish, &target);
    for (slot, old) in slots.iter_mut().zip(bundle_slots) {
        if let (Some(slot), Some(old)) = (slot, old) {
            slot.object |= old.object;
        }
    }
    let goes_native = |family: usize| slots[family].is_some_and(|slot| sends(target.backend, slot) == "None");
    let native: Vec<usize> = (0..2).filter(|family| goes_native(*family)).collect();
    if native.is_empty() || bundle_settles(before, &target, &slots, &native) {
        return (Question::Nothing, false);
    }

    let said = statements(before);
    if before.never_installed
        && before.bundle == Source::Absent
        && before.record == Record::Absent
        && !said[1].iter().flatten().any(|code| *code != "None")
    {
        return (Question::FirstInstallation, false);
    }
    if said.iter().flatten().flatten().count() == 0 {
        return (Question::Unknowable, false);
    }
    let effect = [0, 1].map(|family| loudest(said.iter().filter_map(|source| source[family])));
    let removed: Vec<usize> =
        native.into_iter().filter(|family| effect[*family].is_some_and(|code| code != "None")).collect();
    if removed.is_empty() {
        return (if silence_is_proof(before, &said) { Question::Nothing } else { Question::Unknowable }, false);
    }
    let kept_by = rendered_again(before, &effect, &slots);
    let on_paper = |family: usize| {
        let by_variable = kept_by.is_some_and(|slots| slots[family].is_some_and(|slot| !slot.object));
        let still_by_variable = slots[family].is_some_and(|slot| !slot.object);
        let served = effect[family].is_some_and(|code| code.starts_with("Vxlan")) || target.backend != "none";
        by_variable && still_by_variable && served
    };
    let real = removed.iter().any(|family| !on_paper(*family));
    (if real { Question::Removal } else { Question::Nothing }, removed.into_iter().any(on_paper))
}

/// Whether the bundle alone shows that nothing goes: for every family that will be native it has an object without
/// encapsulation, or nothing, or variables that stay as they are under a backend that stays.
fn bundle_settles(before: &Before, target: &Scratch, slots: &Both<Slot>, native: &[usize]) -> bool {
    let Some(bundle) = before.bundle.known() else { return false };
    let old = [bundle.ipv4, bundle.ipv6];
    old.iter().flatten().count() > 0
        && native.iter().all(|family| {
            let Some(slot) = old[*family] else { return true };
            let stays = bundle.backend == target.backend && slots[*family].is_some_and(|slot| !slot.object);
            sends(bundle.backend, slot) == "None" && (slot.object || stays)
        })
}

/// What bundle, live shoot and record say of each family.
fn statements(before: &Before) -> [Both<Code>; 3] {
    let seen = |source: &Source| match source {
        Source::Known(seen) => [seen.ipv4, seen.ipv6].map(|slot| slot.map(|slot| sends(seen.backend, slot))),
        Source::Absent | Source::NotGiven | Source::Failed => [None, None],
    };
    let record = match before.record {
        Record::Known { ipv4, ipv6 } => [ipv4, ipv6],
        Record::Absent | Record::Failed => [None, None],
    };
    [seen(&before.bundle), seen(&before.live), record]
}

/// Encapsulated beats not, always beats between subnets, the earlier source beats the later.
fn loudest(codes: impl Iterator<Item = Code>) -> Option<Code> {
    let volume = |code: Code| match code {
        "None" => 0,
        "Ipip(CrossSubnet)" | "Vxlan(CrossSubnet)" => 1,
        _ => 2,
    };
    codes.fold(None, |loudest: Option<Code>, code| match loudest {
        Some(loudest) if volume(loudest) >= volume(code) => Some(loudest),
        _ => Some(code),
    })
}

/// Nobody says "encapsulated". Is that because nothing is?
fn silence_is_proof(before: &Before, said: &[Both<Code>; 3]) -> bool {
    let names_a_family = |source: usize| said[source].iter().any(Option::is_some);
    match (&before.bundle, &before.live) {
        (Source::Failed | Source::NotGiven, _) => names_a_family(1),
        (Source::Known(_), Source::Failed) => names_a_family(2),
        _ => true,
    }
}

/// The pools of the first source that could be rendered again without losing an encapsulation.
fn rendered_again(before: &Before, effect: &[Option<Code>; 2], target: &Both<Slot>) -> Option<Both<Slot>> {
    [&before.bundle, &before.live].into_iter().filter_map(Source::known).find_map(|seen| {
        let slots = [seen.ipv4, seen.ipv6];
        let keeps = |family: usize| {
            target[family].is_none()
                || effect[family].is_none_or(|code| code == "None")
                || slots[family].is_some_and(|slot| sends(seen.backend, slot) != "None")
        };
        (keeps(0) && keeps(1)).then_some(slots)
    })
}
