//! gardener-resource-manager: brings what ManagedResources of a seed's namespace say into a shoot.
//!
//! Behaves as releases 1.14x do where a networking extension can see it: order of work, conditions and their flickers, what is kept
//! and what is deleted, when it tries again. It has no class, no garbage collector for Secrets, and compares objects field by field where
//! the real one first turns workloads into their Go types.

mod apply;
mod bundle;
mod conditions;
mod health;
mod order;
mod remove;
mod resource;
mod round;

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::select;
use kube::runtime::watcher::Event;
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::cluster::{number, text};
use super::{Clock, Cluster, Running, kinds};
pub(super) use apply::replicas;
pub(super) use health::max_unavailable;
use resource::Resources;

/// The finalizer on ManagedResources.
pub const FINALIZER: &str = "resources.gardener.cloud/gardener-resource-manager";
const OPERATION: &str = "/metadata/annotations/gardener.cloud~1operation";

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Creating one object.
    pub create: Duration,
    /// Comparing one object, and updating it where it differs.
    pub update: Duration,
    /// How often it is looked whether deleted objects are gone.
    pub deletion_poll: Duration,
    /// How often everything is applied again.
    pub resync: Duration,
    /// How often health is checked, besides when a workload changes.
    pub health: Duration,
    /// The first back-off after a failure; each is twice the one before it.
    pub back_off: Duration,
}

/// gardener-resource-manager of one shoot.
#[derive(Debug)]
pub struct ResourceManager {
    seed: Cluster,
    shoot: Cluster,
    namespace: String,
    timing: Timing,
    clock: Clock,
}

impl Default for Timing {
    /// As measured with 65 objects on two busy cores.
    fn default() -> Self {
        Self {
            create: Duration::from_millis(75),
            update: Duration::from_millis(8),
            deletion_poll: Duration::from_secs(5),
            resync: Duration::from_secs(3600),
            health: Duration::from_secs(60),
            back_off: Duration::from_millis(5),
        }
    }
}

impl ResourceManager {
    /// The manager for the ManagedResources of a namespace.
    pub fn new(seed: Cluster, shoot: Cluster, namespace: &str, timing: Timing, clock: Clock) -> Self {
        Self { seed, shoot, namespace: namespace.to_owned(), timing, clock }
    }

    /// Starts it, as on waking up: with everything there is.
    pub fn start(self) -> Running {
        Running::start(self.run())
    }

    async fn run(self) {
        let mut changes = pin!(self.seed.changes(&kinds::MANAGED_RESOURCE, &self.namespace));
        let mut secrets = pin!(self.seed.changes(&kinds::SECRET, &self.namespace));
        let mut workloads =
            pin!(select(self.shoot.changes(&kinds::DAEMON_SET, ""), self.shoot.changes(&kinds::DEPLOYMENT, "")));
        let mut known_secrets = BTreeMap::new();
        let mut queue = Queue::default();
        let resources = Resources::default();
        let mut next_check = Instant::now() + self.timing.health;
        loop {
            tokio::select! {
                Some(event) = changes.next() => queue.note(event),
                Some(event) = secrets.next() => if let Some(secret) = updated(&mut known_secrets, event) {
                    queue.wake_for_secret(&secret);
                },
                Some(_) = workloads.next() => next_check = next_check.min(Instant::now() + DEBOUNCE),
                () = sleep_until(queue.due()) => if let Some(name) = queue.next() {
                    let outcome = self.round(&resources, &name).await;
                    let applied = outcome == Outcome::Done;
                    queue.settle(&name, outcome, &self.timing);
                    if applied {
                        next_check = Instant::now();
                    }
                },
                () = sleep_until(next_check) => {
                    next_check = Instant::now() + self.timing.health;
                    for name in queue.names() {
                        if let Ok(health::Turn::Worse) = self.check_health(&resources, &name).await {
                            queue.wake(&name);
                        }
                    }
                }
            }
        }
    }
}

/// Workloads change several times in a row.
const DEBOUNCE: Duration = Duration::from_millis(100);
const NEVER: Duration = Duration::from_secs(86_400 * 365);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1000);

