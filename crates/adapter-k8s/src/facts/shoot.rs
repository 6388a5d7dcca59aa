//! Facts of the Shoot inside a Cluster.

use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::encapsulation::IpFamily;
use calico_policy::shoot::{Cidr, KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::version::InvalidVersion;
use gardener_api::cluster::Shoot;

/// Why a Shoot yields no facts. All are for the shoot owner or Gardener, not for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShootError {
    /// `spec.kubernetes.version` is no version. It is never taken as one that has the policy API.
    #[error("parse the Kubernetes version of the shoot")]
    KubernetesVersion(#[source] InvalidVersion),
    /// A network is none.
    #[error("`{value}` is not a network in CIDR notation")]
    Cidr {
        /// Where, below the shoot.
        path: String,
        /// What stands there.
        value: String,
    },
}

impl ShootError {
    /// The field below the shoot.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::KubernetesVersion(_) => "spec.kubernetes.version",
            Self::Cidr { path, .. } => path,
        }
    }
}

const POLICY_GATE: &str = "MutatingAdmissionPolicy";
const POLICY_V1BETA1: &str = "admissionregistration.k8s.io/v1beta1";
const POLICY_V1ALPHA1: &str = "admissionregistration.k8s.io/v1alpha1";
const MIGRATION_CONSTRAINT: &str = "DualStackNodesMigrationReady";

/// The facts of a shoot.
///
/// # Errors
/// [`ShootError`] for a version or a network that cannot be read.
pub fn facts(shoot: &Shoot) -> Result<ShootFacts, ShootError> {
    let kubernetes = &shoot.spec.kubernetes;
    let is_true = |map: &std::collections::BTreeMap<String, bool>, key| map.get(key).copied().unwrap_or(false);
    let gates = &kubernetes.kube_api_server.feature_gates;
    let runtime_config = &kubernetes.kube_api_server.runtime_config;
    let spec_nodes = shoot.spec.networking.as_ref().and_then(|networking| networking.nodes.as_deref());

    Ok(ShootFacts {
        kubernetes_version: kubernetes.version.parse().map_err(ShootError::KubernetesVersion)?,
        api_server: ApiServerSetup {
            mutating_admission_policy_gate: is_true(gates, POLICY_GATE),
            runtime_config_v1beta1: is_true(runtime_config, POLICY_V1BETA1),
            runtime_config_v1alpha1: is_true(runtime_config, POLICY_V1ALPHA1),
        },
        kube_proxy: match (kubernetes.kube_proxy.enabled, kubernetes.kube_proxy.mode.as_deref()) {
            (Some(false), _) => KubeProxy::Disabled,
            (_, Some("NFTables")) => KubeProxy::Nftables,
            _ => KubeProxy::Enabled,
        },
        vertical_pod_autoscaler: kubernetes.vertical_pod_autoscaler.enabled,
        provider_type: shoot.spec.provider.provider_type.clone(),
        hibernation_enabled: shoot.spec.hibernation.enabled,
        dual_stack_migration_pending: shoot
            .status
            .constraints
            .iter()
            .any(|constraint| constraint.constraint_type == MIGRATION_CONSTRAINT && constraint.status != "True"),
        node_cidrs: NodeCidrs {
            spec: spec_nodes
                .filter(|text| !text.is_empty())
                .map(|text| cidr("spec.networking.nodes".to_owned(), text))
                .transpose()?,
            status: cidrs("status.networking.nodes", &shoot.status.networking.nodes)?,
        },
        pod_cidrs: cidrs("status.networking.pods", &shoot.status.networking.pods)?,
    })
}

fn cidrs(path: &str, texts: &[String]) -> Result<Vec<Cidr>, ShootError> {
    texts.iter().enumerate().map(|(index, text)| cidr(format!("{path}[{index}]"), text)).collect()
}

