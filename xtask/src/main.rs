//! Repository checks, generators and comparisons: `cargo xtask COMMAND`.
//!
//! One module per command. Every command reports all problems it finds, not only the first, and exits 1 if there is any.

// This is a command-line tool: its findings are its output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod callgrind;
mod charts;
mod ci;
mod codegen;
mod e2e;
mod envtest;
mod failure;
mod image;
mod memory;
mod model;
mod mutants;
mod package;
mod parity;
mod process;
mod programs;
mod repository;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, Problem};

/// Checks, generators and comparisons of this repository
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the rules that neither the compiler nor clippy checks: dependency arrows, documents, unreachable files
    Tidy,
    /// Write the files that are generated from code
    Codegen {
        /// Write nothing; fail if a committed file differs from what would be written
        #[arg(long)]
        check: bool,
    },
    /// Compare decisions, validation and rendered objects with recorded results of the Go extension
    Parity {
        /// Folder with the recorded cases
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Measure, and print each figure beside its budget; a figure that does not depend on the machine must hold
    Bench(bench::Selection),
    /// Provide `etcd`, `kube-apiserver` and `kubectl`, built from their Go modules where KUBEBUILDER_ASSETS names none, and print where they are
    Envtest {
        /// Release of Kubernetes
        #[arg(long, value_enum, default_value_t)]
        kubernetes: envtest::Release,
    },
    /// Build the container images as an OCI layout in target/image/oci, with the list of what is in them
    Image(image::Options),
    /// Tell stories on a real API server: the controller as a process, and everything around it. The monitor looks for a node without a route
    E2e(e2e::Arguments),
    /// Run the model check of calico-policy, and print what it visited and which failures it found again
    Model,
    /// Run cargo-mutants on calico-policy; fail on a survivor that is not in the list of equivalent mutants
    Mutants(mutants::Selection),
    /// Lint the Helm charts, render each with every value changed once, and test the alert rules
    Charts {
        /// Replace what is expected by what is rendered, to be looked at before it is committed
        #[arg(long)]
        write: bool,
    },
    /// Run every check that a change must pass
    Ci,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Tidy => tidy::run(),
        Command::Codegen { check } => codegen::run(if check { codegen::Mode::Check } else { codegen::Mode::Write }),
        Command::Parity { directory } => parity::run(&directory),
        Command::Bench(selection) => bench::run(&selection),
        Command::Envtest { kubernetes } => envtest::run(kubernetes),
        Command::Image(options) => image::run(&options),
        Command::E2e(arguments) => e2e::run(&arguments),
        Command::Model => model::run(),
        Command::Mutants(selection) => mutants::run(&selection),
        Command::Charts { write } => charts::run(if write { charts::Mode::Write } else { charts::Mode::Compare }),
        Command::Ci => ci::run(),
    };
    exit_code(outcome)
}

fn exit_code(outcome: Result<Vec<Problem>, Failure>) -> ExitCode {
    let problems = match outcome {
        Ok(problems) => problems,
        Err(failure) => vec![Problem::from(&failure)],
    };
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
