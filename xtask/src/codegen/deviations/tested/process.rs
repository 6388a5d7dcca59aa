//! Deviations of the process around the controller.

use super::{Test, Tested};

const ELECTION: &str = "crates/adapter-k8s/tests/lease/election.rs";
const ENDING: &str = "crates/operator/tests/process/ending.rs";
const HEARTBEAT: &str = "crates/adapter-k8s/tests/lease/heartbeat.rs";
const METRICS: &str = "crates/operator/src/process/metrics/tests.rs";
const SETTINGS: &str = "crates/operator/src/process/settings/tests.rs";
const WATCH: &str = "crates/operator/src/process/watch.rs";

pub(crate) const ROWS: &[Tested] = &[
    Tested {
        id: "G1",
        go: "while `migrate` or `restore` is set, each own status patch is an event, which cuts the back-off short",
        ours: "an event counts where uid, generation, deletion, finalizers or one of the two annotations differ from what the Network was \
               last looked at for",
        why: "a failure must not be tried again in a tight loop",
        tests: &[Test { path: WATCH, name: "what_is_compared_counts_and_a_status_patch_does_not" }],
    },
    Tested {
        id: "G2",
        go: "after a restore an event of its own makes one more run",
        ours: "own patches, the removal of the annotation included, are no reason for a run",
        why: "a run that nobody asked for may do something that nobody asked for",
        tests: &[Test { path: WATCH, name: "each_annotation_counts_again_and_its_removal_only_where_it_was_not_ours" }],
    },
    Tested {
        id: "G3",
        go: "with `--ignore-operation-annotation` the watch of Clusters never makes anything due",
        ours: "a change of a Cluster makes the Networks of its namespace due",
        why: "in this mode nobody else says that the shoot changed",
        tests: &[Test { path: WATCH, name: "a_cluster_wakes_the_networks_of_its_namespace_when_it_changes" }],
    },
    Tested {
        id: "G14",
        go: "a heartbeat that fails waits for up to 1,000 s; an empty namespace is found at the first beat",
        ours: "one beat per interval, whatever became of the last one; namespace and interval are checked at the start",
        why: "whoever reads the heartbeat takes a late one for a dead extension",
        tests: &[
            Test { path: HEARTBEAT, name: "what_cannot_work_is_refused_at_the_start" },
            Test { path: HEARTBEAT, name: "a_beat_that_fails_says_so_and_the_next_one_works" },
        ],
    },
    Tested {
        id: "G15",
        go: "flags without effect are accepted silently, and `--extension-classes` is one of them",
        ours: "each is named in the log, and `--extension-classes` has its effect",
        why: "whoever sets a flag expects something of it",
        tests: &[
            Test { path: SETTINGS, name: "every_flag_without_effect_is_named_where_it_is_given" },
            Test { path: SETTINGS, name: "everything_is_read" },
        ],
    },
    Tested {
        id: "N7",
        go: "the lease runs out after a shutdown",
        ours: "it is given back after the last reconcile has finished",
        why: "an update need not pause for 15 s",
        tests: &[Test { path: ENDING, name: "a_replica_becomes_ready_leads_works_and_gives_the_lease_back" }],
    },
    Tested {
        id: "N8",
        go: "a leader whose machine slept goes on until its renewal fails",
        ours: "the deadline counts suspended time and is checked before each write",
        why: "another may have begun meanwhile",
        tests: &[
            Test { path: ELECTION, name: "a_machine_that_slept_does_not_lead_when_it_wakes" },
            Test {
                path: "crates/operator/tests/process/election.rs",
                name: "a_frozen_leader_wakes_sends_no_write_and_ends",
            },
        ],
    },
    Tested {
        id: "N9",
        go: "ready as soon as the first lists are read",
        ours: "not while a watch has been interrupted for over a minute, nor during shutdown",
        why: "a process that sees no change is not ready",
        tests: &[Test {
            path: "crates/operator/src/process/health.rs",
            name: "ready_means_that_every_watch_was_read_and_works",
        }],
    },
    Tested {
        id: "N10",
        go: "exposes the metrics of the Go runtime, `go_*`",
        ours: "does not; all other series of controller-runtime keep names, types and labels",
        why: "there is no Go runtime",
        tests: &[Test {
            path: METRICS,
            name: "exactly_the_series_of_the_table_are_exposed_with_their_types_and_labels",
        }],
    },
];
