//! What calico-node reports of BIRD on request.

use super::definition::{Definition, Scope};
use super::schema::{Schema, date_time, field, int32, integer, list, object, string};

pub(super) fn calico_node_status() -> Definition {
    let spec = object([
        field("classes", list(string())).describe("What to report: Agent, BGP, Routes."),
        field("node", string()),
        field("updatePeriodSeconds", int32()).describe("0: report nothing any more."),
    ]);
    let agent = object([field("birdV4", bird()), field("birdV6", bird())]);
    let bgp = object([
        field("numberEstablishedV4", integer()).required(),
        field("numberEstablishedV6", integer()).required(),
        field("numberNotEstablishedV4", integer()).required(),
        field("numberNotEstablishedV6", integer()).required(),
        field("peersV4", list(peer())),
        field("peersV6", list(peer())),
    ]);
    let routes = object([field("routesV4", list(route())), field("routesV6", list(route()))]);
    let status = object([
        field("agent", agent),
        field("bgp", bgp),
        field("lastUpdated", date_time().nullable()),
        field("routes", routes),
    ]);
    Definition::calico(
        "CalicoNodeStatus",
        "caliconodestatuses",
        Scope::Cluster,
        "A request for what BIRD knows on one node; calico-node answers in status.",
        [field("spec", spec), field("status", status)],
    )
}

fn bird() -> Schema {
    object([
        field("lastBootTime", string()),
        field("lastReconfigurationTime", string()),
        field("routerID", string()),
        field("state", string()).describe("Ready or NotReady."),
        field("version", string()),
    ])
}

fn peer() -> Schema {
    object([
        field("peerIP", string()),
        field("since", string()),
        field("state", string()).describe("Of the BGP session; Established once routes are exchanged."),
        field("type", string()).describe("NodeMesh, NodePeer or GlobalPeer."),
    ])
}

fn route() -> Schema {
    let learned_from = object([field("peerIP", string()), field("sourceType", string())]);
    object([
        field("destination", string()),
        field("gateway", string()),
        field("interface", string()),
        field("learnedFrom", learned_from),
        field("type", string()).describe("FIB: also in the kernel. RIB: only in BIRD."),
    ])
}
