//! What policies select beside pods: host interfaces and sets of networks.

use super::definition::{Definition, Scope};
use super::schema::{Schema, field, integer, list, object, string};
use super::shared;

pub(super) fn host_endpoint() -> Definition {
    let port = object([
        field("name", string()).required(),
        field("port", integer()).required(),
        field("protocol", shared::protocol()).required(),
    ]);
    let spec = object([
        field("expectedIPs", list(string()))
            .describe("Addresses by which the interface is found and by which policies of others select it."),
        field("interfaceName", string()).describe("An interface, or * for all traffic of the host."),
        field("node", string()),
        field("ports", list(port)).describe("Names for ports, for use in policies."),
        field("profiles", list(string())).describe("Rules that apply where no policy decides."),
    ]);
    Definition::calico(
        "HostEndpoint",
        "hostendpoints",
        Scope::Cluster,
        "Interfaces of a node that policies apply to. Only failsafe ports stay open without a rule.",
        [field("spec", spec)],
    )
}

pub(super) fn global_network_set() -> Definition {
    Definition::calico(
        "GlobalNetworkSet",
        "globalnetworksets",
        Scope::Cluster,
        "Networks under labels that rules of any namespace can select.",
        [field("spec", networks())],
    )
}

pub(super) fn network_set() -> Definition {
    Definition::calico(
        "NetworkSet",
        "networksets",
        Scope::Namespaced,
        "Networks under labels that rules of the same namespace can select.",
        [field("spec", networks())],
    )
}

fn networks() -> Schema {
    object([field("nets", list(string())).describe("Single addresses or networks, of both families.")])
}
