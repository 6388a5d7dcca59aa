//! What flags and environment ask for, read once and checked.

use std::collections::BTreeSet;
use std::path::PathBuf;

use adapter_k8s::client::RateLimit;
use adapter_k8s::connect;
use adapter_k8s::shoot_access::Address;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;

use super::endpoints::{BindAddress, BindAddressError};
use super::logs::{LogFormat, LogLevel};
use crate::cli::{RunArguments, ServiceArguments};
use crate::diagnostics::Diagnostic;
use crate::dump;

/// Where a pod finds the name of its namespace.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// What client-go assumes where nothing, or zero, is configured.
const DEFAULT_QPS: f32 = 5.0;
const DEFAULT_BURST: u32 = 10;

/// Everything that `run` was asked for.
#[derive(Debug)]
pub struct Settings {
    /// Which API server.
    pub source: connect::Source,
    /// The landscape operator's configuration.
    pub configuration: ControllerConfiguration,
    /// Which images.
    pub image_vector: ImageVector,
    /// Which Lease, if any.
    pub election: Option<ElectionSettings>,
    /// Where `/metrics` is.
    pub metrics_address: BindAddress,
    /// Where `/healthz` and `/readyz` are.
    pub health_address: BindAddress,
    /// How many Networks are reconciled at once.
    pub max_concurrent_reconciles: usize,
    /// Whether, where and how often the heartbeat beats.
    pub heartbeat: Option<HeartbeatSettings>,
    /// Whether a Network is reconciled without being asked by the annotation.
    pub operation_annotation: OperationAnnotation,
    /// The classes of Networks that are served.
    pub extension_classes: BTreeSet<String>,
    /// Which address of a shoot is used.
    pub shoot_address: Address,
}

/// The Lease of the election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectionSettings {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The Lease of the heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatSettings {
    /// Its namespace; checked where the heartbeat is made.
    pub namespace: String,
    /// How far two beats lie apart; checked likewise.
    pub interval_seconds: i32,
}

/// What the annotation `gardener.cloud/operation` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationAnnotation {
    /// It asks for a reconcile.
    Obeyed,
    /// It is not needed: changes ask for a reconcile, those of the Cluster included.
    Ignored,
}

/// Why the process cannot start like this.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `--config-file` is missing.
    #[error("config file path not set: set --config-file")]
    NoConfigFile,
    /// The configuration cannot be used.
    #[error("--config-file cannot be used")]
    ConfigFile(#[source] Box<Diagnostic>),
    /// The overwrite of the image vector cannot be used.
    #[error("IMAGEVECTOR_OVERWRITE cannot be used")]
    ImageVector(#[source] Box<Diagnostic>),
    /// There is no namespace for the Lease of the election.
    #[error("no namespace for leader election: set --leader-election-namespace or LEADER_ELECTION_NAMESPACE")]
    NoElectionNamespace,
    /// An address cannot be listened at.
    #[error("{flag}")]
    Address {
        /// The flag.
        flag: &'static str,
        /// Why.
        source: BindAddressError,
    },
    /// A level that there is not.
    #[error("invalid --log-level: {0}: expected info, debug or error")]
    LogLevel(String),
    /// A format that there is not.
    #[error("invalid --log-format: {0}: expected json or text")]
    LogFormat(String),
    /// A controller that there is not.
    #[error("{flag}: there is no controller `{name}` to switch, only `heartbeat`; that of Networks always runs")]
    Controller {
        /// The flag.
        flag: &'static str,
        /// The name.
        name: String,
    },
}

/// How to log, which is needed before anything else.
///
/// # Errors
/// A level or format that there is not.
pub fn logging(arguments: &ServiceArguments) -> Result<(LogLevel, LogFormat), SettingsError> {
    let level = match arguments.log_level.as_str() {
        // An empty value is the default, as in Gardener.
        "info" | "" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        "error" => LogLevel::Error,
        other => return Err(SettingsError::LogLevel(other.to_owned())),
    };
    let format = match arguments.log_format.as_str() {
        "json" | "" => LogFormat::Json,
        "text" => LogFormat::Text,
        other => return Err(SettingsError::LogFormat(other.to_owned())),
    };
    Ok((level, format))
}

/// Reads and checks everything else.
///
/// # Errors
/// The first thing that cannot work.
pub fn read(arguments: &RunArguments) -> Result<Settings, SettingsError> {
    let address = |flag, text: &str| text.parse().map_err(|source| SettingsError::Address { flag, source });
    Ok(Settings {
        source: connect::Source { kubeconfig: arguments.kubeconfig.clone(), master: arguments.master.clone() },
        configuration: configuration(arguments.config_file.as_ref())?.ok_or(SettingsError::NoConfigFile)?,
        image_vector: image_vector(arguments.image_vector.as_ref())?,
        election: election(arguments)?,
        metrics_address: address("--metrics-bind-address", &arguments.service.metrics_bind_address)?,
        health_address: address("--health-bind-address", &arguments.service.health_bind_address)?,
        max_concurrent_reconciles: usize::try_from(arguments.max_concurrent_reconciles).unwrap_or(0).max(1),
        heartbeat: heartbeat(arguments)?,
        operation_annotation: if arguments.ignore_operation_annotation {
            OperationAnnotation::Ignored
        } else {
            OperationAnnotation::Obeyed
        },
        extension_classes: extension_classes(arguments),
        shoot_address: match arguments.shoot_client.as_deref() {
            Some("external") => Address::External,
            Some(_) | None => Address::Internal,
        },
    })
}

/// Flags that are accepted because deployments set them, and have no effect.
#[must_use]
pub fn flags_without_effect(arguments: &RunArguments) -> Vec<&'static str> {
    let given = [
        ("--gardener-version", arguments.service.gardener_version.is_some()),
        ("--self-hosted-shoot-cluster", arguments.service.self_hosted_shoot_cluster.is_some()),
        ("--healthcheck-max-concurrent-reconciles", arguments.healthcheck_max_concurrent_reconciles.is_some()),
        ("--webhook-config-server-host", arguments.webhook_config_server_host.is_some()),
        ("--webhook-config-server-port", arguments.webhook_config_server_port.is_some()),
        ("--webhook-config-cert-dir", arguments.webhook_config_cert_dir.is_some()),
    ];
    given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
}

