//! `networking-calico`: wires the command line to the commands.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    operator::commands::run(&operator::cli::Cli::parse())
}
