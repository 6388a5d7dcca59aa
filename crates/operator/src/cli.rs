//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::dump::{Inputs, NodesArgument};
use crate::ending::Ending;

pub use admission::AdmissionArguments;
#[cfg(feature = "demo")]
pub use demo::{DemoArguments, Story};
pub use fleet::{PlanArguments, StatusArguments};
pub use run::RunArguments;
pub use service::{ServiceArguments, VersionForm};

mod admission;
#[cfg(feature = "demo")]
mod demo;
mod fleet;
mod run;
mod service;

/// Gardener's Calico networking extension: the controller, and commands that explain its two decisions.
///
/// With flags only it is `run`, as the Go extension is started.
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
    /// Run the controller.
    ///
    /// Accepts every flag of the Go extension, also `--version[=raw]`; of those given twice the last counts. Exits with 0 after SIGTERM or SIGINT, with
    /// 1 on any error.
    #[command(
        args_override_self = true,
        after_help = "Example:\n  networking-calico --config-file=/etc/networking-calico/config.yaml --heartbeat-namespace=garden"
    )]
    Run(Box<RunArguments>),
    /// Serve the admission webhook for Shoots.
    ///
    /// Refuses what the controller would refuse, warns of what an update starts, keeps its own certificates and its registration. Accepts
    /// every flag of the Go admission. Exits with 0 after SIGTERM or SIGINT, with 1 on any error. `SOURCE_CLUSTER` set to anything: the
    /// certificates and the Lease are in the cluster of the pod, or of `SOURCE_KUBECONFIG`, and not in that of the Shoots.
    #[command(
        args_override_self = true,
        after_help = "Example:\n  networking-calico admission --webhook-config-server-port=10250 --webhook-config-namespace=garden \
                      --webhook-config-mode=url --webhook-config-url=gardener-extension-admission-calico.garden"
    )]
    Admission(Box<AdmissionArguments>),
    /// Watch an overlay switch, on a seed and a shoot that live in this process.
    ///
    /// Needs no cluster. The controller is the real one and speaks HTTP; Gardener, the machines and the route writer are played. On
    /// a terminal the picture changes as things happen, elsewhere each is a line. Exits with 0 if the story ended as it should,
    /// by what is read back at the end, with 1 otherwise, with 2 on wrong usage.
    #[cfg(feature = "demo")]
    #[command(after_help = "Examples:\n  \
        networking-calico demo\n  \
        networking-calico demo --story unreadable --fast\n  \
        networking-calico demo --keep")]
    Demo(DemoArguments),
    /// Decide node privilege mode and overlay switch, from a dump or from a living seed.
    ///
    /// Exits with 0, with 3 if any overlay switch is held, with 1 if any input is invalid, with 2 on wrong usage.
    #[command(
        mut_arg("kubeconfig", |argument| argument.requires("network")),
        after_help = "Examples:\n  \
        networking-calico decide -f examples/held\n  \
        kubectl get networks,managedresources -n shoot--foo--bar -o yaml | networking-calico decide -f - -f bundle.yaml -f cluster.yaml --nodes nodes.yaml\n  \
        networking-calico decide -f dump/ -o json --now 2026-11-24T10:00:00Z\n  \
        networking-calico decide --kubeconfig seed.yaml --network shoot--foo--bar/bar")]
    Decide(DecideArguments),
    /// Print the objects that would be put into the shoot.
    ///
    /// While an overlay switch is held these are the objects with the encapsulation in effect, and a note on standard error says
    /// so. Exits with 0, with 3 and no output if nothing could be written because what is in effect is unknown, with 1 if any
    /// input is invalid, with 2 on wrong usage.
    #[command(
        mut_arg("kubeconfig", |argument| argument.requires("network")),
        after_help = "Examples:\n  \
        networking-calico render -f examples/held | head\n  \
        networking-calico render -f examples/held --as-if proceed --only IPPool/default-ipv4-ippool\n  \
        networking-calico render -f examples/ready --bundle -o json\n  \
        networking-calico render -f examples/ready --stats")]
    Render(RenderArguments),
    /// Say what would change against the bundle of the dump, or against a directory of objects.
    ///
    /// Names the fields of each object, and says whether the pods of calico-node would be replaced. What gardener-resource-manager
    /// and the API server take for the same is no difference. Exits with 0 if nothing would change, with 4 if anything would,
    /// with 3 if nothing could be written, with 1 if any input is invalid, with 2 on wrong usage.
    #[command(
        mut_arg("kubeconfig", |argument| argument.requires("network")),
        after_help = "Examples:\n  \
        networking-calico diff -f examples/ready\n  \
        networking-calico diff -f examples/held --as-if proceed -o json\n  \
        networking-calico diff -f dump/ --against objects/")]
    Diff(DiffArguments),
    /// Say what admission and the controller would refuse, with the place in the file.
    ///
    /// Takes Networks, Shoots, bare NetworkConfigs (as for a shoot with IPv4) and ControllerConfigurations. Exits with 0 if all
    /// are valid, with 1 if any is not, with 2 on wrong usage.
    #[command(
        after_help = "Examples:\n  networking-calico validate -f network.yaml\n  networking-calico validate -f shoot.yaml -o json"
    )]
    Validate(ValidateArguments),
    /// Tell where the overlay switches of all Networks of a seed stand.
    ///
    /// Says what each Network says of itself: the encapsulation in effect and wanted, the phase, since when a switch is held and by
    /// which nodes, the operation that ran last. Nothing is decided and no shoot is asked, so it is as old as the last reconcile; "outdated"
    /// marks a Network that has not been reconciled since it was last changed. What a Network does not say is unknown. Exits with 0,
    /// also while switches are held, with 1 if any Network cannot be read, with 2 on wrong usage.
    ///
    /// With `--watch` every change is a line. In JSON a line is an object then: what happened (`Shown`, `Changed`, `Removed`) and the
    /// item.
    ///
    /// Asked of the seed: list networks.extensions.gardener.cloud (get with `--network`); with `--watch` watch them, too; with `--bundles`
    /// get managedresources.resources.gardener.cloud `extension-networking-calico-config` and the Secrets that it names.
    #[command(after_help = "Examples:\n  \
        networking-calico status --kubeconfig seed.yaml\n  \
        networking-calico status --kubeconfig seed.yaml --open --watch\n  \
        networking-calico status --kubeconfig seed.yaml --bundles -o json\n  \
        kubectl get networks -A -o yaml | networking-calico status -f -")]
    Status(StatusArguments),
    /// Tell which shoots of a seed could switch their overlay off now, and what blocks the others.
    ///
    /// Every Network is judged as `decide` judges it, as if it had `overlay.enabled: false`; one that has is judged as it is. Nothing is
    /// written. Many a provider starts its route writer only once the overlay is turned off: such a shoot is blocked by
    /// `RoutesMissing` until somebody does. Exits with 0, with 3 if any shoot is blocked, with 1 if any cannot be judged, with 2 on
    /// wrong usage.
    ///
    /// Asked of the seed: list networks.extensions.gardener.cloud (get with `--network`), and for each get
    /// clusters.extensions.gardener.cloud, managedresources.resources.gardener.cloud `extension-networking-calico-config`, the Secrets that
    /// it names, and the Secret `gardener` (else `gardener-internal`) that leads to the shoot. Asked of a shoot, where the answer depends on
    /// it: get DaemonSet `calico-node` and ConfigMap `calico-config` in kube-system, list ippools.crd.projectcalico.org and nodes. A shoot
    /// that may not be asked is blocked.
    #[command(
        mut_arg("kubeconfig", |argument| argument.help("Ask the seed that this kubeconfig leads to, and its shoots where the answer depends on them, instead of reading files. Nothing is written there")),
        after_help = "Examples:\n  \
        networking-calico plan --kubeconfig seed.yaml\n  \
        networking-calico plan --kubeconfig seed.yaml --network shoot--foo--bar/bar -o json\n  \
        networking-calico plan -f dump/ --nodes shoot--foo--bar=nodes.yaml"
    )]
    Plan(PlanArguments),
    /// Print a completion script for a shell.
    ///
    /// Exits with 0, with 1 if it cannot be written, with 2 on wrong usage.
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
    #[arg(short, long = "file", value_name = "FILE", required_unless_present = "kubeconfig")]
    pub files: Vec<PathBuf>,
    /// Ask the seed that this kubeconfig leads to, and the shoot where the answer depends on it, instead of reading files. Nothing is
    /// written there.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "nodes", "require_guard"])]
    pub kubeconfig: Option<PathBuf>,
    /// The one Network that is meant.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub network: Option<String>,
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

