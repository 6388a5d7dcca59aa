//! The objects as they are now, and the log of how they came to be so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::object;

/// Which resource an object is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResourceKey {
    pub(crate) group: String,
    pub(crate) plural: String,
}

/// Which object of a resource. Sorted as lists are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectKey {
    /// Empty for objects of the cluster.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// One write.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) resource: ResourceKey,
    pub(crate) key: ObjectKey,
    /// The object after the write; for a deletion as it was last, with the revision of the deletion.
    pub(crate) object: Arc<Value>,
    pub(crate) previous: Option<Arc<Value>>,
    pub(crate) deleted: bool,
    pub(crate) written: Instant,
}

/// Why a write was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is one already.
    Exists,
    /// It is not what the writer saw, or gone.
    Raced,
}

/// The revision asked for is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// Compacted away; the oldest that remains is given.
    TooOld(u64),
    /// Not written yet; the newest is given.
    TooNew(u64),
}

/// Objects as of one revision.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<(ObjectKey, Arc<Value>)>,
}

#[derive(Debug)]
pub(crate) struct Store {
    state: Mutex<State>,
    latest: watch::Sender<u64>,
    /// How many changes the log keeps.
    history: usize,
}

#[derive(Debug)]
struct State {
    revision: u64,
    /// Changes up to and including this revision are forgotten.
    compacted: u64,
    shelves: BTreeMap<ResourceKey, BTreeMap<ObjectKey, Arc<Value>>>,
    log: VecDeque<Arc<Change>>,
}

impl Store {
    pub(crate) fn new(history: usize) -> Self {
        // Revision 1 is that of the empty store, as in etcd.
        let state = State { revision: 1, compacted: 0, shelves: BTreeMap::new(), log: VecDeque::new() };
        Self { state: Mutex::new(state), latest: watch::Sender::new(1), history }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// The oldest revision that can still be read.
    pub(crate) fn oldest(&self) -> u64 {
        self.lock().compacted.max(1)
    }

    /// The revision so long ago; at most the oldest that is kept.
    pub(crate) fn revision_before(&self, time: Duration) -> u64 {
        let state = self.lock();
        let since = state.log.iter().rev().take_while(|change| change.written.elapsed() < time).last();
        since.map_or(state.revision, |change| change.revision - 1)
    }

    /// Wakes whenever something was written.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    pub(crate) fn get(&self, resource: &ResourceKey, key: &ObjectKey) -> Option<Arc<Value>> {
        self.lock().shelves.get(resource)?.get(key).cloned()
    }

    /// The objects of a resource, of one namespace if one is given, now or as of a revision.
    pub(crate) fn list(
        &self,
        resource: &ResourceKey,
        namespace: Option<&str>,
        at: Option<u64>,
    ) -> Result<Snapshot, Unavailable> {
        let state = self.lock();
        let revision = at.unwrap_or(state.revision);
        if revision > state.revision {
            return Err(Unavailable::TooNew(state.revision));
        }
        if revision < state.compacted {
            return Err(Unavailable::TooOld(state.compacted));
        }
        let shelf = state.shelves.get(resource);
        let inside = |key: &ObjectKey| namespace.is_none_or(|namespace| key.namespace == namespace);
        let start = ObjectKey { namespace: namespace.unwrap_or_default().to_owned(), name: String::new() };
        let now = shelf.into_iter().flat_map(|shelf| shelf.range(start.clone()..)).take_while(|(key, _)| inside(key));
        if revision == state.revision {
            let objects = now.map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
            return Ok(Snapshot { revision, objects });
        }
        let mut then: BTreeMap<ObjectKey, Arc<Value>> =
            now.map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
        let undone = state.log.iter().rev().take_while(|change| change.revision > revision);
        for change in undone.filter(|change| change.resource == *resource && inside(&change.key)) {
            match &change.previous {
                Some(previous) => then.insert(change.key.clone(), Arc::clone(previous)),
                None => then.remove(&change.key),
            };
        }
        Ok(Snapshot { revision, objects: then.into_iter().collect() })
    }

    /// The changes after a revision, oldest first.
    pub(crate) fn changes_after(&self, revision: u64) -> Result<Vec<Arc<Change>>, Unavailable> {
        let state = self.lock();
        if revision < state.compacted {
            return Err(Unavailable::TooOld(state.compacted));
        }
        let start = state.log.partition_point(|change| change.revision <= revision);
        Ok(state.log.range(start..).cloned().collect())
    }

    /// Stores a new object.
    pub(crate) fn create(&self, resource: &ResourceKey, key: &ObjectKey, object: Value) -> Result<Arc<Value>, Refused> {
        let mut state = self.lock();
        if state.shelves.get(resource).is_some_and(|shelf| shelf.contains_key(key)) {
            return Err(Refused::Exists);
        }
        Ok(self.write(&mut state, resource, key, object, None))
    }

    /// Replaces an object, if it still is the one of revision `expected`.
    pub(crate) fn replace(
        &self,
        resource: &ResourceKey,
        key: &ObjectKey,
        expected: u64,
        object: Value,
    ) -> Result<Arc<Value>, Refused> {
        let mut state = self.lock();
        let previous = state.current(resource, key, expected)?;
        Ok(self.write(&mut state, resource, key, object, Some(previous)))
    }

