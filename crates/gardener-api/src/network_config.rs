//! `NetworkConfig` of `calico.networking.extensions.gardener.cloud/v1alpha1`: what a shoot owner writes as provider config.
//! Strict: a field that nobody knows, or that is given twice, is an error with its path.

use crate::strict::{DecodeErrors, Document, Fields, TypeMeta};

const TYPE_META: TypeMeta = TypeMeta {
    api_version: "calico.networking.extensions.gardener.cloud/v1alpha1",
    kind: "NetworkConfig",
    required: false,
};

/// The configuration as the user wrote it: texts are not interpreted here, see [`validate_network_config`](crate::validation::validate_network_config).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// `backend`.
    pub backend: Option<String>,
    /// `ipam`.
    pub ipam: Option<IpamConfig>,
    /// `ipv4`.
    pub ipv4: Option<FamilyConfig>,
    /// `ipv6`.
    pub ipv6: Option<FamilyConfig>,
    /// `typha.enabled`.
    pub typha: Option<Switch>,
    /// `vethMTU`, a text.
    pub veth_mtu: Option<String>,
    /// `ebpfDataplane`.
    pub ebpf_dataplane: Option<Switch>,
    /// `overlay`.
    pub overlay: Option<OverlayConfig>,
    /// `snatToUpstreamDNS`.
    pub snat_to_upstream_dns: Option<Switch>,
    /// `autoScaling`.
    pub auto_scaling: Option<AutoScalingConfig>,
    /// `vxlan`.
    pub vxlan: Option<Switch>,
    /// `ipip`, deprecated.
    pub ipip: Option<String>,
    /// `ipAutodetectionMethod`, deprecated.
    pub ip_autodetection_method: Option<String>,
    /// `wireguardEncryption`.
    pub wireguard_encryption: bool,
    /// `birdExporter`.
    pub bird_exporter: Option<Switch>,
    /// `multus`.
    pub multus: Option<MultusConfig>,
    /// `serviceLoopPrevention`.
    pub service_loop_prevention: Option<String>,
}

/// A block with the one field `enabled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch {
    /// `enabled`.
    pub enabled: bool,
}

/// `ipam`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpamConfig {
    /// `type`.
    pub kind: String,
    /// `cidr`.
    pub cidr: Option<String>,
}

/// `ipv4` or `ipv6`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyConfig {
    /// `pool`.
    pub pool: Option<String>,
    /// `mode`.
    pub mode: Option<String>,
    /// `autoDetectionMethod`.
    pub auto_detection_method: Option<String>,
    /// `sourceNATEnabled`, IPv6 only.
    pub source_nat_enabled: Option<bool>,
}

/// `overlay`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OverlayConfig {
    /// `enabled`.
    pub enabled: bool,
    /// `createPodRoutes`.
    pub create_pod_routes: Option<bool>,
}

/// `autoScaling`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutoScalingConfig {
    /// `mode`.
    pub mode: String,
    /// `resources`.
    pub resources: Option<StaticResources>,
}

/// `autoScaling.resources`: per component, resource names with their quantities as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticResources {
    /// `node`.
    pub node: Option<Vec<(String, String)>>,
    /// `typha`.
    pub typha: Option<Vec<(String, String)>>,
}

/// `multus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultusConfig {
    /// `enabled`.
    pub enabled: bool,
    /// `installCNIPlugins`.
    pub install_cni_plugins: Option<bool>,
}

impl NetworkConfig {
    /// Reads a configuration from JSON. `Ok(None)` for `null`, which means that there is none.
    ///
    /// # Errors
    /// Every unknown, repeated or wrongly typed field with its path below the configuration; a syntax error alone.
    pub fn from_json(text: &str) -> Result<Option<Self>, DecodeErrors> {
        Fields::read_document(&Document::parse(text)?, TYPE_META, read)
    }
}

fn read(fields: &mut Fields<'_, '_>) -> NetworkConfig {
    NetworkConfig {
        backend: fields.string("backend"),
        ipam: fields.object("ipam", |ipam| IpamConfig {
            kind: ipam.string("type").unwrap_or_default(),
            cidr: ipam.string("cidr"),
        }),
        ipv4: fields.object("ipv4", |ipv4| family(ipv4)),
        ipv6: fields
            .object("ipv6", |ipv6| FamilyConfig { source_nat_enabled: ipv6.bool("sourceNATEnabled"), ..family(ipv6) }),
        typha: fields.object("typha", switch),
        veth_mtu: fields.string("vethMTU"),
        ebpf_dataplane: fields.object("ebpfDataplane", switch),
        overlay: fields.object("overlay", |overlay| OverlayConfig {
            enabled: overlay.bool("enabled").unwrap_or_default(),
            create_pod_routes: overlay.bool("createPodRoutes"),
        }),
        snat_to_upstream_dns: fields.object("snatToUpstreamDNS", switch),
        auto_scaling: fields.object("autoScaling", |auto_scaling| AutoScalingConfig {
            mode: auto_scaling.string("mode").unwrap_or_default(),
            resources: auto_scaling.object("resources", |resources| StaticResources {
                node: resources.entries("node", |_, value| quantity(value)),
                typha: resources.entries("typha", |_, value| quantity(value)),
            }),
        }),
        vxlan: fields.object("vxlan", switch),
        ipip: fields.string("ipip"),
        ip_autodetection_method: fields.string("ipAutodetectionMethod"),
        wireguard_encryption: fields.bool("wireguardEncryption").unwrap_or_default(),
        bird_exporter: fields.object("birdExporter", switch),
        multus: fields.object("multus", |multus| MultusConfig {
            enabled: multus.bool("enabled").unwrap_or_default(),
            install_cni_plugins: multus.bool("installCNIPlugins"),
        }),
        service_loop_prevention: fields.string("serviceLoopPrevention"),
    }
}

