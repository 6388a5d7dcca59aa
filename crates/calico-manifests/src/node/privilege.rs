//! Security contexts of both privilege modes. What decides between them is the core's business.

use calico_policy::privilege::NodePrivilege;
use k8s_openapi::api::core::v1::{Capabilities, SecurityContext};

use crate::pods::{no_escalation, privileged, texts};

/// The user that calico-node runs as without privileges; Calico's image knows it.
pub(super) const USER: i64 = 999;

/// Of the container that runs for as long as the pod.
pub(super) fn calico_node(mode: NodePrivilege) -> SecurityContext {
    match mode {
        NodePrivilege::Privileged(_) => privileged(),
        // The group stays root's, so that files of the group can be written.
        NodePrivilege::NonPrivileged => SecurityContext {
            capabilities: add(["NET_RAW", "NET_ADMIN", "NET_BIND_SERVICE"]),
            privileged: Some(false),
            run_as_group: Some(0),
            run_as_user: Some(USER),
            ..no_escalation()
        },
    }
}

/// Of the sidecar that changes the packet filter of the node.
pub(super) fn packet_filter(mode: NodePrivilege) -> SecurityContext {
    match mode {
        NodePrivilege::Privileged(_) => privileged(),
        NodePrivilege::NonPrivileged => {
            SecurityContext { capabilities: add(["NET_ADMIN"]), privileged: Some(false), ..no_escalation() }
        }
    }
}

/// Of a sidecar that needs nothing of the node.
pub(super) fn unprivileged() -> SecurityContext {
    SecurityContext { privileged: Some(false), ..no_escalation() }
}

fn add<const N: usize>(capabilities: [&str; N]) -> Option<Capabilities> {
    Some(Capabilities { add: Some(texts(capabilities)), drop: None })
}
