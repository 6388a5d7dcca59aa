//! What flags and environment of the webhook ask for, read once and checked.

use std::path::PathBuf;

use adapter_k8s::connect;
use adapter_k8s::shoot_warnings::Landscape;

use super::registration::{EXTENSION, Reach, Registration, Webhook};
use crate::cli::AdmissionArguments;
use crate::process::endpoints::{BindAddress, BindAddressError};
use crate::process::settings::{self as shared, ElectionSettings, SettingsError};

/// In the runtime cluster of a garden the same extension may run twice; this one has a name of its own.
const RUNTIME_NAMESPACES: &str = "runtime-extension-";

/// Everything that `admission` was asked for.
#[derive(Debug)]
pub struct Settings {
    /// The cluster with the Shoots, where the webhook is registered.
    pub target: connect::Source,
    /// The cluster with certificates and Lease, where that is another one.
    pub source: Option<connect::Source>,
    /// What shoot owners are warned by.
    pub landscape: Landscape,
    /// Which Lease, if any.
    pub election: Option<ElectionSettings>,
    /// Where reviews are answered.
    pub server_address: BindAddress,
    /// Where `/metrics` is.
    pub metrics_address: BindAddress,
    /// Where `/healthz` and `/readyz` are.
    pub health_address: BindAddress,
    /// What is registered.
    pub registration: Registration,
    /// The Namespace with which the registration goes; empty for none.
    pub owner_namespace: String,
    /// Where certificates are kept.
    pub certificates: Place,
}

/// Where certificates are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a Secret of this namespace.
    Namespace(String),
    /// In this folder: for a replica that is the only one.
    Folder(PathBuf),
}

/// Why the process cannot start like this.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionSettingsError {
    /// What `run` would not take either.
    #[error(transparent)]
    Shared(#[from] SettingsError),
    /// A mode that there is not.
    #[error("invalid --webhook-config-mode: `{0}`: expected service, url or url-service")]
    Mode(String),
    /// A mode needs a flag that is missing.
    #[error("--webhook-config-mode={mode} needs {flag}")]
    Missing {
        /// The mode.
        mode: &'static str,
        /// The flag.
        flag: &'static str,
    },
    /// A webhook that there is not.
    #[error("--disable-webhooks: there is no webhook `{0}`, only `validator`")]
    UnknownWebhook(String),
}

/// Flags that are accepted because deployments set them, and have no effect.
#[must_use]
pub fn flags_without_effect(arguments: &AdmissionArguments) -> Vec<&'static str> {
    let given = [
        ("--gardener-version", arguments.service.gardener_version.is_some()),
        ("--self-hosted-shoot-cluster", arguments.service.self_hosted_shoot_cluster.is_some()),
    ];
    given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
}