fn switch(fields: &mut Fields<'_, '_>) -> Switch {
    Switch { enabled: fields.bool("enabled").unwrap_or_default() }
}

fn family(fields: &mut Fields<'_, '_>) -> FamilyConfig {
    FamilyConfig {
        pool: fields.string("pool"),
        mode: fields.string("mode"),
        auto_detection_method: fields.string("autoDetectionMethod"),
        source_nat_enabled: None,
    }
}

/// A quantity is a text or, as Kubernetes reads it too, a bare number.
fn quantity(value: &Document) -> Result<String, crate::strict::DecodeErrorKind> {
    let text = match value {
        Document::String(text) => text.trim().to_owned(),
        Document::Number(number) => number.to_string(),
        Document::Null => "0".to_owned(),
        other => {
            return Err(crate::strict::DecodeErrorKind::WrongType { expected: "quantity", found: other.type_name() });
        }
    };
    match crate::quantity::Quantity::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(crate::strict::DecodeErrorKind::InvalidValue { found: text, reason: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        NetworkConfig::from_json(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reads_every_field() {
        let config = NetworkConfig::from_json(
            r#"{"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkConfig",
                "backend": "bird", "ipam": {"type": "host-local", "cidr": "usePodCIDR"}, "ipv4": {"pool": "ipip", "mode": "Always",
                "autoDetectionMethod": "first-found"}, "ipv6": {"sourceNATEnabled": true}, "typha": {"enabled": true},
                "vethMTU": "1440", "ebpfDataplane": {"enabled": false}, "overlay": {"enabled": true, "createPodRoutes": false},
                "snatToUpstreamDNS": {"enabled": true}, "autoScaling": {"mode": "static", "resources": {"node": {"cpu": "100m"},
                "typha": {"memory": 1}}}, "vxlan": {"enabled": true}, "ipip": "Always", "ipAutodetectionMethod": "x",
                "wireguardEncryption": true, "birdExporter": {"enabled": true}, "multus": {"enabled": true,
                "installCNIPlugins": true}, "serviceLoopPrevention": "Drop"}"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(config.veth_mtu.as_deref(), Some("1440"));
        assert_eq!(config.overlay, Some(OverlayConfig { enabled: true, create_pod_routes: Some(false) }));
        assert_eq!(config.ipv6.unwrap().source_nat_enabled, Some(true));
        let resources = config.auto_scaling.unwrap().resources.unwrap();
        assert_eq!(resources.node.unwrap(), [("cpu".to_owned(), "100m".to_owned())]);
        assert_eq!(resources.typha.unwrap(), [("memory".to_owned(), "1".to_owned())]);
        assert!(config.wireguard_encryption);
    }

    #[test]
    fn null_is_no_configuration() {
        assert_eq!(NetworkConfig::from_json("null").unwrap(), None);
        assert_eq!(NetworkConfig::from_json("{}").unwrap(), Some(NetworkConfig::default()));
    }

    #[test]
    fn every_violation_is_reported_with_its_path() {
        let seen = errors(
            r#"{"nope": 1, "overlay": {"enabled": "true", "x": 1}, "backend": "a", "backend": "b", "Backend": "c"}"#,
        );
        assert_eq!(seen.len(), 5, "{seen:?}");
        for path in [
            "`nope`: unknown",
            "`overlay.enabled`: expected boolean",
            "`overlay.x`: unknown",
            "`backend`: field given",
            "`Backend`: unknown",
        ] {
            assert!(seen.iter().any(|error| error.starts_with(path)), "{path} in {seen:?}");
        }
    }

    #[test]
    fn another_kind_or_version_is_refused() {
        assert_eq!(
            errors(r#"{"apiVersion": "calico.networking.extensions.gardener.cloud/v1", "kind": "NetworkConfig"}"#),
            [
                "`apiVersion`: apiVersion `calico.networking.extensions.gardener.cloud/v1` is not `calico.networking.extensions.gardener.cloud/v1alpha1`"
            ]
        );
        assert_eq!(errors(r#"{"kind": "NetworkStatus"}"#), ["`kind`: kind `NetworkStatus` is not `NetworkConfig`"]);
    }

    #[test]
    fn a_text_field_takes_no_number() {
        assert_eq!(errors(r#"{"vethMTU": 1440}"#), ["`vethMTU`: expected string, found number"]);
    }
}
