//! Deviations whose evidence is a test of this repository.
//!
//! Only what is built stands here. Where no recorded result can show a difference (the recorded runs have no second
//! reconcile, no live shoot and no configuration file), a test says what we do.

mod admission;
mod charts;
mod controller;
mod process;

/// Every deviation of this kind.
pub(crate) fn rows() -> impl Iterator<Item = &'static Tested> {
    ROWS.iter().chain(admission::ROWS).chain(charts::ROWS).chain(controller::ROWS).chain(process::ROWS)
}

/// One deviation with the tests that show it.
pub(crate) struct Tested {
    pub(crate) id: &'static str,
    /// What the Go extension does, for people.
    pub(crate) go: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) why: &'static str,
    pub(crate) tests: &'static [Test],
}

/// A function with `#[test]`.
pub(crate) struct Test {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
}

/// A deviation with recorded evidence that has tests as well, because the recorded cases do not show all of it.
pub(crate) struct AlsoTested {
    pub(crate) id: &'static str,
    /// The rule of the comparison.
    pub(crate) rule: &'static str,
    pub(crate) tests: &'static [Test],
}

const GAPS: &str = "crates/calico-policy/tests/gaps.rs";
const SEED: &str = "crates/calico-manifests/src/seed/tests.rs";
const WARNINGS: &str = "crates/calico-policy/tests/warnings.rs";
const GUARD_SCENARIOS: &str = "crates/operator/tests/scenarios/guard.rs";

