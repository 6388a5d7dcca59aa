//! With one rule off: the failures of the field are found again. A test fails when its counterexample is gone, since then the
//! model no longer shows what the rule is for.

use std::collections::BTreeSet;

use calico_policy::encapsulation::Backend;
use calico_policy::nodes::NodeClass;
use calico_policy::settings::{GuardRequirement, Profile};
use stateright::{Checker, HasDiscoveries, Model};

use crate::exploration::{CHURN, NO_NODES, OLD_ROUTES, TWO_LEADERS};
use crate::progress::{self, Overwrites};
use crate::properties::{DELETED_LAST, SAFE, WORKING_STAYS};
use crate::rules::{
    Begins, CheckBeforeWrite, Cleaning, GuardProbe, LateWrites, RouteWriterSays, Rules, Scope, Unreadable,
};
use crate::state::{Budget, CalicoNode, Condition, Controller, State};
use crate::world::{Event, World};

/// The smallest scope: one node, and the overlay is turned off.
const SMALL: Scope = Scope {
    nodes: &[1],
    budget: Budget { wishes: 1, churn: 0, stops: 0, sleeps: 0, leaders: 0, writer_restarts: 0, faults: 0 },
    begins: Begins::ByCalico,
    record_breaches: false,
};

/// One machine takes the name of another, or another node joins.
const ONE_MORE: Scope = Scope { budget: Budget { churn: 1, ..SMALL.budget }, ..SMALL };

/// Rules, all but what `turn_off` changes.
fn without(turn_off: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::all();
    turn_off(&mut rules);
    rules
}

/// Whether an invariant breaks; the steps that lead there are shown.
fn breaks(what: &str, rules: Rules, scope: Scope, property: &'static str) -> bool {
    let checker = World { rules, scope }.checker().finish_when(HasDiscoveries::AnyOf([property].into())).spawn_bfs();
    let Some(path) = checker.join().discovery(property) else {
        return false;
    };
    show(what, &path.into_actions());
    true
}

/// Whether a state of this kind has no way out; the shortest way there is shown.
fn gets_stuck(what: &str, rules: Rules, scope: Scope, overwrites: Overwrites, kind: fn(&State) -> bool) -> bool {
    let stuck = progress::explore(&World { rules, scope }, overwrites).stuck;
    let Some(found) = stuck.iter().find(|stuck| kind(&stuck.state)) else {
        return false;
    };
    show(what, &found.steps);
    true
}

fn moves_on(rules: Rules, scope: Scope, overwrites: Overwrites) -> bool {
    progress::explore(&World { rules, scope }, overwrites).stuck.is_empty()
}

fn show(what: &str, steps: &[Event]) {
    let shown: Vec<String> = steps.iter().map(ToString::to_string).collect();
    println!("model: {what}: re-found after {} steps: {}", steps.len(), shown.join(", "));
}

fn any_node(state: &State, calico: Backend, condition: Condition) -> bool {
    state.shoot.nodes().any(|node| node.calico == CalicoNode::Up(calico) && node.condition == condition)
}

/// A bundle that cannot be read is taken for "no switch", and the overlay goes before any route exists.
#[test]
fn f1_fail_open_detection() {
    let rules = without(|rules| rules.unreadable = Unreadable::TakenForNoSwitch);
    let scope = Scope { budget: Budget { faults: 1, ..SMALL.budget }, ..SMALL };
    assert!(breaks("F1 fail-open detection", rules, scope, SAFE));
}

/// Without the guard the old container says `CalicoIsDown` in the roll, the new one never speaks, and the route writer comes too
/// late for the machine.
#[test]
fn f2_stale_backend_at_shutdown() {
    let rules = without(|rules| rules.settings.overlay_switch.guard = GuardRequirement::Disabled);
    let lost = |state: &State| any_node(state, Backend::None, Condition::CalicoIsDown);
    assert!(gets_stuck("F2 stale backend at shutdown", rules, SMALL, Overwrites::CalicoIsUp, lost));
    assert!(moves_on(Rules::all(), SMALL, Overwrites::CalicoIsUp));
}

/// Conditions are removed once, as soon as the guard is written: calico-node says `CalicoIsUp` before it is effective, and a route
/// writer that only compares the status never corrects it.
#[test]
fn f3_cleanup_and_guard_are_not_ordered() {
    let once = |rules: &mut Rules| rules.cleaning = Cleaning::Once;
    let both = without(|rules| {
        rules.guard_probe = GuardProbe::Existence;
        once(rules);
    });
    let waits = |state: &State| state.shoot.guard_effective && any_node(state, Backend::Bird, Condition::CalicoIsUp);
    assert!(gets_stuck("F3 cleanup and guard are not ordered", both, SMALL, Overwrites::CalicoIsDown, waits));
    assert!(moves_on(without(once), SMALL, Overwrites::CalicoIsDown), "the right order is enough");
}

