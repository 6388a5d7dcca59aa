//! The rules of a Shoot, as admission applies them.

use super::cidr;
use super::field_error::FieldError;
use super::go_text::{quote, quote_list};
use super::network::decode_errors;
use super::network_config::validate_network_config;
use crate::cluster::{Shoot, ShootNetworking};
use crate::network_config::NetworkConfig;

const BASE: &str = "spec.networking.providerConfig";

/// Every error of a Shoot. Shoots without workers, or with another network, are none of our business.
///
/// With `old` this judges an update: a shoot that is being deleted, or whose networking, kube-proxy and workers are unchanged, is
/// always admitted, so that a stricter rule never locks a shoot up (A1).
#[must_use]
pub fn validate_shoot(shoot: &Shoot, old: Option<&Shoot>) -> Vec<FieldError> {
    let Some(networking) = &shoot.spec.networking else { return Vec::new() };
    let unchanged = old.is_some_and(|old| {
        old.spec.networking == shoot.spec.networking
            && old.spec.kubernetes.kube_proxy == shoot.spec.kubernetes.kube_proxy
            && old.spec.provider.worker_pools == shoot.spec.provider.worker_pools
    });
    if networking.network_type.as_deref() != Some("calico")
        || shoot.spec.provider.worker_pools == 0
        || shoot.metadata.deletion_timestamp.is_some()
        || unchanged
    {
        return Vec::new();
    }

    let mut errors = networks(networking);
    let config = match networking.provider_config.as_ref().map(|raw| NetworkConfig::from_json(raw.get())) {
        None => None,
        Some(Ok(config)) => config,
        Some(Err(decode)) => {
            errors.extend(decode_errors(BASE, &decode));
            None
        }
    };
    if let Some(config) = &config {
        errors.extend(validate_network_config(config, &networking.ip_families, BASE));
    }
    let ebpf = config.and_then(|config| config.ebpf_dataplane).is_some_and(|ebpf| ebpf.enabled);
    if shoot.spec.kubernetes.kube_proxy.enabled == Some(false) && !ebpf {
        errors.push(FieldError::forbidden(
            "spec.kubernetes.kubeProxy.enabled",
            "Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane",
        ));
    }
    errors
}

fn networks(networking: &ShootNetworking) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (name, value) in [("pods", &networking.pods), ("nodes", &networking.nodes), ("services", &networking.services)]
    {
        if let Some(text) = value.as_deref().filter(|text| cidr::loose(text).is_none()) {
            let detail = format!("{name} is not a valid CIDR: {}", quote(text));
            errors.push(FieldError::invalid(format!("spec.networking.{name}"), text, detail));
        }
    }
    let families = &networking.ip_families;
    let mut invalid = |detail: &str| {
        let detail = format!("ipFamilies ({}) {detail}", quote_list(families));
        errors.push(FieldError::invalid_json("spec.networking.ipFamilies", families.as_slice(), detail));
    };
    if families.iter().any(|family| family != "IPv4" && family != "IPv6") {
        invalid("must be a subset of [\"IPv4\", \"IPv6\"]");
    }
    if families.len() > 2 {
        invalid("cannot have more than two entries");
    }
    if families.iter().enumerate().any(|(index, family)| families.iter().take(index).any(|earlier| earlier == family)) {
        invalid("cannot have duplicate entries");
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shoot(networking: &str, rest: &str) -> Shoot {
        serde_json::from_str(&format!(
            r#"{{"spec": {{"networking": {networking}, "provider": {{"workers": [{{}}]}}, "kubernetes": {{{rest}}}}}}}"#
        ))
        .unwrap()
    }

    fn check(networking: &str, rest: &str) -> Vec<String> {
        validate_shoot(&shoot(networking, rest), None).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn other_networks_and_shoots_without_workers_are_admitted() {
        assert_eq!(check(r#"{"type": "cilium", "pods": "x"}"#, ""), [""; 0]);
        assert_eq!(check("null", ""), [""; 0]);
        let mut workerless = shoot(r#"{"type": "calico", "pods": "x"}"#, "");
        workerless.spec.provider.worker_pools = 0;
        assert_eq!(validate_shoot(&workerless, None), []);
    }

    #[test]
    fn all_errors_are_collected() {
        let seen = check(
            r#"{"type": "calico", "pods": "x", "ipFamilies": ["IPv4"], "providerConfig": {"backend": "x"}}"#,
            r#""kubeProxy": {"enabled": false}"#,
        );
        assert_eq!(
            seen,
            [
                r#"spec.networking.pods: Invalid value: "x": pods is not a valid CIDR: "x""#,
                r#"spec.networking.providerConfig.backend: Invalid value: "x": unsupported value "x" for backend, supported values are ["bird", "none", "vxlan"]"#,
                "spec.kubernetes.kubeProxy.enabled: Forbidden: Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane",
            ]
        );
    }

    #[test]
    fn families_are_named_as_go_names_them() {
        assert_eq!(
            check(r#"{"type": "calico", "ipFamilies": ["IPv4", "IPv4"]}"#, ""),
            [
                r#"spec.networking.ipFamilies: Invalid value: ["IPv4","IPv4"]: ipFamilies (["IPv4" "IPv4"]) cannot have duplicate entries"#
            ]
        );
        assert_eq!(
            check(r#"{"type": "calico", "ipFamilies": ["IPv5"]}"#, ""),
            [
                r#"spec.networking.ipFamilies: Invalid value: ["IPv5"]: ipFamilies (["IPv5"]) must be a subset of ["IPv4", "IPv6"]"#
            ]
        );
    }

    #[test]
    fn an_update_that_touches_nothing_of_ours_is_admitted() {
        let broken = shoot(r#"{"type": "calico", "pods": "x"}"#, "");
        assert_eq!(validate_shoot(&broken, Some(&broken)), []);
        let mut changed = broken.clone();
        changed.spec.kubernetes.kube_proxy.enabled = Some(true);
        assert_eq!(validate_shoot(&changed, Some(&broken)).len(), 1);
        changed.metadata.deletion_timestamp = Some("2026-11-24T10:00:00Z".into());
        assert_eq!(validate_shoot(&changed, Some(&broken)), []);
    }
}
