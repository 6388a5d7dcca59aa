//! The rules of the Network resource.

use super::auto_detection::subdomain_problem;
use super::cidr;
use super::field_error::{ErrorKind, FieldError};
use super::go_text::quote;
use super::network_config::validate_network_config;
use crate::network::Network;
use crate::network_config::NetworkConfig;

const BASE: &str = "spec.providerConfig";
const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];

/// Every error of a Network, and its configuration where that could be read.
///
/// A configuration that cannot be decoded is an error at its place; whatever is wrong elsewhere is reported beside it.
#[must_use]
pub fn validate_network(network: &Network) -> (Option<NetworkConfig>, Vec<FieldError>) {
    let mut errors = resource(network);
    let config = match network.spec.provider_config.as_ref().map(|raw| NetworkConfig::from_json(raw.get())) {
        None => None,
        Some(Ok(config)) => config,
        Some(Err(decode)) => {
            errors.extend(decode_errors(BASE, &decode));
            None
        }
    };
    if let Some(config) = &config {
        errors.extend(validate_network_config(config, &network.spec.ip_families, BASE));
    }
    (config, errors)
}

/// What is wrong with the form of a configuration, as errors at its fields.
pub(super) fn decode_errors(base: &str, errors: &crate::strict::DecodeErrors) -> Vec<FieldError> {
    errors
        .iter()
        .map(|error| FieldError {
            path: if error.path.is_empty() { base.to_owned() } else { format!("{base}.{}", error.path) },
            kind: ErrorKind::Invalid,
            bad_value: None,
            detail: error.kind.to_string(),
        })
        .collect()
}

fn resource(network: &Network) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = &network.metadata.name;
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else if let Some(problem) = subdomain_problem(name) {
        errors.push(FieldError::invalid("metadata.name", name, problem));
    }
    if network.metadata.namespace.is_empty() {
        errors.push(FieldError::required("metadata.namespace", ""));
    }
    if network.spec.network_type.is_empty() {
        errors.push(FieldError::required("spec.type", "field is required"));
    }
    let families = families(&network.spec.ip_families);
    if families.is_empty() {
        errors.extend(networks(network));
    } else {
        errors.extend(families);
    }
    errors
}

fn families(families: &[String]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, family) in families.iter().enumerate() {
        let path = format!("spec.ipFamilies[{index}]");
        if !FAMILIES.contains(&family.as_str()) {
            let error = FieldError::invalid(path, family, "supported values: \"IPv4\", \"IPv6\"");
            errors.push(FieldError { kind: ErrorKind::NotSupported, ..error });
        } else if families.iter().take(index).any(|earlier| earlier == family) {
            errors.push(FieldError { kind: ErrorKind::Duplicate, ..FieldError::invalid(path, family, "") });
        }
    }
    errors
}

fn networks(network: &Network) -> Vec<FieldError> {
    let spec = &network.spec;
    let mut errors = Vec::new();
    let mut read = |path: &str, text: &str| {
        if text.is_empty() {
            errors.push(FieldError::required(path, "field is required"));
            return None;
        }
        let network = cidr::loose(text);
        if network.is_none() {
            errors.push(FieldError::invalid(path, text, format!("invalid CIDR address: {text}")));
        }
        network
    };
    let pods = read("spec.podCIDR", &spec.pod_cidr);
    let services = read("spec.serviceCIDR", &spec.service_cidr);
    let single = match spec.ip_families.as_slice() {
        [] => Some("IPv4"),
        [family] => Some(family.as_str()),
        _ => None,
    };
    for (path, network) in [("spec.podCIDR", pods), ("spec.serviceCIDR", services)] {
        let (Some(network), Some(family)) = (network, single) else { continue };
        if network.addr().is_ipv4() != (family == "IPv4") {
            let detail = format!("must be a valid {family} address");
            errors.push(FieldError::invalid(path, network.network().to_string(), detail));
        }
    }
    if let (Some(pods), Some(services), true) = (pods, services, single != Some("IPv6")) {
        let overlap = pods.contains(&services.network()) || services.contains(&pods.network());
        if overlap {
            let detail = format!("must not overlap with \"spec.podCIDR\" ({})", quote(&spec.pod_cidr));
            errors.push(FieldError::invalid("spec.serviceCIDR", &spec.service_cidr, detail));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edit: impl FnOnce(&mut Network)) -> Vec<String> {
        let mut network: Network = serde_json::from_str(
            r#"{"metadata": {"name": "foo", "namespace": "shoot--bar--foo"}, "spec": {"type": "calico",
                "podCIDR": "100.64.0.0/12", "serviceCIDR": "100.104.0.0/13", "ipFamilies": ["IPv4"]}}"#,
        )
        .unwrap();
        edit(&mut network);
        validate_network(&network).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_network_has_no_errors() {
        assert_eq!(check(|_| {}), [""; 0]);
        assert_eq!(check(|network| network.spec.pod_cidr = "100.64.0.5/12".to_owned()), [""; 0]);
    }

    #[test]
    fn texts() {
        assert_eq!(
            check(|network| network.spec.network_type.clear()),
            ["spec.type: Required value: field is required"]
        );
        assert_eq!(check(|network| network.spec.pod_cidr.clear()), ["spec.podCIDR: Required value: field is required"]);
        assert_eq!(
            check(|network| network.spec.pod_cidr = "bogus".to_owned()),
            ["spec.podCIDR: Invalid value: \"bogus\": invalid CIDR address: bogus"]
        );
        assert_eq!(
            check(|network| network.spec.service_cidr = "100.64.0.0/16".to_owned()),
            [
                "spec.serviceCIDR: Invalid value: \"100.64.0.0/16\": must not overlap with \"spec.podCIDR\" (\"100.64.0.0/12\")"
            ]
        );
        assert_eq!(
            check(|network| network.spec.pod_cidr = "2001:db8::/56".to_owned()),
            ["spec.podCIDR: Invalid value: \"2001:db8::\": must be a valid IPv4 address"]
        );
        assert_eq!(
            check(|network| network.spec.ip_families = vec!["IPv5".to_owned()]),
            ["spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\""]
        );
        assert_eq!(
            check(|network| network.spec.ip_families = vec!["IPv4".to_owned(), "IPv4".to_owned()]),
            ["spec.ipFamilies[1]: Duplicate value: \"IPv4\""]
        );
    }

    #[test]
    fn a_configuration_that_cannot_be_decoded_is_an_error_at_its_field() {
        let seen = check(|network| {
            network.spec.provider_config = Some(serde_json::from_str(r#"{"overlay": {"x": 1}}"#).unwrap());
        });
        assert_eq!(
            seen,
            [
                "spec.providerConfig.overlay.x: Invalid value: unknown field, expected one of `enabled`, `createPodRoutes`"
            ]
        );
    }
}
