//! The laws of the overlay verdict as properties, and the core against an oracle that shares no code with
//! it. Random numbers are seeded, so a failure repeats.

use crate::support::convert::{Input, NOW, answer, failure};
use crate::support::generators::{case, gated_case, refreshing, spoiled_node};
use crate::support::model::{Case, Entries, Guard, Node, Nodes, Record, Requirement, Source};
use crate::support::oracle;
use calico_policy::decision::{Action, Bundle, Outcome};
use calico_policy::in_effect::{ObservedDataplane, ObservedIpam, ObservedPool};
use calico_policy::overlay::{OverlayVerdict, VerdictCode};
use calico_policy::phase::Phase;
use calico_policy::settings::ImplicitRemovals;
use calico_policy::{Reading, SwitchStatus};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;

/// How many cases are drawn where `PROPTEST_CASES` does not say.
const CASES: u32 = 1_500;

#[expect(clippy::disallowed_methods, reason = "how many cases are drawn is up to who runs the tests")]
fn config() -> ProptestConfig {
    let from_environment = ProptestConfig::default();
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { from_environment.cases } else { CASES },
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(3_4),
        ..from_environment
    }
}

fn is_hold(case: &Case) -> bool {
    answer(case).0 == "Hold"
}

/// One way in which evidence gets weaker.
#[derive(Clone, Debug)]
enum Weakening {
    ConditionRemoved(Index),
    NodeSpoiled(Index, Node),
    NodesUnreadable,
    NodesUnreachable,
    BundleUnreadable,
    LiveUnreadable,
    RecordUnreadable,
    Guard(Guard),
}

impl Weakening {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            any::<Index>().prop_map(Self::ConditionRemoved),
            (any::<Index>(), spoiled_node()).prop_map(|(index, node)| Self::NodeSpoiled(index, node)),
            Just(Self::NodesUnreadable),
            Just(Self::NodesUnreachable),
            Just(Self::BundleUnreadable),
            Just(Self::LiveUnreadable),
            Just(Self::RecordUnreadable),
            select(vec![Guard::NotEffective, Guard::NotProvenYet, Guard::NotObserved]).prop_map(Self::Guard),
        ]
    }

    fn apply(&self, case: &mut Case) {
        let given = case.clone();
        match (self, &mut case.nodes) {
            (Self::ConditionRemoved(index), Nodes::Listed(nodes)) if !nodes.is_empty() => {
                let index = index.index(nodes.len());
                nodes[index].entries = Entries::None;
            }
            (Self::NodeSpoiled(index, node), Nodes::Listed(nodes)) if !nodes.is_empty() => {
                // Only worse: a node that counts as ready does not take another one's place.
                if oracle::class(node, &given) != "RouteCreated" {
                    let index = index.index(nodes.len());
                    nodes[index] = *node;
                }
            }
            (Self::NodesUnreadable, nodes) => *nodes = Nodes::Unreadable,
            (Self::NodesUnreachable, nodes) => *nodes = Nodes::Unreachable,
            (Self::BundleUnreadable, _) => case.before.bundle = Source::Failed,
            (Self::LiveUnreadable, _) => case.before.live = Source::Failed,
            (Self::RecordUnreadable, _) => case.before.record = Record::Failed,
            // Not having looked is weaker evidence only where somebody must look; without `--require-guard` it is accepted.
            (Self::Guard(Guard::NotObserved), _) if case.requirement == Requirement::WhereObserved => {}
            (Self::Guard(guard), _) => case.guard = *guard,
            (Self::ConditionRemoved(_) | Self::NodeSpoiled(..), _) => {}
        }
    }
}

