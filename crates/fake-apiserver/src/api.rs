//! What all requests share: objects, resources, hooks, clock and randomness.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;

use crate::admission::Hooks;
use crate::faults::Faults;
use crate::object;
use crate::request::user::User;
use crate::request_log::RequestLog;
use crate::resource::registry::Registry;
use crate::store::Store;

pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) hooks: Hooks,
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    pub(crate) tokens: BTreeMap<String, User>,
    pub(crate) bookmark_interval: Duration,
    pub(crate) git_version: String,
    pub(crate) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub(crate) random: Mutex<Rng>,
}

/// As Kubernetes: no vowels and no digits that look like one.
const SUFFIX_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH: usize = 5;

impl Api {
    /// Now, in whole seconds.
    pub(crate) fn now(&self) -> String {
        object::seconds((self.clock)())
    }

    /// What is appended to `generateName`.
    pub(crate) fn name_suffix(&self) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        (0..SUFFIX_LENGTH).filter_map(|_| random.choice(SUFFIX_ALPHABET)).map(|byte| char::from(*byte)).collect()
    }

    /// A random UUID of version 4.
    pub(crate) fn uid(&self) -> String {
        let bits = self.random.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
        let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Api").field("revision", &self.store.revision()).finish_non_exhaustive()
    }
}
