//! BGP by BIRD: how nodes speak it, with whom, and which routes pass.

use super::definition::{Definition, Scope};
use super::schema::{Schema, boolean, field, int32, integer, list, object, string};
use super::shared;

pub(super) fn configuration() -> Definition {
    let community = object([
        field("name", string()),
        field("value", string().pattern(r"^(\d+):(\d+)$|^(\d+):(\d+):(\d+)$"))
            .describe("aa:nn, or aa:nn:mm for a large community."),
    ]);
    let advertisement = object([
        field("cidr", string()),
        field("communities", list(string())).describe("Names of communities above, or their values."),
    ]);
    let spec = object([
        field("asNumber", int32()).describe("For nodes that have none of their own. Calico takes 64512 unless set."),
        field("bindMode", string()).describe("None: listen on all addresses. NodeIP: only on the node's."),
        field("communities", list(community)),
        field("ignoredInterfaces", list(string())).describe("Interfaces whose routes BIRD does not read."),
        field("listenPort", integer().range(1, 65535)).describe("179 unless set."),
        field("localWorkloadPeeringIPV4", string())
            .describe("The address under which pods of a node can peer with it."),
        field("localWorkloadPeeringIPV6", string())
            .describe("The address under which pods of a node can peer with it."),
        field("logSeverityScreen", string()),
        field("nodeMeshMaxRestartTime", string())
            .describe("How long peers of the mesh keep the routes of a node whose BIRD restarts."),
        field("nodeMeshPassword", object([field("secretKeyRef", shared::secret_key())])),
        field("nodeToNodeMeshEnabled", boolean()).describe("Every node peers with every other. On unless set."),
        field("prefixAdvertisements", list(advertisement))
            .describe("Communities to put on routes within these networks."),
        field("serviceClusterIPs", list(service_network())).describe("Cluster addresses of Services to announce."),
        field("serviceExternalIPs", list(service_network())).describe("External addresses of Services to announce."),
        field("serviceLoadBalancerAggregation", shared::enabled_or_disabled().default("Enabled"))
            .describe("Enabled: announce the networks below. Disabled: announce each address of a Service by itself."),
        field("serviceLoadBalancerIPs", list(service_network()))
            .describe("Load balancer addresses of Services to announce."),
    ]);
    Definition::calico(
        "BGPConfiguration",
        "bgpconfigurations",
        Scope::Cluster,
        "How nodes speak BGP. The object default applies to all of them, node.<name> to one.",
        [field("spec", spec)],
    )
}

fn service_network() -> Schema {
    object([field("cidr", string())])
}

pub(super) fn filter() -> Definition {
    let spec = object([
        field("exportV4", list(filter_rule(32))),
        field("exportV6", list(filter_rule(128))),
        field("importV4", list(filter_rule(32))),
        field("importV6", list(filter_rule(128))),
    ]);
    Definition::calico(
        "BGPFilter",
        "bgpfilters",
        Scope::Cluster,
        "Which routes a peer is sent (export) and which are taken from it (import). The first matching rule decides.",
        [field("spec", spec)],
    )
}

fn filter_rule(longest_prefix: i64) -> Schema {
    let length = || int32().range(0, longest_prefix);
    object([
        field("action", string()).required().describe("Accept or Reject."),
        field("cidr", string()),
        field("interface", string()),
        field("matchOperator", string()).describe("How cidr is compared: Equal, NotEqual, In or NotIn."),
        field("prefixLength", object([field("max", length()), field("min", length())])),
        field("source", string()).describe("RemotePeers: only routes learnt from another peer."),
    ])
}

pub(super) fn peer() -> Definition {
    let next_hop_mode = string()
        .one_of_twice(["Auto", "Self", "Keep"])
        .describe("Which next hop routes carry: Self is this node, Keep leaves it. Replaces keepOriginalNextHop.");
    let spec = object([
        field("asNumber", int32()).describe("Of the peer."),
        field("filters", list(string())).describe("Names of BGPFilters, in the order in which they apply."),
        field("keepOriginalNextHop", boolean()),
        field("localASNumber", int32()).describe("Shown to this peer instead of the node's own."),
        field("localWorkloadSelector", string()).describe("Pods of the same node to peer with. Not with peerIP."),
        field("maxRestartTime", string()).describe("How long the routes of a restarting peer are kept."),
        field("nextHopMode", next_hop_mode),
        field("node", string()).describe("The one node that peers. Not with nodeSelector."),
        field("nodeSelector", string()).describe("The nodes that peer; all of them if neither this nor node is set."),
        field("numAllowedLocalASNumbers", int32()).describe("How often the own AS number may be in a received path."),
        field("password", object([field("secretKeyRef", shared::secret_key())])),
        field("peerIP", string()).describe("An address, or address:port."),
        field("peerSelector", string()).describe("Peer with these nodes of the cluster. Not with peerIP and asNumber."),
        field("reachableBy", string())
            .describe("The gateway by which a peer is reached that is not on a local network."),
        field("reversePeering", string().one_of(["Auto", "Manual"]))
            .describe("Auto: nodes chosen by peerSelector peer back without an object of their own."),
        field("sourceAddress", string()).describe("UseNodeIP, or None to leave it to the routing table."),
        field("ttlSecurity", integer()).describe("At most this many hops away; packets from farther away are dropped."),
    ]);
    Definition::calico("BGPPeer", "bgppeers", Scope::Cluster, "A peer of some or all nodes.", [field("spec", spec)])
}
