//! What runs until a signal comes: its version or its life, and the exit code.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use adapter_k8s::client::chain;

use super::{Ending, note};
use crate::cli::{ServiceArguments, VersionForm};
use crate::process::{logs, settings};

/// Prints the version, or logs as asked for, names the flags without effect, and starts. The exit code is 1 on any error, as that of
/// the Go programs.
#[must_use]
pub(super) fn run(
    arguments: &ServiceArguments,
    without_effect: &[&'static str],
    start: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    if let Some(text) = arguments.version.as_ref().and_then(VersionForm::text) {
        return match writeln!(io::stdout(), "{text}") {
            Ok(()) => Ending::Fine.into(),
            Err(_) => Ending::Invalid.into(),
        };
    }
    match settings::logging(arguments) {
        Ok((level, format)) => logs::install(level, format),
        Err(error) => {
            note(&format!("error: {error}"));
            return Ending::Invalid.into();
        }
    }
    for flag in without_effect {
        tracing::warn!(flag, "this flag has no effect");
    }
    match start() {
        Ok(()) => Ending::Fine.into(),
        Err(error) => {
            tracing::error!(error = chain(&*error), "the process ends");
            Ending::Invalid.into()
        }
    }
}