/// What is rendered of a decision; shared by the commands that render.
#[derive(Debug, Args)]
pub struct RenderingArguments {
    /// Render what would be written after this verdict instead.
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub as_if: Option<AsIf>,
    /// Calico's custom resource definitions of another release, a file or a directory.
    #[arg(long, value_name = "DIR")]
    pub crds: Option<PathBuf>,
}

/// A verdict to assume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AsIf {
    /// The overlay switch may proceed: the target is rendered.
    Proceed,
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct RenderArguments {
    /// The input.
    #[command(flatten)]
    pub dump: DumpArguments,
    /// What to render.
    #[command(flatten)]
    pub rendering: RenderingArguments,
    /// Print this object only; may be repeated.
    #[arg(long, value_name = "KIND/[NAMESPACE/]NAME")]
    pub only: Vec<String>,
    /// Print the Secret and the ManagedResource that hold the objects instead.
    #[arg(long, group = "what")]
    pub bundle: bool,
    /// Print the objects that stay in the seed instead.
    #[arg(long, group = "what")]
    pub seed: bool,
    /// Print the sizes of the bundle instead.
    #[arg(long, group = "what", conflicts_with = "only")]
    pub stats: bool,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = ObjectOutput::Yaml)]
    pub output: ObjectOutput,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The input.
    #[command(flatten)]
    pub dump: DumpArguments,
    /// What to render.
    #[command(flatten)]
    pub rendering: RenderingArguments,
    /// Compare with the objects in this file or directory instead of the bundle in the dump.
    #[arg(long, value_name = "DIR")]
    pub against: Option<PathBuf>,
    /// The form of the answer.
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

