//! Arguments of the commands that speak about all Networks of a seed.

use std::path::PathBuf;

use clap::Args;

use super::{DumpArguments, Output};

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// A file as kubectl prints it, a directory of such files, or `-`; may be repeated.
    #[arg(short, long = "file", value_name = "FILE", required_unless_present = "kubeconfig")]
    pub files: Vec<PathBuf>,
    /// Ask the seed that this kubeconfig leads to instead of reading files. Nothing is written there, and no shoot is asked.
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    pub kubeconfig: Option<PathBuf>,
    /// The one Network that is meant.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub network: Option<String>,
    /// Ask the seed for the bundle of each Network, too. It tells what is in effect where no status does, as after the Go extension. A
    /// bundle among the files is always used.
    #[arg(long, conflicts_with = "files")]
    pub bundles: bool,
    /// Only Networks whose switch is open, and those that cannot be read.
    #[arg(long)]
    pub open: bool,
    /// Go on and tell every change, until interrupted or until nobody reads any more.
    #[arg(short, long, conflicts_with_all = ["files", "bundles", "now"])]
    pub watch: bool,
    /// The time from which is counted how long a switch has been held, RFC 3339; the clock if not given.
    #[arg(long, value_name = "TIME", value_parser = super::timestamp)]
    pub now: Option<calico_policy::time::Timestamp>,
    /// The form of the answer; `docs/status-list.schema.json` describes the JSON.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The input.
    #[command(flatten)]
    pub dump: DumpArguments,
    /// The form of the answer; `docs/plan-list.schema.json` describes the JSON.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}
