//! What calico-node may do in the cluster. Typha reads on its behalf and has the same rights.

use calico_policy::dataplane::Dataplane;
use k8s_openapi::api::rbac::v1::PolicyRule;

use super::NAME;
use crate::access::{CALICO, CORE, cluster_role, cluster_role_binding, rule, service_account};
use crate::object::{Objects, RenderError};
use crate::{cni, typha};

pub(super) fn add(objects: &mut Objects, dataplane: &Dataplane) -> Result<(), RenderError> {
    objects.add(&service_account(NAME))?;
    objects.add(&cluster_role(NAME, rules()))?;
    let accounts = if dataplane.typha { &[NAME, typha::SERVICE_ACCOUNT][..] } else { &[NAME] };
    objects.add(&cluster_role_binding(NAME, accounts))
}

fn rules() -> Vec<PolicyRule> {
    let token_of_the_plugin = PolicyRule {
        resource_names: Some(vec![cni::SERVICE_ACCOUNT.to_owned()]),
        ..rule(CORE, &["serviceaccounts/token"], &["create"])
    };
    vec![
        token_of_the_plugin,
        rule(CORE, &["pods", "nodes", "namespaces"], &["get"]),
        rule("discovery.k8s.io", &["endpointslices"], &["watch", "list"]),
        rule(CORE, &["endpoints", "services"], &["watch", "list", "get"]),
        rule(CORE, &["configmaps"], &["get"]),
        rule(CORE, &["nodes/status"], &["patch", "update"]),
        rule("networking.k8s.io", &["networkpolicies"], &["watch", "list"]),
        rule("policy.networking.k8s.io", &["adminnetworkpolicies", "baselineadminnetworkpolicies"], &["watch", "list"]),
        rule(CORE, &["pods", "namespaces", "serviceaccounts"], &["list", "watch"]),
        rule(CORE, &["pods/status"], &["patch"]),
        rule(CALICO, &READ, &["get", "list", "watch"]),
        rule(CALICO, &["tiers"], &["create"]),
        rule(CALICO, &["ippools", "felixconfigurations", "clusterinformations"], &["create", "update"]),
        rule(CALICO, &["caliconodestatuses"], &["update"]),
        rule(CORE, &["nodes"], &["get", "list", "watch"]),
        rule(CALICO, &["bgpconfigurations", "bgppeers"], &["create", "update"]),
        rule(CALICO, &["blockaffinities", "ipamblocks", "ipamhandles"], &["get", "list", "create", "update", "delete"]),
        rule(CALICO, &["ipamconfigs"], &["get", "create"]),
        rule(CALICO, &["blockaffinities"], &["watch"]),
        rule("apps", &["daemonsets"], &["get"]),
    ]
}

/// Configuration and state that Felix and BIRD follow.
const READ: [&str; 21] = [
    "globalfelixconfigs",
    "felixconfigurations",
    "bgppeers",
    "bgpfilters",
    "globalbgpconfigs",
    "bgpconfigurations",
    "ippools",
    "ipreservations",
    "ipamblocks",
    "globalnetworkpolicies",
    "stagedglobalnetworkpolicies",
    "globalnetworksets",
    "networkpolicies",
    "stagednetworkpolicies",
    "stagedkubernetesnetworkpolicies",
    "networksets",
    "clusterinformations",
    "hostendpoints",
    "blockaffinities",
    "caliconodestatuses",
    "tiers",
];