/// The rate limit that `clientConnection` asks for.
#[must_use]
pub fn rate_limit(configuration: &ControllerConfiguration) -> RateLimit {
    let (qps, burst) = qps_and_burst(configuration);
    RateLimit::new(qps, burst)
}

/// A block that is absent, and a zero in it, mean the defaults of client-go; a negative rate means no limit.
fn qps_and_burst(configuration: &ControllerConfiguration) -> (f32, u32) {
    let (qps, burst) = configuration.client_connection.as_ref().map_or((0.0, 0), |client| (client.qps, client.burst));
    let burst = u32::try_from(burst).unwrap_or(0);
    (if qps == 0.0 { DEFAULT_QPS } else { qps }, if burst == 0 { DEFAULT_BURST } else { burst })
}

/// The configuration in a file; `None` where none is named.
pub(crate) fn configuration(path: Option<&PathBuf>) -> Result<Option<ControllerConfiguration>, SettingsError> {
    let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else { return Ok(None) };
    let error = |diagnostic| SettingsError::ConfigFile(Box::new(diagnostic));
    let (source, value) = dump::read_value(path).map_err(error)?;
    ControllerConfiguration::from_value(value)
        .map(Some)
        .map_err(|problem| error(source.about(&problem.path, problem.message)))
}

/// The image vector with the overwrite in a file.
pub(crate) fn image_vector(overwrite: Option<&PathBuf>) -> Result<ImageVector, SettingsError> {
    let built_in = ImageVector::built_in(env!("CARGO_PKG_VERSION"));
    let Some(path) = overwrite.filter(|path| !path.as_os_str().is_empty()) else { return Ok(built_in) };
    let error = |diagnostic| SettingsError::ImageVector(Box::new(diagnostic));
    let (source, value) = dump::read_value(path).map_err(error)?;
    built_in.with_overwrite(value).map_err(|problem| error(source.about("", problem.to_string())))
}

fn election(arguments: &RunArguments) -> Result<Option<ElectionSettings>, SettingsError> {
    if !arguments.leader_election {
        return Ok(None);
    }
    let namespace = arguments.service.leader_election_namespace.as_deref();
    election_in(namespace, &arguments.leader_election_id).map(Some)
}

/// The Lease of this name in this namespace, or in that of the pod.
pub(crate) fn election_in(namespace: Option<&str>, name: &str) -> Result<ElectionSettings, SettingsError> {
    let given = namespace.filter(|namespace| !namespace.is_empty()).map(str::to_owned);
    let namespace = given
        .or_else(|| std::fs::read_to_string(NAMESPACE_FILE).ok().map(|text| text.trim().to_owned()))
        .filter(|namespace| !namespace.is_empty())
        .ok_or(SettingsError::NoElectionNamespace)?;
    Ok(ElectionSettings { namespace, name: name.to_owned() })
}

fn extension_classes(arguments: &RunArguments) -> BTreeSet<String> {
    let given: BTreeSet<String> =
        arguments.extension_classes.iter().filter(|class| !class.is_empty()).cloned().collect();
    if given.is_empty() { BTreeSet::from(["shoot".to_owned()]) } else { given }
}

fn heartbeat(arguments: &RunArguments) -> Result<Option<HeartbeatSettings>, SettingsError> {
    for (flag, names) in
        [("--controllers", &arguments.controllers), ("--disable-controllers", &arguments.disable_controllers)]
    {
        if let Some(name) = names.iter().find(|name| !name.is_empty() && *name != "heartbeat") {
            return Err(SettingsError::Controller { flag, name: name.clone() });
        }
    }
    let named = |names: &[String]| names.iter().any(|name| name == "heartbeat");
    let wanted = named(&arguments.controllers) && !named(&arguments.disable_controllers);
    Ok(wanted.then(|| HeartbeatSettings {
        namespace: arguments.heartbeat_namespace.clone().unwrap_or_default(),
        interval_seconds: arguments.heartbeat_renew_interval_seconds,
    }))
}

#[cfg(test)]
mod tests;
