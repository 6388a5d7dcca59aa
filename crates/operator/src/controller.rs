//! One Network, from its key to its final status.

mod api;

pub use api::{FailureKind, NetworkKey, Next, Observer, ReconcileError, Reconciler};
