//! Facts of the ConfigMap `calico-config`.

use calico_policy::encapsulation::Backend;
use calico_policy::in_effect::ObservedIpam;
use calico_policy::intent::IpamType;
use gardener_api::calico::ConfigMap;
use serde::Deserialize;

/// Namespace of the ConfigMap.
pub const NAMESPACE: &str = "kube-system";
/// Name of the ConfigMap.
pub const NAME: &str = "calico-config";

/// What the ConfigMap tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigMapFacts {
    /// `calico_backend`.
    pub backend: Option<Backend>,
    /// The address management of the CNI configuration.
    pub ipam: Option<ObservedIpam>,
    /// `veth_mtu`.
    pub veth_mtu: Option<String>,
}

/// Why the ConfigMap yields no facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigMapError {
    /// A backend that Calico does not define.
    #[error("ConfigMap `calico-config`: `calico_backend` is `{0}`, which is no backend")]
    Backend(String),
    /// An address management that Calico does not define.
    #[error("ConfigMap `calico-config`: the CNI configuration has ipam type `{0}`, which is unknown")]
    IpamType(String),
}

/// The facts of the ConfigMap. A CNI configuration that is no JSON, or has no Calico plugin, tells no address management.
///
/// # Errors
/// [`ConfigMapError`] for a value that Calico does not define.
pub fn facts(config_map: &ConfigMap) -> Result<ConfigMapFacts, ConfigMapError> {
    let value = |key| config_map.data.get(key).map(String::as_str);
    Ok(ConfigMapFacts {
        backend: value("calico_backend")
            .map(|text| text.parse().map_err(|_| ConfigMapError::Backend(text.to_owned())))
            .transpose()?,
        ipam: value("cni_network_config").map(ipam).transpose()?.flatten(),
        veth_mtu: value("veth_mtu").map(str::to_owned),
    })
}

#[derive(Deserialize)]
struct CniConfiguration {
    plugins: Vec<CniPlugin>,
}

#[derive(Deserialize)]
struct CniPlugin {
    ipam: Option<CniIpam>,
}

#[derive(Deserialize)]
struct CniIpam {
    #[serde(rename = "type")]
    kind: String,
    subnet: Option<String>,
    #[serde(default)]
    ranges: Vec<Vec<CniRange>>,
}

#[derive(Deserialize)]
struct CniRange {
    subnet: String,
}

fn ipam(configuration: &str) -> Result<Option<ObservedIpam>, ConfigMapError> {
    // The install-cni container replaces `__CNI_MTU__`, the one placeholder that is not a JSON string.
    let json = configuration.replace("__CNI_MTU__", "0");
    let Ok(configuration) = serde_json::from_str::<CniConfiguration>(&json) else { return Ok(None) };
    let Some(ipam) = configuration.plugins.into_iter().find_map(|plugin| plugin.ipam) else { return Ok(None) };
    let kind = ipam.kind.parse::<IpamType>().map_err(|_| ConfigMapError::IpamType(ipam.kind))?;
    let ranges = ipam.ranges.into_iter().flatten().map(|range| range.subnet).chain(ipam.subnet).collect();
    Ok(Some(ObservedIpam { kind, ranges }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_map(entries: &[(&str, &str)]) -> ConfigMap {
        let data = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ConfigMap { data, ..ConfigMap::default() }
    }

    #[test]
    fn reads_backend_ipam_and_mtu() {
        let cni = r#"{"plugins": [{"type": "calico", "mtu": __CNI_MTU__, "ipam": {"type": "host-local", "subnet": "usePodCidr"}}]}"#;
        let facts =
            facts(&config_map(&[("calico_backend", "bird"), ("cni_network_config", cni), ("veth_mtu", "0")])).unwrap();
        assert_eq!(
            facts,
            ConfigMapFacts {
                backend: Some(Backend::Bird),
                ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_owned()] }),
                veth_mtu: Some("0".to_owned()),
            }
        );
    }

    #[test]
    fn reads_the_ranges_of_dual_stack_in_order() {
        let cni = r#"{"plugins": [{"ipam": {"type": "host-local", "ranges": [[{"subnet": "usePodCidrIPv6"}], [{"subnet": "usePodCidr"}]]}}]}"#;
        let facts = facts(&config_map(&[("cni_network_config", cni)])).unwrap();
        assert_eq!(facts.ipam.unwrap().ranges, ["usePodCidrIPv6", "usePodCidr"]);
    }

    #[test]
    fn what_calico_does_not_define_is_an_error() {
        assert_eq!(facts(&config_map(&[("calico_backend", "BIRD")])), Err(ConfigMapError::Backend("BIRD".to_owned())));
        let cni = r#"{"plugins": [{"ipam": {"type": "dhcp"}}]}"#;
        assert_eq!(
            facts(&config_map(&[("cni_network_config", cni)])),
            Err(ConfigMapError::IpamType("dhcp".to_owned()))
        );
    }

    #[test]
    fn a_configuration_that_is_no_json_tells_nothing() {
        assert_eq!(facts(&config_map(&[("cni_network_config", "{")])).unwrap().ipam, None);
    }
}
