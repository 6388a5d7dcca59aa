//! Facts of a Network: the wish of the shoot owner, the history, and what our own records say.

use calico_manifests::{Requests, ResourceRequests};
use calico_policy::decision::SwitchStatus;
use calico_policy::encapsulation::{Encapsulations, IpFamily};
use calico_policy::in_effect::History;
use calico_policy::intent::{DeprecatedField, FamilyIntent, IpamIntent, MultusIntent, NetworkIntent, OverlayIntent};
use calico_policy::phase::Phase;
use calico_policy::time::Timestamp;
use calico_policy::warning::WarningCode;
use calico_policy::{ReadFailure, ReadFailureKind, Reading};
use gardener_api::network::Network;
use gardener_api::network_config::{FamilyConfig, NetworkConfig};
use gardener_api::network_status::{FamilyEncapsulation, NetworkState, NetworkStatus};
use gardener_api::quantity::Quantity;
use gardener_api::validation::{FieldError, validate_network};

use crate::time;

/// Annotation by which a landscape operator lets one switch go ahead unverified; its value is the reason.
pub const SKIP_ROUTE_CHECK: &str = "calico.networking.extensions.gardener.cloud/skip-route-check";

const OPERATION: &str = "gardener.cloud/operation";
/// The annotation that gardenlet renews with each operation.
pub const TIMESTAMP: &str = "gardener.cloud/timestamp";

/// What a Network tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFacts {
    /// What was asked for.
    pub intent: NetworkIntent,
    /// Whether Calico was ever installed.
    pub history: History,
    /// When the current operation was asked for; `None` where nothing readable says so.
    pub operation_requested: Option<Timestamp>,
    /// What the last status said about the switch.
    pub previous: Reading<SwitchStatus>,
    /// Our record of the encapsulation in effect.
    pub record: Reading<Encapsulations>,
    /// Whether the break-glass annotation is there without a reason, and is ignored for that.
    pub break_glass_without_reason: bool,
    /// `spec.podCIDR`.
    pub pod_cidr: String,
    /// `autoScaling.resources` of the configuration.
    pub requests: Requests,
}

/// Why a Network yields no facts: everything that is wrong with it, at its fields. The shoot owner must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", list(.0))]
pub struct NetworkError(pub Vec<FieldError>);

/// The facts of a Network.
///
/// # Errors
/// [`NetworkError`] with every violation of the rules that admission and the controller share.
pub fn facts(network: &Network) -> Result<NetworkFacts, NetworkError> {
    let (config, errors) = validate_network(network);
    if !errors.is_empty() {
        return Err(NetworkError(errors));
    }
    let annotation = |key| network.metadata.annotations.get(key).map(|value| value.trim());
    let break_glass = annotation(SKIP_ROUTE_CHECK);
    let config = config.unwrap_or_default();
    let resources = config.auto_scaling.as_ref().and_then(|scaling| scaling.resources.clone()).unwrap_or_default();
    let intent = intent(&network.spec.ip_families, config, break_glass)?;
    Ok(NetworkFacts {
        intent,
        history: history(network, annotation(OPERATION)),
        operation_requested: annotation(TIMESTAMP).and_then(|text| time::parse(text).ok()),
        previous: previous(network),
        record: record(network),
        break_glass_without_reason: break_glass.is_some_and(str::is_empty),
        pod_cidr: network.spec.pod_cidr.clone(),
        requests: Requests { node: requests(resources.node), typha: requests(resources.typha) },
    })
}

/// The phase that the status told last; `None` where it tells none that can be read.
#[must_use]
pub fn phase(network: &Network) -> Option<Phase> {
    previous(network).known().map(|status| status.phase)
}

/// Whether the status told last that the bundle was not applied in time.
#[must_use]
pub fn warns_of_unapplied_bundle(network: &Network) -> bool {
    let told = network.status.provider_status.as_ref().and_then(|raw| NetworkStatus::from_json(raw.get()).ok());
    told.is_some_and(|status| {
        status.warnings.iter().any(|warning| warning.code == WarningCode::BundleNotApplied.code())
    })
}

