//! Which shoots' nodes are watched while their switch is held, so that the last route is noticed at once.
//!
//! A watch only says when a look is worth while; what is decided rests on what that look reads. Where there is none, because it
//! failed or all places are taken, the Network is looked at as often as `pollInterval` says; while there is one that is
//! [`Hearing::Connected`], seldom. One that ends wakes its Network, so that nobody relies on it any more, and nobody relies on one that
//! tells of other nodes than the last look has read: the look was answered by a server that lags, or the watch is.
//!
//! # Expected flow
//! Every look at a Network whose nodes decide asks for the watch, from the survey that it has just made; a look that does not ask ends
//! it. A watch lasts a few minutes. Then its place goes to whoever has waited longest, or to the same shoot again.
//!
//! # Guarantees
//! One connection per shoot and no more shoots than there are places. A shoot without a place gets one in its turn. Wakes of one
//! Network are spaced, however many nodes change. Dropping this ends all watches; [`NodeWatches::close`] also waits for their end.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapter_k8s::client::{ApiClient, ApiError};
use adapter_k8s::watch::nodes::{LASTS, News, NodeWatch, SurveyDigest};
use calico_policy::nodes::NodeFacts;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::{NetworkKey, Observer};

/// Shoots that are watched at once.
const PLACES: usize = 100;
/// How long changes are gathered once every node has a route: those of one moment are one look.
const GATHER: Duration = Duration::from_millis(50);
/// Between two wakes of one Network.
const SPACING: Duration = Duration::from_millis(250);
/// The same while nodes wait: such a look only tells of progress.
const PROGRESS: Duration = Duration::from_secs(1);
/// A watch that ended before this time did not work.
const WORKS: Duration = Duration::from_secs(10);
/// How much later than it should the API server may end a watch.
const OVERTIME: Duration = Duration::from_secs(30);
/// How long a shoot is left alone after its watch failed: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// Has a Network looked at as soon as possible.
pub type WakeNetwork = dyn Fn(NetworkKey) + Send + Sync;

/// How many shoots stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchCounts {
    /// Watched.
    pub watched: usize,
    /// Waiting for a place.
    pub queued: usize,
    /// Left alone for a while, because the watch failed.
    pub failed: usize,
}

/// Whether changes of the nodes of a shoot are heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// They are: the API server has taken the watch, it has not ended, and told what the last survey has found.
    Connected,
    /// They are not, or not yet.
    Deaf,
}

/// The watches of all shoots whose switch is held.
pub struct NodeWatches {
    ledger: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

struct Shared {
    ledger: Mutex<Ledger>,
    wake: Box<WakeNetwork>,
    observer: Arc<dyn Observer>,
}

/// Who is watched, who waits, who is left alone. A Network is in one of the three at most.
#[derive(Debug)]
struct Ledger {
    places: usize,
    closed: bool,
    sessions: u64,
    watched: BTreeMap<NetworkKey, Session>,
    /// In the order in which they came.
    queued: VecDeque<NetworkKey>,
    failed: BTreeMap<NetworkKey, BackOff>,
}

#[derive(Debug)]
struct Session {
    number: u64,
    task: AbortHandle,
    /// What the last survey has found.
    surveyed: SurveyDigest,
    /// What a survey would find by what the watch has told; `None` until the API server has taken it.
    told: Option<SurveyDigest>,
    /// Failures in a row before it.
    failures: u32,
}

#[derive(Clone, Copy, Debug)]
struct BackOff {
    failures: u32,
    until: Instant,
}

/// How a watch ended by itself.
enum End {
    /// Its time was over.
    InTime,
    /// It could not begin, was ended early or broke.
    Failed {
        /// Why, where the API server did not just end it.
        error: Option<ApiError>,
        /// For how long it worked.
        worked: Duration,
    },
}

impl fmt::Debug for NodeWatches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("NodeWatches").field(&self.counts()).finish()
    }
}

