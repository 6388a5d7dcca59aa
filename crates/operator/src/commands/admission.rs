//! `admission`: the webhook for Shoots.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use super::note;
use crate::admission::{self, settings};
use crate::cli::{AdmissionArguments, VersionForm};
use crate::process::{self, logs};

/// Runs until a signal comes. The exit code is 1 on any error, as that of the Go admission.
#[must_use]
pub(super) fn run(arguments: &AdmissionArguments) -> ExitCode {
    if let Some(text) = arguments.version.as_ref().and_then(VersionForm::text) {
        return match writeln!(io::stdout(), "{text}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(1),
        };
    }
    match settings::logging(arguments) {
        Ok((level, format)) => logs::install(level, format),
        Err(error) => {
            note(&format!("error: {error}"));
            return ExitCode::from(1);
        }
    }
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = process::chain(&*error), "the process ends");
            ExitCode::from(1)
        }
    }
}

fn start(arguments: &AdmissionArguments) -> Result<(), Box<dyn Error>> {
    for flag in settings::flags_without_effect(arguments) {
        tracing::warn!(flag, "this flag has no effect");
    }
    let environment = |name: &str| std::env::var(name).ok();
    Ok(admission::run(settings::read(arguments, environment)?)?)
}