/// The two resources that Calico's components are sized by. Validation has seen every quantity; one that it would not take
/// asks for nothing.
fn requests(wanted: Option<Vec<(String, String)>>) -> ResourceRequests {
    let wanted = wanted.unwrap_or_default();
    let of = |resource: &str| {
        let (_, text) = wanted.iter().rfind(|(name, _)| name == resource)?;
        Some(Quantity::parse(text).ok()?.to_string())
    };
    ResourceRequests { cpu: of("cpu"), memory: of("memory") }
}

/// The wish of a configuration that validation has admitted.
///
/// # Errors
/// [`NetworkError`] for a value that the core does not know.
pub(crate) fn intent(
    ip_families: &[String],
    config: NetworkConfig,
    break_glass: Option<&str>,
) -> Result<NetworkIntent, NetworkError> {
    let NetworkConfig {
        backend,
        ipam,
        ipv4,
        ipv6,
        typha,
        veth_mtu,
        ebpf_dataplane,
        overlay,
        snat_to_upstream_dns,
        auto_scaling,
        vxlan,
        ipip,
        ip_autodetection_method,
        wireguard_encryption,
        bird_exporter,
        multus,
        service_loop_prevention,
    } = config;
    let is_on = |switch: Option<gardener_api::network_config::Switch>| switch.is_some_and(|switch| switch.enabled);
    let ipam = ipam.unwrap_or_default();
    let multus = multus.unwrap_or_default();
    let deprecated =
        [ipip.map(|_| DeprecatedField::Ipip), ip_autodetection_method.map(|_| DeprecatedField::IpAutodetectionMethod)];
    Ok(NetworkIntent {
        ip_families: ip_families
            .iter()
            .map(|family| parsed::<IpFamily>("spec.ipFamilies", family))
            .collect::<Result<_, _>>()?,
        backend: optional("spec.providerConfig.backend", backend)?,
        ipam: IpamIntent {
            kind: optional("spec.providerConfig.ipam.type", Some(ipam.kind).filter(|kind| !kind.is_empty()))?,
            cidr: ipam.cidr,
        },
        ipv6_source_nat: ipv6.as_ref().and_then(|ipv6| ipv6.source_nat_enabled),
        ipv4: family("spec.providerConfig.ipv4", ipv4)?,
        ipv6: family("spec.providerConfig.ipv6", ipv6)?,
        overlay: overlay.map(|overlay| OverlayIntent {
            enabled: overlay.enabled,
            create_pod_routes: overlay.create_pod_routes.unwrap_or(false),
        }),
        vxlan: is_on(vxlan),
        ebpf: is_on(ebpf_dataplane),
        wireguard: wireguard_encryption,
        typha: typha.map(|typha| typha.enabled),
        bird_exporter: is_on(bird_exporter),
        multus: MultusIntent {
            enabled: multus.enabled,
            install_cni_plugins: multus.install_cni_plugins.unwrap_or(false),
        },
        veth_mtu,
        snat_to_upstream_dns: snat_to_upstream_dns.map(|snat| snat.enabled),
        service_loop_prevention: optional("spec.providerConfig.serviceLoopPrevention", service_loop_prevention)?,
        autoscaling: optional("spec.providerConfig.autoScaling.mode", auto_scaling.map(|scaling| scaling.mode))?,
        deprecated_fields: deprecated.into_iter().flatten().collect(),
        break_glass: break_glass.filter(|reason| !reason.is_empty()).map(str::to_owned),
    })
}

fn family(path: &str, config: Option<FamilyConfig>) -> Result<FamilyIntent, NetworkError> {
    let FamilyConfig { pool, mode, auto_detection_method, source_nat_enabled: _ } = config.unwrap_or_default();
    Ok(FamilyIntent {
        pool: optional(&format!("{path}.pool"), pool)?,
        mode: optional(&format!("{path}.mode"), mode)?,
        auto_detection_method: auto_detection_method.filter(|method| !method.is_empty()),
    })
}

