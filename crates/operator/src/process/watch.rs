//! From watches to the queue: which event is worth a look.
//!
//! Nothing is judged here but whether something that somebody else may have asked for has changed; what there is to do, and
//! whether it is ours, is decided on a live read, which must not be older than what was told here. Our own status patches change
//! nothing of what is compared, so they never make a Network due, and neither do the removal of the annotation `reconcile` and the
//! finalizer, with which a reconcile begins, nor that of `skip-route-check`, with which a switch goes ahead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adapter_k8s::client::chain;
use adapter_k8s::watch::{Change, Interruption, Metadata};
use futures::{Stream, StreamExt as _};

use super::health::{Health, Source};
use super::queue::{Priority, Queue};
use crate::controller::NetworkKey;

/// Feeds the queue from the watch of Networks, for ever.
pub async fn networks(
    changes: impl Stream<Item = Result<Change, Interruption>>,
    known: KnownNetworks,
    queue: Queue,
    health: Health,
) {
    let mut changes = std::pin::pin!(changes);
    while let Some(change) = changes.next().await {
        if let Some(change) = observed(change, Source::Networks, &health) {
            let due = known.filter().apply(change);
            for (key, priority) in due {
                queue.add(key, priority);
            }
        }
    }
}

/// Feeds the queue from the watch of Clusters, for ever: with `--ignore-operation-annotation` a change of the shoot is a reason
/// to reconcile, and nobody else says so.
pub async fn clusters(
    changes: impl Stream<Item = Result<Change, Interruption>>,
    networks: KnownNetworks,
    queue: Queue,
    health: Health,
) {
    let mut changes = std::pin::pin!(changes);
    let mut generations = Generations::default();
    while let Some(change) = changes.next().await {
        let Some(change) = observed(change, Source::Clusters, &health) else { continue };
        let Some(namespace) = generations.apply(change) else { continue };
        for key in networks.of_namespace(&namespace) {
            queue.add(key, Priority::Change);
        }
    }
}

/// The Networks that the watch has seen, for those who map other objects to them or read them themselves. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct KnownNetworks(Arc<Mutex<Filter>>);

impl KnownNetworks {
    /// The `resourceVersion` of the state that the watch has told of last; `None` where it knows of no such Network. Whoever was woken by
    /// an event finds its state here, or a later one.
    #[must_use]
    pub fn told(&self, key: &NetworkKey) -> Option<String> {
        self.filter().seen.get(key).map(|metadata| metadata.resource_version.clone())
    }

    fn of_namespace(&self, namespace: &str) -> Vec<NetworkKey> {
        self.filter().seen.keys().filter(|key| key.namespace == namespace).cloned().collect()
    }

    fn filter(&self) -> MutexGuard<'_, Filter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn observed(change: Result<Change, Interruption>, source: Source, health: &Health) -> Option<Change> {
    match change {
        Ok(change) => {
            health.heard_from(source);
            if change == Change::ListEnds {
                health.synced(source);
            }
            Some(change)
        }
        Err(interruption) => {
            health.interrupted(source);
            tracing::warn!(watch = source.word(), error = chain(&interruption), "a watch was interrupted");
            None
        }
    }
}

/// Remembers what was told of each Network last.
#[derive(Debug, Default)]
struct Filter {
    seen: BTreeMap<NetworkKey, Metadata>,
    /// The keys of the list that is being read.
    listed: Option<BTreeSet<NetworkKey>>,
    complete: bool,
}

impl Filter {
    /// The keys that are due because of a change.
    fn apply(&mut self, change: Change) -> Vec<(NetworkKey, Priority)> {
        match change {
            Change::ListBegins => {
                self.listed = Some(BTreeSet::new());
                Vec::new()
            }
            Change::Listed(metadata) => {
                if let Some(listed) = &mut self.listed {
                    listed.insert(key(&metadata));
                }
                self.see(metadata, may_ask_again)
            }
            Change::Applied(metadata) => self.see(metadata, asks_for_more),
            Change::Deleted(metadata) => {
                let key = key(&metadata);
                self.seen.remove(&key);
                vec![(key, Priority::Change)]
            }
            Change::ListEnds => {
                self.complete = true;
                let Some(listed) = self.listed.take() else { return Vec::new() };
                let gone: Vec<NetworkKey> = self.seen.keys().filter(|key| !listed.contains(key)).cloned().collect();
                for key in &gone {
                    self.seen.remove(key);
                }
                gone.into_iter().map(|key| (key, Priority::Change)).collect()
            }
        }
    }