proptest! {
    #![proptest_config(config())]

    /// Every verdict, with its reason, is the one of the oracle.
    #[test]
    fn the_core_agrees_with_the_oracle(case in case()) {
        prop_assert_eq!(answer(&case), oracle::verdict(&case));
    }

    #[test]
    fn the_core_agrees_with_the_oracle_where_a_switch_is_gated(case in gated_case()) {
        prop_assert_eq!(answer(&case), oracle::verdict(&case));
    }

    #[test]
    fn the_core_agrees_with_the_oracle_where_old_evidence_is_refreshed(case in refreshing(gated_case())) {
        prop_assert_eq!(answer(&case), oracle::verdict(&case));
    }

    #[test]
    fn weaker_evidence_never_turns_hold_into_proceed(
        case in prop_oneof![gated_case(), refreshing(gated_case())],
        weakenings in proptest::collection::vec(Weakening::any(), 1..4),
    ) {
        let mut weaker = case.clone();
        for weakening in &weakenings {
            weakening.apply(&mut weaker);
        }
        prop_assert!(!is_hold(&case) || is_hold(&weaker), "{:?} became {:?}", answer(&case), answer(&weaker));
    }

    #[test]
    fn node_order_is_irrelevant(case in case(), rotation in any::<Index>(), reversed in any::<bool>()) {
        let input = Input::from(&case);
        let mut other = input.clone();
        if let Reading::Known(nodes) = &mut other.observed.nodes && !nodes.is_empty() {
            let middle = rotation.index(nodes.len());
            nodes.rotate_left(middle);
            if reversed {
                nodes.reverse();
            }
        }
        let (left, right) = (input.decide(), other.decide());
        prop_assert_eq!(left.overlay.message(), right.overlay.message());
        prop_assert_eq!(left.overlay.reason(), right.overlay.reason());
        prop_assert_eq!(left.survey, right.survey);
        prop_assert_eq!(left.actions, right.actions);
        prop_assert_eq!(left.warnings, right.warnings);
        prop_assert_eq!((left.phase, left.bundle, left.outcome), (right.phase, right.bundle, right.outcome));
        if let (OverlayVerdict::Proceed(left), OverlayVerdict::Proceed(right)) = (left.overlay, right.overlay) {
            let uids = other.observed.nodes.known().unwrap().iter().map(|node| &node.uid);
            prop_assert!(left.covers(uids.clone()) && right.covers(uids));
        }
    }

    /// Deciding again on the same input, also with the status that the first decision left, changes nothing; and a held bundle
    /// that is written and read back is held again, the target that is written is no switch any more.
    #[test]
    fn decide_is_idempotent(case in case()) {
        let input = Input::from(&case);
        let first = input.decide();
        prop_assert_eq!(&first, &input.decide());

        let mut again = input.clone();
        let since = match &first.overlay {
            OverlayVerdict::Hold(hold) => Some(hold.since),
            _ => None,
        };
        again.previous = Reading::Known(SwitchStatus { phase: first.phase, since });
        let second = again.decide();
        prop_assert_eq!(&first.overlay, &second.overlay);
        prop_assert_eq!(first.bundle, second.bundle);
        prop_assert_eq!(first.outcome, second.outcome);

        let written = first.actions.iter().find_map(|action| match action {
            Action::WriteBundle(dataplane) => Some(dataplane),
            _ => None,
        });
        let Some(written) = written else { return Ok(()) };
        again.observed.sources.bundle = Reading::Known(read_back(written));
        let third = again.decide();
        match first.bundle {
            Bundle::Held => {
                prop_assert_eq!(&first.overlay, &third.overlay);
                prop_assert_eq!(first.actions, third.actions);
            }
            Bundle::Target if case.hold_implicit_removals => {}
            Bundle::Target | Bundle::Frozen => {
                prop_assert!(third.overlay.kind() != VerdictCode::Hold || removes_by_variables(&case));
            }
        }
    }

    #[test]
    fn unreadable_evidence_never_proceeds(case in gated_case(), state in any::<bool>(), unreachable in any::<bool>()) {
        let mut case = case;
        if state {
            case.before.bundle = Source::Failed;
            case.before.live = Source::Failed;
            case.before.record = Record::Failed;
        } else {
            case.nodes = if unreachable { Nodes::Unreachable } else { Nodes::Unreadable };
        }
        prop_assert!(is_hold(&case), "{:?}", answer(&case));
        let bundle = Input::from(&case).decide().bundle;
        prop_assert!(bundle != Bundle::Target);
        prop_assert!(!state || bundle == Bundle::Frozen);
    }

    #[test]
    fn gate_off_never_holds(case in case()) {
        let case = Case { gate: false, ..case };
        prop_assert!(matches!(answer(&case).0, "Unchanged" | "ProceedUnverified"), "{:?}", answer(&case));
    }

    /// Routes are asked for only where some source says "encapsulated", or none can tell, and the overlay is turned off.
    #[test]
    fn only_overlay_to_native_is_gated(case in case()) {
        let input = Input::from(&case);
        let decision = input.decide();
        if matches!(decision.overlay.kind(), VerdictCode::Proceed | VerdictCode::Hold) {
            let native = [&decision.target.ipv4, &decision.target.ipv6].into_iter().flatten().any(|family| !family.sends.is_some());
            prop_assert!(native);
            let unreadable = decision.overlay.reason() == Some("CurrentStateUnreadable");
            prop_assert!(decision.from.any() || oracle::question(&case.wish, &case.before) == oracle::Question::Unknowable);
            let implicit = input.settings.overlay_switch.implicit_removals == ImplicitRemovals::Hold;
            prop_assert!(case.wish.overlay.is_off() || implicit || unreadable || decision.from == Default::default());
        }
    }

    #[test]
    fn one_unready_node_holds(
        case in gated_case(),
        ready in 0_usize..8,
        place in any::<Index>(),
        (class, unready) in select(Node::one_per_class()),
    ) {
        let mut case = case;
        let mut nodes = vec![Node::ready(); ready];
        nodes.insert(place.index(ready + 1), unready);
        case.nodes = Nodes::Listed(nodes);
        if case.strict && class == "Stale" {
            return Ok(());
        }
        prop_assert!(is_hold(&case), "{:?}", answer(&case));
    }

    #[test]
    fn proceed_implies_every_counted_node_has_route_created(case in prop_oneof![case(), refreshing(case())]) {
        let input = Input::from(&case);
        let OverlayVerdict::Proceed(witness) = input.decide().overlay else { return Ok(()) };
        let counted = case.listed().iter().filter(|node| !case.excluded.contains(&oracle::class(node, &case)));
        prop_assert!(counted.clone().count() > 0);
        for node in counted {
            prop_assert_eq!(node.entries, Entries::One("False", "RouteCreated"));
        }
        prop_assert!(witness.covers(input.observed.nodes.known().unwrap().iter().map(|node| &node.uid)));
        prop_assert_eq!(witness.len(), case.listed().len());
    }

    #[test]
    fn losing_previous_never_shortens_a_hold(case in prop_oneof![case(), refreshing(case())], unreadable in any::<bool>()) {
        let input = Input::from(&case);
        let mut forgetful = input.clone();
        forgetful.previous =
            if unreadable { Reading::Unreadable(failure(calico_policy::ReadFailureKind::Undecodable)) } else { Reading::Absent };
        let (remembered, forgotten) = (input.decide(), forgetful.decide());
        // What was written in a hold that is forgotten may be old again.
        if !(case.refresh_evidence && forgotten.overlay.kind() == VerdictCode::Hold) {
            prop_assert_eq!(remembered.overlay.kind(), forgotten.overlay.kind());
            prop_assert_eq!(remembered.bundle, forgotten.bundle);
        }
        if let (OverlayVerdict::Hold(remembered), OverlayVerdict::Hold(forgotten)) = (remembered.overlay, forgotten.overlay) {
            prop_assert!(forgotten.since >= remembered.since && forgotten.deadline >= remembered.deadline);
            prop_assert_eq!(forgotten.since, NOW);
        }
    }

    #[test]
    fn target_with_encapsulation_everywhere_is_unchanged(case in case(), mode in select(vec!["Always", "CrossSubnet"])) {
        let mut case = case;
        case.wish = crate::support::model::Wish {
            ipv4_mode: Some(mode),
            families: &["IPv4", "IPv6"],
            ..crate::support::model::Wish::overlay(crate::support::model::Overlay::On)
        };
        prop_assert_eq!(answer(&case), ("Unchanged", None));
        let decision = Input::from(&case).decide();
        prop_assert_eq!((decision.bundle, decision.outcome), (Bundle::Target, Outcome::Succeed));
        prop_assert!(!decision.phase.is_hold() && decision.phase != Phase::Switching);
    }
}

