//! Deviations of the admission webhook.

use super::{Test, Tested, WARNINGS};

const GOLDEN: &str = "crates/operator/tests/admission/golden.rs";
const LIMITS: &str = "crates/operator/tests/admission/limits.rs";
const PROCESS: &str = "crates/operator/tests/admission/process.rs";
const REVIEWS: &str = "crates/operator/src/admission/review/tests.rs";
const ROTATION: &str = "crates/operator/tests/admission/rotation.rs";
const SHOOT_WARNINGS: &str = "crates/adapter-k8s/src/shoot_warnings/tests.rs";

pub(crate) const ROWS: &[Tested] = &[
    Tested {
        id: "A1",
        go: "a shoot that is being deleted is validated like any other",
        ours: "it is always admitted",
        why: "a stored shoot must stay deletable",
        tests: &[
            Test {
                path: "crates/gardener-api/src/validation/shoot.rs",
                name: "an_update_that_touches_nothing_of_ours_is_admitted",
            },
            Test { path: GOLDEN, name: "every_recorded_answer_is_ours_or_a_documented_deviation" },
        ],
    },
    Tested {
        id: "A8",
        go: "a change of protocol, of address management, or to an overlay passes without a word",
        ours: "the decision warns: `EncapsulationStarts`, `EncapsulationProtocolChanges`, `IpamChanges`; admission warns of it before it is \
               stored",
        why: "running pods may lose packets",
        tests: &[
            Test { path: WARNINGS, name: "transitions_without_a_gate" },
            Test { path: WARNINGS, name: "address_management_that_changes" },
            Test { path: SHOOT_WARNINGS, name: "transitions_that_are_dangerous_on_a_live_cluster_are_named" },
        ],
    },
    Tested {
        id: "A8",
        go: "admission never warns",
        ours: "it warns of dead fields, of an overlay switch that an update starts and what it waits for, of encapsulation that goes without \
               `overlay.enabled: false`, and of what the non-privileged mode costs this shoot",
        why: "who changes a shoot is still there to change it back",
        tests: &[
            Test { path: SHOOT_WARNINGS, name: "deprecated_fields_are_named_when_they_are_set" },
            Test { path: SHOOT_WARNINGS, name: "a_switch_is_announced_with_what_it_waits_for" },
            Test { path: SHOOT_WARNINGS, name: "a_removal_by_another_field_is_told_from_a_switch" },
            Test { path: SHOOT_WARNINGS, name: "non_privileged_mode_warns_of_what_this_shoot_uses" },
        ],
    },
    Tested {
        id: "N11",
        go: "the webhook's certificates are in several Secrets of Gardener's secrets manager and are written to a folder of each replica",
        ours: "in one Secret, `gardener-extension-admission-calico-certificates`, and served from memory; authorities of the Go admission that \
               are registered stay so for 30 days",
        why: "nobody is turned away while one program takes over from the other, whoever leads",
        tests: &[
            Test { path: ROTATION, name: "who_takes_over_is_trusted_before_it_leads_and_who_is_left_stays_trusted" },
            Test { path: ROTATION, name: "replicas_that_start_together_share_the_first_certificates" },
        ],
    },
    Tested {
        id: "N12",
        go: "replicas look every five minutes for a new certificate, and the bundle that API servers trust is written when it is made",
        ours: "every 30 s, and a new authority signs nothing before it has been registered for ten minutes",
        why: "no API server meets a certificate that it does not trust yet",
        tests: &[
            Test { path: ROTATION, name: "no_review_fails_while_certificates_are_renewed_under_load" },
            Test {
                path: "crates/operator/src/admission/certificates/tests.rs",
                name: "in_a_hundred_days_nothing_is_served_that_somebody_does_not_trust",
            },
        ],
    },
    Tested {
        id: "N13",
        go: "a body that is no AdmissionReview is answered with HTTP 200 and a review without a name that says 400",
        ours: "with HTTP 400 and a Status whose message says what is wrong; likewise 404, 405, 408, 413 and 415",
        why: "whoever sends it sees the reason and not a review of something else",
        tests: &[
            Test { path: REVIEWS, name: "a_body_that_is_no_review_gets_a_reason" },
            Test { path: LIMITS, name: "what_is_no_review_gets_a_reason_that_an_api_server_can_quote" },
        ],
    },
    Tested {
        id: "N14",
        go: "admission ends where the API server does not serve Shoots at its start, and at once on a signal",
        ours: "it starts without them, and on a signal takes connections for three seconds more",
        why: "the webhook is asked for every change of a shoot, and API servers notice late that a replica leaves",
        tests: &[
            Test { path: PROCESS, name: "replicas_register_answer_and_hand_over" },
            Test { path: LIMITS, name: "at_the_end_nobody_is_turned_away" },
        ],
    },
];
