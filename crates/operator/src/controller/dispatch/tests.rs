//! Every row of what makes Gardener's extensions act, and of which operation it is.

use super::*;

/// A Network with what is under test; the rest is that of one that is settled.
struct Case {
    annotations: &'static [(&'static str, &'static str)],
    last: Option<(&'static str, &'static str)>,
    deleting: bool,
    generation: i64,
}

const fn settled() -> Case {
    Case { annotations: &[], last: Some(("Reconcile", "Succeeded")), deleting: false, generation: 3 }
}

fn network(case: &Case) -> Network {
    let mut network = Network::default();
    network.spec.network_type = "calico".to_owned();
    network.metadata.generation = case.generation;
    network.metadata.finalizers = vec![FINALIZER.to_owned()];
    let annotations = case.annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    network.metadata.annotations = annotations.collect();
    network.metadata.deletion_timestamp = case.deleting.then(|| "2026-11-26T10:00:00Z".into());
    network.status.observed_generation = 3;
    network.status.last_operation = case.last.map(|(kind, state)| gardener_api::meta::LastOperation {
        operation_type: kind.to_owned(),
        state: state.to_owned(),
        last_update_time: Some("2026-11-26T09:00:00Z".into()),
        ..Default::default()
    });
    network
}

fn again(case: &Case) -> Work {
    work(&network(case), &Service::default(), Sight::Again)
}

fn first(case: &Case) -> Work {
    work(&network(case), &Service::default(), Sight::First)
}

const fn new(operation: Operation) -> Work {
    Work::Run { operation, attempt: Attempt::New }
}

const fn continued(operation: Operation) -> Work {
    Work::Run { operation, attempt: Attempt::Continued }
}

const fn operation(value: &'static str) -> (&'static str, &'static str) {
    (OPERATION, value)
}

const RECONCILE: &[(&str, &str)] = &[operation("reconcile")];
const RESTORE: &[(&str, &str)] = &[operation("restore")];
const MIGRATE: &[(&str, &str)] = &[operation("migrate")];
const WAIT: &[(&str, &str)] = &[operation("wait-for-state")];
const LATER: &[(&str, &str)] = &[(TIMESTAMP, "2026-11-26T09:30:00.5Z")];
const EARLIER: &[(&str, &str)] = &[(TIMESTAMP, "2026-11-26T09:00:00.9Z")];
const CONFIRMED: &[(&str, &str)] = &[(TIMESTAMP, "2026-11-26T09:30:00Z"), (DELETION_CONFIRMED, "true")];

#[test]
fn the_operation_follows_from_annotation_deletion_and_history() {
    for (annotations, deleting, last, expected) in [
        (MIGRATE, false, Some(("Reconcile", "Succeeded")), Operation::Migrate),
        (MIGRATE, true, Some(("Reconcile", "Succeeded")), Operation::Migrate),
        (&[], true, Some(("Reconcile", "Succeeded")), Operation::Delete),
        (RESTORE, true, None, Operation::Delete),
        (RESTORE, false, None, Operation::Restore),
        (RESTORE, false, Some(("Create", "Error")), Operation::Restore),
        (RECONCILE, false, None, Operation::Create),
        (RECONCILE, false, Some(("Create", "Error")), Operation::Create),
        (RECONCILE, false, Some(("Create", "Succeeded")), Operation::Reconcile),
        (RECONCILE, false, Some(("Migrate", "Error")), Operation::Migrate),
        (RECONCILE, false, Some(("Restore", "Processing")), Operation::Restore),
        (RECONCILE, false, Some(("Restore", "Succeeded")), Operation::Reconcile),
        (RECONCILE, false, Some(("Reconcile", "Error")), Operation::Reconcile),
        (RECONCILE, false, Some(("Delete", "Error")), Operation::Reconcile),
    ] {
        let case = Case { annotations, last, deleting, ..settled() };
        assert!(
            matches!(again(&case), Work::Run { operation, .. } if operation == expected),
            "{annotations:?} {deleting} {last:?}: {:?}",
            again(&case)
        );
    }
}

#[test]
fn what_is_settled_stays_settled() {
    assert_eq!(again(&settled()), Work::Nothing(Idle::Settled));
    assert_eq!(first(&settled()), Work::Nothing(Idle::Settled));
    assert_eq!(again(&Case { generation: 4, ..settled() }), Work::Nothing(Idle::Settled), "a new spec alone");
    assert_eq!(again(&Case { annotations: LATER, ..settled() }), Work::Nothing(Idle::Settled), "a timestamp alone");
}

#[test]
fn a_new_process_finds_what_was_missed() {
    assert_eq!(first(&Case { generation: 4, ..settled() }), new(Operation::Reconcile));
    assert_eq!(first(&Case { annotations: LATER, ..settled() }), new(Operation::Reconcile));
    assert_eq!(first(&Case { annotations: EARLIER, ..settled() }), Work::Nothing(Idle::Settled));
    assert_eq!(
        first(&Case { annotations: CONFIRMED, ..settled() }),
        Work::Nothing(Idle::Settled),
        "about to be deleted"
    );
}

