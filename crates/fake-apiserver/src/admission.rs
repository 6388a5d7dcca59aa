//! Hooks that see every write before it is stored, and may change or refuse it.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::error::ApiError;
use crate::request::user::User;

/// What is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new object.
    Create,
    /// Another version of an object, of its status, or its last finalizer going.
    Update,
    /// A deletion, the first step of one included.
    Delete,
}

/// A write, as a hook sees it.
#[derive(Debug)]
pub struct AdmissionRequest<'a> {
    /// What is about to be done.
    pub operation: Operation,
    /// Who asks; impersonation is resolved.
    pub user: &'a User,
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    /// API group; empty for the core group.
    pub group: &'a str,
    /// API version without the group.
    pub version: &'a str,
    /// Plural name of the resource.
    pub resource: &'a str,
    /// For example `status`; empty for the main resource.
    pub subresource: &'a str,
    /// Empty for objects of the cluster.
    pub namespace: &'a str,
    /// Empty while a generated name is not known.
    pub name: &'a str,
    /// What is there now; nothing on creation.
    pub old: Option<&'a Value>,
    /// What is to be stored, for the hook to change; nothing on deletion.
    pub object: Option<&'a mut Value>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
}

type Hook = dyn Fn(&mut AdmissionRequest<'_>) -> Result<(), ApiError> + Send + Sync;

/// The hooks, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Hooks(RwLock<Vec<Arc<Hook>>>);

impl Hooks {
    pub(crate) fn add(&self, hook: impl Fn(&mut AdmissionRequest<'_>) -> Result<(), ApiError> + Send + Sync + 'static) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(hook));
    }

    /// Asks each hook in turn. The first refusal ends it.
    pub(crate) fn review(&self, request: &mut AdmissionRequest<'_>) -> Result<(), ApiError> {
        // A hook may use the server itself, so that none runs under the lock.
        let hooks = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        hooks.iter().try_for_each(|hook| hook(request))
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.read().unwrap_or_else(PoisonError::into_inner).len();
        write!(formatter, "Hooks({count})")
    }
}
