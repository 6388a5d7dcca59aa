//! What this process remembers of a Network between two looks. All of it may be lost at any time: that costs requests, or makes a
//! wait begin anew, and never changes a decision.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use adapter_k8s::bundle::{Bundle, BundleManagedResource};
use adapter_k8s::read::bundle::KnownSecret;
use adapter_k8s::read::monitoring::Versions;
use adapter_k8s::read::version;
use calico_manifests::Plan;
use gardener_api::meta::ObjectMeta;
use tokio::time::Instant;

use super::NetworkKey;
use super::dispatch::Sight;
use super::events::{NODES_EVERY, News};
use super::freshness::Freshness;
use super::guard::Settling;

/// What is remembered of one Network.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    looked: bool,
    /// How many looks in a row were put off.
    put_off: u32,
    /// Whether the Network is gone, or no longer ours, so that nothing is worth keeping.
    pub(super) is_over: bool,
    /// Whether the look that goes on wants the nodes watched.
    pub(super) watches_nodes: bool,
    /// The Secret that the ManagedResource named.
    pub(super) secret: Option<KnownSecret>,
    /// The newest state of the ManagedResource that is known to have been stored.
    pub(super) managed_resource: Option<Seen>,
    /// What the last bundle was rendered from, and what came out.
    pub(super) rendered: Option<Box<Rendered>>,
    /// The monitoring objects after they were last written.
    pub(super) monitoring: Option<Versions>,
    /// Since when the guard has been effective.
    pub(super) guard: Settling,
    /// When the last Event about blocking nodes was recorded.
    nodes_event: Option<Instant>,
    waiting: Option<(Waiting, Instant)>,
}

/// A bundle that was rendered before. Equal input gives an equal bundle.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) plan: Plan,
    pub(super) secret_name: String,
    pub(super) managed_resource: BundleManagedResource,
}

/// A state of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    uid: String,
    resource_version: String,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// That this generation of the ManagedResource is applied.
    Applied {
        /// Of the ManagedResource.
        uid: String,
        /// Of the ManagedResource.
        generation: i64,
    },
    /// That the ManagedResources are gone.
    Gone,
}

impl Rendered {
    pub(super) fn new(plan: Plan, bundle: &Bundle) -> Self {
        let (secret_name, managed_resource) = (bundle.secret.name().to_owned(), bundle.managed_resource.clone());
        Self { plan, secret_name, managed_resource }
    }
}

impl Remembered {
    /// Whether this state of the ManagedResource is an older one than was seen before. A read that an API server answers from a
    /// cache that lags is one, and nothing may be concluded from it.
    pub(super) fn is_older(&self, managed_resource: &ObjectMeta) -> bool {
        self.managed_resource.as_ref().is_some_and(|seen| {
            seen.uid == managed_resource.uid
                && !version::is_at_least_as_new_as(&managed_resource.resource_version, &seen.resource_version)
        })
    }

    /// Notes a state of the ManagedResource that is known to be, or to have been, what is stored.
    pub(super) fn saw(&mut self, managed_resource: &ObjectMeta) {
        if !self.is_older(managed_resource) {
            let ObjectMeta { uid, resource_version, .. } = managed_resource;
            self.managed_resource = Some(Seen { uid: uid.clone(), resource_version: resource_version.clone() });
        }
    }

    /// Whether this may be told by an Event now.
    pub(super) fn may_tell(&mut self, news: News) -> bool {
        if news != News::Nodes {
            return true;
        }
        let may = self.nodes_event.is_none_or(|last| last.elapsed() >= NODES_EVERY);
        if may {
            self.nodes_event = Some(Instant::now());
        }
        may
    }

    /// For how long a look is put off that read the Network in such a state; `None` where it counts.
    pub(super) fn puts_off(&mut self, freshness: Freshness) -> Option<Duration> {
        let wait = freshness.puts_off(self.put_off);
        self.put_off = if wait.is_some() { self.put_off.saturating_add(1) } else { 0 };
        wait
    }

    /// Whether this is the first look, and from now on no longer.
    pub(super) fn look(&mut self) -> Sight {
        if std::mem::replace(&mut self.looked, true) { Sight::Again } else { Sight::First }
    }

    /// The look failed: it may have heard a request and not said so, which the next one has to find out as after a start.
    pub(super) fn doubt(&mut self) {
        self.looked = false;
    }

    /// How long this has been waited for. Waiting for something else begins anew.
    pub(super) fn wait(&mut self, waiting: Waiting) -> Duration {
        match &self.waiting {
            Some((same, since)) if *same == waiting => since.elapsed(),
            _ => {
                self.waiting = Some((waiting, Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// Whether this is being waited for.
    pub(super) fn waits(&self, waiting: &Waiting) -> bool {
        self.waiting.as_ref().is_some_and(|(same, _)| same == waiting)
    }

    /// Waits for nothing any more.
    pub(super) fn stop_waiting(&mut self) {
        self.waiting = None;
    }
}

/// What is remembered of all Networks.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<NetworkKey, Box<Remembered>>>);

impl Memory {
    /// Takes out what is remembered of one. A reconcile that panics does not put it back.
    pub(super) fn take(&self, key: &NetworkKey) -> Box<Remembered> {
        self.map().remove(key).unwrap_or_default()
    }

    /// Puts it back.
    pub(super) fn put(&self, key: NetworkKey, remembered: Box<Remembered>) {
        self.map().insert(key, remembered);
    }

    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<NetworkKey, Box<Remembered>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
