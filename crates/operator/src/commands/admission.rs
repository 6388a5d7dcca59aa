//! `admission`: the webhook for Shoots.

use std::process::ExitCode;

use super::service;
use crate::admission::{self, settings};
use crate::cli::AdmissionArguments;

/// Runs until a signal comes.
#[must_use]
pub(super) fn run(arguments: &AdmissionArguments) -> ExitCode {
    service::run(&arguments.service, &settings::flags_without_effect(arguments), || {
        let environment = |name: &str| std::env::var(name).ok();
        Ok(admission::run(settings::read(arguments, environment)?)?)
    })
}
