//! Configuration and image vector from the command line.

use adapter_k8s::settings::UnobservedGuard;
use calico_policy::time::Timestamp;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;

use super::{Assumption, Options};
use crate::cli::DumpArguments;
use crate::diagnostics::Diagnostic;
use crate::dump;

/// Reads the files that the arguments name.
pub(in crate::commands) fn read(arguments: &DumpArguments, clock: Timestamp) -> Result<Options, Diagnostic> {
    let configuration = match &arguments.config {
        None => ControllerConfiguration::default(),
        Some(path) => {
            let (source, value) = dump::read_value(path)?;
            ControllerConfiguration::from_value(value).map_err(|error| source.about(&error.path, error.message))?
        }
    };
    let built_in = ImageVector::built_in(env!("CARGO_PKG_VERSION"));
    let image_vector = match &arguments.image_vector {
        None => built_in,
        Some(path) => {
            let (source, value) = dump::read_value(path)?;
            built_in.with_overwrite(value).map_err(|error| source.about("", error.to_string()))?
        }
    };
    Ok(Options {
        configuration,
        image_vector,
        now: arguments.now.unwrap_or(clock),
        unobserved_guard: if arguments.require_guard { UnobservedGuard::Holds } else { UnobservedGuard::Reported },
        assumption: Assumption::Nothing,
    })
}
