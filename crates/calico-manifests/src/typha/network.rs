//! How calico-node reaches Typha.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{APP_NAME, PORT, SERVICE};
use crate::names::{APP, ORIGIN, labelled, labels, selects_app};
use crate::node;

pub(super) fn service() -> Service {
    let port = ServicePort {
        name: Some(APP_NAME.to_owned()),
        port: PORT,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String(APP_NAME.to_owned())),
        ..ServicePort::default()
    };
    let spec =
        ServiceSpec { ports: Some(vec![port]), selector: Some(labels([(APP, APP_NAME)])), ..ServiceSpec::default() };
    Service { metadata: labelled(SERVICE, [(APP, APP_NAME)]), spec: Some(spec), ..Service::default() }
}

/// Gardener closes the namespace to what no policy names.
pub(super) fn allow_from_calico_node() -> NetworkPolicy {
    let mut metadata = labelled("gardener.cloud--allow-from-calico-node", [ORIGIN]);
    metadata.annotations = Some(labels([("gardener.cloud/description", "Lets calico-node connect to Typha.")]));
    let rule = NetworkPolicyIngressRule {
        from: Some(vec![NetworkPolicyPeer {
            pod_selector: Some(selects_app(node::NAME)),
            ..NetworkPolicyPeer::default()
        }]),
        ports: Some(vec![NetworkPolicyPort {
            port: Some(IntOrString::Int(PORT)),
            protocol: Some("TCP".to_owned()),
            ..NetworkPolicyPort::default()
        }]),
    };
    let spec = NetworkPolicySpec {
        ingress: Some(vec![rule]),
        pod_selector: Some(selects_app(APP_NAME)),
        policy_types: Some(vec!["Ingress".to_owned()]),
        ..NetworkPolicySpec::default()
    };
    NetworkPolicy { metadata, spec: Some(spec) }
}
