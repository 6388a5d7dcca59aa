//! What both API servers say has happened, as their watches tell it, in the order of etcd's revisions.
//!
//! Waiting for something is waiting for the journal to change; what it wrote down is what the monitor judges.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fake_apiserver::world::Kind;
use futures::StreamExt as _;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::watcher;
use kube::runtime::watcher::Event;
use kube::{Client, ResourceExt as _};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Which of the two clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Seed,
    Shoot,
}

/// An object: cluster, kind, namespace, name.
pub(super) type Key = (Side, &'static str, String, String);

/// One change.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) revision: u64,
    pub(super) key: Key,
    /// `None`: it was deleted.
    pub(super) object: Option<Arc<Value>>,
}

/// The journal of both clusters. Watching ends when it is dropped.
pub(super) struct Journal {
    shared: Arc<Shared>,
    watches: Vec<JoinHandle<()>>,
}

/// What is there now. Clones see the same.
#[derive(Clone)]
pub(super) struct View(Arc<Shared>);

#[derive(Default)]
struct Shared {
    pages: Mutex<Pages>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Pages {
    history: Vec<Entry>,
    now: BTreeMap<Key, Arc<Value>>,
    revision: u64,
}

/// After a watch was refused: the server is away, or does not know the kind yet.
const RETRY: Duration = Duration::from_millis(100);

impl Journal {
    pub(super) fn new() -> Self {
        Self { shared: Arc::default(), watches: Vec::new() }
    }

    /// Begins to write down what happens to a kind, what is there already first.
    pub(super) fn follow(&mut self, side: Side, client: Client, kind: Kind) {
        self.watches.push(tokio::spawn(follow(Arc::clone(&self.shared), side, client, kind)));
    }

    pub(super) fn view(&self) -> View {
        View(Arc::clone(&self.shared))
    }

    /// What has happened since the journal was begun anew.
    pub(super) fn history(&self) -> Vec<Entry> {
        self.shared.pages().history.clone()
    }

    /// Begins anew: with what is there now.
    pub(super) fn begin_anew(&self) {
        let mut pages = self.shared.pages();
        let now = pages.now.iter();
        pages.history = now
            .map(|(key, object)| Entry {
                revision: revision(object),
                key: key.clone(),
                object: Some(Arc::clone(object)),
            })
            .collect();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        for watch in &self.watches {
            watch.abort();
        }
    }
}

impl View {
    pub(super) fn get(&self, side: Side, kind: &Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.pages().now.get(&(side, kind.kind, namespace.to_owned(), name.to_owned())).cloned()
    }

    /// All objects of a kind, by name.
    pub(super) fn list(&self, side: Side, kind: &Kind) -> Vec<Arc<Value>> {
        let pages = self.0.pages();
        pages
            .now
            .iter()
            .filter(|(key, _)| (key.0, key.1) == (side, kind.kind))
            .map(|(_, found)| found.clone())
            .collect()
    }

    /// Tells of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }
}

impl Shared {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: Key, object: Option<Value>, at: Option<u64>) {
        let mut pages = self.pages();
        let revision = object.as_ref().map(revision).or(at).unwrap_or(pages.revision);
        pages.revision = pages.revision.max(revision);
        let object = object.map(Arc::new);
        match &object {
            Some(object) => _ = pages.now.insert(key.clone(), Arc::clone(object)),
            None => _ = pages.now.remove(&key),
        }
        pages.history.push(Entry { revision, key, object });
        drop(pages);
        self.changed.send_replace(());
    }

    /// After a list: what was there and is not in it has gone, nobody knows when.
    fn keep_only(&self, side: Side, kind: &'static str, listed: &BTreeSet<Key>) {
        let pages = self.pages();
        let is_gone = |key: &&Key| (key.0, key.1) == (side, kind) && !listed.contains(*key);
        let gone: Vec<Key> = pages.now.keys().filter(is_gone).cloned().collect();
        drop(pages);
        for key in gone {
            self.write(key, None, None);
        }
    }
}

/// The revision of etcd at which an object was stored like this.
fn revision(object: &Value) -> u64 {
    let text = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

async fn follow(shared: Arc<Shared>, side: Side, client: Client, kind: Kind) {
    let resource =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(kind.group, kind.version, kind.kind), kind.plural);
    let api: Api<DynamicObject> = Api::all_with(client, &resource);
    let mut events = pin!(watcher(api, watcher::Config::default()));
    let mut listed = BTreeSet::new();
    let key = |object: &DynamicObject| (side, kind.kind, object.namespace().unwrap_or_default(), object.name_any());
    let json = |object: DynamicObject| serde_json::to_value(object).unwrap_or_default();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                listed.insert(key(&object));
                shared.write(key(&object), Some(json(object)), None);
            }
            Ok(Event::InitDone) => shared.keep_only(side, kind.kind, &listed),
            Ok(Event::Apply(object)) => shared.write(key(&object), Some(json(object)), None),
            Ok(Event::Delete(object)) => {
                let at = object.resource_version().and_then(|text| text.parse().ok());
                shared.write(key(&object), None, at);
            }
            Err(_) => sleep(RETRY).await,
        }
    }
}
