//! `--watch`: every change is a line, until somebody interrupts or nobody reads any more.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::path::Path;

use adapter_k8s::read::networks::ListedNetwork;
use adapter_k8s::watch::{self, Change, Interruption};
use futures::StreamExt as _;
use tokio::io::Interest;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};

use super::{Item, complain_about, ending, list, of_seed, sort, table};
use crate::cli::{Output, StatusArguments};
use crate::commands::columns::Columns;
use crate::commands::seed::{self, Pace};
use crate::commands::{Ending, complain, decide, fleet, note};

/// What happened to a Network that is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It was there from the beginning.
    Shown,
    /// It is new, or says something else.
    Changed,
    /// It is gone; what it said last is told.
    Removed,
}

impl Happened {
    /// Everything that can happen.
    pub const ALL: [Self; 3] = [Self::Shown, Self::Changed, Self::Removed];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shown => "Shown",
            Self::Changed => "Changed",
            Self::Removed => "Removed",
        }
    }
}

pub(super) fn run(arguments: &StatusArguments, kubeconfig: &Path, out: &mut impl Write) -> io::Result<Ending> {
    let meant = arguments.network.as_deref();
    let watching = seed::block_on(kubeconfig, async {
        let seed = seed::connect(kubeconfig, Pace::Fleet).await?;
        let networks = fleet::ours(seed::networks(&seed, kubeconfig, meant).await?);
        let mut items: Vec<Item> = networks.into_iter().map(|listed| of_seed(listed, None)).collect();
        sort(&mut items);
        complain_about(&items);
        let mut known = Known::of(items);
        let changes = watch::networks(seed.connection()).filter(|change| {
            let counts = change.as_ref().map_or(true, |change| concerns(change, meant));
            std::future::ready(counts)
        });
        Ok(async {
            let mut view = View::begin(out, arguments, known.items())?;
            let (mut changes, mut end) = (std::pin::pin!(changes), std::pin::pin!(end()));
            loop {
                let change = tokio::select! {
                    biased;
                    () = &mut end => break,
                    change = changes.next() => change,
                };
                match change {
                    None => break,
                    Some(Err(interruption)) => tell(&interruption),
                    Some(Ok(change)) => {
                        for (happened, item) in known.apply(change) {
                            view.tell(out, happened, &item)?;
                        }
                    }
                }
            }
            Ok(ending(known.items()))
        }
        .await)
    });
    match watching.and_then(|watched| watched) {
        Ok(ending) => ending,
        Err(diagnostic) => {
            complain(&diagnostic);
            Ok(Ending::Invalid)
        }
    }
}

/// Waits until somebody interrupts, or nobody reads any more.
async fn end() {
    let interrupted = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = interrupted(SignalKind::interrupt()) => {}
        () = interrupted(SignalKind::terminate()) => {}
        () = unread() => {}
    }
}

/// Waits until the reader of our output is gone. A file has none that could go.
async fn unread() {
    // As it is, and not made nonblocking: everybody else who writes to it shares that flag.
    let stdout = io::stdout().as_fd().try_clone_to_owned().and_then(pipe::Sender::from_owned_fd_unchecked);
    match stdout {
        Ok(stdout) => drop(stdout.ready(Interest::ERROR).await),
        Err(_) => std::future::pending().await,
    }
}

fn tell(interruption: &Interruption) {
    let cause = std::error::Error::source(interruption).map(|cause| format!(": {cause}")).unwrap_or_default();
    note(&format!("note: {interruption}{cause}; trying again"));
}

/// Whether a change is about a Network of ours, and the one that is meant.
fn concerns(change: &Change<ListedNetwork>, meant: Option<&str>) -> bool {
    match change {
        Change::ListBegins | Change::ListEnds => true,
        Change::Listed(listed) | Change::Applied(listed) | Change::Deleted(listed) => {
            meant.is_none_or(|meant| meant == format!("{}/{}", listed.namespace, listed.name)) && fleet::is_ours(listed)
        }
    }
}

type Key = (String, String);

fn key(item: &Item) -> Key {
    (item.namespace.clone(), item.name.clone())
}

/// What is known of each Network.
#[derive(Default)]
struct Known {
    items: BTreeMap<Key, Item>,
    /// Those of the list that is being read.
    listed: Option<BTreeSet<Key>>,
}