    /// Removes an object, if it still is the one of revision `expected`, and returns it as it was last.
    pub(crate) fn remove(&self, resource: &ResourceKey, key: &ObjectKey, expected: u64) -> Result<Arc<Value>, Refused> {
        let mut state = self.lock();
        let previous = state.current(resource, key, expected)?;
        if let Some(shelf) = state.shelves.get_mut(resource) {
            shelf.remove(key);
        }
        state.revision += 1;
        let revision = state.revision;
        let mut last = Value::clone(&previous);
        object::set_meta(&mut last, "resourceVersion", revision.to_string());
        let last = Arc::new(last);
        self.record(
            &mut state,
            Change {
                revision,
                resource: resource.clone(),
                key: key.clone(),
                object: Arc::clone(&last),
                previous: Some(previous),
                deleted: true,
                written: Instant::now(),
            },
        );
        Ok(last)
    }

    /// Forgets the changes up to and including this revision: who wants to resume before it has to list again.
    pub(crate) fn compact(&self, revision: u64) {
        let mut state = self.lock();
        let revision = revision.min(state.revision);
        state.compacted = state.compacted.max(revision);
        while state.log.front().is_some_and(|change| change.revision <= revision) {
            state.log.pop_front();
        }
    }

    fn write(
        &self,
        state: &mut State,
        resource: &ResourceKey,
        key: &ObjectKey,
        mut object: Value,
        previous: Option<Arc<Value>>,
    ) -> Arc<Value> {
        state.revision += 1;
        let revision = state.revision;
        object::set_meta(&mut object, "resourceVersion", revision.to_string());
        let object = Arc::new(object);
        state.shelves.entry(resource.clone()).or_default().insert(key.clone(), Arc::clone(&object));
        let change = Change {
            revision,
            resource: resource.clone(),
            key: key.clone(),
            object: Arc::clone(&object),
            previous,
            deleted: false,
            written: Instant::now(),
        };
        self.record(state, change);
        object
    }

    fn record(&self, state: &mut State, change: Change) {
        let revision = change.revision;
        state.log.push_back(Arc::new(change));
        while state.log.len() > self.history {
            if let Some(oldest) = state.log.pop_front() {
                state.compacted = oldest.revision;
            }
        }
        self.latest.send_replace(revision);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn current(&self, resource: &ResourceKey, key: &ObjectKey, expected: u64) -> Result<Arc<Value>, Refused> {
        let found = self.shelves.get(resource).and_then(|shelf| shelf.get(key));
        found.filter(|object| object::revision(object) == expected).cloned().ok_or(Refused::Raced)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource() -> ResourceKey {
        ResourceKey { group: String::new(), plural: "configmaps".to_owned() }
    }

    fn key(namespace: &str, name: &str) -> ObjectKey {
        ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    fn names(snapshot: &Snapshot) -> Vec<&str> {
        snapshot.objects.iter().map(|(key, _)| key.name.as_str()).collect()
    }

    #[test]
    fn the_past_is_read_as_it_was() {
        let store = Store::new(100);
        store.create(&resource(), &key("a", "one"), json!({})).unwrap();
        store.create(&resource(), &key("b", "two"), json!({})).unwrap();
        store.replace(&resource(), &key("a", "one"), 2, json!({"data": 1})).unwrap();
        store.remove(&resource(), &key("a", "one"), 4).unwrap();
        assert_eq!(names(&store.list(&resource(), None, None).unwrap()), ["two"]);
        assert_eq!(names(&store.list(&resource(), Some("a"), None).unwrap()), Vec::<&str>::new());
        let before = store.list(&resource(), Some("a"), Some(3)).unwrap();
        assert_eq!(before.objects[0].1["metadata"]["resourceVersion"], "2");
        assert_eq!(store.list(&resource(), None, Some(4)).unwrap().objects.len(), 2);
        assert_eq!(store.list(&resource(), None, Some(6)).unwrap_err(), Unavailable::TooNew(5));
        assert_eq!(store.oldest(), 1);
        store.compact(4);
        assert_eq!(store.oldest(), 4);
        assert_eq!(store.list(&resource(), None, Some(3)).unwrap_err(), Unavailable::TooOld(4));
        assert_eq!(store.changes_after(3).unwrap_err(), Unavailable::TooOld(4));
        assert_eq!(store.changes_after(4).unwrap().len(), 1);
    }

    #[test]
    fn a_writer_that_saw_an_older_revision_is_refused() {
        let store = Store::new(100);
        store.create(&resource(), &key("a", "one"), json!({})).unwrap();
        assert_eq!(store.create(&resource(), &key("a", "one"), json!({})).unwrap_err(), Refused::Exists);
        assert_eq!(store.replace(&resource(), &key("a", "one"), 1, json!({})).unwrap_err(), Refused::Raced);
        assert_eq!(store.remove(&resource(), &key("a", "gone"), 2).unwrap_err(), Refused::Raced);
    }

    #[test]
    fn the_log_is_bounded() {
        let store = Store::new(2);
        for name in ["a", "b", "c"] {
            store.create(&resource(), &key("", name), json!({})).unwrap();
        }
        assert_eq!(store.changes_after(1).unwrap_err(), Unavailable::TooOld(2));
        assert_eq!(store.changes_after(2).unwrap().len(), 2);
    }
}