/// Host bits are allowed, as in Go's `net.ParseCIDR`; leading zeros are not.
fn cidr(path: String, text: &str) -> Result<Cidr, ShootError> {
    let invalid = || ShootError::Cidr { path, value: text.to_owned() };
    let parsed = text.split_once('/').and_then(|(address, length)| {
        let address: std::net::IpAddr = address.parse().ok()?;
        let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u8 = digits.then(|| length.parse().ok())??;
        (length <= if address.is_ipv4() { 32 } else { 128 }).then_some(address)
    });
    let Some(address) = parsed else { return Err(invalid()) };
    let family = if address.is_ipv4() { IpFamily::Ipv4 } else { IpFamily::Ipv6 };
    Ok(Cidr { family, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use gardener_api::cluster::{Constraint, ShootNetworking};

    use super::*;

    fn shoot(version: &str) -> Shoot {
        let mut shoot = Shoot::default();
        shoot.spec.kubernetes.version = version.to_owned();
        shoot
    }

    #[test]
    fn reads_what_tells_the_policy_api() {
        let mut shoot = shoot("v1.35.3");
        shoot.spec.kubernetes.kube_api_server.feature_gates.insert(POLICY_GATE.to_owned(), true);
        shoot.spec.kubernetes.kube_api_server.runtime_config.insert(POLICY_V1ALPHA1.to_owned(), true);
        shoot.spec.kubernetes.kube_api_server.runtime_config.insert(POLICY_V1BETA1.to_owned(), false);
        let facts = facts(&shoot).unwrap();
        assert_eq!(facts.kubernetes_version.to_string(), "1.35.3");
        assert_eq!(
            facts.api_server,
            ApiServerSetup {
                mutating_admission_policy_gate: true,
                runtime_config_v1beta1: false,
                runtime_config_v1alpha1: true
            }
        );
    }

    #[test]
    fn an_unreadable_version_is_an_error() {
        for version in ["", "abc", "1.34.1.2"] {
            let error = facts(&shoot(version)).unwrap_err();
            assert_eq!(error.path(), "spec.kubernetes.version", "{version}");
        }
    }

    #[test]
    fn the_mode_of_a_disabled_kube_proxy_is_ignored() {
        for (enabled, mode, expected) in [
            (None, None, KubeProxy::Enabled),
            (None, Some("NFTables"), KubeProxy::Nftables),
            (Some(true), Some("IPTables"), KubeProxy::Enabled),
            (Some(true), Some("NFTables"), KubeProxy::Nftables),
            (Some(false), Some("NFTables"), KubeProxy::Disabled),
            (Some(false), None, KubeProxy::Disabled),
        ] {
            let mut shoot = shoot("1.36.0");
            shoot.spec.kubernetes.kube_proxy.enabled = enabled;
            shoot.spec.kubernetes.kube_proxy.mode = mode.map(str::to_owned);
            assert_eq!(facts(&shoot).unwrap().kube_proxy, expected, "{enabled:?} {mode:?}");
        }
    }

    #[test]
    fn the_migration_is_pending_until_its_constraint_is_true() {
        for (status, expected) in [("True", false), ("False", true), ("Progressing", true), ("Unknown", true)] {
            let mut shoot = shoot("1.36.0");
            shoot
                .status
                .constraints
                .push(Constraint { constraint_type: MIGRATION_CONSTRAINT.to_owned(), status: status.to_owned() });
            assert_eq!(facts(&shoot).unwrap().dual_stack_migration_pending, expected, "{status}");
        }
        assert!(!facts(&shoot("1.36.0")).unwrap().dual_stack_migration_pending);
    }

    #[test]
    fn networks_keep_text_and_family() {
        let mut shoot = shoot("1.36.0");
        shoot.spec.networking =
            Some(ShootNetworking { nodes: Some("10.250.0.0/16".to_owned()), ..ShootNetworking::default() });
        shoot.status.networking.pods = vec!["100.96.0.5/11".to_owned(), "2001:db8::/56".to_owned()];
        let facts = facts(&shoot).unwrap();
        assert_eq!(facts.node_cidrs.spec, Some(Cidr { family: IpFamily::Ipv4, text: "10.250.0.0/16".to_owned() }));
        let pods: Vec<_> = facts.pod_cidrs.iter().map(|cidr| (cidr.family, cidr.text.as_str())).collect();
        assert_eq!(pods, [(IpFamily::Ipv4, "100.96.0.5/11"), (IpFamily::Ipv6, "2001:db8::/56")]);
    }

    #[test]
    fn a_network_that_is_none_is_an_error_with_its_place() {
        for text in ["bogus", "10.0.0.0", "10.0.0.0/33", "010.0.0.0/8", "10.0.0.0/+8", "2001:db8::/129", "10.0.0.0/"] {
            let mut shoot = shoot("1.36.0");
            shoot.status.networking.nodes = vec!["10.250.0.0/16".to_owned(), text.to_owned()];
            let error = facts(&shoot).unwrap_err();
            assert_eq!(error.path(), "status.networking.nodes[1]", "{text}");
        }
    }
}