#[test]
fn what_has_not_succeeded_goes_on() {
    for state in ["Processing", "Error", "Failed", "Pending", "Aborted"] {
        let case = Case { last: Some(("Reconcile", state)), ..settled() };
        assert_eq!(again(&case), continued(Operation::Reconcile), "{state}");
    }
    let asked_again = Case { last: Some(("Reconcile", "Error")), annotations: RECONCILE, ..settled() };
    assert_eq!(again(&asked_again), new(Operation::Reconcile));
    let renewed = Case { last: Some(("Restore", "Error")), annotations: LATER, ..settled() };
    assert_eq!(again(&renewed), new(Operation::Restore));
    assert_eq!(again(&Case { last: None, ..settled() }), new(Operation::Create));
}

#[test]
fn state_that_is_still_to_come_is_waited_for_but_not_by_a_deletion() {
    assert_eq!(again(&Case { annotations: WAIT, last: None, ..settled() }), Work::Nothing(Idle::WaitsForState));
    assert_eq!(again(&Case { annotations: WAIT, deleting: true, ..settled() }), new(Operation::Delete));
}

#[test]
fn what_has_left_this_seed_is_left_alone() {
    let migrated = Case { last: Some(("Migrate", "Succeeded")), ..settled() };
    assert_eq!(first(&Case { generation: 4, ..migrated }), Work::Nothing(Idle::Migrated));
    let migrated = Case { last: Some(("Migrate", "Succeeded")), ..settled() };
    assert_eq!(again(&Case { deleting: true, ..migrated }), Work::Nothing(Idle::Migrated));
    let migrated = Case { last: Some(("Migrate", "Succeeded")), ..settled() };
    assert_eq!(again(&Case { annotations: RECONCILE, ..migrated }), Work::Acknowledge);
    let migrated = Case { last: Some(("Migrate", "Succeeded")), ..settled() };
    assert_eq!(again(&Case { annotations: RESTORE, ..migrated }), new(Operation::Restore));
    let migrated = Case { last: Some(("Migrate", "Succeeded")), ..settled() };
    assert_eq!(
        again(&Case { annotations: MIGRATE, ..migrated }),
        new(Operation::Migrate),
        "the annotation is still there"
    );
}

#[test]
fn a_deletion_without_our_finalizer_is_not_ours() {
    let mut released = network(&Case { deleting: true, ..settled() });
    released.metadata.finalizers.clear();
    assert_eq!(work(&released, &Service::default(), Sight::Again), Work::Nothing(Idle::Released));
}

#[test]
fn type_and_class_decide_whose_it_is() {
    let of = |network_type: &str, class: Option<&str>, classes: &[&str]| {
        let mut network = network(&Case { annotations: RECONCILE, ..settled() });
        network.spec.network_type = network_type.to_owned();
        network.spec.class = class.map(str::to_owned);
        let classes = classes.iter().map(ToString::to_string).collect();
        work(&network, &Service { classes, ..Service::default() }, Sight::Again) != Work::Nothing(Idle::NotOurs)
    };
    assert!(of("calico", None, &["shoot"]));
    assert!(of("calico", Some("shoot"), &["shoot"]));
    assert!(!of("calico", Some("seed"), &["shoot"]));
    assert!(of("calico", Some("seed"), &["seed", "shoot"]));
    assert!(!of("cilium", None, &["shoot"]));
    assert!(!of("Calico", None, &["shoot"]));
}

#[test]
fn without_the_annotation_the_generation_counts() {
    let service = Service { trigger: Trigger::Generation, ..Service::default() };
    let work = |case: &Case, sight| super::work(&network(case), &service, sight);
    assert_eq!(work(&settled(), Sight::First), new(Operation::Reconcile));
    assert_eq!(work(&settled(), Sight::Again), Work::Nothing(Idle::Settled));
    assert_eq!(work(&Case { generation: 4, ..settled() }, Sight::Again), new(Operation::Reconcile));
}

#[test]
fn what_an_operation_has_begun_is_followed_up() {
    let with = |overlay_switch: &str, warnings: &str| {
        let mut network = network(&settled());
        let status = format!(
            r#"{{"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkStatus",
                "overlaySwitch": {overlay_switch}, "warnings": [{warnings}]}}"#
        );
        network.status.provider_status = Some(serde_json::from_str(&status).unwrap());
        work(&network, &Service::default(), Sight::Again)
    };
    for phase in ["Switching", "Verifying", "Reverting"] {
        assert_eq!(with(&format!(r#"{{"phase": "{phase}"}}"#), ""), Work::FollowUp, "{phase}");
    }
    for phase in ["Idle", "Done", "AwaitingRoutes"] {
        assert_eq!(with(&format!(r#"{{"phase": "{phase}"}}"#), ""), Work::Nothing(Idle::Settled), "{phase}");
    }
    let late = r#"{"code": "BundleNotApplied", "message": ""}"#;
    assert_eq!(with(r#"{"phase": "Idle"}"#, late), Work::FollowUp);
}

#[test]
fn force_deletion_is_a_boolean_as_go_reads_it() {
    let shoot = |value: &str| {
        let mut shoot = Shoot::default();
        shoot.metadata.annotations.insert(FORCE_DELETION.to_owned(), value.to_owned());
        is_force_deleted(&shoot)
    };
    for value in ["1", "t", "T", "TRUE", "true", "True"] {
        assert!(shoot(value), "{value}");
    }
    for value in ["", "0", "false", "yes", "tRUE"] {
        assert!(!shoot(value), "{value}");
    }
}