/// How a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Everything is applied.
    Done,
    /// Not everything could be decoded: nothing to be gained from an early second try.
    Settled,
    /// Deleted objects are still there.
    Again(Duration),
    /// Something failed.
    Failed,
    /// A compressed value is damaged: this ManagedResource is never looked at again.
    Hung,
    /// There is no such ManagedResource any more.
    Gone,
}

/// When which ManagedResource is looked at.
#[derive(Debug, Default)]
struct Queue(BTreeMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    due: Instant,
    failures: u32,
    hung: bool,
    seen: Seen,
    secrets: Vec<String>,
}

/// What of a ManagedResource is worth a round when it changes.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    uid: String,
    generation: i64,
    deleting: bool,
    operation: String,
}

impl Queue {
    fn note(&mut self, event: Event<Value>) {
        match event {
            Event::Apply(object) | Event::InitApply(object) => self.see(&object),
            Event::Delete(object) => _ = self.0.remove(text(&object, "/metadata/name")),
            Event::Init | Event::InitDone => {}
        }
    }

    fn see(&mut self, object: &Value) {
        let seen = Seen {
            uid: text(object, "/metadata/uid").to_owned(),
            generation: number(object, "/metadata/generation"),
            deleting: !text(object, "/metadata/deletionTimestamp").is_empty(),
            operation: text(object, OPERATION).to_owned(),
        };
        let references = object.pointer("/spec/secretRefs").and_then(Value::as_array);
        let secrets = references.into_iter().flatten().map(|found| text(found, "/name").to_owned()).collect();
        let now = Instant::now();
        match self.0.get_mut(text(object, "/metadata/name")) {
            Some(entry) => {
                entry.secrets = secrets;
                let asks = entry.seen.operation != seen.operation && !seen.operation.is_empty();
                if entry.seen.generation != seen.generation
                    || entry.seen.deleting != seen.deleting
                    || entry.seen.uid != seen.uid
                    || asks
                {
                    entry.due = now;
                }
                entry.seen = seen;
            }
            None => {
                let entry = Entry { due: now, failures: 0, hung: false, seen, secrets };
                self.0.insert(text(object, "/metadata/name").to_owned(), entry);
            }
        }
    }

    fn wake(&mut self, name: &str) {
        if let Some(entry) = self.0.get_mut(name) {
            entry.due = Instant::now();
        }
    }

    fn wake_for_secret(&mut self, secret: &str) {
        for entry in self.0.values_mut().filter(|entry| entry.secrets.iter().any(|name| name == secret)) {
            entry.due = Instant::now();
        }
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().filter(|(_, entry)| !entry.hung).map(|(name, _)| name.clone()).collect()
    }

    fn due(&self) -> Instant {
        let due = self.0.values().filter(|entry| !entry.hung).map(|entry| entry.due).min();
        due.unwrap_or_else(|| Instant::now() + NEVER)
    }

    fn next(&self) -> Option<String> {
        let due = self.0.iter().filter(|(_, entry)| !entry.hung).min_by_key(|(_, entry)| entry.due);
        due.map(|(name, _)| name.clone())
    }

    fn settle(&mut self, name: &str, outcome: Outcome, timing: &Timing) {
        let Some(entry) = self.0.get_mut(name) else { return };
        let failures = entry.failures;
        entry.failures = 0;
        let delay = match outcome {
            Outcome::Done | Outcome::Settled => timing.resync,
            Outcome::Again(delay) => delay,
            Outcome::Failed => {
                entry.failures = failures.saturating_add(1);
                timing.back_off.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_BACK_OFF)
            }
            Outcome::Hung => {
                entry.hung = true;
                NEVER
            }
            Outcome::Gone => {
                self.0.remove(name);
                return;
            }
        };
        entry.due = Instant::now() + delay;
    }
}

/// The name of a Secret that was changed. One that is new, or was made again, wakes nobody.
fn updated(known: &mut BTreeMap<String, String>, event: Event<Value>) -> Option<String> {
    let (Event::Apply(secret) | Event::InitApply(secret)) = event else { return None };
    let name = text(&secret, "/metadata/name").to_owned();
    let uid = text(&secret, "/metadata/uid").to_owned();
    let before = known.insert(name.clone(), uid.clone());
    (before == Some(uid)).then_some(name)
}
