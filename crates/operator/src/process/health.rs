//! What `/readyz` is judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// How long a watch may be interrupted before this process counts as blind.
const BLIND_AFTER: Duration = Duration::from_secs(60);

/// Where events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The watch of Networks.
    Networks,
    /// The watch of Clusters.
    Clusters,
}

/// Why this process is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// A watch has not read its first list yet.
    NotSynced(Source),
    /// A watch has been interrupted for too long: changes go unnoticed.
    Blind(Source),
    /// The process is shutting down.
    Stopping,
}

/// The state of the process. Cheap to clone; all clones are the same.
#[derive(Clone, Debug)]
pub struct Health(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    synced: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    unsynced: BTreeSet<Source>,
    interrupted: BTreeMap<Source, Instant>,
    stopping: bool,
}

impl Source {
    /// For logs and probes.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Networks => "networks",
            Self::Clusters => "clusters",
        }
    }
}

impl Health {
    /// A process that watches these.
    #[must_use]
    pub fn new(sources: &[Source]) -> Self {
        let state = State { unsynced: sources.iter().copied().collect(), ..State::default() };
        let synced = watch::Sender::new(state.unsynced.is_empty());
        Self(Arc::new(Shared { state: Mutex::new(state), synced }))
    }

    /// A watch has read a whole list.
    pub fn synced(&self, source: Source) {
        let mut state = self.state();
        state.unsynced.remove(&source);
        self.0.synced.send_replace(state.unsynced.is_empty());
    }

    /// A watch works.
    pub fn heard_from(&self, source: Source) {
        self.state().interrupted.remove(&source);
    }

    /// A watch was interrupted and has not been heard from since.
    pub fn interrupted(&self, source: Source) {
        self.state().interrupted.entry(source).or_insert_with(Instant::now);
    }

    /// The process is shutting down.
    pub fn stop(&self) {
        self.state().stopping = true;
    }

    /// Waits until every watch has read its first list.
    pub async fn wait_synced(&self) {
        // Cannot fail: this holds the sender.
        let _ = self.0.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// Everything that makes this process unready; empty where it is ready.
    #[must_use]
    pub fn unready(&self) -> Vec<Unready> {
        let state = self.state();
        let unsynced = state.unsynced.iter().map(|source| Unready::NotSynced(*source));
        let blind = state
            .interrupted
            .iter()
            .filter(|(source, since)| !state.unsynced.contains(source) && since.elapsed() > BLIND_AFTER)
            .map(|(source, _)| Unready::Blind(*source));
        unsynced.chain(blind).chain(state.stopping.then_some(Unready::Stopping)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ready_means_that_every_watch_was_read_and_works() {
        let health = Health::new(&[Source::Networks, Source::Clusters]);
        assert_eq!(health.unready(), [Unready::NotSynced(Source::Networks), Unready::NotSynced(Source::Clusters)]);
        health.synced(Source::Networks);
        assert_eq!(health.unready(), [Unready::NotSynced(Source::Clusters)]);
        health.synced(Source::Clusters);
        health.wait_synced().await;
        assert_eq!(health.unready(), []);

        health.interrupted(Source::Networks);
        tokio::time::sleep(Duration::from_secs(60)).await;
        health.interrupted(Source::Networks);
        assert_eq!(health.unready(), []);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(health.unready(), [Unready::Blind(Source::Networks)]);
        health.heard_from(Source::Networks);
        assert_eq!(health.unready(), []);

        health.stop();
        assert_eq!(health.unready(), [Unready::Stopping]);
    }
}
