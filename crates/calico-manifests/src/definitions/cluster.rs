//! What Calico knows of the cluster as a whole.

use super::definition::{Definition, Scope};
use super::schema::{boolean, field, object, string};

pub(super) fn cluster_information() -> Definition {
    let spec = object([
        field("calicoVersion", string()),
        field("clusterGUID", string()),
        field("clusterType", string()).describe("Comma-separated words on how Calico was installed."),
        field("datastoreReady", boolean()).describe(
            "While false, calico-node waits and the CNI plugin refuses pods. Off only during a datastore migration.",
        ),
        field("variant", string()),
    ]);
    Definition::calico(
        "ClusterInformation",
        "clusterinformations",
        Scope::Cluster,
        "Which Calico runs in the cluster. One object, named default, written by Calico.",
        [field("spec", spec)],
    )
}