impl Known {
    fn of(items: Vec<Item>) -> Self {
        Self { items: items.into_iter().map(|item| (key(&item), item)).collect(), listed: None }
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// What is worth telling of a change.
    fn apply(&mut self, change: Change<ListedNetwork>) -> Vec<(Happened, Item)> {
        match change {
            Change::ListBegins => {
                self.listed = Some(BTreeSet::new());
                Vec::new()
            }
            Change::Listed(network) => {
                let item = of_seed(network, None);
                if let Some(listed) = &mut self.listed {
                    listed.insert(key(&item));
                }
                self.see(item)
            }
            Change::Applied(network) => self.see(of_seed(network, None)),
            Change::Deleted(network) => self.lose(&(network.namespace, network.name)),
            Change::ListEnds => {
                let Some(listed) = self.listed.take() else { return Vec::new() };
                let gone: Vec<Key> = self.items.keys().filter(|key| !listed.contains(key)).cloned().collect();
                gone.iter().flat_map(|key| self.lose(key)).collect()
            }
        }
    }

    fn see(&mut self, item: Item) -> Vec<(Happened, Item)> {
        match self.items.insert(key(&item), item.clone()) {
            Some(before) if before == item => Vec::new(),
            _ => vec![(Happened::Changed, item)],
        }
    }

    fn lose(&mut self, key: &Key) -> Vec<(Happened, Item)> {
        self.items.remove(key).map(|item| (Happened::Removed, item)).into_iter().collect()
    }
}

/// How it is told.
struct View {
    output: Output,
    columns: Columns<8>,
    /// With `--open`, those whose switch was open when they were told about: that it is no longer is told once.
    open: Option<BTreeSet<Key>>,
}

impl View {
    /// Tells what there is.
    fn begin<'a>(
        out: &mut impl Write,
        arguments: &StatusArguments,
        items: impl Iterator<Item = &'a Item>,
    ) -> io::Result<Self> {
        let mut open = arguments.open.then(BTreeSet::new);
        let shown: Vec<Item> = items.filter(|item| is_shown(&mut open, item)).cloned().collect();
        let now = decide::now();
        let columns = match arguments.output {
            Output::Table => table::rows(out, &shown, now)?,
            Output::Json => Columns::fitting([]),
        };
        let view = Self { output: arguments.output, columns, open };
        if view.output == Output::Json {
            for item in &shown {
                view.line(out, Happened::Shown, item)?;
            }
        }
        out.flush()?;
        Ok(view)
    }

    fn tell(&mut self, out: &mut impl Write, happened: Happened, item: &Item) -> io::Result<()> {
        if !is_shown(&mut self.open, item) {
            return Ok(());
        }
        if happened == Happened::Changed {
            complain_about([item]);
        }
        self.line(out, happened, item)?;
        out.flush()
    }

    fn line(&self, out: &mut impl Write, happened: Happened, item: &Item) -> io::Result<()> {
        let now = decide::now();
        match self.output {
            Output::Json => {
                serde_json::to_writer(&mut *out, &list::Line::new(happened, item, now))?;
                writeln!(out)
            }
            Output::Table if happened == Happened::Removed => self.columns.write(out, &table::removed(item)),
            Output::Table => self.columns.write(out, &table::row(item, now)),
        }
    }
}

fn is_shown(open: &mut Option<BTreeSet<Key>>, item: &Item) -> bool {
    match open {
        None => true,
        Some(open) if item.is_open() => {
            open.insert(key(item));
            true
        }
        Some(open) => open.remove(&key(item)),
    }
}

#[cfg(test)]
mod tests {
    use gardener_api::network::Network;

    use super::*;

    fn network(name: &str, phase: &str) -> ListedNetwork {
        let network: Network = serde_json::from_value(serde_json::json!({
            "metadata": {"namespace": "n", "name": name}, "spec": {"type": "calico"},
        }))
        .unwrap();
        let mut network = network;
        network.status.provider_status = Some(
            serde_json::from_str(&format!(
                r#"{{"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkStatus",
                    "overlaySwitch": {{"phase": "{phase}"}}}}"#
            ))
            .unwrap(),
        );
        ListedNetwork { namespace: "n".to_owned(), name: name.to_owned(), network: Ok(Box::new(network)) }
    }

    fn told(known: &mut Known, change: Change<ListedNetwork>) -> Vec<(&'static str, String, String)> {
        let phase = |item: &Item| item.phase().unwrap_or_default().to_owned();
        known.apply(change).iter().map(|(happened, item)| (happened.code(), item.name.clone(), phase(item))).collect()
    }

    fn line(happened: &'static str, name: &str, phase: &str) -> (&'static str, String, String) {
        (happened, name.to_owned(), phase.to_owned())
    }

    #[test]
    fn only_what_says_something_else_is_told() {
        let mut known = Known::of(vec![of_seed(network("a", "Idle"), None)]);
        assert_eq!(told(&mut known, Change::Applied(network("a", "Idle"))), []);
        assert_eq!(told(&mut known, Change::Applied(network("a", "Guarding"))), [line("Changed", "a", "Guarding")]);
        assert_eq!(told(&mut known, Change::Applied(network("b", "Idle"))), [line("Changed", "b", "Idle")]);
        assert_eq!(told(&mut known, Change::Deleted(network("a", "Guarding"))), [line("Removed", "a", "Guarding")]);
        assert_eq!(told(&mut known, Change::Deleted(network("a", "Guarding"))), []);
    }

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut known = Known::of(vec![of_seed(network("a", "Idle"), None), of_seed(network("b", "Idle"), None)]);
        assert_eq!(told(&mut known, Change::ListBegins), []);
        assert_eq!(told(&mut known, Change::Listed(network("b", "Idle"))), []);
        assert_eq!(told(&mut known, Change::Listed(network("c", "Idle"))), [line("Changed", "c", "Idle")]);
        assert_eq!(told(&mut known, Change::ListEnds), [line("Removed", "a", "Idle")]);
    }

    #[test]
    fn the_end_of_an_open_switch_is_told_once() {
        let item = |phase| of_seed(network("a", phase), None);
        let mut open = Some(BTreeSet::new());
        let shown: Vec<bool> =
            ["Idle", "Guarding", "Done", "Done"].map(|phase| is_shown(&mut open, &item(phase))).to_vec();
        assert_eq!(shown, [false, true, true, false]);
    }
}