    fn see(&mut self, metadata: Metadata, is_due: fn(&Metadata, &Metadata) -> bool) -> Vec<(NetworkKey, Priority)> {
        let key = key(&metadata);
        let priority = if self.complete { Priority::Change } else { Priority::FirstList };
        match self.seen.insert(key.clone(), metadata) {
            Some(before) if !self.seen.get(&key).is_some_and(|now| is_due(&before, now)) => Vec::new(),
            Some(_) => vec![(key, Priority::Change)],
            None => vec![(key, priority)],
        }
    }
}

/// Whether something changed that may be a reason to act.
fn asks_for_more(before: &Metadata, now: &Metadata) -> bool {
    let mut before = before.clone();
    before.resource_version.clone_from(&now.resource_version);
    if before.operation.as_deref() == Some("reconcile") && now.operation.is_none() {
        before.operation = None;
    }
    // Whoever takes it back asks for no switch.
    if now.skip_route_check.is_none() {
        before.skip_route_check = None;
    }
    // Only one that is gone can be missed: whoever adds one, as a first reconcile does, asks for nothing.
    if before.finalizers.iter().all(|finalizer| now.finalizers.contains(finalizer)) {
        before.finalizers.clone_from(&now.finalizers);
    }
    before != *now
}

/// The same where changes in between were missed: one that asks may have been answered and have asked again, in the same words.
fn may_ask_again(before: &Metadata, now: &Metadata) -> bool {
    asks_for_more(before, now) || now.operation.is_some() && before.resource_version != now.resource_version
}

/// The generations of the Clusters.
#[derive(Debug, Default)]
struct Generations {
    seen: BTreeMap<String, (String, i64)>,
    complete: bool,
}

impl Generations {
    /// The namespace whose Networks are due because of a change. The first list makes nothing due: the Networks of that time
    /// are due anyhow.
    fn apply(&mut self, change: Change) -> Option<String> {
        match change {
            Change::ListBegins => None,
            Change::ListEnds => {
                self.complete = true;
                None
            }
            Change::Deleted(cluster) => {
                self.seen.remove(&cluster.name);
                Some(cluster.name)
            }
            Change::Listed(cluster) | Change::Applied(cluster) => {
                let now = (cluster.uid, cluster.generation);
                let before = self.seen.insert(cluster.name.clone(), now.clone());
                (self.complete && before != Some(now)).then_some(cluster.name)
            }
        }
    }
}