impl NodeWatches {
    /// No watch yet. `wake` is called for a Network that is worth a look, and must not block.
    #[must_use]
    pub fn new(wake: Box<WakeNetwork>, observer: Arc<dyn Observer>) -> Self {
        let ledger = Ledger {
            places: PLACES,
            closed: false,
            sessions: 0,
            watched: BTreeMap::new(),
            queued: VecDeque::new(),
            failed: BTreeMap::new(),
        };
        let ledger = Arc::new(Shared { ledger: Mutex::new(ledger), wake, observer });
        Self { ledger, tasks: Mutex::default() }
    }

    /// The same with another number of places.
    #[must_use]
    pub fn with_places(self, places: usize) -> Self {
        self.ledger.lock().places = places;
        self
    }

    /// Has the nodes of a Network's shoot watched, from a survey of them at `resource_version` on. Asking again while they are, or
    /// while that is not possible, is harmless.
    pub fn watch(&self, key: &NetworkKey, shoot: &ApiClient, nodes: &[NodeFacts], resource_version: &str) {
        let surveyed = SurveyDigest::of(nodes);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        let mut ledger = self.ledger.lock();
        if let Some(session) = ledger.watched.get_mut(key) {
            session.surveyed = surveyed;
            return;
        }
        let Some((number, failures)) = ledger.admit(key, Instant::now()) else {
            self.ledger.tell(&ledger);
            return;
        };
        let session = {
            let (shared, key, shoot) = (Arc::clone(&self.ledger), key.clone(), shoot.clone());
            let (nodes, resource_version) = (nodes.to_vec(), resource_version.to_owned());
            async move {
                let end = follow(&shared, &key, number, &shoot, nodes, &resource_version).await;
                shared.ended(&key, number, end);
            }
        };
        let task = tasks.spawn(session);
        ledger.watched.insert(key.clone(), Session { number, task, surveyed, told: None, failures });
        self.ledger.tell(&ledger);
    }

    /// Ends the watch for a Network, and forgets that it waited for one or that one failed. Calling it twice is harmless.
    pub fn stop(&self, key: &NetworkKey) {
        let mut ledger = self.ledger.lock();
        let known = ledger.is_known(key);
        ledger.queued.retain(|other| other != key);
        ledger.failed.remove(key);
        if let Some(session) = ledger.watched.remove(key) {
            session.task.abort();
        }
        if known {
            self.ledger.tell(&ledger);
            self.ledger.call(ledger, None);
        }
    }

    /// Ends all watches and waits until nothing of them is left. None begins afterwards.
    pub async fn close(&self) {
        {
            let mut ledger = self.ledger.lock();
            ledger.closed = true;
            ledger.watched.clear();
            ledger.queued.clear();
            ledger.failed.clear();
            self.ledger.tell(&ledger);
        }
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }

    /// Whether changes of the nodes of this Network's shoot wake it now. It is also woken when that ends.
    #[must_use]
    pub fn hearing(&self, key: &NetworkKey) -> Hearing {
        let ledger = self.ledger.lock();
        match ledger.watched.get(key) {
            Some(session) if session.told == Some(session.surveyed) => Hearing::Connected,
            Some(_) | None => Hearing::Deaf,
        }
    }

    /// How many shoots stand where.
    #[must_use]
    pub fn counts(&self) -> WatchCounts {
        self.ledger.lock().counts()
    }
}