/// A route writer that has just started reports a node that works. What the core does about it is to hold; that nobody reports
/// it takes the option `guard.protectRouteCreated`.
#[test]
fn f4_route_writer_cold_start() {
    let scope = Scope { record_breaches: true, ..SMALL };
    assert!(breaks("F4 route writer cold start", Rules::all(), scope, WORKING_STAYS));
    let protected = without(|rules| rules.protect_route_created = true);
    assert!(!breaks("F4 with protectRouteCreated", protected, scope, WORKING_STAYS));
}

/// The condition of another machine passes for a route.
#[test]
fn f6_stale_route_created() {
    let rules = without(|rules| rules.settings.overlay_switch.profile = Profile::Strict);
    assert!(breaks("F6 stale RouteCreated", rules, ONE_MORE, SAFE));
}

/// Nodes are listed once: one that joins before the write loses the encapsulation that it came to.
#[test]
fn f15_a_node_joins_during_the_switch() {
    let rules = without(|rules| rules.check_before_write = CheckBeforeWrite::StaleRead);
    assert!(breaks("F15 a node joins during the switch", rules, ONE_MORE, SAFE));
}

/// The names are compared and not the UIDs.
#[test]
fn f16_a_node_is_created_again_under_its_name() {
    let rules = without(|rules| rules.check_before_write = CheckBeforeWrite::Names);
    assert!(breaks("F16 a node is created again under its name", rules, ONE_MORE, SAFE));
}

/// What no rule of ours can see: a route writer that says `RouteCreated` without a route.
#[test]
fn a_lying_route_writer_is_believed() {
    let rules = without(|rules| rules.route_writer_says = RouteWriterSays::AlsoWhatIsNot);
    assert!(breaks("a lying route writer", rules, SMALL, SAFE));
}

/// What an operator takes upon himself who excludes a class of nodes.
#[test]
fn an_excluded_class_loses_its_encapsulation() {
    let rules =
        without(|rules| rules.settings.overlay_switch.excluded_classes = BTreeSet::from([NodeClass::NoRouteCreated]));
    assert!(breaks("an excluded class of nodes", rules, CHURN, SAFE));
}

/// A condition that is older than its node holds until somebody replaces it; a route writer that finds its own words there
/// leaves them.
#[test]
fn a_stale_condition_that_nobody_replaces_holds_for_ever() {
    let held = |state: &State| {
        let stale = state.shoot.nodes().any(|node| node.condition == Condition::RouteCreatedForPredecessor);
        // Once the nodes were read for the write it is too late.
        stale && state.seed.bundle.encapsulates() && state.controller == Controller::Idle
    };
    let what = "a stale condition that nobody replaces";
    assert!(gets_stuck(what, Rules::all(), ONE_MORE, Overwrites::NothingThatLooksRight, held));
    assert!(!gets_stuck(what, Rules::refreshing(), ONE_MORE, Overwrites::NothingThatLooksRight, held), "it is deleted");
}

/// What a route writer said when the overlay was off before is believed although the route has gone since. What the core does about it is
/// to report it; that it is asked for again takes the option `refreshEvidence`.
#[test]
fn f6_old_route_created() {
    assert!(breaks("F6 old RouteCreated", Rules::all(), OLD_ROUTES, SAFE));
    assert!(!breaks("F6 with refreshEvidence", Rules::refreshing(), OLD_ROUTES, SAFE));
}

/// A switch without nodes needs the guard, too: without it a node that joins before it is applied keeps a condition of Calico.
#[test]
fn without_the_guard_a_node_that_joins_a_switch_without_nodes_keeps_a_condition_of_calico() {
    let rules = without(|rules| rules.settings.overlay_switch.guard = GuardRequirement::Disabled);
    let kept = |state: &State| any_node(state, Backend::None, Condition::CalicoIsDown);
    assert!(gets_stuck("a node joins a switch without nodes and guard", rules, NO_NODES, Overwrites::Nothing, kept));
}

/// What an old leader has decided is written over what the next one has written since.
#[test]
fn an_old_leader_without_preconditions_undoes_what_the_next_one_did() {
    let rules = without(|rules| rules.late_writes = LateWrites::Land);
    assert!(breaks("an old leader without preconditions", rules, TWO_LEADERS, DELETED_LAST));
}