const ROWS: &[Tested] = &[
    Tested {
        id: "D3",
        go: "a bundle in a Brotli key, or in several Secrets of which one is missing, counts as no switch",
        ours: "Brotli keys are read; a missing Secret makes the bundle unreadable",
        why: "what cannot be read is no proof of anything",
        tests: &[
            Test { path: "crates/gardener-api/src/secret.rs", name: "reads_plain_and_compressed_keys" },
            Test {
                path: "crates/adapter-k8s/src/facts/bundle.rs",
                name: "a_missing_secret_makes_the_bundle_incomplete",
            },
            Test { path: GAPS, name: "f1_an_unreadable_bundle_is_no_reason_to_drop_the_overlay" },
        ],
    },
    Tested {
        id: "D3",
        go: "a restore finds no ManagedResource in the new seed, which counts as no switch",
        ours: "the live shoot counts, or our record in the status; without both, hold",
        why: "a control plane that moves has nodes that do not",
        tests: &[
            Test { path: GAPS, name: "f17_a_restore_without_record_holds_and_with_record_looks_at_the_nodes" },
            Test { path: GAPS, name: "f17_a_restore_is_no_first_installation" },
            Test {
                path: "crates/calico-policy/tests/in_effect.rs",
                name: "a_living_overlay_contradicts_a_first_installation",
            },
        ],
    },
    Tested {
        id: "D4",
        go: "the policy that keeps calico-node from overwriting route conditions is assumed wherever its API is available",
        ours: "a guard that is not effective holds the switch, where somebody looked; where nobody did, a warning says so; profile `Strict` \
               never holds on it",
        why: "without the policy a route condition does not last",
        tests: &[
            Test { path: "crates/calico-policy/src/guard.rs", name: "guard_table" },
            Test { path: "crates/calico-policy/src/guard.rs", name: "strict_never_holds_on_the_guard" },
            Test { path: WARNINGS, name: "a_guard_that_nobody_looked_for" },
        ],
    },
    Tested {
        id: "D4",
        go: "the policy that keeps calico-node from overwriting route conditions is left to provider extensions",
        ours: "it is deployed for an open switch, by a ManagedResource of its own, probed by a dry run as calico-node over several \
               connections for five seconds, and removed when the overlay comes back; what Calico wrote before is deleted",
        why: "that it is applied proves no effect, and a condition that sticks gets the machine replaced",
        tests: &[
            Test { path: "crates/adapter-k8s/tests/guard/main.rs", name: "the_policy_on_the_real_server" },
            Test { path: GUARD_SCENARIOS, name: "guard_then_cleaning_then_routes_then_the_switch" },
            Test { path: GUARD_SCENARIOS, name: "an_overlay_that_comes_back_takes_the_guard_away" },
            Test {
                path: "crates/operator/src/controller/guard.rs",
                name: "the_guard_counts_once_it_was_effective_for_five_seconds",
            },
        ],
    },
    Tested {
        id: "D4",
        go: "the policy API counts as available also where the runtimeConfig turns on a version that this Kubernetes does not serve",
        ours: "routes are checked, the guard is not required, and the warning `GuardApiMismatch` says so",
        why: "a policy that cannot exist cannot be waited for",
        tests: &[
            Test {
                path: "crates/calico-policy/src/guard.rs",
                name: "without_an_api_the_guard_is_impossible_and_not_required",
            },
            Test { path: WARNINGS, name: "a_policy_api_that_does_not_fit" },
        ],
    },
    Tested {
        id: "D4",
        go: "while it waits, nothing of the bundle is updated",
        ours: "the decision for a hold names a bundle with the encapsulation in effect and everything else as asked for; it is left as it is \
               only where that cannot be expressed",
        why: "a held switch must not block an image or security update",
        tests: &[
            Test { path: GAPS, name: "a_held_bundle_keeps_the_held_set_and_takes_everything_else" },
            Test { path: GAPS, name: "what_cannot_be_expressed_freezes_the_bundle" },
        ],
    },
    Tested {
        id: "D4",
        go: "a wait without a route controller never ends, and nothing says why",
        ours: "after ten minutes without a sign of one the reason is `NoRouteWriter`; an overdue hold is reported, never forced; an \
               annotation with a reason lets one switch go",
        why: "somebody must be able to act",
        tests: &[
            Test { path: GAPS, name: "without_any_sign_of_a_route_writer_the_reason_changes_after_ten_minutes" },
            Test { path: GAPS, name: "an_overdue_hold_is_reported_and_never_forced" },
            Test { path: GAPS, name: "break_glass_goes_over_routes_guard_and_unreadable_evidence_and_is_consumed" },
        ],
    },
    Tested {
        id: "D4",
        go: "nodes of provider type `local` are waited for, although nothing writes routes for them",
        ours: "not by default: `overlaySwitch.routeVerification` says `Skip` for `local`",
        why: "it would wait for ever",
        tests: &[Test {
            path: "crates/adapter-k8s/src/settings.rs",
            name: "the_provider_type_decides_about_verification",
        }],
    },
    Tested {
        id: "D5",
        go: "only the first node that blocks is logged",
        ours: "all are counted by class, twenty are named, each with its class",
        why: "who must act needs to know where",
        tests: &[
            Test { path: "crates/calico-policy/src/survey.rs", name: "waiting_lists_blocking_nodes_by_name" },
            Test { path: "crates/calico-policy/src/survey.rs", name: "only_the_first_twenty_are_listed" },
        ],
    },
    Tested {
        id: "D5",
        go: "every wait is an error",
        ours: "in profile `Default` a hold counts as progress for 150 s after it began or was asked for",
        why: "gardenlet aborts its flow soon after an error, and waits while there is progress",
        tests: &[Test { path: GAPS, name: "a_hold_counts_as_progress_for_a_window_after_it_began_or_was_asked_for" }],
    },
    Tested {
        id: "D5",
        go: "zero nodes pass as if every node had a route",
        ours: "they pass with a reason of their own, `NoNodes`",
        why: "nothing was verified",
        tests: &[Test { path: GAPS, name: "f13_zero_nodes_are_a_verdict_of_their_own" }],
    },
    Tested {
        id: "D12",
        go: "a bad overwrite of the image vector ends the process with a panic",
        ours: "every problem of it is an error with its place",
        why: "who wrote the file must find the line",
        tests: &[Test {
            path: "crates/gardener-api/src/image_vector.rs",
            name: "every_problem_of_an_overwrite_is_named",
        }],
    },
    Tested {
        id: "D12",
        go: "an image that the image vector lacks is a panic at reconcile",
        ours: "an error with the code `ImageNotFound`, which names the image",
        why: "who wrote the file must find the line",
        tests: &[
            Test { path: "crates/adapter-k8s/src/plan.rs", name: "a_missing_image_is_an_error_that_names_it" },
            Test { path: "crates/gardener-api/src/image_vector.rs", name: "a_bad_file_and_a_missing_image_have_codes" },
        ],
    },
    Tested {
        id: "D24",
        go: "the age of a condition is not looked at",
        ours: "in profile `Default` a condition from before its node was created is no evidence; other old evidence is a warning",
        why: "a node that was created again has the name of another machine",
        tests: &[
            Test {
                path: "crates/calico-policy/src/nodes.rs",
                name: "a_condition_older_than_its_node_is_stale_only_with_evidence_rules",
            },
            Test { path: WARNINGS, name: "evidence_that_nobody_refreshes" },
        ],
    },
    Tested {
        id: "D24",
        go: "a dual-stack node with a pod network of one family counts",
        ours: "in profile `Default` it needs one of each family",
        why: "a route of one family says nothing of the other",
        tests: &[Test {
            path: "crates/calico-policy/src/nodes.rs",
            name: "dual_stack_evidence_needs_a_pod_network_of_both_families",
        }],
    },
    Tested {
        id: "G9",
        go: "a Seed or CloudProfile in the Cluster that cannot be decoded stops everything",
        ours: "of a Cluster the Shoot is decoded, and of it the fields in use",
        why: "what is not read cannot break anything",
        tests: &[Test { path: "crates/gardener-api/src/cluster.rs", name: "reads_the_shoot_and_nothing_else" }],
    },
    Tested {
        id: "A5",
        go: "the options of an autodetection method are listed in random order",
        ours: "sorted",
        why: "the same mistake has the same text",
        tests: &[Test { path: "crates/gardener-api/src/validation/auto_detection.rs", name: "refused_methods" }],
    },
    Tested {
        id: "N1",
        go: "`SeamlessOverlaySwitch` is off where it is not set: the overlay goes without a look at the nodes",
        ours: "on where it is not set",
        why: "a switch that loses connections is no default",
        tests: &[Test {
            path: "crates/gardener-api/src/controller_configuration/gates.rs",
            name: "an_explicit_gate_wins_then_all_alpha_then_the_default",
        }],
    },
    Tested {
        id: "N3",
        go: "unknown fields of the ControllerConfiguration are ignored",
        ours: "an error with the path",
        why: "a typo must not turn off a safeguard unnoticed",
        tests: &[Test {
            path: "crates/gardener-api/src/controller_configuration.rs",
            name: "an_error_names_its_place",
        }],
    },
    Tested {
        id: "N4",
        go: "the non-privileged mode says nothing of its limits",
        ours: "each decision names those that apply to the Calico release and the features in use",
        why: "Calico guarantees nothing newer than v3.21 in this mode",
        tests: &[
            Test {
                path: "crates/calico-policy/src/caveats.rs",
                name: "releases_add_caveats_from_the_first_that_has_them",
            },
            Test { path: "crates/calico-policy/src/caveats.rs", name: "each_feature_adds_its_own" },
        ],
    },
    Tested {
        id: "N6",
        go: "the IPv4 pool leaves the bundle with the `overlay` block, so that gardener-resource-manager deletes the live pool",
        ours: "a pool that was in the bundle stays in it",
        why: "pods have addresses of that pool",
        tests: &[Test { path: "crates/adapter-k8s/tests/read_back.rs", name: "a_pool_of_the_bundle_stays_in_it" }],
    },
];

