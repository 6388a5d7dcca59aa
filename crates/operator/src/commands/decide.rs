//! `decide`: both decisions for every Network of a dump.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use calico_policy::Decision;
use calico_policy::overlay::VerdictCode;
use calico_policy::time::Timestamp;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;

use super::{Ending, complain, note};
use crate::cli::{DecideArguments, Output};
use crate::diagnostics::Diagnostic;
use crate::dump;

mod assemble;
pub mod list;
mod options;
mod table;

pub use assemble::{ItemError, ItemErrorKind};

/// What everything but the dump contributes to a decision.
#[derive(Debug)]
pub struct Options {
    /// The landscape operator's configuration.
    pub configuration: ControllerConfiguration,
    /// Where the release of `calico-node` comes from.
    pub image_vector: ImageVector,
    /// The time of the decision.
    pub now: Timestamp,
    /// Whether a guard that the dump does not show holds a switch.
    pub unobserved_guard: adapter_k8s::settings::UnobservedGuard,
}

/// The answer for one Network.
#[derive(Debug)]
pub struct Item {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// Both decisions, or why there are none.
    pub answer: Result<Box<Decision>, ItemError>,
}

/// Runs the command.
///
/// # Errors
/// Only where the answer cannot be written.
pub fn run(arguments: &DecideArguments, out: &mut impl Write) -> io::Result<Ending> {
    let read = options::read(arguments, now()).and_then(|options| {
        let dump = dump::read(&arguments.inputs(), &mut io::stdin().lock())?;
        Ok((options, dump))
    });
    let (options, dump) = match read {
        Ok(read) => read,
        Err(diagnostic) => {
            complain(&diagnostic);
            return Ok(Ending::Invalid);
        }
    };
    let items = match decide(&dump, &options) {
        Ok(items) => items,
        Err(diagnostic) => {
            complain(&diagnostic);
            return Ok(Ending::Invalid);
        }
    };
    for (kind, count) in &dump.objects.ignored {
        let plural = if *count == 1 { "object" } else { "objects" };
        note(&format!("note: {count} {plural} of kind {kind} ignored"));
    }
    for error in items.iter().filter_map(|item| item.answer.as_ref().err()) {
        for diagnostic in &error.diagnostics {
            complain(diagnostic);
        }
    }
    match arguments.output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, &list::DecisionList::new(&items))?;
            writeln!(out)?;
        }
        Output::Table => table::write(out, &items)?,
    }
    Ok(items.iter().map(ending).max().unwrap_or(Ending::Fine))
}

/// Decides for every Network of a dump, sorted by namespace and name. One invalid Network does not hide the others.
///
/// # Errors
/// Where the dump as a whole cannot be understood: no Network, or nodes that belong to none of several.
pub fn decide(dump: &dump::Dump, options: &Options) -> Result<Vec<Item>, Diagnostic> {
    assemble::items(dump, options)
}

fn ending(item: &Item) -> Ending {
    match &item.answer {
        Err(_) => Ending::Invalid,
        Ok(decision) if decision.overlay.kind() == VerdictCode::Hold => Ending::Held,
        Ok(_) => Ending::Fine,
    }
}

fn now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    Timestamp(i64::try_from(seconds).unwrap_or(i64::MAX))
}
