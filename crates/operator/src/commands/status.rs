//! `status`: where the overlay switches of a seed stand, by what each Network says of itself. Nothing is decided here.

use std::io::{self, Write};

use adapter_k8s::client::ApiClient;
use adapter_k8s::read;
use adapter_k8s::read::networks::ListedNetwork;
use calico_policy::Reading;
use calico_policy::in_effect::ObservedDataplane;
use gardener_api::validation::ErrorKind;

use super::decide::{self, ItemError, ItemErrorKind, assemble};
use super::seed::{self, Pace};
use super::{Ending, complain, fleet};
use crate::cli::{Output, StatusArguments};
use crate::diagnostics::Diagnostic;
use crate::dump::{self, Dump, Inputs};
use item::{Fault, Item};

mod item;
mod list;
mod table;
mod watch;

pub use item::Source;
pub use watch::Happened;

/// Runs the command.
///
/// # Errors
/// Only where the answer cannot be written.
pub fn run(arguments: &StatusArguments, out: &mut impl Write) -> io::Result<Ending> {
    if let (true, Some(kubeconfig)) = (arguments.watch, &arguments.kubeconfig) {
        return watch::run(arguments, kubeconfig, out);
    }
    let mut items = match read(arguments) {
        Ok(items) => items,
        Err(diagnostic) => {
            complain(&diagnostic);
            return Ok(Ending::Invalid);
        }
    };
    complain_about(&items);
    let ending = ending(&items);
    if arguments.open {
        items.retain(Item::is_open);
    }
    let now = arguments.now.unwrap_or_else(decide::now);
    match arguments.output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, &list::StatusList::new(&items, now))?;
            writeln!(out)?;
        }
        Output::Table => table::write(out, &items, now)?,
    }
    Ok(ending)
}

/// What the Networks say, sorted by namespace and name.
fn read(arguments: &StatusArguments) -> Result<Vec<Item>, Diagnostic> {
    let meant = arguments.network.as_deref();
    if let Some(kubeconfig) = &arguments.kubeconfig {
        return seed::block_on(kubeconfig, async {
            let seed = seed::connect(kubeconfig, Pace::Fleet).await?;
            let networks = fleet::ours(seed::networks(&seed, kubeconfig, meant).await?);
            let mut items = if arguments.bundles {
                fleet::each(networks, async |listed| with_bundle(&seed, listed).await).await
            } else {
                networks.into_iter().map(|listed| of_seed(listed, None)).collect()
            };
            sort(&mut items);
            Ok(items)
        })?;
    }
    let inputs = Inputs { files: arguments.files.clone(), nodes: Vec::new() };
    let mut dump = dump::read(&inputs, &mut io::stdin().lock())?;
    if dump.objects.networks.is_empty() && dump.objects.invalid.is_empty() {
        return Err(seed::about("input", "there is no Network to tell about".to_owned()));
    }
    fleet::keep_ours(&mut dump);
    let mut items = of_dump(&dump);
    decide::tell_ignored(&dump);
    sort(&mut items);
    match meant {
        Some(meant) => decide::only(items, meant, |item| (&item.namespace, &item.name)),
        None => Ok(items),
    }
}

fn sort(items: &mut [Item]) {
    items.sort_by(|left, right| (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name)));
}

fn of_dump(dump: &Dump) -> Vec<Item> {
    let networks = dump.objects.networks.iter().map(|located| {
        let metadata = &located.value.metadata;
        let bundle = match assemble::bundle_of(dump, &metadata.namespace) {
            // It is not in the dump, which proves nothing.
            Reading::Absent => None,
            bundle => Some(bundle),
        };
        Item::new(&located.value, bundle.as_ref(), |Fault { path, kind, text }| {
            let diagnostics = vec![dump.sources.diagnose(&located.place, path, text.as_str())];
            ItemError { path: path.to_owned(), kind, text, diagnostics }
        })
    });
    let invalid = dump.objects.invalid.iter().map(|invalid| {
        let dump::Invalid { namespace, name, path, text } = invalid.value.clone();
        let diagnostics = vec![dump.sources.diagnose(&invalid.place, &path, text.as_str())];
        Item::unreadable(
            namespace,
            name,
            ItemError { path, kind: ItemErrorKind::Field(ErrorKind::Invalid), text, diagnostics },
        )
    });
    networks.chain(invalid).collect()
}

async fn with_bundle(seed: &ApiClient, listed: ListedNetwork) -> Item {
    let bundle = read::bundle::bundle(seed, &listed.namespace, None).await.dataplane;
    of_seed(listed, Some(&bundle))
}

fn of_seed(listed: ListedNetwork, bundle: Option<&Reading<ObservedDataplane>>) -> Item {
    let ListedNetwork { namespace, name, network } = listed;
    match network {
        Err(unreadable) => {
            let error = fleet::unreadable(&namespace, &name, unreadable);
            Item::unreadable(namespace, name, error)
        }
        Ok(network) => Item::new(&network, bundle, |Fault { path, kind, text }| {
            let about = seed::about(&format!("{namespace}/{name}"), text.clone());
            let diagnostics = vec![Diagnostic { path: path.to_owned(), ..about }];
            ItemError { path: path.to_owned(), kind, text, diagnostics }
        }),
    }
}

fn complain_about<'a>(items: impl IntoIterator<Item = &'a Item>) {
    items
        .into_iter()
        .filter_map(|item| item.error.as_ref())
        .for_each(|error| error.diagnostics.iter().for_each(complain));
}

fn ending<'a>(items: impl IntoIterator<Item = &'a Item>) -> Ending {
    if items.into_iter().any(|item| item.error.is_some()) { Ending::Invalid } else { Ending::Fine }
}
