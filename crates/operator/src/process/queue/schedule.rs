//! What is due when: the state of the queue, without locks and without a clock of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::{BackOff, Done};
use crate::controller::NetworkKey;

/// Who goes first among those that are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A key of the first list.
    FirstList,
    /// Something changed.
    Change,
}

impl Priority {
    /// All, in ascending order.
    pub const ALL: [Self; 2] = [Self::FirstList, Self::Change];

    /// The number that controller-runtime gives it.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::FirstList => -100,
            Self::Change => 0,
        }
    }
}

#[derive(Debug)]
pub(super) struct Schedule {
    back_off: BackOff,
    keys: BTreeMap<NetworkKey, Entry>,
    /// Those that are due: the highest priority first, then in the order in which they became due.
    due: BTreeSet<(Reverse<Priority>, u64, NetworkKey)>,
    /// How many of them are changes.
    due_changes: usize,
    /// Those that wait.
    waiting: BTreeSet<(Instant, NetworkKey)>,
    sequence: u64,
}

/// A key that is somewhere, or has failed.
#[derive(Clone, Copy, Debug)]
struct Entry {
    failures: u32,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Idle,
    Waiting { until: Instant, priority: Priority },
    Due { priority: Priority, sequence: u64, since: Instant },
    Working { priority: Priority, again: Option<Priority> },
}

impl Schedule {
    pub(super) const fn new(back_off: BackOff) -> Self {
        Self {
            back_off,
            keys: BTreeMap::new(),
            due: BTreeSet::new(),
            due_changes: 0,
            waiting: BTreeSet::new(),
            sequence: 0,
        }
    }

    /// Makes a key due; whether it was not before.
    pub(super) fn add(&mut self, key: NetworkKey, priority: Priority, now: Instant) -> bool {
        match self.place(&key) {
            Place::Working { priority: of_work, again } => {
                let again = Some(again.map_or(priority, |other| other.max(priority)));
                self.put(key, Place::Working { priority: of_work, again });
                false
            }
            Place::Due { priority: earlier, .. } if earlier >= priority => false,
            Place::Due { since, .. } => {
                self.make_due(key, priority, since);
                false
            }
            Place::Idle => {
                self.make_due(key, priority, now);
                true
            }
            Place::Waiting { priority: earlier, .. } => {
                self.make_due(key, priority.max(earlier), now);
                true
            }
        }
    }

    /// Makes those due whose time has come; how many.
    pub(super) fn promote(&mut self, now: Instant) -> usize {
        let mut promoted = 0;
        while let Some((until, key)) = self.waiting.first().cloned()
            && until <= now
        {
            let priority = match self.place(&key) {
                Place::Waiting { priority, .. } => priority,
                Place::Idle | Place::Due { .. } | Place::Working { .. } => Priority::Change,
            };
            self.make_due(key, priority, now);
            promoted += 1;
        }
        promoted
    }

    /// The first that is due, and for how long it was.
    pub(super) fn take(&mut self, now: Instant) -> Option<(NetworkKey, Duration)> {
        let (Reverse(priority), _, key) = self.due.first().cloned()?;
        let waited = match self.place(&key) {
            Place::Due { since, .. } => now.saturating_duration_since(since),
            Place::Idle | Place::Waiting { .. } | Place::Working { .. } => Duration::ZERO,
        };
        self.put(key.clone(), Place::Working { priority, again: None });
        Some((key, waited))
    }

    /// Ends the work on a key; whether it is due again at once.
    pub(super) fn done(&mut self, key: &NetworkKey, done: Done, now: Instant) -> bool {
        let Place::Working { priority, again } = self.place(key) else { return false };
        let failures = self.keys.get(key).map_or(0, |entry| entry.failures);
        let (failures, wait) = match done {
            Done::UntilChange => (0, None),
            Done::For(time) => (0, Some((time, Priority::Change))),
            Done::Failed => (failures.saturating_add(1), Some((self.back_off.after(failures), priority))),
        };
        self.put(key.clone(), Place::Idle);
        if let Some(entry) = self.keys.get_mut(key) {
            entry.failures = failures;
        }
        match (again, wait) {
            (Some(again), _) => {
                self.make_due(key.clone(), again, now);
                return true;
            }
            // A time beyond the end of the clock never comes.
            (None, Some((wait, priority))) => match now.checked_add(wait) {
                Some(until) => self.put(key.clone(), Place::Waiting { until, priority }),
                None => self.forget_if_idle(key),
            },
            (None, None) => self.forget_if_idle(key),
        }
        false
    }

