//! `validate`: what admission and the controller would refuse.

use std::io::{self, Write};

use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::network_config::NetworkConfig;
use gardener_api::validation::{ErrorKind, FieldError, validate_network, validate_network_config, validate_shoot};
use serde::Serialize;
use serde_json::Value;

use super::{Ending, complain};
use crate::cli::{Output, ValidateArguments};
use crate::diagnostics::{Diagnostic, Style};
use crate::dump::{self, Dump, Inputs, Place};
use crate::path;

/// One violation with its place.
#[derive(Debug)]
struct Violation {
    error: FieldError,
    diagnostic: Diagnostic,
}

#[derive(Serialize)]
struct ViolationItem<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    path: &'a str,
    kind: &'static str,
    text: String,
}

/// Runs the command.
///
/// # Errors
/// Only where the answer cannot be written.
pub fn run(arguments: &ValidateArguments, out: &mut impl Write) -> io::Result<Ending> {
    let inputs = Inputs { files: arguments.files.clone(), nodes: Vec::new() };
    let dump = match dump::read(&inputs, &mut io::stdin().lock()) {
        Ok(dump) => dump,
        Err(diagnostic) => {
            complain(&diagnostic);
            return Ok(Ending::Invalid);
        }
    };
    let objects = &dump.objects;
    let checked = objects.networks.len()
        + objects.invalid.len()
        + objects.shoots.len()
        + objects.network_configs.len()
        + objects.controller_configurations.len();
    if checked == 0 {
        super::note("input: error: there is no Network, Shoot, NetworkConfig or ControllerConfiguration to validate");
        return Ok(Ending::Invalid);
    }
    let violations = violations(&dump);
    match arguments.output {
        Output::Json => {
            let items: Vec<_> = violations.iter().map(item).collect();
            serde_json::to_writer_pretty(&mut *out, &items)?;
            writeln!(out)?;
        }
        Output::Table => {
            let style = Style::of(&io::stdout());
            for violation in &violations {
                writeln!(out, "{}", violation.diagnostic.render(style))?;
            }
            let objects = if checked == 1 { "object" } else { "objects" };
            match violations.len() {
                0 => writeln!(out, "{checked} {objects} valid")?,
                1 => writeln!(out, "1 error in {checked} {objects}")?,
                errors => writeln!(out, "{errors} errors in {checked} {objects}")?,
            }
        }
    }
    Ok(if violations.is_empty() { Ending::Fine } else { Ending::Invalid })
}

fn violations(dump: &Dump) -> Vec<Violation> {
    let objects = &dump.objects;
    let mut violations = Vec::new();
    let mut add = |place: &Place, errors: Vec<FieldError>| {
        violations.extend(errors.into_iter().map(|error| {
            let text = error.to_string();
            let text = text.strip_prefix(&format!("{}: ", error.path)).unwrap_or(&text);
            Violation { diagnostic: dump.sources.diagnose(place, &error.path, text), error }
        }));
    };
    for invalid in &objects.invalid {
        add(&invalid.place, vec![problem(&invalid.value.path, &invalid.value.text)]);
    }
    for network in &objects.networks {
        add(&network.place, validate_network(&network.value).1);
    }
    for shoot in &objects.shoots {
        add(&shoot.place, validate_shoot(&shoot.value, None));
    }
    for config in &objects.network_configs {
        add(&config.place, network_config(&config.value));
    }
    for configuration in &objects.controller_configurations {
        add(&configuration.place, controller_configuration(&configuration.value));
    }
    violations
}

/// A configuration that stands alone is judged as for a shoot with IPv4.
fn network_config(json: &str) -> Vec<FieldError> {
    match NetworkConfig::from_json(json) {
        Ok(config) => validate_network_config(&config.unwrap_or_default(), &["IPv4".to_owned()], ""),
        Err(errors) => errors.iter().map(|error| problem(&error.path, &error.kind.to_string())).collect(),
    }
}

/// Decoding stops at the first error: what it names is taken out and the rest is read again, until nothing is left to say.
fn controller_configuration(json: &str) -> Vec<FieldError> {
    let mut value: Value = match serde_json::from_str(json) {
        Ok(value) => value,
        Err(error) => return vec![problem("", &error.to_string())],
    };
    let mut errors: Vec<FieldError> = Vec::new();
    while let Err(error) = ControllerConfiguration::from_value(value.clone()) {
        // A field that is missing cannot be taken out.
        if errors.last().is_some_and(|last| last.path == error.path) {
            break;
        }
        errors.push(problem(&error.path, &error.message));
        if !take_out(&mut value, &error.path) {
            break;
        }
    }
    errors
}

/// Removes the field at `path`, or the one that holds it where it is no field itself. Whether anything was removed.
fn take_out(value: &mut Value, path: &str) -> bool {
    let Value::Object(fields) = value else { return false };
    let Some((key, rest)) = fields.keys().find_map(|key| Some((key.clone(), path::after_key(path, key)?))) else {
        return false;
    };
    let inner = fields.get_mut(&key).is_some_and(|field| !rest.is_empty() && take_out(field, rest));
    inner || fields.remove(&key).is_some()
}

fn problem(path: &str, text: &str) -> FieldError {
    FieldError { path: path.to_owned(), kind: ErrorKind::Invalid, bad_value: None, detail: text.to_owned() }
}

fn item(violation: &Violation) -> ViolationItem<'_> {
    let position = violation.diagnostic.position;
    ViolationItem {
        file: &violation.diagnostic.file,
        line: position.map(|position| position.line),
        column: position.map(|position| position.column),
        path: &violation.error.path,
        kind: violation.error.kind.code(),
        text: violation.error.to_string(),
    }
}
