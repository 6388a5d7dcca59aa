//! `run`: the controller.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use adapter_k8s::bundle::Definitions;
use adapter_k8s::shoot_access::ShootAccess;

use super::note;
use crate::cli::{RunArguments, VersionForm};
use crate::controller::{Controller, NodeWatches, Observer, RememberedNetworks, Service, Trigger};
use crate::process::settings::{self, OperationAnnotation, Settings};
use crate::process::{self, Parts, logs};

/// Runs until a signal comes. The exit code is 1 on any error, as that of the Go extension.
#[must_use]
pub(super) fn run(arguments: &RunArguments) -> ExitCode {
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

fn start(arguments: &RunArguments) -> Result<(), Box<dyn Error>> {
    for flag in settings::flags_without_effect(arguments) {
        tracing::warn!(flag, "this flag has no effect");
    }
    Ok(process::run(settings::read(arguments)?, controller)?)
}

/// The controller of Networks, from what the process offers it.
fn controller(settings: &Settings, parts: Parts) -> Controller {
    let trigger = match settings.operation_annotation {
        OperationAnnotation::Obeyed => Trigger::OperationAnnotation,
        OperationAnnotation::Ignored => Trigger::Generation,
    };
    let wake = parts.wake;
    let watches =
        NodeWatches::new(Box::new(move |key| wake.now(key)), Arc::clone(&parts.decisions) as Arc<dyn Observer>);
    Controller {
        shoots: ShootAccess::new(parts.seed.clone(), settings.shoot_address, parts.requests),
        seed: parts.seed,
        configuration: settings.configuration.clone(),
        images: settings.image_vector.clone(),
        definitions: Arc::new(Definitions::built_in()),
        service: Service { classes: settings.extension_classes.clone(), trigger },
        observer: parts.decisions,
        clock: Box::new(super::decide::now),
        watches,
        memory: RememberedNetworks::default(),
    }
}
