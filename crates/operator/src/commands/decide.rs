//! `decide`: both decisions for every Network of a dump.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use adapter_k8s::decide::Decided;
use adapter_k8s::facts::network::NetworkFacts;
use calico_policy::Decision;
use calico_policy::overlay::VerdictCode;
use calico_policy::shoot::ShootFacts;
use calico_policy::time::Timestamp;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;

use super::{Ending, complain, note};
use crate::cli::{DecideArguments, DumpArguments, Output};
use crate::diagnostics::Diagnostic;
use crate::dump;

pub(super) mod assemble;
mod assumption;
mod error;
pub mod list;
pub(super) mod live;
pub(super) mod options;
mod table;

pub use assumption::Assumption;
pub use error::{ItemError, ItemErrorKind};

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
    /// What is assumed of every Network.
    pub assumption: Assumption,
}

/// The answer for one Network.
#[derive(Debug)]
pub struct Item {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// Both decisions, or why there are none.
    pub answer: Result<Box<Answer>, ItemError>,
}

/// Both decisions, and the facts that their objects are rendered from.
#[derive(Debug)]
pub struct Answer {
    /// The decisions.
    pub decided: Decided,
    /// What the Network says.
    pub network: NetworkFacts,
    /// What its shoot says.
    pub shoot: ShootFacts,
    /// Whether the Network asks for something else than was assumed.
    pub assumed: bool,
}

impl Item {
    /// Both decisions, where there are any.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.answer.as_ref().ok().map(|answer| &answer.decided.decision)
    }
}

/// Runs the command.
///
/// # Errors
/// Only where the answer cannot be written.
pub fn run(arguments: &DecideArguments, out: &mut impl Write) -> io::Result<Ending> {
    let Some((_, items)) = read(&arguments.dump) else { return Ok(Ending::Invalid) };
    match arguments.output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, &list::DecisionList::new(&items))?;
            writeln!(out)?;
        }
        Output::Table => table::write(out, &items)?,
    }
    Ok(items.iter().map(ending).max().unwrap_or(Ending::Fine))
}

/// Reads what the arguments name and decides for every Network of it. What is wrong was said on standard error; `None` where it
/// leaves nothing to answer.
pub(super) fn read(arguments: &DumpArguments) -> Option<(dump::Dump, Vec<Item>)> {
    let read = || {
        let options = options::read(arguments, now())?;
        if let (Some(kubeconfig), Some(network)) = (&arguments.kubeconfig, &arguments.network) {
            return live::read(live::Target { kubeconfig, network }, &options);
        }
        let dump = dump::read(&arguments.inputs(), &mut io::stdin().lock())?;
        let mut items = decide(&dump, &options)?;
        if let Some(network) = &arguments.network {
            items = only(items, network, |item| (&item.namespace, &item.name))?;
        }
        Ok((dump, items))
    };
    let (dump, items) = match read() {
        Ok(read) => read,
        Err(diagnostic) => {
            complain(&diagnostic);
            return None;
        }
    };
    tell_ignored(&dump);
    complain_about(&items);
    Some((dump, items))
}

/// Says which objects of a dump were not used.
pub(super) fn tell_ignored(dump: &dump::Dump) {
    for (kind, count) in &dump.objects.ignored {
        let plural = if *count == 1 { "object" } else { "objects" };
        note(&format!("note: {count} {plural} of kind {kind} ignored"));
    }
}

/// Says why there is no decision, where there is none.
pub(super) fn complain_about(items: &[Item]) {
    for error in items.iter().filter_map(|item| item.answer.as_ref().err()) {
        error.diagnostics.iter().for_each(complain);
    }
}

/// Decides for every Network of a dump, sorted by namespace and name. One invalid Network does not hide the others.
///
/// # Errors
/// Where the dump as a whole cannot be understood: no Network, or nodes that belong to none of several.
pub fn decide(dump: &dump::Dump, options: &Options) -> Result<Vec<Item>, Diagnostic> {
    assemble::items(dump, options)
}

/// The one Network that is meant.
pub(super) fn only<T>(items: Vec<T>, network: &str, name: impl Fn(&T) -> (&str, &str)) -> Result<Vec<T>, Diagnostic> {
    let name = |item: &T| {
        let (namespace, name) = name(item);
        format!("{namespace}/{name}")
    };
    let names: Vec<String> = items.iter().map(name).collect();
    let meant: Vec<T> = items.into_iter().filter(|item| name(item) == network).collect();
    if meant.is_empty() {
        let text = format!("there is no Network `{network}`; there are {}", names.join(", "));
        return Err(Diagnostic { file: "input".to_owned(), position: None, path: String::new(), text, excerpt: None });
    }
    Ok(meant)
}

fn ending(item: &Item) -> Ending {
    match item.decision() {
        None => Ending::Invalid,
        Some(decision) if decision.overlay.kind() == VerdictCode::Hold => Ending::Held,
        Some(_) => Ending::Fine,
    }
}

pub(crate) fn now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    Timestamp(i64::try_from(seconds).unwrap_or(i64::MAX))
}
