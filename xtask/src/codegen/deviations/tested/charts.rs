//! Deviations of the charts, and of what is stored under the rights that they give.

use super::{Test, Tested};

const CHARTS: &str = "crates/operator/tests/charts/main.rs";
const PERMISSIONS: &str = "crates/operator/src/permissions.rs";

pub(crate) const ROWS: &[Tested] = &[
    Tested {
        id: "C1",
        go: "the controller may create, change and delete every Namespace, Secret and ConfigMap of a seed, and list Secrets",
        ours: "the role has what is requested and nothing else: Secrets cannot be listed, other ConfigMaps not be written",
        why: "who takes over the pod must not get the seed with it",
        tests: &[
            Test { path: PERMISSIONS, name: "nothing_is_allowed_wholesale" },
            Test { path: CHARTS, name: "the_api_server_takes_every_object_and_the_role_allows_an_apply_by_name" },
        ],
    },
    Tested {
        id: "C2",
        go: "the code falls back to the external address of a shoot, which the pod's labels do not let it reach",
        ours: "the value `shootClient: external` sets the address together with the labels",
        why: "a way that is closed is no fallback",
        tests: &[Test { path: CHARTS, name: "the_external_address_comes_with_the_way_to_it" }],
    },
    Tested {
        id: "C3",
        go: "the pod of the admission may run as root, with capabilities, and is not scraped",
        ours: "every pod runs as nonroot without capabilities, on a file system that it cannot write, with the default seccomp profile; \
               both are scraped",
        why: "nothing of that is needed",
        tests: &[Test { path: CHARTS, name: "every_pod_is_hardened" }],
    },
    Tested {
        id: "C4",
        go: "the bundle is one Secret of about 0.3 MB without compression",
        ours: "the definitions are compressed under a key of their own: about 50 KB",
        why: "a Secret may have 1 MiB, and all of it is written on every change",
        tests: &[Test {
            path: "crates/adapter-k8s/src/bundle/tests.rs",
            name: "the_definitions_are_compressed_and_calico_node_is_not",
        }],
    },
];
