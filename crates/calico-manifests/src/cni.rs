//! The CNI plugin: its configuration, and what its token may do.

mod configuration;

use calico_policy::dataplane::Dataplane;
use calico_policy::intent::IpamType;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::access::{CALICO, CORE, cluster_role, cluster_role_binding, rule, service_account};
use crate::names::{labels, namespaced};
use crate::object::{Objects, RenderError};
use crate::typha;

/// The ConfigMap that calico-node and the CNI installer read.
pub(crate) const CONFIG_MAP: &str = "calico-config";
/// Who programs routes to other nodes.
pub(crate) const BACKEND_KEY: &str = "calico_backend";
/// The configuration of the CNI plugins.
pub(crate) const NETWORK_KEY: &str = "cni_network_config";
/// The name of Typha's Service, or `none`.
pub(crate) const TYPHA_KEY: &str = "typha_service_name";
/// The MTU of pods; `0` is automatic.
pub(crate) const MTU_KEY: &str = "veth_mtu";

/// The account that calico-node asks tokens for, on behalf of the plugin.
pub(crate) const SERVICE_ACCOUNT: &str = "calico-cni-plugin";

pub(crate) fn add(objects: &mut Objects, dataplane: &Dataplane) -> Result<(), RenderError> {
    objects.add(&config_map(dataplane)?)?;
    objects.add(&service_account(SERVICE_ACCOUNT))?;
    let rules = vec![
        rule(CORE, &["pods", "nodes", "namespaces"], &["get"]),
        rule(CORE, &["pods/status"], &["patch"]),
        rule(
            CALICO,
            &[
                "blockaffinities",
                "ipamblocks",
                "ipamhandles",
                "clusterinformations",
                "ippools",
                "ipreservations",
                "ipamconfigs",
            ],
            &["get", "list", "create", "update", "delete"],
        ),
    ];
    objects.add(&cluster_role(SERVICE_ACCOUNT, rules))?;
    objects.add(&cluster_role_binding(SERVICE_ACCOUNT, &[SERVICE_ACCOUNT]))
}

/// Also what the pods of calico-node are stamped with: they must restart when it changes.
pub(crate) fn config_map(dataplane: &Dataplane) -> Result<ConfigMap, RenderError> {
    let typha = if dataplane.typha { typha::SERVICE } else { "none" };
    let network = configuration::text(dataplane)?;
    let data = [
        (BACKEND_KEY, dataplane.backend.code()),
        (NETWORK_KEY, network.as_str()),
        (TYPHA_KEY, typha),
        (MTU_KEY, dataplane.veth_mtu.as_str()),
    ];
    Ok(ConfigMap { metadata: namespaced(CONFIG_MAP), data: Some(labels(data)), ..ConfigMap::default() })
}

/// Whether Calico must take pod addresses from the podCIDR of the node.
pub(crate) fn uses_pod_cidr(dataplane: &Dataplane) -> bool {
    dataplane.ipam.kind == IpamType::HostLocal
}
