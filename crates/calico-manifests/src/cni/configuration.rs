//! The configuration of the CNI plugins, as the installer of Calico expects it: JSON but for one placeholder.

use calico_policy::dataplane::Dataplane;
use serde::Serialize;

use crate::object::RenderError;

/// The installer puts the MTU here. It is a number in the end, and so must not stand in quotes.
const MTU: &str = "__CNI_MTU__";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NetworkConfiguration<'a> {
    name: &'static str,
    cni_version: &'static str,
    plugins: (Calico<'a>, PortMap),
}

#[derive(Serialize)]
struct Calico<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    log_level: &'static str,
    log_file_path: &'static str,
    datastore_type: &'static str,
    nodename: &'static str,
    mtu: &'static str,
    ipam: Ipam<'a>,
    policy: Policy,
    kubernetes: Kubernetes,
}

#[derive(Serialize)]
struct Ipam<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ranges: Option<Vec<[Range<'a>; 1]>>,
    assign_ipv4: &'static str,
    assign_ipv6: &'static str,
}

#[derive(Serialize)]
struct Range<'a> {
    subnet: &'a str,
}

#[derive(Serialize)]
struct Policy {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Kubernetes {
    kubeconfig: &'static str,
}

#[derive(Serialize)]
struct PortMap {
    #[serde(rename = "type")]
    kind: &'static str,
    snat: bool,
    capabilities: Capabilities,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    port_mappings: bool,
}

/// The text for the ConfigMap.
pub(super) fn text(dataplane: &Dataplane) -> Result<String, RenderError> {
    let (subnet, ranges) = match dataplane.ipam.ranges.as_slice() {
        [subnet] => (Some(subnet.as_str()), None),
        ranges => (None, Some(ranges.iter().map(|subnet| [Range { subnet }]).collect())),
    };
    let assign = |present: bool| if present { "true" } else { "false" };
    let configuration = NetworkConfiguration {
        name: "k8s-pod-network",
        cni_version: "0.3.1",
        plugins: (
            Calico {
                kind: "calico",
                log_level: "error",
                log_file_path: "/var/log/calico/cni/cni.log",
                datastore_type: "kubernetes",
                nodename: "__KUBERNETES_NODE_NAME__",
                mtu: MTU,
                ipam: Ipam {
                    kind: dataplane.ipam.kind.code(),
                    subnet,
                    ranges,
                    assign_ipv4: assign(dataplane.ipv4.is_some()),
                    assign_ipv6: assign(dataplane.ipv6.is_some()),
                },
                policy: Policy { kind: "k8s" },
                kubernetes: Kubernetes { kubeconfig: "__KUBECONFIG_FILEPATH__" },
            },
            PortMap { kind: "portmap", snat: true, capabilities: Capabilities { port_mappings: true } },
        ),
    };
    let text = serde_json::to_string_pretty(&configuration).map_err(|error| RenderError::NoJson(error.to_string()))?;
    // Only this value: a network that a user named like the placeholder stays as it is.
    Ok(text.replacen(&format!("\"mtu\": \"{MTU}\""), &format!("\"mtu\": {MTU}"), 1))
}