fn optional<T: std::str::FromStr>(path: &str, text: Option<String>) -> Result<Option<T>, NetworkError> {
    text.map(|text| parsed(path, &text)).transpose()
}

/// Validation has admitted only what the core knows; should the two ever disagree, the value is refused and not guessed.
fn parsed<T: std::str::FromStr>(path: &str, text: &str) -> Result<T, NetworkError> {
    text.parse().map_err(|_| NetworkError(vec![FieldError::invalid(path, text, "is not supported")]))
}

/// A restore is never a first installation, although the Network on the new seed has no history.
fn history(network: &Network, operation: Option<&str>) -> History {
    let last = network.status.last_operation.as_ref();
    let never_succeeded = last.is_none_or(|last| last.operation_type == "Create" && last.state != "Succeeded");
    if never_succeeded && operation != Some("restore") { History::NeverInstalled } else { History::Installed }
}

fn previous(network: &Network) -> Reading<SwitchStatus> {
    let unreadable = |detail: String| Reading::Unreadable(ReadFailure::new(ReadFailureKind::Undecodable, detail));
    if let Some(raw) = &network.status.provider_status {
        let status = match NetworkStatus::from_json(raw.get()) {
            Ok(status) => status,
            Err(error) => return unreadable(format!("status.providerStatus {error}")),
        };
        if let Some(switch) = status.overlay_switch {
            return switch_status(switch.phase.as_deref(), switch.since.as_deref())
                .map_or_else(|detail| unreadable(format!("status.providerStatus: {detail}")), Reading::Known);
        }
    }
    match state(network) {
        None => Reading::Absent,
        Some(Err(detail)) => unreadable(detail),
        Some(Ok(NetworkState { overlay_switch: None, .. })) => Reading::Absent,
        Some(Ok(NetworkState { overlay_switch: Some(switch), .. })) => {
            switch_status(Some(&switch.phase), switch.since.as_deref())
                .map_or_else(|detail| unreadable(format!("status.state: {detail}")), Reading::Known)
        }
    }
}

fn switch_status(phase: Option<&str>, since: Option<&str>) -> Result<SwitchStatus, String> {
    let phase = phase.unwrap_or_default();
    Ok(SwitchStatus {
        phase: phase.parse().map_err(|_| format!("`{phase}` is no phase"))?,
        since: time::parse_optional(since).map_err(|error| error.to_string())?,
    })
}

fn record(network: &Network) -> Reading<Encapsulations> {
    match state(network) {
        None => Reading::Absent,
        Some(state) => state.and_then(|state| encapsulations(&state.encapsulation)).map_or_else(
            |detail| Reading::Unreadable(ReadFailure::new(ReadFailureKind::Undecodable, detail)),
            Reading::Known,
        ),
    }
}

fn state(network: &Network) -> Option<Result<NetworkState, String>> {
    let raw = network.status.state.as_ref().filter(|raw| raw.get() != "null")?;
    Some(NetworkState::from_json(raw.get()).map_err(|error| format!("status.state {error}")))
}

fn encapsulations(record: &FamilyEncapsulation) -> Result<Encapsulations, String> {
    let of = |text: &Option<String>| {
        let parse = |text: &str| text.parse().map_err(|_| format!("status.state: `{text}` is no encapsulation"));
        text.as_deref().map(parse).transpose()
    };
    Ok(Encapsulations { ipv4: of(&record.ipv4)?, ipv6: of(&record.ipv6)? })
}

