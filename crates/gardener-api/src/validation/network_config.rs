//! The rules of `NetworkConfig`.

use super::field_error::{FieldError, join};
use super::go_text::quote;
use super::{auto_detection, cidr, resources};
use crate::network_config::{FamilyConfig, NetworkConfig};

const BACKENDS: [&str; 3] = ["bird", "none", "vxlan"];
const IPAM_TYPES: [&str; 2] = ["calico-ipam", "host-local"];
const POOLS: [&str; 2] = ["ipip", "vxlan"];
const MODES: [&str; 4] = ["Always", "Never", "CrossSubnet", "Off"];
const VXLAN_MODES: [&str; 2] = ["Always", "Never"];
const AUTOSCALING_MODES: [&str; 3] = ["cluster-proportional", "vpa", "static"];
const LOOP_PREVENTIONS: [&str; 3] = ["Disabled", "Drop", "Reject"];

/// Every error of a configuration for a shoot with these IP families; an empty list means IPv4.
///
/// `base` is the path of the configuration: `spec.providerConfig` in a Network, `spec.networking.providerConfig` in a Shoot,
/// empty where it stands alone. Blocks of a family that the shoot does not have, and an IPv6 pool with IP in IP, are refused
/// here too: the Go extension admits them and fails to render them (A2).
#[must_use]
pub fn validate_network_config(config: &NetworkConfig, ip_families: &[String], base: &str) -> Vec<FieldError> {
    let has = |family: &str| ip_families.iter().any(|wanted| wanted == family);
    let (has_ipv4, has_ipv6) = (has("IPv4") || ip_families.is_empty(), has("IPv6"));
    let at = |field: &str| join(base, field);
    let mut errors = Vec::new();

    if let Some(backend) = &config.backend {
        errors.extend(one_of(at("backend"), "backend", backend, &BACKENDS));
    }
    if let Some(ipam) = &config.ipam {
        if !ipam.kind.is_empty() {
            errors.extend(one_of(at("ipam.type"), "type", &ipam.kind, &IPAM_TYPES));
        }
        if ipam.kind == "calico-ipam" && has_ipv6 {
            let detail =
                "IPAM type \"calico-ipam\" is only supported for IPv4 single-stack shoots, use \"host-local\" instead";
            errors.push(FieldError::invalid(at("ipam.type"), &ipam.kind, detail));
        }
        if let Some(text) = ipam.cidr.as_deref().filter(|text| !text.eq_ignore_ascii_case("usePodCIDR")) {
            errors.extend(cidr::strict(text).map(|detail| FieldError::invalid(at("ipam.cidr"), text, detail)));
        }
    }
    for (name, block, present) in [("ipv4", &config.ipv4, has_ipv4), ("ipv6", &config.ipv6, has_ipv6)] {
        let Some(block) = block else { continue };
        errors.extend(family(&at(name), block));
        if !present {
            let family = if name == "ipv4" { "IPv4" } else { "IPv6" };
            let detail =
                format!("{family} configuration must not be specified if Shoot doesn't use {family} networking");
            errors.push(FieldError::forbidden(at(name), detail));
        }
    }
    if config.ipv6.as_ref().and_then(|ipv6| ipv6.pool.as_deref()) == Some("ipip") {
        errors.push(FieldError::invalid(at("ipv6.pool"), "ipip", "IP in IP carries IPv4 only, use \"vxlan\""));
    }
    if let Some(mtu) = &config.veth_mtu {
        errors.extend(veth_mtu(mtu).map(|detail| FieldError::invalid(at("vethMTU"), mtu, detail)));
    }
    if let Some(auto_scaling) = &config.auto_scaling {
        errors.extend(one_of(at("autoScaling.mode"), "mode", &auto_scaling.mode, &AUTOSCALING_MODES));
        let resources = auto_scaling.resources.iter();
        for (name, requests) in resources.flat_map(|both| [("node", &both.node), ("typha", &both.typha)]) {
            let path = at(&format!("autoScaling.resources.{name}"));
            errors.extend(requests.iter().flat_map(|requests| resources::check(&path, requests)));
        }
    }
    if let Some(prevention) = &config.service_loop_prevention {
        errors.extend(one_of(at("serviceLoopPrevention"), "serviceLoopPrevention", prevention, &LOOP_PREVENTIONS));
    }
    if let Some(mode) = &config.ipip {
        errors.extend(one_of(at("ipip"), "ipip", mode, &MODES));
    }
    if let Some(method) = &config.ip_autodetection_method {
        let path = at("ipAutodetectionMethod");
        if method.is_empty() {
            errors.push(FieldError::invalid(path, "", "method cannot be empty"));
        } else {
            errors.extend(auto_detection::check(&path, method));
        }
    }
    errors
}

fn family(path: &str, block: &FamilyConfig) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(pool) = &block.pool {
        errors.extend(one_of(join(path, "pool"), "pool", pool, &POOLS));
    }
    if let Some(mode) = &block.mode {
        let path = join(path, "mode");
        errors.extend(one_of(path.clone(), "mode", mode, &MODES));
        if block.pool.as_deref() == Some("vxlan") {
            errors.extend(one_of(path, "mode with pool \"vxlan\"", mode, &VXLAN_MODES));
        }
    }
    if let Some(method) = block.auto_detection_method.as_deref().filter(|method| !method.is_empty()) {
        errors.extend(auto_detection::check(&join(path, "autoDetectionMethod"), method));
    }
    errors
}