/// Reads and checks everything else, variables of the environment included.
///
/// # Errors
/// The first thing that cannot work.
pub fn read(
    arguments: &AdmissionArguments,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Settings, AdmissionSettingsError> {
    let address = |flag, text: &str| text.parse().map_err(|source| SettingsError::Address { flag, source });
    let variable = |name| environment(name).filter(|value| !value.is_empty());
    let namespace = arguments.webhook_config_namespace.clone();
    let owner = Some(arguments.webhook_config_owner_namespace.clone()).filter(|owner| !owner.is_empty());
    let is_runtime = variable("WEBHOOK_CONFIG_NAMESPACE").is_some_and(|name| name.starts_with(RUNTIME_NAMESPACES));
    let kubeconfig = variable("GARDEN_KUBECONFIG").map(PathBuf::from).or_else(|| arguments.kubeconfig.clone());
    let source = variable("SOURCE_CLUSTER")
        .map(|_| connect::Source { kubeconfig: variable("SOURCE_KUBECONFIG").map(PathBuf::from), master: None });
    Ok(Settings {
        target: connect::Source { kubeconfig, master: arguments.master.clone() },
        source,
        landscape: Landscape {
            configuration: shared::configuration(arguments.config_file.as_ref())?.unwrap_or_default(),
            images: shared::image_vector(arguments.image_vector.as_ref())?,
        },
        election: arguments
            .leader_election
            .then(|| {
                shared::election_in(
                    arguments.service.leader_election_namespace.as_deref(),
                    &arguments.leader_election_id,
                )
            })
            .transpose()?,
        server_address: server_address(arguments)?,
        metrics_address: address("--metrics-bind-address", &arguments.service.metrics_bind_address)?,
        health_address: address("--health-bind-address", &arguments.service.health_bind_address)?,
        registration: Registration {
            extension: format!("{EXTENSION}{}", if is_runtime { "-runtime" } else { "" }),
            reach: reach(arguments)?,
            webhook: webhook(&arguments.disable_webhooks)?,
        },
        owner_namespace: owner.unwrap_or_else(|| namespace.clone()),
        certificates: if namespace.is_empty() {
            Place::Folder(arguments.webhook_config_cert_dir.clone())
        } else {
            Place::Namespace(namespace)
        },
    })
}

fn server_address(arguments: &AdmissionArguments) -> Result<BindAddress, SettingsError> {
    let (host, port) = (arguments.webhook_config_server_host.as_str(), arguments.webhook_config_server_port);
    let brackets = host.contains(':') && !host.starts_with('[');
    let text = if brackets { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let flag = "--webhook-config-server-host";
    text.parse().map_err(|source: BindAddressError| SettingsError::Address { flag, source })
}

fn reach(arguments: &AdmissionArguments) -> Result<Reach, AdmissionSettingsError> {
    let server = arguments.webhook_config_server_port;
    let port = if arguments.webhook_config_service_port == 0 { server } else { arguments.webhook_config_service_port };
    let required = |value: &str, mode, flag| match value {
        "" => Err(AdmissionSettingsError::Missing { mode, flag }),
        value => Ok(value.to_owned()),
    };
    let namespace = |mode| required(&arguments.webhook_config_namespace, mode, "--webhook-config-namespace");
    match arguments.webhook_config_mode.as_str() {
        "service" | "" => Ok(Reach::Service { namespace: namespace("service")?, port }),
        "url" => Ok(Reach::Url(required(&arguments.webhook_config_url, "url", "--webhook-config-url")?)),
        "url-service" => Ok(Reach::UrlOfService { namespace: namespace("url-service")?, port }),
        other => Err(AdmissionSettingsError::Mode(other.to_owned())),
    }
}

fn webhook(disabled: &[String]) -> Result<Webhook, AdmissionSettingsError> {
    let mut webhook = Webhook::Enabled;
    for name in disabled.iter().filter(|name| !name.is_empty()) {
        match name.as_str() {
            "*" | "validator" => webhook = Webhook::Disabled,
            other => return Err(AdmissionSettingsError::UnknownWebhook(other.to_owned())),
        }
    }
    Ok(webhook)
}

#[cfg(test)]
mod tests {
    use adapter_k8s::client::chain;
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn read_with(flags: &[&str], environment: &[(&str, &str)]) -> Result<Settings, AdmissionSettingsError> {
        let arguments = ["networking-calico", "admission", "--leader-election-namespace=garden"];
        let Command::Admission(arguments) = Cli::parse_from(arguments.iter().chain(flags)).command else { panic!() };
        read(&arguments, |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_garden_operator_starts_it_like_this() {
        let settings = read_with(
            &[
                "--webhook-config-server-port=10250",
                "--webhook-config-mode=url",
                "--webhook-config-url=gardener-extension-admission-calico.garden",
                "--webhook-config-namespace=garden",
                "--kubeconfig=/flag",
            ],
            &[("GARDEN_KUBECONFIG", "/garden"), ("SOURCE_CLUSTER", "enabled")],
        )
        .unwrap();
        assert_eq!(settings.target.kubeconfig, Some("/garden".into()), "it wins");
        assert_eq!(settings.source, Some(connect::Source::default()));
        assert_eq!(settings.server_address, BindAddress::Everywhere(10250));
        assert_eq!(settings.registration.reach, Reach::Url("gardener-extension-admission-calico.garden".to_owned()));
        assert_eq!(settings.certificates, Place::Namespace("garden".to_owned()));
        assert_eq!(settings.owner_namespace, "garden");
        assert_eq!(settings.registration.name(), "gardener-extension-admission-calico");
    }

    #[test]
    fn each_mode_says_what_it_needs() {
        let reach = |flags: &[&str]| read_with(flags, &[]).map(|settings| settings.registration.reach);
        let garden = "--webhook-config-namespace=garden";
        let service = |port| Reach::Service { namespace: "garden".to_owned(), port };
        assert_eq!(reach(&[garden]).unwrap(), service(443));
        assert_eq!(reach(&[garden, "--webhook-config-server-port=10250"]).unwrap(), service(10250));
        assert_eq!(reach(&[garden, "--webhook-config-service-port=8443"]).unwrap(), service(8443));
        assert_eq!(
            reach(&[garden, "--webhook-config-mode=url-service"]).unwrap(),
            Reach::UrlOfService { namespace: "garden".to_owned(), port: 443 }
        );
        let error = |flags: &[&str]| chain(&read_with(flags, &[]).err().unwrap());
        assert_eq!(error(&[]), "--webhook-config-mode=service needs --webhook-config-namespace");
        assert_eq!(error(&["--webhook-config-mode=url"]), "--webhook-config-mode=url needs --webhook-config-url");
        assert_eq!(
            error(&["--webhook-config-mode=x"]),
            "invalid --webhook-config-mode: `x`: expected service, url or url-service"
        );
        assert_eq!(
            error(&[garden, "--disable-webhooks=x"]),
            "--disable-webhooks: there is no webhook `x`, only `validator`"
        );
        assert_eq!(
            error(&[garden, "--metrics-bind-address=x"]),
            "--metrics-bind-address: `x` is not an address to listen at: expected HOST:PORT, :PORT, or 0 for none"
        );
    }

    #[test]
    fn the_rest_is_read() {
        let url = ["--webhook-config-mode=url", "--webhook-config-url=x.example"];
        let with = |flags: &[&str], environment: &[(&str, &str)]| {
            read_with(&url.iter().chain(flags).copied().collect::<Vec<_>>(), environment).unwrap()
        };
        let alone = with(&["--webhook-config-cert-dir=/c", "--leader-election=false"], &[]);
        assert_eq!((alone.certificates, alone.owner_namespace.as_str()), (Place::Folder("/c".into()), ""));
        assert_eq!((alone.election, alone.source), (None, None));
        let host = |host: &str| with(&[&format!("--webhook-config-server-host={host}")], &[]).server_address;
        assert_eq!(host("127.0.0.1"), BindAddress::At("127.0.0.1:443".to_owned()));
        assert_eq!(host("::1"), BindAddress::At("[::1]:443".to_owned()));
        for disabled in ["validator", "*"] {
            let settings = with(&[&format!("--disable-webhooks={disabled}")], &[]);
            assert_eq!(settings.registration.webhook, Webhook::Disabled);
        }
        let runtime = with(&[], &[("WEBHOOK_CONFIG_NAMESPACE", "runtime-extension-networking-calico")]);
        assert_eq!(runtime.registration.name(), "gardener-extension-admission-calico-runtime");
    }
}
