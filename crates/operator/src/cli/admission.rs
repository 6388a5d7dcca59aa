//! The flags of `admission`: those of the Go admission, so that its Deployment starts this binary with one word more.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::service::{ServiceArguments, boolean, path};

/// Arguments of `admission`.
#[derive(Clone, Debug, Args)]
pub struct AdmissionArguments {
    /// A ControllerConfiguration, whose feature gates and section `overlaySwitch` are what shoot owners are warned by; the defaults
    /// without it.
    #[arg(long, value_name = "FILE", value_parser = path, help_heading = "Configuration")]
    pub config_file: Option<PathBuf>,
    /// An overwrite of the image vector; also by `IMAGEVECTOR_OVERWRITE`.
    #[arg(long, env = "IMAGEVECTOR_OVERWRITE", value_name = "FILE", value_parser = path, hide_env_values = true, help_heading = "Configuration")]
    pub image_vector: Option<PathBuf>,
    /// A kubeconfig of the cluster with the Shoots; `GARDEN_KUBECONFIG` wins. Without either `$KUBECONFIG`, the pod's service account,
    /// or the kubeconfig in the home folder.
    #[arg(long, value_name = "FILE", value_parser = path, help_heading = "Garden")]
    pub kubeconfig: Option<PathBuf>,
    /// The address of that cluster's API server, in the place of that in the kubeconfig.
    #[arg(long, value_name = "URL", help_heading = "Garden")]
    pub master: Option<String>,
    /// The host that is listened at; all interfaces if empty.
    #[arg(long, default_value = "", value_name = "HOST", help_heading = "Webhook")]
    pub webhook_config_server_host: String,
    /// The port that is listened at.
    #[arg(long, default_value_t = 443, value_name = "PORT", help_heading = "Webhook")]
    pub webhook_config_server_port: u16,
    /// Where certificates are kept if `--webhook-config-namespace` is empty; otherwise without effect.
    #[arg(long, default_value = "/tmp/admission-calico-cert", value_name = "FOLDER", value_parser = path, help_heading = "Webhook")]
    pub webhook_config_cert_dir: PathBuf,
    /// How API servers reach the webhook: `service`, `url` or `url-service`.
    #[arg(long, default_value = "service", value_name = "MODE", help_heading = "Webhook")]
    pub webhook_config_mode: String,
    /// The address of the webhook in mode `url`, `HOST` or `HOST:PORT`.
    #[arg(long, default_value = "", value_name = "ADDRESS", help_heading = "Webhook")]
    pub webhook_config_url: String,
    /// The port of the Service; that of the server if it is 0.
    #[arg(long, default_value_t = 0, value_name = "PORT", help_heading = "Webhook")]
    pub webhook_config_service_port: u16,
    /// The namespace of the Service and of the Secret with the certificates; also by `WEBHOOK_CONFIG_NAMESPACE`.
    #[arg(
        long,
        env = "WEBHOOK_CONFIG_NAMESPACE",
        default_value = "",
        value_name = "NAMESPACE",
        hide_env_values = true,
        help_heading = "Webhook"
    )]
    pub webhook_config_namespace: String,
    /// The namespace with which the registration goes; that of the Service if it is empty.
    #[arg(long, default_value = "", value_name = "NAMESPACE", help_heading = "Webhook")]
    pub webhook_config_owner_namespace: String,
    /// The webhooks that are not registered: `validator`, or `*` for all.
    #[arg(long, value_delimiter = ',', value_name = "NAMES", help_heading = "Webhook")]
    pub disable_webhooks: Vec<String>,
    /// Only one of several replicas renews certificates and registers the webhook; all of them answer.
    #[arg(long, default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, help_heading = "Leader election")]
    pub leader_election: bool,
    /// The name of the Lease by which replicas agree.
    #[arg(
        long,
        default_value = "admission-calico-leader-election",
        value_name = "NAME",
        help_heading = "Leader election"
    )]
    pub leader_election_id: String,
    /// What both programs of the Go extension know.
    #[command(flatten)]
    pub service: ServiceArguments,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn admission(arguments: &[&str]) -> Result<AdmissionArguments, String> {
        let arguments = ["networking-calico", "admission"].iter().chain(arguments);
        match Cli::try_parse_from(arguments).map_err(|error| error.to_string())?.command {
            Command::Admission(arguments) => Ok(*arguments),
            other => Err(format!("{other:?}")),
        }
    }

    /// The flags in the Deployment of the Go admission's chart.
    #[test]
    fn the_deployment_of_the_go_admission_starts_it() {
        let arguments = admission(&[
            "--webhook-config-server-port=10250",
            "--webhook-config-mode=url",
            "--webhook-config-url=gardener-extension-admission-calico.garden",
            "--webhook-config-namespace=garden",
            "--webhook-config-owner-namespace=extension-networking-calico",
            "--kubeconfig=/etc/kubeconfig",
            "--metrics-bind-address=:8080",
            "--health-bind-address=:8081",
            "--leader-election-id=gardener-extension-admission-calico",
        ])
        .unwrap();
        assert_eq!(arguments.webhook_config_server_port, 10250);
        assert_eq!(arguments.webhook_config_mode, "url");
        assert_eq!(arguments.webhook_config_url, "gardener-extension-admission-calico.garden");
        assert_eq!(arguments.webhook_config_namespace, "garden");
        assert_eq!(arguments.webhook_config_owner_namespace, "extension-networking-calico");
        assert_eq!(arguments.leader_election_id, "gardener-extension-admission-calico");
    }

    #[test]
    fn what_is_not_given_has_the_default_of_the_go_admission() {
        let arguments = admission(&[]).unwrap();
        assert_eq!((arguments.webhook_config_server_host.as_str(), arguments.webhook_config_server_port), ("", 443));
        assert_eq!(arguments.webhook_config_cert_dir, PathBuf::from("/tmp/admission-calico-cert"));
        assert_eq!((arguments.webhook_config_mode.as_str(), arguments.webhook_config_url.as_str()), ("service", ""));
        assert_eq!(arguments.webhook_config_service_port, 0);
        assert!(arguments.leader_election && arguments.disable_webhooks.is_empty());
        assert_eq!(arguments.leader_election_id, "admission-calico-leader-election");
        assert_eq!(
            (arguments.service.metrics_bind_address.as_str(), arguments.service.health_bind_address.as_str()),
            (":8080", ":8081")
        );
        assert_eq!((arguments.service.log_level.as_str(), arguments.service.log_format.as_str()), ("info", "json"));
        assert!(admission(&["--no-such-flag"]).unwrap_err().contains("--no-such-flag"));
    }
}
