//! Where pods get their addresses from: pools, and the records of Calico's address management (IPAM).

use super::definition::{Definition, Scope};
use super::schema::{boolean, field, int64, integer, list, map, object, string};

pub(super) fn ip_pool() -> Definition {
    let allowed_uses = list(string()).describe("Workload, Tunnel or LoadBalancer; Workload and Tunnel if empty.");
    let assignment_mode = string()
        .one_of(["Automatic", "Manual"])
        .describe("Manual: only pods that ask for an address of this pool get one.");
    let block_size = integer().describe(
        "Prefix length of the blocks that nodes take: 26 for IPv4 and 122 for IPv6 unless set. Cannot be changed.",
    );
    let removed_ipip = object([field("enabled", boolean()), field("mode", string())])
        .describe("Of Calico v1; read by nothing. Set ipipMode.");
    let ipip_mode =
        string().describe("Never, Always, or CrossSubnet: encapsulate only between subnets. Not with vxlanMode.");
    let vxlan_mode =
        string().describe("Never, Always, or CrossSubnet: encapsulate only between subnets. Not with ipipMode.");
    let spec = object([
        field("cidr", string()).required().describe("The addresses of the pool. Cannot be changed."),
        field("allowedUses", allowed_uses),
        field("assignmentMode", assignment_mode),
        field("blockSize", block_size),
        field("disableBGPExport", boolean()).describe("BIRD announces no route of this pool."),
        field("disabled", boolean()).describe("No new address is taken; those in use stay."),
        field("ipip", removed_ipip),
        field("ipipMode", ipip_mode),
        field("namespaceSelector", string()).describe("Only for pods of these namespaces."),
        field("nat-outgoing", boolean()).describe("Of Calico v1; read by nothing. Set natOutgoing."),
        field("natOutgoing", boolean())
            .describe("Traffic from the pool to an address outside of all pools leaves with the address of its node."),
        field("nodeSelector", string()).describe("Only for pods on these nodes."),
        field("vxlanMode", vxlan_mode),
    ]);
    Definition::calico(
        "IPPool",
        "ippools",
        Scope::Cluster,
        "A range of addresses for pods, and how packets between its nodes are encapsulated.",
        [field("spec", spec)],
    )
}

pub(super) fn ip_reservation() -> Definition {
    let spec = object([field("reservedCIDRs", list(string())).describe("Single addresses or networks.")]);
    Definition::calico(
        "IPReservation",
        "ipreservations",
        Scope::Cluster,
        "Addresses inside of pools that Calico must not hand out by itself.",
        [field("spec", spec)],
    )
}

pub(super) fn ipam_block() -> Definition {
    let attributes =
        object([field("handle_id", string()), field("secondary", map(string())).describe("Such as node and pod.")]);
    let spec = object([
        field("affinity", string()).describe("host:<node> while a node owns the block."),
        field("allocations", list(integer().nullable()))
            .required()
            .describe("Per address of the block: an index into attributes, or null while it is free."),
        field("attributes", list(attributes)).required().describe("Who holds addresses, and for what."),
        field("cidr", string()).required(),
        field("deleted", boolean()).describe("Set just before removal, so that a racing writer fails."),
        field("sequenceNumber", int64().default(0)).describe("Grows with every change of the block."),
        field("sequenceNumberForAllocation", map(int64()))
            .describe("The sequence number at which an address was taken, so that only its holder can release it."),
        field("strictAffinity", boolean()).required().describe("Of old releases; see IPAMConfig."),
        field("unallocated", list(integer())).required().describe("Free addresses, the longest unused first."),
    ]);
    Definition::calico(
        "IPAMBlock",
        "ipamblocks",
        Scope::Cluster,
        "A block of addresses that a node took from a pool, and who holds each of them. Written by Calico.",
        [field("spec", spec)],
    )
}

pub(super) fn block_affinity() -> Definition {
    let spec = object([
        field("cidr", string()).required(),
        field("deleted", string()).required().describe("\"true\" just before removal, so that a racing writer fails."),
        field("node", string()).required(),
        field("state", string()).required().describe("confirmed, pending or pendingDeletion."),
        field("type", string()),
    ]);
    Definition::calico(
        "BlockAffinity",
        "blockaffinities",
        Scope::Cluster,
        "That a node owns a block of addresses. Written by Calico.",
        [field("spec", spec)],
    )
}

pub(super) fn ipam_config() -> Definition {
    let spec = object([
        field("autoAllocateBlocks", boolean()).required().describe("Nodes may take blocks when they need one."),
        field("maxBlocksPerHost", integer().range(0, i64::from(i32::MAX))).describe("0: no limit."),
        field("strictAffinity", boolean())
            .required()
            .describe("A node uses no free address of a block that another node owns."),
    ]);
    Definition::calico(
        "IPAMConfig",
        "ipamconfigs",
        Scope::Cluster,
        "How nodes take blocks of addresses.",
        [field("spec", spec)],
    )
}

pub(super) fn ipam_handle() -> Definition {
    let spec = object([
        field("block", map(integer())).required().describe("Per block, how many of its addresses are held."),
        field("deleted", boolean()).describe("Set just before removal, so that a racing writer fails."),
        field("handleID", string()).required(),
    ]);
    Definition::calico(
        "IPAMHandle",
        "ipamhandles",
        Scope::Cluster,
        "The addresses that one holder, such as a pod, was given. Written by Calico.",
        [field("spec", spec)],
    )
}