fn list(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use calico_policy::encapsulation::{Backend, Encapsulation};

    use super::*;

    fn network(extra: &str) -> Network {
        serde_json::from_str(&format!(
            r#"{{"metadata": {{"name": "foo", "namespace": "shoot--bar--foo"}},
                "spec": {{"type": "calico", "podCIDR": "100.64.0.0/12", "serviceCIDR": "100.104.0.0/13"}}{extra}}}"#
        ))
        .unwrap()
    }

    fn with_config(config: &str) -> Network {
        let mut network = network("");
        network.spec.provider_config = Some(serde_json::from_str(config).unwrap());
        network
    }

    fn annotated(key: &str, value: &str) -> Network {
        let mut network = network("");
        network.metadata.annotations.insert(key.to_owned(), value.to_owned());
        network
    }

    #[test]
    fn reads_the_wish() {
        let intent = facts(&with_config(
            r#"{"backend": "none", "overlay": {"enabled": false}, "ipv4": {"mode": "Never", "autoDetectionMethod": ""}, "ipip": "Always"}"#,
        ))
        .unwrap()
        .intent;
        assert_eq!(intent.backend, Some(Backend::None));
        assert_eq!(intent.overlay, Some(OverlayIntent { enabled: false, create_pod_routes: false }));
        assert_eq!(intent.ipv4.auto_detection_method, None);
        assert_eq!(intent.deprecated_fields, [DeprecatedField::Ipip]);
    }

    #[test]
    fn an_invalid_network_names_every_field() {
        let NetworkError(errors) = facts(&with_config(r#"{"backend": "x", "ipip": "y"}"#)).unwrap_err();
        let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(paths, ["spec.providerConfig.backend", "spec.providerConfig.ipip"]);
    }

    #[test]
    fn only_what_never_succeeded_and_is_no_restore_was_never_installed() {
        for (status, expected) in [
            ("", History::NeverInstalled),
            (r#", "status": {"lastOperation": {"type": "Create", "state": "Error"}}"#, History::NeverInstalled),
            (r#", "status": {"lastOperation": {"type": "Create", "state": "Succeeded"}}"#, History::Installed),
            (r#", "status": {"lastOperation": {"type": "Reconcile", "state": "Error"}}"#, History::Installed),
            (r#", "status": {"lastOperation": {"type": "Restore", "state": "Processing"}}"#, History::Installed),
        ] {
            assert_eq!(facts(&network(status)).unwrap().history, expected, "{status}");
        }
        assert_eq!(facts(&annotated(OPERATION, "restore")).unwrap().history, History::Installed);
    }

    #[test]
    fn break_glass_needs_a_reason() {
        let with = |value| facts(&annotated(SKIP_ROUTE_CHECK, value)).unwrap();
        assert_eq!(with("INC-1").intent.break_glass.as_deref(), Some("INC-1"));
        assert_eq!(with(" ").intent.break_glass, None);
        assert!(with(" ").break_glass_without_reason);
    }

    #[test]
    fn records_are_known_absent_or_unreadable() {
        const META: &str = r#""apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1""#;
        let facts_of = |status: String| facts(&network(&status)).unwrap();

        let none = facts_of(String::new());
        assert_eq!((none.previous, none.record), (Reading::Absent, Reading::Absent));

        let held = facts_of(format!(
            r#", "status": {{"providerStatus": {{{META}, "kind": "NetworkStatus", "overlaySwitch": {{"phase": "AwaitingRoutes", "since": "1970-01-01T00:01:00Z"}}}}}}"#
        ));
        let expected = SwitchStatus { phase: Phase::AwaitingRoutes, since: Some(Timestamp(60)) };
        assert_eq!(held.previous, Reading::Known(expected));

        let carried = facts_of(format!(
            r#", "status": {{"state": {{{META}, "kind": "NetworkState", "encapsulation": {{"ipv4": "Ipip(Always)"}}, "overlaySwitch": {{"phase": "AwaitingRoutes", "since": "1970-01-01T00:01:00Z"}}}}}}"#
        ));
        assert_eq!(carried.previous, Reading::Known(expected));
        assert_eq!(
            carried.record,
            Reading::Known(Encapsulations { ipv4: Some(Encapsulation::IpipAlways), ipv6: None })
        );

        let garbled = facts_of(format!(
            r#", "status": {{"providerStatus": {{{META}, "kind": "NetworkStatus", "overlaySwitch": {{"phase": "Waiting"}}}}, "state": {{"a": 1}}}}"#
        ));
        assert!(matches!(garbled.previous, Reading::Unreadable(_)));
        assert!(matches!(garbled.record, Reading::Unreadable(_)));
    }
}
