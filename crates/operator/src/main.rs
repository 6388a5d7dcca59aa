//! `networking-calico`: wires the command line to the commands.

use std::process::ExitCode;

use clap::Parser;
use operator::cli::{self, Cli};

fn main() -> ExitCode {
    let arguments = cli::with_command(std::env::args_os());
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => operator::commands::run(&cli),
        Err(error) => {
            // Nobody is left to tell if that fails.
            let _ = error.print();
            cli::refusal(&error, &arguments).into()
        }
    }
}