/// The form of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ObjectOutput {
    /// One document each.
    Yaml,
    /// One List.
    Json,
}

impl DumpArguments {
    /// The inputs to read.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs { files: self.files.clone(), nodes: self.nodes.clone() }
    }
}

/// The command line with the command that flags alone stand for.
pub fn with_command(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let first = arguments.get(1).and_then(|first| first.to_str()).unwrap_or_default();
    if first.starts_with('-') && !["-h", "--help", "-V"].contains(&first) {
        arguments.insert(1, "run".into());
    }
    arguments
}

/// How the program ends for a command line that was refused, or that asked for help.
#[must_use]
pub fn refusal(error: &clap::Error, arguments: &[OsString]) -> Ending {
    match error.exit_code() {
        0 => Ending::Fine,
        // Whoever starts the Go programs knows no other code.
        _ if arguments.get(1).is_some_and(|command| command == "run" || command == "admission") => Ending::Invalid,
        _ => Ending::Misused,
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

    #[test]
    fn whoever_runs_the_controller_knows_one_error_code_and_the_others_know_usage() {
        let code = |arguments: &[&str]| {
            let arguments = std::iter::once("networking-calico").chain(arguments.iter().copied()).map(Into::into);
            let arguments = super::with_command(arguments);
            let error = <super::Cli as clap::Parser>::try_parse_from(&arguments).unwrap_err();
            super::refusal(&error, &arguments).code()
        };
        assert_eq!(code(&["--no-such-flag"]), 1);
        assert_eq!(code(&["run", "--log-level"]), 1);
        assert_eq!(code(&["admission", "--no-such-flag"]), 1);
        assert_eq!(code(&["decide", "--no-such-flag"]), 2);
        assert_eq!(code(&["no-such-command"]), 2);
        assert_eq!(code(&["--help"]), 0);
        assert_eq!(code(&["run", "--help"]), 0);
    }
}
