//! Deviations of the controller. The recorded results are those of single computations, so each of these rests on a scenario.

use super::{Test, Tested};

const CREATE: &str = "crates/operator/tests/scenarios/create.rs";
const TRIGGERS: &str = "crates/operator/tests/scenarios/triggers.rs";
const DISPATCH: &str = "crates/operator/src/controller/dispatch/tests.rs";
const ERRORS: &str = "crates/operator/tests/scenarios/errors.rs";
const REMOVE: &str = "crates/operator/tests/scenarios/remove.rs";
const SWITCH: &str = "crates/operator/tests/scenarios/switch.rs";
const WATCH: &str = "crates/operator/tests/scenarios/watch.rs";

pub(crate) const ROWS: &[Tested] = &[
    Tested {
        id: "D2",
        go: "a panic leaves the status at Processing for ever",
        ours: "a panic is the Error of that Network, and of no other",
        why: "somebody must see it",
        tests: &[Test { path: ERRORS, name: "a_panic_is_an_error_of_one_network" }],
    },
    Tested {
        id: "D3",
        go: "a bundle that is unreadable is written over",
        ours: "it is frozen until it can be read, or another source tells what is in effect",
        why: "what cannot be read is no proof of anything",
        tests: &[
            Test { path: SWITCH, name: "a_bundle_that_cannot_be_read_holds_and_freezes" },
            Test { path: SWITCH, name: "our_record_tells_of_an_encapsulation_that_the_bundle_does_not" },
        ],
    },
    Tested {
        id: "D4",
        go: "the bundle is not touched while a switch waits",
        ours: "everything but the encapsulation is applied",
        why: "a held switch must not block an image or security update",
        tests: &[Test { path: SWITCH, name: "while_it_is_held_everything_else_is_applied" }],
    },
    Tested {
        id: "D5",
        go: "routes are looked at again after an exponential back-off of up to 1,000 s",
        ours: "as soon as a node has changed, and once a minute; every `pollInterval` where nobody tells of changes",
        why: "a switch should end when the last route is there",
        tests: &[
            Test { path: WATCH, name: "from_the_last_route_to_the_bundle_it_takes_less_than_a_second" },
            Test { path: SWITCH, name: "a_switch_is_held_until_every_node_has_a_route_and_then_made" },
        ],
    },
    Tested {
        id: "D5",
        go: "a node that joins between the look at the nodes and the write is overlooked",
        ours: "the nodes are read once more right before the write, and must be those that were seen",
        why: "a node without a route loses its connections",
        tests: &[Test { path: SWITCH, name: "a_node_that_joins_between_survey_and_write_reopens_the_question" }],
    },
    Tested {
        id: "D6",
        go: "deletion, forced deletion and migration decode `providerConfig`, and fail where it cannot be decoded",
        ours: "none of them looks at it",
        why: "what is broken must stay deletable",
        tests: &[Test { path: REMOVE, name: "a_deletion_needs_neither_configuration_nor_cluster" }],
    },
    Tested {
        id: "D7",
        go: "the scrape job of BIRD stays when its exporter is switched off",
        ours: "it goes",
        why: "a job without a target is an alert without a reason",
        tests: &[Test { path: CREATE, name: "the_job_of_bird_comes_and_goes_with_its_exporter" }],
    },
    Tested {
        id: "D8",
        go: "writes {Reconcile, Succeeded} in the middle of every operation",
        ours: "one status when it begins and one when it ends, both with the operation's own type",
        why: "a crash in between must not look like success",
        tests: &[Test { path: CREATE, name: "a_network_is_created_and_told_of_in_two_statuses" }],
    },
    Tested {
        id: "D9",
        go: "succeeds as soon as the bundle is written",
        ours: "waits up to 60 s until it is applied, and warns where it is not",
        why: "written is not in effect",
        tests: &[
            Test { path: CREATE, name: "a_network_is_created_and_told_of_in_two_statuses" },
            Test { path: CREATE, name: "a_bundle_that_is_not_applied_is_waited_for_a_minute_and_then_told_of" },
        ],
    },
    Tested {
        id: "D13",
        go: "any error stops a forced deletion",
        ours: "it is best effort and succeeds",
        why: "that is what it is for",
        tests: &[Test { path: REMOVE, name: "a_forced_deletion_waits_for_nobody_and_succeeds" }],
    },
    Tested {
        id: "D14",
        go: "the first object that cannot be deleted keeps the others from being deleted",
        ours: "each is tried",
        why: "nothing should be left behind",
        tests: &[Test { path: REMOVE, name: "one_object_that_cannot_be_deleted_leaves_no_other_behind" }],
    },
    Tested {
        id: "D15",
        go: "monitoring objects are replaced in every reconcile, labels and annotations of others are lost",
        ours: "server-side apply of our fields, where they differ",
        why: "others may have something to say about them",
        tests: &[
            Test { path: CREATE, name: "what_somebody_changed_in_the_monitoring_is_put_right" },
            Test { path: CREATE, name: "a_second_reconcile_changes_nothing_but_the_status" },
        ],
    },
    Tested {
        id: "D17",
        go: "no error codes",
        ours: "ERR_CONFIGURATION_PROBLEM for what the shoot owner must change, ERR_RETRYABLE_INFRA_DEPENDENCIES for a switch that is held",
        why: "gardenlet and dashboards sort errors by them",
        tests: &[
            Test { path: ERRORS, name: "a_configuration_that_is_wrong_is_the_shoot_owners_problem" },
            Test { path: SWITCH, name: "a_switch_is_held_until_every_node_has_a_route_and_then_made" },
        ],
    },
    Tested {
        id: "G4",
        go: "an event is dropped for good where the Cluster cannot be read at that moment",
        ours: "told as an Error, and tried again",
        why: "a request must not be lost",
        tests: &[Test { path: ERRORS, name: "a_cluster_that_is_missing_is_told" }],
    },
    Tested {
        id: "G5",
        go: "a reconcile that takes longer than three minutes leaves the status at Processing: telling its error shares its time",
        ours: "the error is told in a time of its own",
        why: "somebody must see it",
        tests: &[Test { path: ERRORS, name: "a_reconcile_that_takes_too_long_is_told" }],
    },
    Tested {
        id: "G6",
        go: "a request that was heard and not told of before a crash is forgotten; so is one for a failed shoot",
        ours: "a new process compares generation and timestamp; a failed shoot keeps its annotation and is looked at every minute",
        why: "a request must not be lost",
        tests: &[
            Test { path: DISPATCH, name: "a_new_process_finds_what_was_missed" },
            Test { path: CREATE, name: "a_new_process_finds_what_another_left_undone" },
            Test { path: CREATE, name: "nothing_is_done_for_others_for_a_failed_shoot_or_before_the_state_is_there" },
        ],
    },
    Tested {
        id: "G7",
        go: "the annotation is removed whatever it says by then",
        ours: "with a precondition, and only the value that was heard",
        why: "a request must not be lost",
        tests: &[
            Test { path: ERRORS, name: "an_annotation_that_comes_meanwhile_is_not_lost" },
            Test { path: "crates/adapter-k8s/src/write/network.rs", name: "another_operation_stays" },
        ],
    },
    Tested {
        id: "G8",
        go: "`wait-for-state` also blocks deletion",
        ours: "a deletion goes through",
        why: "there is nothing to wait for any more",
        tests: &[Test { path: REMOVE, name: "a_deletion_ignores_wait_for_state" }],
    },
    Tested {
        id: "G9",
        go: "without a readable Cluster nothing works, and nothing says so",
        ours: "an Error in the status; deletion and migration go on",
        why: "what is broken must stay deletable",
        tests: &[
            Test { path: ERRORS, name: "a_cluster_that_is_missing_is_told" },
            Test { path: REMOVE, name: "a_deletion_needs_neither_configuration_nor_cluster" },
        ],
    },
    Tested {
        id: "G10",
        go: "a deletion occupies a worker while it waits",
        ours: "it is looked at again every 2 s; after two minutes the status says what is still there",
        why: "five deletions must not stop all other shoots",
        tests: &[
            Test { path: REMOVE, name: "a_deletion_takes_everything_back_and_waits_without_a_worker" },
            Test { path: REMOVE, name: "what_does_not_go_is_told_after_two_minutes" },
        ],
    },
    Tested {
        id: "G11",
        go: "the error of the last attempt stays while the next one runs",
        ours: "it goes when the next attempt begins",
        why: "gardenlet would take it for a current one",
        tests: &[Test { path: SWITCH, name: "a_switch_is_held_until_every_node_has_a_route_and_then_made" }],
    },
    Tested {
        id: "G13",
        go: "every Cluster and every ManagedResource of the seed is watched and kept, to read one of each",
        ours: "the one is read; of Networks only the metadata are watched",
        why: "a Cluster has tens of kilobytes, and a seed has hundreds of them",
        tests: &[Test {
            path: "crates/operator/tests/scenarios/permissions.rs",
            name: "a_life_of_a_network_uses_every_rule_of_the_controller",
        }],
    },
    Tested {
        id: "G16",
        go: "`lastUpdateTime` is the clock of this process",
        ours: "never older than the timestamp of the request",
        why: "gardenlet rejects what seems older",
        tests: &[Test { path: CREATE, name: "a_status_is_never_older_than_the_request" }],
    },
    Tested {
        id: "G17",
        go: "ManagedResource and Secret are replaced by what a cache had of them: conflicts, and labels and annotations of others are lost",
        ours: "the ManagedResource is written over what was just read, and keeps what others wrote; the name of a Secret is a digest of its \
               content, so that none is replaced",
        why: "others may have something to say about them",
        tests: &[Test {
            path: "crates/adapter-k8s/src/bundle/managed_resource.rs",
            name: "what_others_wrote_stays_and_old_references_go",
        }],
    },
    Tested {
        id: "G18",
        go: "the annotation is gone before the status says `Processing`: who polls in between, in the second of the last operation, \
             takes its status for the answer, and a crash there loses the request",
        ours: "where the status could be taken so, it says `Processing` first",
        why: "gardenlet compares whole seconds, and would go on before anything was done",
        tests: &[Test {
            path: TRIGGERS,
            name: "no_poll_takes_the_last_answer_for_one_to_a_request_of_the_same_second",
        }],
    },
    Tested {
        id: "G19",
        go: "with `--ignore-operation-annotation` the annotation makes nothing due, so that a control plane cannot move",
        ours: "a new generation is a reason, and the annotation still is one",
        why: "migrate and restore are asked for in no other way",
        tests: &[Test { path: TRIGGERS, name: "where_the_annotation_is_ignored_it_is_answered_all_the_same" }],
    },
];