fn key(metadata: &Metadata) -> NetworkKey {
    NetworkKey { namespace: metadata.namespace.clone(), name: metadata.name.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(name: &str) -> Metadata {
        Metadata {
            namespace: "ns".to_owned(),
            name: name.to_owned(),
            uid: "u".to_owned(),
            resource_version: "7".to_owned(),
            generation: 1,
            finalizers: vec!["extensions.gardener.cloud/network".to_owned()],
            ..Metadata::default()
        }
    }

    fn due(filter: &mut Filter, change: Change) -> Vec<(String, Priority)> {
        filter.apply(change).into_iter().map(|(key, priority)| (key.name, priority)).collect()
    }

    fn settled(networks: &[Metadata]) -> Filter {
        let mut filter = Filter::default();
        filter.apply(Change::ListBegins);
        for network in networks {
            filter.apply(Change::Listed(network.clone()));
        }
        filter.apply(Change::ListEnds);
        filter
    }

    #[test]
    fn the_first_sight_always_counts() {
        let mut filter = Filter::default();
        assert_eq!(due(&mut filter, Change::ListBegins), []);
        assert_eq!(due(&mut filter, Change::Listed(network("a"))), [("a".to_owned(), Priority::FirstList)]);
        assert_eq!(due(&mut filter, Change::ListEnds), []);
        assert_eq!(due(&mut filter, Change::Applied(network("b"))), [("b".to_owned(), Priority::Change)]);
    }

    #[test]
    fn what_is_compared_counts_and_a_status_patch_does_not() {
        let with = |change: fn(&mut Metadata)| {
            let mut network = network("a");
            change(&mut network);
            network
        };
        for (changed, expected) in [
            // A status patch changes this and managedFields, which are not even read.
            (with(|network| network.resource_version = "8".to_owned()), false),
            (with(|network| network.uid = "v".to_owned()), true),
            (with(|network| network.generation = 2), true),
            (with(|network| network.deletion_timestamp = Some("2026-11-26T10:00:00Z".to_owned())), true),
            (with(|network| network.finalizers.clear()), true),
            (with(|network| network.finalizers = vec!["foreign".to_owned()]), true),
            (with(|network| network.finalizers.push("foreign".to_owned())), false),
            (with(|network| network.operation = Some("reconcile".to_owned())), true),
            (with(|network| network.operation = Some("migrate".to_owned())), true),
            (with(|network| network.timestamp = Some("t".to_owned())), true),
            (with(|network| network.skip_route_check = Some("INC-4711".to_owned())), true),
        ] {
            let mut filter = settled(&[network("a")]);
            let first = due(&mut filter, Change::Applied(changed.clone()));
            let expected: &[(String, Priority)] = if expected { &[("a".to_owned(), Priority::Change)] } else { &[] };
            assert_eq!(first, expected, "{changed:?}");
            assert_eq!(due(&mut filter, Change::Applied(changed.clone())), [], "again: {changed:?}");
        }
    }

    #[test]
    fn each_annotation_counts_again_and_its_removal_only_where_it_was_not_ours() {
        let annotated = |operation: Option<&str>, timestamp: &str| Metadata {
            operation: operation.map(str::to_owned),
            timestamp: Some(timestamp.to_owned()),
            ..network("a")
        };
        let mut filter = settled(&[network("a")]);
        for (operation, timestamp, expected) in [
            (Some("reconcile"), "1", 1),
            (None, "1", 0),
            (Some("reconcile"), "1", 1),
            (Some("reconcile"), "2", 1),
            (Some("migrate"), "2", 1),
            (Some("migrate"), "2", 0),
            (None, "2", 1),
            (Some("wait-for-state"), "3", 1),
            (Some("restore"), "3", 1),
            (Some("reconcile"), "3", 1),
            (None, "4", 1),
        ] {
            let due = due(&mut filter, Change::Applied(annotated(operation, timestamp)));
            assert_eq!(due.len(), expected, "{operation:?} {timestamp}");
        }
    }

    #[test]
    fn each_reason_to_skip_the_check_counts_and_its_removal_does_not() {
        let mut filter = settled(&[network("a")]);
        for (reason, expected) in [(Some("1"), 1), (Some("1"), 0), (Some("2"), 1), (None, 0), (Some("2"), 1)] {
            let with = Metadata { skip_route_check: reason.map(str::to_owned), ..network("a") };
            assert_eq!(due(&mut filter, Change::Applied(with)).len(), expected, "{reason:?}");
        }
    }

    #[test]
    fn a_new_list_finds_what_was_missed_and_repeats_nothing() {
        let mut filter = settled(&[network("a"), network("b"), network("c")]);
        assert_eq!(due(&mut filter, Change::ListBegins), []);
        assert_eq!(due(&mut filter, Change::Listed(network("a"))), []);
        let changed = Metadata { generation: 2, ..network("b") };
        assert_eq!(due(&mut filter, Change::Listed(changed)), [("b".to_owned(), Priority::Change)]);
        assert_eq!(due(&mut filter, Change::Listed(network("d"))), [("d".to_owned(), Priority::Change)]);
        assert_eq!(due(&mut filter, Change::ListEnds), [("c".to_owned(), Priority::Change)]);
        assert_eq!(due(&mut filter, Change::Applied(network("c"))), [("c".to_owned(), Priority::Change)]);
    }

    /// Requests without a timestamp are all alike. Between two lists one may have been answered and the next one made.
    #[test]
    fn a_request_that_a_new_list_finds_counts_unless_it_is_the_state_that_was_seen() {
        for (operation, version, expected) in
            [(Some("reconcile"), "8", 1), (Some("reconcile"), "7", 0), (Some("restore"), "8", 1), (None, "8", 0)]
        {
            let asking = Metadata { operation: operation.map(str::to_owned), ..network("a") };
            let mut filter = settled(std::slice::from_ref(&asking));
            filter.apply(Change::ListBegins);
            let listed = Metadata { resource_version: version.to_owned(), ..asking };
            assert_eq!(due(&mut filter, Change::Listed(listed)).len(), expected, "{operation:?} {version}");
        }
    }

    #[test]
    fn the_state_that_was_told_last_is_known_until_the_network_is_gone() {
        let networks = KnownNetworks::default();
        let told = || networks.told(&key(&network("a")));
        let at = |version: &str| Metadata { resource_version: version.to_owned(), ..network("a") };
        assert_eq!(told(), None);
        networks.filter().apply(Change::Applied(at("7")));
        assert_eq!(told().as_deref(), Some("7"));
        // Our own writes, too, which make nothing due.
        assert_eq!(networks.filter().apply(Change::Applied(at("9"))), []);
        assert_eq!(told().as_deref(), Some("9"));
        // A seed that was restored from a backup goes back in time.
        networks.filter().apply(Change::ListBegins);
        networks.filter().apply(Change::Listed(at("5")));
        networks.filter().apply(Change::ListEnds);
        assert_eq!(told().as_deref(), Some("5"));
        networks.filter().apply(Change::Deleted(at("6")));
        assert_eq!(told(), None);
    }

    #[test]
    fn a_list_that_begins_anew_forgets_the_unfinished_one() {
        let mut filter = settled(&[network("a")]);
        filter.apply(Change::ListBegins);
        filter.apply(Change::Listed(network("a")));
        filter.apply(Change::ListBegins);
        assert_eq!(due(&mut filter, Change::ListEnds), [("a".to_owned(), Priority::Change)]);
    }

    #[test]
    fn a_deleted_network_counts_once_more() {
        let mut filter = settled(&[network("a")]);
        assert_eq!(due(&mut filter, Change::Deleted(network("a"))), [("a".to_owned(), Priority::Change)]);
        assert!(filter.seen.is_empty());
    }

    #[test]
    fn a_cluster_wakes_the_networks_of_its_namespace_when_it_changes() {
        let cluster = |name: &str, generation| Metadata {
            name: name.to_owned(),
            uid: "u".to_owned(),
            generation,
            ..Metadata::default()
        };
        let mut generations = Generations::default();
        for (change, expected) in [
            (Change::ListBegins, None),
            (Change::Listed(cluster("ns", 1)), None),
            (Change::ListEnds, None),
            (Change::Applied(cluster("ns", 1)), None),
            (Change::Applied(cluster("ns", 2)), Some("ns")),
            (Change::Applied(cluster("ns", 2)), None),
            (Change::Applied(cluster("new", 1)), Some("new")),
            (Change::ListBegins, None),
            (Change::Listed(cluster("ns", 3)), Some("ns")),
            (Change::Listed(cluster("new", 1)), None),
            (Change::ListEnds, None),
            (Change::Deleted(cluster("ns", 3)), Some("ns")),
        ] {
            assert_eq!(generations.apply(change.clone()).as_deref(), expected, "{change:?}");
        }

        let networks = KnownNetworks::default();
        *networks.filter() =
            settled(&[network("a"), network("b"), Metadata { namespace: "ns2".to_owned(), ..network("c") }]);
        let names: Vec<String> = networks.of_namespace("ns").into_iter().map(|key| key.name).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
