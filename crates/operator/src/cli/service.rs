//! Flags of what runs until a signal comes, `run` and `admission`, and values as Go's flag library reads them.

use std::path::PathBuf;

use clap::Args;

/// What both programs of the Go extension know.
#[derive(Clone, Debug, Args)]
pub struct ServiceArguments {
    /// The namespace of the Lease by which replicas agree; also by `LEADER_ELECTION_NAMESPACE`, else the pod's own.
    #[arg(
        long,
        env = "LEADER_ELECTION_NAMESPACE",
        value_name = "NAMESPACE",
        hide_env_values = true,
        help_heading = "Leader election"
    )]
    pub leader_election_namespace: Option<String>,
    /// Where `/metrics` is served; `0` for nowhere.
    #[arg(long, default_value = ":8080", value_name = "ADDRESS", help_heading = "Endpoints and logs")]
    pub metrics_bind_address: String,
    /// Where `/healthz` and `/readyz` are served; `0` for nowhere.
    #[arg(long, default_value = ":8081", value_name = "ADDRESS", help_heading = "Endpoints and logs")]
    pub health_bind_address: String,
    /// How much is logged: info, debug, error.
    #[arg(long, default_value = "info", value_name = "LEVEL", help_heading = "Endpoints and logs")]
    pub log_level: String,
    /// How it is logged: json, text.
    #[arg(long, default_value = "json", value_name = "FORMAT", help_heading = "Endpoints and logs")]
    pub log_format: String,
    /// Print the version and exit; `raw` prints more.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "FORM", value_parser = version_form, help_heading = "Version")]
    pub version: Option<VersionForm>,
    /// Accepted, without effect.
    #[arg(long, value_name = "VERSION", help_heading = "Without effect")]
    pub gardener_version: Option<String>,
    /// Accepted, without effect.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", value_parser = boolean, help_heading = "Without effect")]
    pub self_hosted_shoot_cluster: Option<bool>,
}

/// What `--version` prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionForm {
    /// Nothing: it was set to false.
    None,
    /// One line.
    Line,
    /// Everything that is known.
    Raw,
    /// One line with this version in the place of ours, which Kubernetes' flag allows for tests.
    Other(String),
}

impl VersionForm {
    /// What to print, if anything.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let version = env!("CARGO_PKG_VERSION");
        match self {
            Self::None => None,
            Self::Line => Some(format!("networking-calico v{version}")),
            Self::Raw => Some(format!(
                "networking-calico {{version: v{version}, platform: {}/{}}}",
                std::env::consts::OS,
                std::env::consts::ARCH
            )),
            Self::Other(version) => Some(format!("networking-calico {version}")),
        }
    }
}

pub(super) fn version_form(text: &str) -> Result<VersionForm, String> {
    match text {
        "raw" => Ok(VersionForm::Raw),
        _ if text.starts_with('v') => Ok(VersionForm::Other(text.to_owned())),
        _ => boolean(text)
            .map(|wanted| if wanted { VersionForm::Line } else { VersionForm::None })
            .map_err(|_| "expected true, false, raw or a version".to_owned()),
    }
}

/// A path; empty where a chart leaves a value out.
pub(super) fn path(text: &str) -> Result<PathBuf, std::convert::Infallible> {
    Ok(text.into())
}

/// A boolean as Go reads it.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}
