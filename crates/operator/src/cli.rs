//! The command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::dump::{Inputs, NodesArgument};

/// Gardener's Calico networking extension: explains and makes its two decisions.
#[derive(Debug, Parser)]
#[command(name = "networking-calico", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Decide node privilege mode and overlay switch from a dump.
    ///
    /// Exits with 0, with 3 if any overlay switch is held, with 1 if any input is invalid, with 2 on wrong usage.
    #[command(after_help = "Examples:\n  \
        networking-calico decide -f examples/held\n  \
        kubectl get networks,managedresources,secrets -n shoot--foo--bar -o yaml | networking-calico decide -f - -f cluster.yaml --nodes nodes.yaml\n  \
        networking-calico decide -f dump/ -o json --now 2026-11-24T10:00:00Z")]
    Decide(DecideArguments),
    /// Say what admission and the controller would refuse, with the place in the file.
    ///
    /// Takes Networks, Shoots, bare NetworkConfigs (as for a shoot with IPv4) and ControllerConfigurations. Exits with 0 if all
    /// are valid, with 1 if any is not.
    #[command(
        after_help = "Examples:\n  networking-calico validate -f network.yaml\n  networking-calico validate -f shoot.yaml -o json"
    )]
    Validate(ValidateArguments),
    /// Print a completion script for a shell.
    #[command(after_help = "Examples:\n  networking-calico completion bash > /etc/bash_completion.d/networking-calico")]
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What a decision is made from; shared by every command that decides.
#[derive(Debug, Args)]
pub struct DumpArguments {
    /// A file as kubectl prints it, a directory of such files, or `-`; may be repeated.
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The complete list of a shoot's nodes; the namespace is needed where there are several Networks.
    #[arg(long, value_name = "[NAMESPACE=]FILE")]
    pub nodes: Vec<NodesArgument>,
    /// A ControllerConfiguration with feature gates and the section overlaySwitch.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// An overwrite of the image vector.
    #[arg(long, value_name = "FILE")]
    pub image_vector: Option<PathBuf>,
    /// The time of the decision, RFC 3339; the clock if not given.
    #[arg(long, value_name = "TIME", value_parser = timestamp)]
    pub now: Option<calico_policy::time::Timestamp>,
    /// Hold where the dump shows no effective guard.
    #[arg(long)]
    pub require_guard: bool,
}

/// Arguments of `decide`.
#[derive(Debug, Args)]
pub struct DecideArguments {
    /// The input.
    #[command(flatten)]
    pub dump: DumpArguments,
    /// The form of the answer; `docs/decision-list.schema.json` describes the JSON.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// A file as kubectl prints it, a directory of such files, or `-`; may be repeated.
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For scripts.
    Json,
}

impl DumpArguments {
    /// The inputs to read.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs { files: self.files.clone(), nodes: self.nodes.clone() }
    }
}

/// The command line as data, for completion scripts and the generated reference.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn timestamp(text: &str) -> Result<calico_policy::time::Timestamp, adapter_k8s::time::TimestampError> {
    adapter_k8s::time::parse(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