/// Wakes the Network whenever its nodes are worth a look, until the watch ends.
async fn follow(
    shared: &Shared,
    key: &NetworkKey,
    number: u64,
    shoot: &ApiClient,
    nodes: Vec<NodeFacts>,
    resource_version: &str,
) -> End {
    let mut watch = match NodeWatch::begin(shoot, &nodes, resource_version).await {
        Ok(watch) => watch,
        Err(error) => return End::Failed { error: Some(error), worked: Duration::ZERO },
    };
    drop(nodes);
    shared.told(key, number, watch.digest());
    let begun = Instant::now();
    let over = begun + Duration::from_secs(LASTS.into()) + OVERTIME;
    let mut woken: Option<Instant> = None;
    loop {
        let Ok(mut news) = timeout_at(over, watch.next()).await else { return End::InTime };
        let heard = Instant::now();
        let mut pending = false;
        // What comes until the look is part of it, and may make it come sooner.
        let end = loop {
            shared.told(key, number, watch.digest());
            let spacing = match news {
                Ok(News::NoneWaits) => SPACING,
                Ok(News::SomeWait) => PROGRESS,
                Ok(News::Ended) if begun.elapsed() >= WORKS => break Some(End::InTime),
                Ok(News::Ended) => break Some(End::Failed { error: None, worked: begun.elapsed() }),
                Err(error) => break Some(End::Failed { error: Some(error), worked: begun.elapsed() }),
            };
            pending = true;
            let gathered = heard + GATHER;
            let due = woken.map_or(gathered, |woken| gathered.max(woken + spacing));
            match timeout_at(due, watch.next()).await {
                Ok(more) => news = more,
                Err(_) => break None,
            }
        };
        if pending {
            (shared.wake)(key.clone());
        }
        if let Some(end) = end {
            return end;
        }
        woken = Some(Instant::now());
    }
}

impl Shared {
    /// A watch is taken by the API server, or has told of a change.
    fn told(&self, key: &NetworkKey, number: u64, told: SurveyDigest) {
        if let Some(session) = self.lock().watched.get_mut(key).filter(|session| session.number == number) {
            session.told = Some(told);
        }
    }

    /// A watch ended by itself.
    fn ended(&self, key: &NetworkKey, number: u64, end: End) {
        let mut ledger = self.lock();
        if ledger.watched.get(key).is_none_or(|session| session.number != number) {
            return;
        }
        let Some(session) = ledger.watched.remove(key) else { return };
        // Whoever was not connected is looked at soon in any case.
        let again = session.told.map(|_| key.clone());
        match end {
            End::InTime => {}
            End::Failed { error, worked } => {
                let error = error.map_or_else(|| "it was ended early".to_owned(), |error| error.to_string());
                tracing::info!(object = %key, error, "the watch of nodes failed; they are read every `pollInterval`");
                let failures = if worked >= WORKS { 1 } else { session.failures.saturating_add(1) };
                ledger.failed.insert(key.clone(), BackOff { failures, until: Instant::now() + back_off(failures) });
            }
        }
        self.tell(&ledger);
        self.call(ledger, again);
    }

    /// Wakes those for whom there is a place, and this one.
    fn call(&self, ledger: MutexGuard<'_, Ledger>, this: Option<NetworkKey>) {
        let next: Vec<NetworkKey> = ledger.queued.iter().take(ledger.free()).cloned().chain(this).collect();
        drop(ledger);
        for key in next {
            (self.wake)(key);
        }
    }

    fn tell(&self, ledger: &Ledger) {
        self.observer.watching(ledger.counts());
    }

    /// No code that runs under the lock panics, so a poisoned lock protects a sound state.
    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// The number of a new session and the failures before it, where this Network may be watched now; else it is left where it is,
    /// or waits.
    fn admit(&mut self, key: &NetworkKey, now: Instant) -> Option<(u64, u32)> {
        if self.closed {
            return None;
        }
        if self.failed.get(key).is_some_and(|failed| now < failed.until) {
            return None;
        }
        let failures = self.failed.remove(key).map_or(0, |failed| failed.failures);
        let place = self.queued.iter().position(|other| other == key);
        let place = place.unwrap_or_else(|| {
            self.queued.push_back(key.clone());
            self.queued.len() - 1
        });
        if place >= self.free() {
            return None;
        }
        self.queued.remove(place);
        self.sessions += 1;
        Some((self.sessions, failures))
    }

    fn free(&self) -> usize {
        self.places.saturating_sub(self.watched.len())
    }

    fn is_known(&self, key: &NetworkKey) -> bool {
        self.watched.contains_key(key) || self.failed.contains_key(key) || self.queued.contains(key)
    }

    fn counts(&self) -> WatchCounts {
        WatchCounts { watched: self.watched.len(), queued: self.queued.len(), failed: self.failed.len() }
    }
}

fn back_off(failures: u32) -> Duration {
    let (first, most) = BACK_OFF;
    first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(most)
}

#[cfg(test)]
mod tests;
