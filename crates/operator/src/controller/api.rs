//! What the work queue and the controller say to each other.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use calico_policy::Decision;

use super::WatchCounts;

/// The key of a Network: the queue holds keys, never objects, so that a reconcile cannot act on an old one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkKey {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

/// When a Network that was reconciled without an error is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// When something changes.
    OnChange,
    /// After this time, or earlier when something changes.
    After(Duration),
}

/// What reconciles one Network.
pub trait Reconciler: Send + Sync + 'static {
    /// Brings one Network closer to what its object asks for. Calling it twice is harmless; it is never called twice at once for
    /// one key. It bounds its own time.
    ///
    /// # Errors
    /// [`ReconcileError`]: the queue calls again after an exponential back-off, or at once when something changes.
    fn reconcile(&self, key: NetworkKey) -> impl Future<Output = Result<Next, ReconcileError>> + Send;

    /// Tells in the Network's status that a reconcile of it panicked. The queue has counted the failure and calls again later.
    ///
    /// # Errors
    /// [`ReconcileError`] where the status could not be written; it is logged.
    fn report_panic(&self, key: NetworkKey, message: String)
    -> impl Future<Output = Result<(), ReconcileError>> + Send;

    /// Lets go of what is no longer used. Called about once a minute.
    fn keep_house(&self) {}

    /// Ends everything that runs beside reconciles, and waits for its end. Called once no reconcile is running or will run: the process
    /// ends, or no longer leads.
    fn close(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Who is told what was decided: metrics and the log.
pub trait Observer: Send + Sync + 'static {
    /// A decision was made. `inputs` is a digest of everything that it was made from, the same for the same inputs.
    fn decided(&self, key: &NetworkKey, inputs: &str, decision: &Decision);

    /// The Network is gone, or no longer ours: nothing of it may be reported any more. Calling it twice is harmless.
    fn forgotten(&self, key: &NetworkKey);

    /// The nodes of so many shoots are watched now. Called on every change; must not block.
    fn watching(&self, _counts: WatchCounts) {}
}

/// Why a reconcile failed. Its text, with those of its sources, goes to the log.
#[derive(Debug)]
pub struct ReconcileError {
    kind: FailureKind,
    source: Box<dyn Error + Send + Sync>,
}

/// What a failed reconcile means for the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Something went wrong for this object.
    Failed,
    /// The reconcile used up its time.
    TimedOut,
    /// This process no longer leads: not the object's fault, and about to end.
    NotLeading,
}

impl ReconcileError {
    /// A failure for this reason.
    pub fn new(kind: FailureKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }

    /// What the failure means for the process.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        self.kind
    }
}

impl fmt::Display for ReconcileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, formatter)
    }
}

impl Error for ReconcileError {
    /// What comes after the text, which is that of the outermost error already.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

impl From<adapter_k8s::lease::LeadershipLost> for ReconcileError {
    fn from(lost: adapter_k8s::lease::LeadershipLost) -> Self {
        Self::new(FailureKind::NotLeading, lost)
    }
}

impl fmt::Display for NetworkKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}
