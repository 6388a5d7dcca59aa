//! `plan`: which shoots could switch their overlay off now, and what blocks the others. Nothing is written anywhere.

use std::io::{self, Write};

use adapter_k8s::client::ApiClient;
use adapter_k8s::read::networks::ListedNetwork;
use adapter_k8s::shoot_access::ShootAccess;

use super::decide::{self, Assumption, Item, Options};
use super::seed::{self, Pace};
use super::{Ending, complain, fleet};
use crate::cli::{DumpArguments, Output, PlanArguments};
use crate::diagnostics::Diagnostic;
use crate::dump;

mod list;
mod outcome;
mod table;

pub use outcome::Outcome;

/// Runs the command.
///
/// # Errors
/// Only where the answer cannot be written.
pub fn run(arguments: &PlanArguments, out: &mut impl Write) -> io::Result<Ending> {
    let items = match read(&arguments.dump) {
        Ok(items) => items,
        Err(diagnostic) => {
            complain(&diagnostic);
            return Ok(Ending::Invalid);
        }
    };
    decide::complain_about(&items);
    match arguments.output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, &list::PlanList::new(&items))?;
            writeln!(out)?;
        }
        Output::Table => table::write(out, &items)?,
    }
    Ok(items.iter().map(ending).max().unwrap_or(Ending::Fine))
}

/// Judges what the arguments name, sorted by namespace and name.
fn read(arguments: &DumpArguments) -> Result<Vec<Item>, Diagnostic> {
    let options = decide::options::read(arguments, decide::now())?;
    let options = Options { assumption: Assumption::OverlayDisabled, ..options };
    let network = arguments.network.as_deref();
    if let Some(kubeconfig) = &arguments.kubeconfig {
        return seed::block_on(kubeconfig, async {
            let seed = seed::connect(kubeconfig, Pace::Fleet).await?;
            let networks = fleet::ours(seed::networks(&seed, kubeconfig, network).await?);
            Ok(judge(&seed, &seed::shoots(&seed), &options, networks).await)
        })?;
    }
    let mut dump = dump::read(&arguments.inputs(), &mut io::stdin().lock())?;
    fleet::keep_ours(&mut dump);
    let items = decide::decide(&dump, &options)?;
    decide::tell_ignored(&dump);
    match network {
        Some(network) => decide::only(items, network, |item| (&item.namespace, &item.name)),
        None => Ok(items),
    }
}

/// Judges these Networks of a living seed, each by what seed and shoot say now; sorted by namespace and name. Nothing is written.
pub async fn judge(
    seed: &ApiClient,
    shoots: &ShootAccess,
    options: &Options,
    networks: Vec<ListedNetwork>,
) -> Vec<Item> {
    let mut items = fleet::each(networks, async |listed| judge_one(seed, shoots, options, listed).await).await;
    items.sort_by(|left, right| (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name)));
    items
}

async fn judge_one(seed: &ApiClient, shoots: &ShootAccess, options: &Options, listed: ListedNetwork) -> Item {
    let ListedNetwork { namespace, name, network } = listed;
    let answer = match network {
        // Of a thousand bundles none is kept.
        Ok(network) => decide::live::answer(seed, shoots, options, &network).await.map(|(answer, _)| Box::new(answer)),
        Err(unreadable) => Err(fleet::unreadable(&namespace, &name, unreadable)),
    };
    Item { namespace, name, answer }
}

fn ending(item: &Item) -> Ending {
    match &item.answer {
        Err(_) => Ending::Invalid,
        Ok(answer) if Outcome::of(&answer.decided.decision) == Outcome::Blocked => Ending::Held,
        Ok(_) => Ending::Fine,
    }
}
