//! The commands, one module each. They read, call the core and print; they do not decide.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::diagnostics::{Diagnostic, Style};
pub use crate::ending::Ending;

mod admission;
pub mod decide;
#[cfg(feature = "demo")]
mod demo;
pub mod diff;
pub mod plan;
pub mod render;
mod run;
mod service;
pub mod status;
pub mod validate;

mod columns;
mod definitions;
mod fleet;
mod rendering;
mod seed;

/// Runs a command. A reader that closes our output early gets no complaint, and the exit code stays what the answer calls for.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    if let Command::Run(arguments) = &cli.command {
        return run::run(arguments);
    }
    if let Command::Admission(arguments) = &cli.command {
        return admission::run(arguments);
    }
    #[cfg(feature = "demo")]
    if let Command::Demo(arguments) = &cli.command {
        return demo::run(arguments);
    }
    let mut out = io::BufWriter::new(Leavable::new(io::stdout().lock()));
    let ending = match &cli.command {
        Command::Run(_) | Command::Admission(_) => Ok(Ending::Fine),
        #[cfg(feature = "demo")]
        Command::Demo(_) => Ok(Ending::Fine),
        Command::Decide(arguments) => decide::run(arguments, &mut out),
        Command::Render(arguments) => render::run(arguments, &mut out),
        Command::Diff(arguments) => diff::run(arguments, &mut out),
        Command::Status(arguments) => status::run(arguments, &mut out),
        Command::Plan(arguments) => plan::run(arguments, &mut out),
        Command::Validate(arguments) => validate::run(arguments, &mut out),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut crate::cli::command(), "networking-calico", &mut script);
            out.write_all(&script).map(|()| Ending::Fine)
        }
    };
    match ending.and_then(|ending| out.flush().map(|()| ending)) {
        Ok(ending) => ending.into(),
        Err(error) => {
            note(&format!("cannot write the answer: {error}"));
            Ending::Invalid.into()
        }
    }
}

/// An output whose reader may leave: what it no longer wants is dropped, so that the command still reaches its verdict.
///
/// A script that asks `decide … | head` must not take a held switch for one that may proceed.
struct Leavable<W> {
    out: W,
    left: bool,
}

impl<W: Write> Leavable<W> {
    fn new(out: W) -> Self {
        Self { out, left: false }
    }

    fn unless_left<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.left = true;
                Ok(dropped)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Leavable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left {
            return Ok(bytes.len());
        }
        let result = self.out.write(bytes);
        self.unless_left(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.left {
            return Ok(());
        }
        let result = self.out.flush();
        self.unless_left(result, ())
    }
}

/// Says something about an input on standard error.
pub(crate) fn complain(diagnostic: &Diagnostic) {
    let style = Style::of(&io::stderr());
    note(&diagnostic.render(style));
}

/// Writes a line on standard error. Nobody is left to tell if that fails.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