fn one_of(path: String, what: &str, value: &str, supported: &[&str]) -> Option<FieldError> {
    let detail = || format!("unsupported value {} for {what}, supported values are {supported:?}", quote(value));
    (!supported.contains(&value)).then(|| FieldError::invalid_json(path, value, detail()))
}

/// A decimal number as Go's `strconv.Atoi` takes it, at least 0.
fn veth_mtu(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("MTU cannot be empty".to_owned());
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("invalid MTU: strconv.Atoi: parsing {}: invalid syntax", quote(text)));
    }
    match text.parse::<i64>() {
        Err(_) => Some(format!("invalid MTU: strconv.Atoi: parsing {}: value out of range", quote(text))),
        Ok(mtu) if mtu < 0 => Some("MTU must be a positive integer".to_owned()),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, families: &[&str]) -> Vec<String> {
        let config = NetworkConfig::from_json(json).unwrap().unwrap();
        let families: Vec<String> = families.iter().map(|family| (*family).to_owned()).collect();
        validate_network_config(&config, &families, "spec.providerConfig").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_configuration_has_no_errors() {
        let json = r#"{"backend": "vxlan", "ipam": {"type": "", "cidr": "usePODcidr"}, "ipv4": {"pool": "vxlan", "mode": "Never"},
            "vethMTU": "+1500", "autoScaling": {"mode": "static", "resources": {"node": {"cpu": "1"}}}}"#;
        assert_eq!(check(json, &["IPv4"]), [""; 0]);
        assert_eq!(check(r#"{"ipv4": {"mode": "Off"}}"#, &[]), [""; 0]);
    }

    #[test]
    fn every_field_has_its_text() {
        for (json, expected) in [
            (
                r#"{"backend": "x"}"#,
                r#"spec.providerConfig.backend: Invalid value: "x": unsupported value "x" for backend, supported values are ["bird", "none", "vxlan"]"#,
            ),
            (
                r#"{"ipv4": {"pool": "vxlan", "mode": "CrossSubnet"}}"#,
                r#"spec.providerConfig.ipv4.mode: Invalid value: "CrossSubnet": unsupported value "CrossSubnet" for mode with pool "vxlan", supported values are ["Always", "Never"]"#,
            ),
            (
                r#"{"backend": "<\u0000"}"#,
                r#"spec.providerConfig.backend: Invalid value: "\u003c\u0000": unsupported value "<\x00" for backend, supported values are ["bird", "none", "vxlan"]"#,
            ),
            (
                r#"{"ipam": {"type": "host-local", "cidr": "010.0.0.0/8"}}"#,
                r#"spec.providerConfig.ipam.cidr: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length"#,
            ),
            (r#"{"vethMTU": ""}"#, r#"spec.providerConfig.vethMTU: Invalid value: "": MTU cannot be empty"#),
            (
                r#"{"vethMTU": "1500.5"}"#,
                r#"spec.providerConfig.vethMTU: Invalid value: "1500.5": invalid MTU: strconv.Atoi: parsing "1500.5": invalid syntax"#,
            ),
            (
                r#"{"vethMTU": "-1"}"#,
                r#"spec.providerConfig.vethMTU: Invalid value: "-1": MTU must be a positive integer"#,
            ),
            (
                r#"{"autoScaling": {}}"#,
                r#"spec.providerConfig.autoScaling.mode: Invalid value: "": unsupported value "" for mode, supported values are ["cluster-proportional", "vpa", "static"]"#,
            ),
            (
                r#"{"ipAutodetectionMethod": ""}"#,
                r#"spec.providerConfig.ipAutodetectionMethod: Invalid value: "": method cannot be empty"#,
            ),
            (
                r#"{"ipv6": {}}"#,
                "spec.providerConfig.ipv6: Forbidden: IPv6 configuration must not be specified if Shoot doesn't use IPv6 networking",
            ),
        ] {
            assert_eq!(check(json, &["IPv4"]), [expected], "{json}");
        }
    }

    #[test]
    fn calico_ipam_needs_ipv4_alone() {
        let expected = r#"spec.providerConfig.ipam.type: Invalid value: "calico-ipam": IPAM type "calico-ipam" is only supported for IPv4 single-stack shoots, use "host-local" instead"#;
        assert_eq!(check(r#"{"ipam": {"type": "calico-ipam"}}"#, &["IPv4", "IPv6"]), [expected]);
        assert_eq!(check(r#"{"ipam": {"type": "calico-ipam"}}"#, &["IPv4"]), [""; 0]);
    }

    #[test]
    fn a_mode_that_no_pool_has_breaks_both_rules_of_a_vxlan_pool() {
        let seen = check(r#"{"ipv4": {"pool": "vxlan", "mode": "always"}}"#, &[]);
        assert_eq!(
            seen,
            [
                r#"spec.providerConfig.ipv4.mode: Invalid value: "always": unsupported value "always" for mode, supported values are ["Always", "Never", "CrossSubnet", "Off"]"#,
                r#"spec.providerConfig.ipv4.mode: Invalid value: "always": unsupported value "always" for mode with pool "vxlan", supported values are ["Always", "Never"]"#,
            ]
        );
    }

    #[test]
    fn all_errors_are_collected() {
        let json = r#"{"backend": "x", "ipip": "y", "serviceLoopPrevention": "z", "ipv6": {"pool": "ipip"}}"#;
        assert_eq!(check(json, &["IPv4"]).len(), 5);
    }
}
