//! `run`: the controller.

use std::process::ExitCode;
use std::sync::Arc;

use adapter_k8s::bundle::Definitions;
use adapter_k8s::shoot_access::ShootAccess;

use super::service;
use crate::cli::RunArguments;
use crate::controller::{Controller, NodeWatches, Observer, RememberedNetworks, Service, Trigger};
use crate::process::settings::{self, OperationAnnotation, Settings};
use crate::process::{self, Parts};

/// Runs until a signal comes.
#[must_use]
pub(super) fn run(arguments: &RunArguments) -> ExitCode {
    service::run(&arguments.service, &settings::flags_without_effect(arguments), || {
        let settings = settings::read(arguments)?;
        Ok(process::run(settings, controller)?)
    })
}

/// The controller of Networks, from what the process offers it.
fn controller(settings: &Settings, parts: Parts) -> Controller {
    let trigger = match settings.operation_annotation {
        OperationAnnotation::Obeyed => Trigger::OperationAnnotation,
        OperationAnnotation::Ignored => Trigger::Generation,
    };
    let (wake, known) = (parts.wake, parts.known);
    let watches =
        NodeWatches::new(Box::new(move |key| wake.now(key)), Arc::clone(&parts.decisions) as Arc<dyn Observer>);
    Controller {
        shoots: ShootAccess::new(parts.seed.clone(), settings.shoot_address, parts.requests),
        seed: parts.seed,
        configuration: settings.configuration.clone(),
        images: settings.image_vector.clone(),
        definitions: Arc::new(Definitions::built_in()),
        service: Service { classes: settings.extension_classes.clone(), trigger },
        told: Box::new(move |key| known.told(key)),
        observer: parts.decisions,
        clock: Box::new(super::decide::now),
        watches,
        memory: RememberedNetworks::default(),
    }
}
