//! Lets kube-controller-manager look up the tier of a policy, which it needs to delete policies with their namespace.

use crate::access::{cluster_role, cluster_role_binding_of_user, rule};
use crate::object::{Objects, RenderError};

const NAME: &str = "calico-tier-getter";

pub(crate) fn add(objects: &mut Objects) -> Result<(), RenderError> {
    // The aggregated group of Calico's API server, not the group of the custom resources.
    objects.add(&cluster_role(NAME, vec![rule("projectcalico.org", &["tiers"], &["get"])]))?;
    objects.add(&cluster_role_binding_of_user(NAME, "system:kube-controller-manager"))
}