/// The dataplane that reading this bundle back would yield.
fn read_back(dataplane: &calico_policy::dataplane::Dataplane) -> ObservedDataplane {
    use calico_policy::dataplane::PoolSource;
    use calico_policy::encapsulation::Encapsulation;
    use calico_policy::encapsulation::{Pool, PoolMode};

    let pool = |family: &calico_policy::dataplane::FamilyDataplane| {
        let (pool, mode) = match (family.pool_source, family.sends) {
            (PoolSource::Variable, _) => (family.pool, family.mode),
            (PoolSource::Object, Encapsulation::None) => (family.pool, PoolMode::Never),
            (PoolSource::Object, Encapsulation::IpipAlways) => (Pool::Ipip, PoolMode::Always),
            (PoolSource::Object, Encapsulation::IpipCrossSubnet) => (Pool::Ipip, PoolMode::CrossSubnet),
            (PoolSource::Object, Encapsulation::VxlanAlways) => (Pool::Vxlan, PoolMode::Always),
            (PoolSource::Object, Encapsulation::VxlanCrossSubnet) => (Pool::Vxlan, PoolMode::CrossSubnet),
        };
        ObservedPool { pool, mode, source: family.pool_source }
    };
    ObservedDataplane {
        backend: Some(dataplane.backend),
        ipv4: dataplane.ipv4.as_ref().map(pool),
        ipv6: dataplane.ipv6.as_ref().map(pool),
        felix_ipip: Some(dataplane.felix.ipip),
        felix_vxlan: Some(dataplane.felix.vxlan),
        ipam: Some(ObservedIpam { kind: dataplane.ipam.kind, ranges: dataplane.ipam.ranges.clone() }),
        veth_mtu: Some(dataplane.veth_mtu.clone()),
        kube_controllers: Some(dataplane.kube_controllers),
    }
}

/// Whether the target's pools are only variables, which settle nothing about the pool that exists.
fn removes_by_variables(case: &Case) -> bool {
    case.wish.overlay == crate::support::model::Overlay::Unset
}
