//! The variables of calico-node and of the sidecar that speaks for it.
//!
//! Their order is part of the pod template: another order would restart every calico-node.

use calico_policy::dataplane::{Dataplane, FamilyDataplane, Felix};
use calico_policy::encapsulation::Pool;
use k8s_openapi::api::core::v1::EnvVar;

use crate::plan::Networks;
use crate::pods::{variable, variable_of_config_map, variable_of_node_name};
use crate::{cni, monitoring};

/// Of the container `calico-node`.
pub(super) fn of_calico_node(dataplane: &Dataplane, networks: &Networks) -> Vec<EnvVar> {
    let Felix { ipip: _, vxlan, bpf, bpf_kube_proxy_cleanup, nftables, service_loop_prevention } = dataplane.felix;
    let mut variables = Vec::new();
    if cni::uses_pod_cidr(dataplane) {
        variables.push(variable("USE_POD_CIDR", "true"));
    }
    variables.extend([
        variable("FELIX_PROMETHEUSMETRICSENABLED", "true"),
        variable("FELIX_PROMETHEUSMETRICSPORT", monitoring::FELIX_PORT.to_string()),
        variable("DATASTORE_TYPE", "kubernetes"),
        of_config_map("FELIX_TYPHAK8SSERVICENAME", cni::TYPHA_KEY),
        variable("WAIT_FOR_DATASTORE", "true"),
        node_name(),
        backend(),
        variable("CLUSTER_TYPE", "k8s,bgp"),
        address(dataplane),
    ]);
    if let Some(ipv4) = &dataplane.ipv4 {
        let pool = match ipv4.pool {
            Pool::Ipip => "CALICO_IPV4POOL_IPIP",
            Pool::Vxlan => "CALICO_IPV4POOL_VXLAN",
        };
        // With Felix on VXLAN a pool for IP in IP would have no routes; it is switched off below.
        if !(vxlan && ipv4.pool == Pool::Ipip) {
            variables.push(variable(pool, ipv4.mode.code()));
        }
        variables.push(variable("CALICO_IPV4POOL_CIDR", &networks.pods));
        variables.extend(auto_detection("IP_AUTODETECTION_METHOD", ipv4));
    }
    if let Some(ipv6) = &dataplane.ipv6 {
        variables.push(variable("IP6", "autodetect"));
        variables.push(variable("CALICO_IPV6POOL_VXLAN", ipv6.mode.code()));
        variables.push(variable("CALICO_IPV6POOL_CIDR", ipv6.pod_cidr.as_ref().unwrap_or(&networks.pods)));
        variables.extend(auto_detection("IP6_AUTODETECTION_METHOD", ipv6));
        variables.push(variable("CALICO_IPV6POOL_NAT_OUTGOING", truth(ipv6.nat_outgoing)));
        // BIRD wants a router ID in the form of an IPv4 address, which an IPv6 node may not have.
        variables.push(variable("CALICO_ROUTER_ID", "hash"));
    }
    variables.extend([
        variable("FELIX_IPV6SUPPORT", truth(dataplane.ipv6.is_some())),
        of_config_map("FELIX_IPINIPMTU", cni::MTU_KEY),
        of_config_map("FELIX_VXLANMTU", cni::MTU_KEY),
        of_config_map("FELIX_WIREGUARDMTU", cni::MTU_KEY),
        variable("CALICO_DISABLE_FILE_LOGGING", "true"),
        variable("FELIX_DEFAULTENDPOINTTOHOSTACTION", "ACCEPT"),
    ]);
    if !vxlan {
        variables.push(variable("FELIX_IPINIPENABLED", truth(dataplane.felix_keeps_ipip())));
    }
    variables.push(variable("FELIX_BPFENABLED", truth(bpf)));
    if bpf && !bpf_kube_proxy_cleanup {
        // kube-proxy runs too and already has the port that Felix would serve its health on. The first spelling is the one
        // of older releases.
        variables.push(variable("FELIX_BPFKUBEPROXYHEALTZPORT", "10257"));
        variables.push(variable("FELIX_BPFKUBEPROXYHEALTHZPORT", "10257"));
    }
    variables.extend([
        variable("FELIX_BPFKUBEPROXYIPTABLESCLEANUPENABLED", truth(bpf_kube_proxy_cleanup)),
        variable("FELIX_HEALTHENABLED", "true"),
        // What kube-proxy hands out to NodePort Services lies below.
        variable("FELIX_NATPORTRANGE", "32768:65535"),
    ]);
    variables
        .extend(service_loop_prevention.map(|prevention| variable("FELIX_SERVICELOOPPREVENTION", prevention.code())));
    if nftables {
        variables.push(variable("FELIX_NFTABLESMODE", "Enabled"));
    }
    if dataplane.snat_to_upstream_dns {
        // The rule of the sidecar must come before Felix' own.
        variables.push(variable("FELIX_CHAININSERTMODE", "Append"));
    }
    if [&dataplane.ipv4, &dataplane.ipv6].into_iter().flatten().any(|family| family.wireguard) {
        variables.push(variable("FELIX_WIREGUARDENABLED", "true"));
        variables.push(variable("FELIX_WIREGUARDENABLEDV6", "true"));
    }
    variables.push(variable("CALICO_MANAGE_CNI", "true"));
    if vxlan {
        variables.push(variable("CALICO_IPV4POOL_IPIP", "Never"));
        variables.push(variable("FELIX_VXLANENABLED", "true"));
    }
    variables
}

/// Of the sidecar that ensures the node condition: what calico-node needs to find the address of the node.
pub(super) fn of_condition_ensurer(dataplane: &Dataplane) -> Vec<EnvVar> {
    let mut variables = vec![backend(), address(dataplane)];
    variables.extend(dataplane.ipv4.iter().filter_map(|ipv4| auto_detection("IP_AUTODETECTION_METHOD", ipv4)));
    if let Some(ipv6) = &dataplane.ipv6 {
        variables.push(variable("IP6", "autodetect"));
        variables.extend(auto_detection("IP6_AUTODETECTION_METHOD", ipv6));
    }
    variables.push(variable("NO_DEFAULT_POOLS", "true"));
    variables.push(node_name());
    variables
}

/// Of the CNI installer.
pub(super) fn of_installer() -> Vec<EnvVar> {
    vec![
        variable("CNI_CONF_NAME", "10-calico.conflist"),
        of_config_map("CNI_NETWORK_CONFIG", cni::NETWORK_KEY),
        variable_of_node_name("KUBERNETES_NODE_NAME"),
        of_config_map("CNI_MTU", cni::MTU_KEY),
        variable("SLEEP", "false"),
    ]
}

fn of_config_map(name: &str, key: &str) -> EnvVar {
    variable_of_config_map(name, cni::CONFIG_MAP, key)
}

fn backend() -> EnvVar {
    of_config_map("CALICO_NETWORKING_BACKEND", cni::BACKEND_KEY)
}

fn node_name() -> EnvVar {
    variable_of_node_name("NODENAME")
}

fn address(dataplane: &Dataplane) -> EnvVar {
    variable("IP", if dataplane.ipv4.is_some() { "autodetect" } else { "none" })
}

fn auto_detection(name: &str, family: &FamilyDataplane) -> Option<EnvVar> {
    family.auto_detection_method.as_ref().map(|method| variable(name, method))
}

const fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
