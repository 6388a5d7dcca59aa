//! IPPools: what a pod's address is taken from, and how packets between nodes are wrapped.

use calico_policy::dataplane::{Dataplane, FamilyDataplane, PoolSource};
use calico_policy::encapsulation::Encapsulation;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::names::cluster_scoped;
use crate::object::{Objects, RenderError};
use crate::plan::Networks;

/// The IPv4 pool, also the name of the one that calico-node would make itself.
pub(crate) const IPV4: &str = "default-ipv4-ippool";
/// The IPv6 pool.
pub(crate) const IPV6: &str = "default-ipv6-ippool";
/// Keeps Calico from masquerading what pods send to nodes; hands out no address.
pub(crate) const NODES: &str = "no-snat-for-node-cidr";

/// `IPPool` of `crd.projectcalico.org/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IpPool {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: IpPoolSpec,
}

#[derive(Serialize)]
#[serde(untagged)]
enum IpPoolSpec {
    #[serde(rename_all = "camelCase")]
    Pods {
        allowed_uses: [&'static str; 2],
        block_size: u8,
        cidr: String,
        ipip_mode: &'static str,
        nat_outgoing: bool,
        node_selector: &'static str,
        vxlan_mode: &'static str,
    },
    Nodes {
        cidr: String,
        // The field of Calico does not follow the rule for camel case.
        #[serde(rename = "disableBGPExport")]
        disable_bgp_export: bool,
        disabled: bool,
    },
}

pub(crate) fn add(objects: &mut Objects, dataplane: &Dataplane, networks: &Networks) -> Result<(), RenderError> {
    let Networks { pods, ipv4_nodes } = networks;
    if let Some(family) = dataplane.ipv4.as_ref().filter(|family| family.pool_source == PoolSource::Object) {
        objects.add(&pool(IPV4, pods_in(family, family.sends, pods, 26)))?;
    }
    if let Some(family) = dataplane.ipv6.as_ref().filter(|family| family.pool_source == PoolSource::Object) {
        let cidr = family.pod_cidr.as_ref().unwrap_or(pods);
        // Whatever the overlay: its mode reaches only the variable of calico-node. So it is in the Go extension, and a take-over must
        // not start to wrap packets.
        objects.add(&pool(IPV6, pods_in(family, Encapsulation::None, cidr, 122)))?;
    }
    let overlay_off = dataplane.overlay.is_some_and(|overlay| !overlay.enabled);
    if let Some(nodes) = ipv4_nodes.as_ref().filter(|_| overlay_off && dataplane.ipv4.is_some()) {
        let spec = IpPoolSpec::Nodes { cidr: nodes.clone(), disable_bgp_export: true, disabled: true };
        objects.add(&pool(NODES, spec))?;
    }
    Ok(())
}

fn pool(name: &str, spec: IpPoolSpec) -> IpPool {
    IpPool { api_version: "crd.projectcalico.org/v1", kind: "IPPool", metadata: cluster_scoped(name), spec }
}

fn pods_in(family: &FamilyDataplane, encapsulation: Encapsulation, cidr: &str, block_size: u8) -> IpPoolSpec {
    let (ipip_mode, vxlan_mode) = match encapsulation {
        Encapsulation::None => ("Never", "Never"),
        Encapsulation::IpipAlways => ("Always", "Never"),
        Encapsulation::IpipCrossSubnet => ("CrossSubnet", "Never"),
        Encapsulation::VxlanAlways => ("Never", "Always"),
        Encapsulation::VxlanCrossSubnet => ("Never", "CrossSubnet"),
    };
    IpPoolSpec::Pods {
        allowed_uses: ["Workload", "Tunnel"],
        block_size,
        cidr: cidr.to_owned(),
        ipip_mode,
        nat_outgoing: family.nat_outgoing,
        node_selector: "all()",
        vxlan_mode,
    }
}
