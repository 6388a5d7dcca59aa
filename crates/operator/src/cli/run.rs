//! The flags of `run`: those of the Go extension, so that its Deployment starts this binary unchanged.
//!
//! Values are read as Go's flag library reads them: `--flag=value` or `--flag value`, a boolean alone means true, the last of
//! several counts, and lists add up.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::service::{ServiceArguments, boolean, path};

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArguments {
    /// The ControllerConfiguration; required.
    #[arg(long, value_name = "FILE", value_parser = path, help_heading = "Configuration")]
    pub config_file: Option<PathBuf>,
    /// An overwrite of the image vector; also by `IMAGEVECTOR_OVERWRITE`.
    #[arg(long, env = "IMAGEVECTOR_OVERWRITE", value_name = "FILE", value_parser = path, hide_env_values = true, help_heading = "Configuration")]
    pub image_vector: Option<PathBuf>,
    /// A kubeconfig of the seed; without it `$KUBECONFIG`, the pod's service account, or the kubeconfig in the home folder.
    #[arg(long, value_name = "FILE", value_parser = path, help_heading = "Seed")]
    pub kubeconfig: Option<PathBuf>,
    /// The address of the seed's API server, in the place of that in the kubeconfig.
    #[arg(long, value_name = "URL", help_heading = "Seed")]
    pub master: Option<String>,
    /// Which address of a shoot's API server is used, `internal` or `external`; also by `GARDENER_SHOOT_CLIENT`.
    #[arg(long, env = "GARDENER_SHOOT_CLIENT", value_name = "WHICH", hide_env_values = true, help_heading = "Seed")]
    pub shoot_client: Option<String>,
    /// Only one of several replicas acts.
    #[arg(long, default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, help_heading = "Leader election")]
    pub leader_election: bool,
    /// The name of the Lease by which replicas agree.
    #[arg(
        long,
        default_value = "networking-calico-leader-election",
        value_name = "NAME",
        help_heading = "Leader election"
    )]
    pub leader_election_id: String,
    /// The namespace of the heartbeat Lease; also by `LEADER_ELECTION_NAMESPACE`.
    #[arg(
        long,
        env = "LEADER_ELECTION_NAMESPACE",
        value_name = "NAMESPACE",
        hide_env_values = true,
        help_heading = "Heartbeat"
    )]
    pub heartbeat_namespace: Option<String>,
    /// The interval of the heartbeat, in seconds.
    #[arg(
        long,
        default_value_t = 30,
        value_name = "SECONDS",
        allow_negative_numbers = true,
        help_heading = "Heartbeat"
    )]
    pub heartbeat_renew_interval_seconds: i32,
    /// How many Networks are reconciled at once.
    #[arg(
        long,
        default_value_t = 5,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        help_heading = "Controllers"
    )]
    pub max_concurrent_reconciles: i32,
    /// Reconcile on every change, not only when the annotation `gardener.cloud/operation` asks for it.
    #[arg(long, default_value = "false", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", value_parser = boolean, action = ArgAction::Set, help_heading = "Controllers")]
    pub ignore_operation_annotation: bool,
    /// The classes of Networks that are served; `shoot` if not given.
    #[arg(long, value_delimiter = ',', value_name = "CLASSES", help_heading = "Controllers")]
    pub extension_classes: Vec<String>,
    /// What runs beside the controller of Networks: only `heartbeat` is known.
    #[arg(
        long,
        default_value = "heartbeat",
        value_delimiter = ',',
        value_name = "NAMES",
        help_heading = "Controllers"
    )]
    pub controllers: Vec<String>,
    /// Which of `--controllers` does not run.
    #[arg(long, value_delimiter = ',', value_name = "NAMES", help_heading = "Controllers")]
    pub disable_controllers: Vec<String>,
    /// What both programs of the Go extension know.
    #[command(flatten)]
    pub service: ServiceArguments,

    /// Accepted, without effect.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Without effect")]
    pub healthcheck_max_concurrent_reconciles: Option<i32>,
    /// Accepted, without effect: no webhook is served here.
    #[arg(long, value_name = "HOST", help_heading = "Without effect")]
    pub webhook_config_server_host: Option<String>,
    /// Accepted, without effect: no webhook is served here.
    #[arg(long, value_name = "PORT", allow_negative_numbers = true, help_heading = "Without effect")]
    pub webhook_config_server_port: Option<i32>,
    /// Accepted, without effect: no webhook is served here.
    #[arg(long, value_name = "FOLDER", value_parser = path, help_heading = "Without effect")]
    pub webhook_config_cert_dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command, with_command};

    fn run(arguments: &[&str]) -> Result<RunArguments, String> {
        let arguments = std::iter::once("networking-calico").chain(arguments.iter().copied()).map(Into::into);
        match Cli::try_parse_from(with_command(arguments)).map_err(|error| error.to_string())?.command {
            Command::Run(arguments) => Ok(*arguments),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn flags_alone_run_the_controller_as_the_deployment_of_the_go_extension_does() {
        let arguments = run(&[
            "--config-file=/etc/config.yaml",
            "--max-concurrent-reconciles=7",
            "--heartbeat-namespace=garden",
            "--heartbeat-renew-interval-seconds=15",
            "--gardener-version=v1.140.0",
            "--healthcheck-max-concurrent-reconciles=5",
            "--disable-controllers=",
            "--ignore-operation-annotation=false",
            "--leader-election=true",
            "--leader-election-id=x",
            "--metrics-bind-address=:9000",
            "--health-bind-address=:9001",
            "--log-level=debug",
            "--log-format=text",
            "--self-hosted-shoot-cluster=false",
        ])
        .unwrap();
        assert_eq!(arguments.config_file, Some("/etc/config.yaml".into()));
        assert_eq!((arguments.max_concurrent_reconciles, arguments.heartbeat_renew_interval_seconds), (7, 15));
        assert_eq!(arguments.heartbeat_namespace.as_deref(), Some("garden"));
        assert!(arguments.leader_election && !arguments.ignore_operation_annotation);
        assert_eq!(arguments.leader_election_id, "x");
        assert_eq!(
            (arguments.service.metrics_bind_address.as_str(), arguments.service.health_bind_address.as_str()),
            (":9000", ":9001")
        );
        assert_eq!(arguments.service.self_hosted_shoot_cluster, Some(false));
    }

    #[test]
    fn what_is_not_given_has_the_default_of_the_go_extension() {
        let arguments = run(&["run"]).unwrap();
        assert_eq!(arguments.config_file, None);
        assert!(arguments.leader_election && !arguments.ignore_operation_annotation);
        assert_eq!(arguments.leader_election_id, "networking-calico-leader-election");
        assert_eq!(
            (arguments.service.metrics_bind_address.as_str(), arguments.service.health_bind_address.as_str()),
            (":8080", ":8081")
        );
        assert_eq!((arguments.service.log_level.as_str(), arguments.service.log_format.as_str()), ("info", "json"));
        assert_eq!((arguments.max_concurrent_reconciles, arguments.heartbeat_renew_interval_seconds), (5, 30));
        assert_eq!(arguments.controllers, ["heartbeat"]);
        assert!(arguments.disable_controllers.is_empty() && arguments.extension_classes.is_empty());
        assert_eq!(arguments.service.version, None);
    }

    #[test]
    fn values_are_written_as_go_allows() {
        let both = run(&["--config-file", "a", "--config-file", "b"]).unwrap();
        assert_eq!(both.config_file, Some("b".into()), "the last counts");
        assert!(run(&["--ignore-operation-annotation"]).unwrap().ignore_operation_annotation);
        for (text, value) in [("1", true), ("T", true), ("True", true), ("0", false), ("f", false), ("FALSE", false)] {
            assert_eq!(run(&[&format!("--leader-election={text}")]).unwrap().leader_election, value, "{text}");
        }
        assert!(run(&["--leader-election=yes"]).is_err());
        assert_eq!(run(&["--kubeconfig="]).unwrap().kubeconfig, Some("".into()), "an empty value is one");
        assert_eq!(run(&["--heartbeat-renew-interval-seconds=-1"]).unwrap().heartbeat_renew_interval_seconds, -1);
        assert_eq!(run(&["--extension-classes=shoot,seed"]).unwrap().extension_classes, ["shoot", "seed"]);
    }

    #[test]
    fn an_unknown_flag_is_an_error() {
        assert!(run(&["--config-file=a", "--no-such-flag"]).unwrap_err().contains("--no-such-flag"));
        assert!(run(&["--config-file=a", "positional"]).is_err());
    }

    #[test]
    fn the_version_is_printed_in_each_form() {
        let text = |flag: &str| run(&[flag]).unwrap().service.version.and_then(|form| form.text());
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(text("--version"), Some(format!("networking-calico v{version}")));
        assert_eq!(text("--version=true"), Some(format!("networking-calico v{version}")));
        assert_eq!(text("--version=false"), None);
        assert_eq!(text("--version=v9.8.7"), Some("networking-calico v9.8.7".to_owned()));
        assert!(
            text("--version=raw")
                .unwrap()
                .starts_with(&format!("networking-calico {{version: v{version}, platform: linux/"))
        );
        assert!(run(&["--version=maybe"]).is_err());
    }
}
