//! The kind by which pods ask Multus for further network interfaces.

use super::definition::{Definition, Names, Origin, Scope, Singular, StatusSubresource, Version, metadata, resource};
use super::schema::{field, object, string};

pub(super) fn network_attachment_definition() -> Definition {
    let config = string()
        .describe("A CNI configuration in JSON. If empty, Multus looks for a file on the node by the object's name.");
    let root = resource(
        "A network that a pod can join beside the cluster's own, by naming it in k8s.v1.cni.cncf.io/networks.",
        [metadata(), field("spec", object([field("config", config)]))],
    );
    Definition::new(
        Origin::NetworkPlumbing,
        "k8s.cni.cncf.io",
        Names {
            kind: "NetworkAttachmentDefinition",
            plural: "network-attachment-definitions",
            singular: Singular::Named("network-attachment-definition"),
            short: Some("net-attach-def"),
        },
        Scope::Namespaced,
        Version { name: "v1", root, columns: &[], status: StatusSubresource::Absent },
    )
}
