//! The work queue: which Network is reconciled next, by the rules of controller-runtime.
//!
//! # Guarantees
//! * A key is with at most one worker. What happens to it meanwhile makes it due again once the worker is done.
//! * A change makes a key due at once, also one that waits out a back-off. The back-off itself is forgotten only on success.
//! * Keys of the first list wait behind changes, so that a restart does not delay what somebody is waiting for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::metrics::QueueMetrics;
use crate::controller::NetworkKey;
pub use back_off::BackOff;
pub use schedule::Priority;
use schedule::Schedule;

mod back_off;
mod schedule;

/// The queue. Cheap to clone; all clones are the same queue.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

/// Wakes Networks from elsewhere than the watch. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Wake(Queue);

/// How the work on a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Well; look again on a change.
    UntilChange,
    /// Well; look again after this time.
    For(Duration),
    /// Not well; look again after the back-off.
    Failed,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// A worker that waits is woken when something may be due earlier than it thought.
    changed: Notify,
    metrics: QueueMetrics,
}

#[derive(Debug)]
struct State {
    schedule: Schedule,
    open: bool,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(back_off: BackOff, metrics: QueueMetrics) -> Self {
        let state = Mutex::new(State { schedule: Schedule::new(back_off), open: true });
        Self(Arc::new(Shared { state, changed: Notify::new(), metrics }))
    }

    /// Makes a key due now. Adding a key that is due already is harmless.
    pub fn add(&self, key: NetworkKey, priority: Priority) {
        self.change(|schedule, now, metrics| {
            if schedule.add(key, priority, now) {
                metrics.added();
            }
        });
    }

    /// For whoever learns that a Network has something to do.
    #[must_use]
    pub fn handle(&self) -> Wake {
        Wake(self.clone())
    }

    /// The next key that is due, once there is one; none once the queue is closed. The caller owes a call of [`Queue::done`].
    pub async fn next(&self) -> Option<NetworkKey> {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let wait = {
                let mut state = self.state();
                if !state.open {
                    return None;
                }
                let now = Instant::now();
                for _ in 0..state.schedule.promote(now) {
                    self.0.metrics.added();
                }
                let taken = state.schedule.take(now);
                self.0.metrics.depth(state.schedule.depth());
                if let Some((key, waited)) = taken {
                    self.0.metrics.started(&key, waited);
                    if state.schedule.has_due() {
                        self.0.changed.notify_one();
                    }
                    return Some(key);
                }
                state.schedule.next_due()
            };
            match wait {
                None => changed.await,
                Some(due) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(due) => {}
                },
            }
        }
    }

    /// Gives a key back.
    pub fn done(&self, key: &NetworkKey, done: Done) {
        self.change(|schedule, now, metrics| {
            metrics.finished(key);
            let retried = matches!(done, Done::Failed);
            if schedule.done(key, done, now) {
                metrics.added();
            }
            if retried {
                metrics.retried();
            }
        });
    }

    /// Ends the queue: workers get nothing any more, whatever is due. Calling it twice is harmless.
    pub fn close(&self) {
        self.state().open = false;
        self.0.changed.notify_waiters();
    }

    fn change(&self, change: impl FnOnce(&mut Schedule, Instant, &QueueMetrics)) {
        let mut state = self.state();
        change(&mut state.schedule, Instant::now(), &self.0.metrics);
        self.0.metrics.depth(state.schedule.depth());
        drop(state);
        self.0.changed.notify_one();
    }

    /// No code that runs under the lock panics, so a poisoned lock protects a sound state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake {
    /// Has a Network reconciled as soon as a worker is free. Calling it often is harmless.
    pub fn now(&self, key: NetworkKey) {
        self.0.add(key, Priority::Change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> NetworkKey {
        NetworkKey { namespace: "ns".to_owned(), name: name.to_owned() }
    }

    fn queue() -> Queue {
        Queue::new(BackOff::default(), QueueMetrics::unregistered())
    }

    async fn next_within(queue: &Queue, time: Duration) -> Option<String> {
        tokio::time::timeout(time, queue.next()).await.ok().flatten().map(|key| key.name)
    }

    const SOON: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_waiting_worker_is_woken_by_a_change() {
        let queue = queue();
        let worker = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        queue.handle().now(key("a"));
        assert_eq!(worker.await.unwrap(), Some(key("a")));
    }

    #[tokio::test(start_paused = true)]
    async fn several_keys_wake_several_workers() {
        let queue = queue();
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.next().await.unwrap().name })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        for name in ["a", "b", "c"] {
            queue.add(key(name), Priority::Change);
        }
        let mut taken = Vec::new();
        for worker in workers {
            taken.push(tokio::time::timeout(SOON, worker).await.expect("no worker is left sleeping").unwrap());
        }
        taken.sort();
        assert_eq!(taken, ["a", "b", "c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_two_workers_have_one_key() {
        let queue = queue();
        queue.add(key("a"), Priority::Change);
        assert_eq!(next_within(&queue, SOON).await, Some("a".to_owned()));
        queue.add(key("a"), Priority::Change);
        assert_eq!(next_within(&queue, Duration::from_secs(3_600)).await, None);
        queue.done(&key("a"), Done::UntilChange);
        assert_eq!(next_within(&queue, SOON).await, Some("a".to_owned()));
        queue.done(&key("a"), Done::UntilChange);
        assert_eq!(next_within(&queue, Duration::from_secs(3_600)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_waits_out_its_back_off_and_a_change_cuts_through() {
        let queue = queue();
        queue.add(key("a"), Priority::Change);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let started = Instant::now();
            queue.next().await.unwrap();
            waits.push(started.elapsed().as_millis());
            queue.done(&key("a"), Done::Failed);
        }
        assert_eq!(waits, [0, 5, 10, 20, 40, 80]);
        queue.handle().now(key("a"));
        assert_eq!(next_within(&queue, SOON).await, Some("a".to_owned()));
        // The change did not reset it: this was the seventh failure.
        queue.done(&key("a"), Done::Failed);
        assert_eq!(next_within(&queue, Duration::from_millis(318)).await, None);
        assert_eq!(next_within(&queue, Duration::from_millis(4)).await, Some("a".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_look_comes_when_it_was_asked_for_and_not_twice() {
        let queue = queue();
        queue.add(key("a"), Priority::Change);
        queue.next().await.unwrap();
        queue.done(&key("a"), Done::For(Duration::from_secs(5)));
        assert_eq!(next_within(&queue, Duration::from_millis(4_990)).await, None);
        assert_eq!(next_within(&queue, Duration::from_millis(20)).await, Some("a".to_owned()));
        queue.done(&key("a"), Done::For(Duration::from_secs(5)));
        queue.handle().now(key("a"));
        assert_eq!(next_within(&queue, SOON).await, Some("a".to_owned()));
        queue.done(&key("a"), Done::UntilChange);
        assert_eq!(next_within(&queue, Duration::from_secs(3_600)).await, None, "the change stood for the later look");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_queue_sends_every_worker_home() {
        let queue = queue();
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.next().await })
            })
            .collect();
        tokio::time::sleep(SOON).await;
        queue.close();
        for worker in workers {
            assert_eq!(worker.await.unwrap(), None);
        }
        queue.add(key("a"), Priority::Change);
        assert_eq!(queue.next().await, None);
    }
}