pub(crate) const ALSO: &[AlsoTested] = &[
    AlsoTested {
        id: "D7",
        rule: "no exporter",
        tests: &[
            Test { path: SEED, name: "bird_is_scraped_only_with_its_exporter" },
            Test { path: SEED, name: "whatever_is_made_is_among_what_is_cleaned_up" },
        ],
    },
    AlsoTested {
        id: "D5",
        rule: "hibernated shoot",
        tests: &[Test { path: GAPS, name: "f17_a_sleeping_shoot_waits_for_nobody" }],
    },
    AlsoTested {
        id: "D19",
        rule: "IPv6 in use",
        tests: &[
            Test { path: GAPS, name: "d19_dual_stack_overlay_off_holds_on_a_blocked_node" },
            Test { path: GAPS, name: "d19_ipv6_overlay_off_holds_on_a_blocked_node" },
        ],
    },
    AlsoTested {
        id: "D20",
        rule: "removed by another field",
        tests: &[
            Test { path: GAPS, name: "d20_backend_none_without_overlay_field_is_noticed" },
            Test { path: GAPS, name: "d20_pool_mode_never_removes_where_the_pool_is_an_object" },
            Test { path: GAPS, name: "d20_adding_ipv6_is_noticed" },
        ],
    },
    AlsoTested {
        id: "D20",
        rule: "nothing to remove, routes there",
        tests: &[Test { path: GAPS, name: "d20_felix_ipip_on_with_pool_never_is_no_overlay" }],
    },
    AlsoTested {
        id: "D22",
        rule: "IPv6 pod network unknown",
        tests: &[Test { path: GAPS, name: "d22_an_unknown_ipv6_pod_network_is_an_error_not_an_empty_pool" }],
    },
    AlsoTested {
        id: "D24",
        rule: "several conditions of one type",
        tests: &[Test { path: GAPS, name: "d24_duplicate_entries_and_unknown_status_do_not_count" }],
    },
    AlsoTested {
        id: "D24",
        rule: "incomplete node list",
        tests: &[Test { path: GAPS, name: "d24_an_incomplete_list_is_no_list" }],
    },
    AlsoTested { id: "D25", rule: "no families", tests: &[Test { path: GAPS, name: "d25_empty_families_mean_ipv4" }] },
    AlsoTested {
        id: "D26",
        rule: "node networks",
        tests: &[Test { path: GAPS, name: "d26_node_networks_of_the_status_count_per_family" }],
    },
    AlsoTested {
        id: "D30",
        rule: "`ipip` with IPv6 only",
        tests: &[Test { path: WARNINGS, name: "deprecated_fields" }],
    },
    AlsoTested {
        id: "A1",
        rule: "unchanged: the answer",
        tests: &[Test {
            path: "crates/gardener-api/src/validation/shoot.rs",
            name: "an_update_that_touches_nothing_of_ours_is_admitted",
        }],
    },
];