    pub(super) fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// When the next one that waits is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.first().map(|(until, _)| *until)
    }

    /// How many are due, in ascending order of priority.
    pub(super) fn depth(&self) -> [(Priority, usize); 2] {
        [(Priority::FirstList, self.due.len() - self.due_changes), (Priority::Change, self.due_changes)]
    }

    fn make_due(&mut self, key: NetworkKey, priority: Priority, since: Instant) {
        self.sequence += 1;
        self.put(key, Place::Due { priority, sequence: self.sequence, since });
    }

    fn place(&self, key: &NetworkKey) -> Place {
        self.keys.get(key).map_or(Place::Idle, |entry| entry.place)
    }

    /// Moves a key. The only place that touches the indices.
    fn put(&mut self, key: NetworkKey, place: Place) {
        match self.place(&key) {
            Place::Waiting { until, .. } => {
                self.waiting.remove(&(until, key.clone()));
            }
            Place::Due { priority, sequence, .. } => {
                self.due.remove(&(Reverse(priority), sequence, key.clone()));
                self.due_changes -= usize::from(priority == Priority::Change);
            }
            Place::Idle | Place::Working { .. } => {}
        }
        match place {
            Place::Waiting { until, .. } => {
                self.waiting.insert((until, key.clone()));
            }
            Place::Due { priority, sequence, .. } => {
                self.due.insert((Reverse(priority), sequence, key.clone()));
                self.due_changes += usize::from(priority == Priority::Change);
            }
            Place::Idle | Place::Working { .. } => {}
        }
        self.keys.entry(key).or_insert(Entry { failures: 0, place }).place = place;
    }

    /// A key that is nowhere and never failed needs no memory.
    fn forget_if_idle(&mut self, key: &NetworkKey) {
        if let Some(Entry { failures: 0, place: Place::Idle }) = self.keys.get(key) {
            self.keys.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> NetworkKey {
        NetworkKey { namespace: "ns".to_owned(), name: name.to_owned() }
    }

    fn drain(schedule: &mut Schedule, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| schedule.take(now).map(|(key, _)| key.name)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn changes_overtake_the_first_list_and_otherwise_the_first_comes_first() {
        let now = Instant::now();
        let mut schedule = Schedule::new(BackOff::default());
        for name in ["d", "c", "b"] {
            assert!(schedule.add(key(name), Priority::FirstList, now));
        }
        for name in ["z", "a"] {
            assert!(schedule.add(key(name), Priority::Change, now));
        }
        assert!(!schedule.add(key("b"), Priority::Change, now), "already due, and now with the changes");
        assert!(!schedule.add(key("z"), Priority::FirstList, now), "nothing loses its priority");
        assert_eq!(schedule.depth(), [(Priority::FirstList, 2), (Priority::Change, 3)]);
        assert_eq!(drain(&mut schedule, now), ["z", "a", "b", "d", "c"]);
        assert_eq!(schedule.depth(), [(Priority::FirstList, 0), (Priority::Change, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_keeps_its_priority_and_a_later_look_counts_as_a_change() {
        let now = Instant::now();
        let mut schedule = Schedule::new(BackOff::default());
        for name in ["failed", "later"] {
            schedule.add(key(name), Priority::FirstList, now);
            schedule.take(now);
        }
        assert!(!schedule.done(&key("failed"), Done::Failed, now));
        assert!(!schedule.done(&key("later"), Done::For(Duration::from_secs(1)), now));
        assert_eq!(schedule.next_due(), Some(now + Duration::from_millis(5)));
        assert_eq!(schedule.promote(now), 0);
        assert_eq!(schedule.promote(now + Duration::from_secs(1)), 2);
        assert_eq!(schedule.depth(), [(Priority::FirstList, 1), (Priority::Change, 1)]);
        assert_eq!(schedule.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_happens_during_the_work_replaces_the_wait_after_it() {
        for done in [Done::UntilChange, Done::Failed, Done::For(Duration::from_secs(60))] {
            let now = Instant::now();
            let mut schedule = Schedule::new(BackOff::default());
            schedule.add(key("a"), Priority::Change, now);
            schedule.take(now).unwrap();
            assert!(!schedule.add(key("a"), Priority::Change, now));
            assert_eq!(schedule.take(now), None);
            assert!(schedule.done(&key("a"), done, now), "{done:?}");
            assert_eq!(schedule.next_due(), None, "{done:?}");
            assert_eq!(drain(&mut schedule, now), ["a"]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn success_forgets_the_failures_and_the_key() {
        let now = Instant::now();
        let mut schedule = Schedule::new(BackOff::default());
        schedule.add(key("a"), Priority::Change, now);
        for wait in [5, 10] {
            let due = schedule.next_due().unwrap_or(now);
            schedule.promote(due);
            schedule.take(due).unwrap();
            schedule.done(&key("a"), Done::Failed, now);
            assert_eq!(schedule.next_due(), Some(now + Duration::from_millis(wait)));
        }
        schedule.add(key("a"), Priority::Change, now);
        schedule.take(now).unwrap();
        schedule.done(&key("a"), Done::UntilChange, now);
        assert!(schedule.keys.is_empty() && schedule.due.is_empty() && schedule.waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_nobody_works_on_cannot_be_given_back() {
        let now = Instant::now();
        let mut schedule = Schedule::new(BackOff::default());
        assert!(!schedule.done(&key("a"), Done::Failed, now));
        assert_eq!(schedule.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_end_of_time_is_for_ever() {
        let now = Instant::now();
        let mut schedule = Schedule::new(BackOff::default());
        schedule.add(key("a"), Priority::Change, now);
        schedule.take(now).unwrap();
        assert!(!schedule.done(&key("a"), Done::For(Duration::MAX), now));
        assert_eq!(schedule.next_due(), None);
    }
}
