//! calico-node: on every node, programs routes and policies.

mod access;
mod calico_node;
mod daemon_set;
mod environment;
mod init_containers;
mod privilege;
mod sidecars;
mod volumes;

use crate::object::{Objects, RenderError};
use crate::plan::Plan;

/// The DaemonSet, its account and the label value of its pods.
pub(crate) const NAME: &str = "calico-node";
/// Masquerades what pods ask the resolver outside of the cluster.
pub(crate) const SNAT_CONTAINER: &str = "add-snat-rule-to-upstream-dns";
/// Sees to it that the node carries the condition `NetworkUnavailable`.
pub(crate) const CONDITION_CONTAINER: &str = "network-unavailable-condition-ensurer";
/// Serves BIRD's metrics.
pub(crate) const BIRD_EXPORTER_CONTAINER: &str = "bird-exporter";

pub(crate) fn add(objects: &mut Objects, plan: &Plan) -> Result<(), RenderError> {
    access::add(objects, &plan.dataplane)?;
    objects.add(&daemon_set::daemon_set(plan)?)
}
