//! The three conditions of a ManagedResource.

use serde_json::{Value, json};

use crate::world::Clock;
use crate::world::cluster::{condition, text};

pub(super) const HEALTHY: &str = "ResourcesHealthy";
pub(super) const PROGRESSING: &str = "ResourcesProgressing";
pub(super) const APPLIED: &str = "ResourcesApplied";

/// The order in which they are listed.
const TYPES: [&str; 3] = [HEALTHY, PROGRESSING, APPLIED];

/// What a condition is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saying {
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Saying {
    pub(super) fn new(
        kind: &'static str,
        status: &'static str,
        reason: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, status, reason: reason.into(), message: message.into() }
    }

    pub(super) fn applied() -> Self {
        Self::new(APPLIED, "True", "ApplySucceeded", "All resources are applied.")
    }

    pub(super) fn not_applied(reason: &str, message: impl Into<String>) -> Self {
        Self::new(APPLIED, "False", reason, message)
    }

    /// A round has begun. After one that failed, reason and message stay as they are.
    pub(super) fn applying(managed_resource: &Value) -> Self {
        match condition(managed_resource, APPLIED) {
            Some(last) if ["ApplyFailed", "CannotReadSecret"].contains(&text(last, "/reason")) => {
                Self::new(APPLIED, "Progressing", text(last, "/reason"), text(last, "/message"))
            }
            _ => Self::new(APPLIED, "Progressing", "ApplyProgressing", "The resources are currently being reconciled."),
        }
    }

    pub(super) fn deletion_pending(message: impl Into<String>) -> Self {
        Self::new(APPLIED, "Progressing", "DeletionPending", message)
    }

    /// Health and progress of what has changed are not known yet.
    pub(super) fn checks_pending() -> [Self; 2] {
        let text = "ecks have not yet been executed for the current set of resources.";
        [
            Self::new(HEALTHY, "Unknown", "ChecksPending", format!("The health ch{text}")),
            Self::new(PROGRESSING, "Unknown", "ChecksPending", format!("Ch{text}")),
        ]
    }
}

/// The conditions of a ManagedResource once these are said; nothing where they are said already.
pub(super) fn with(managed_resource: &Value, sayings: &[Saying], clock: &Clock) -> Option<Value> {
    let now = clock.seconds();
    let mut changed = false;
    let mut conditions = Vec::new();
    for kind in TYPES {
        let old = condition(managed_resource, kind);
        let Some(new) = sayings.iter().find(|saying| saying.kind == kind) else {
            conditions.extend(old.cloned());
            continue;
        };
        let is = |field: &str, value: &str| old.is_some_and(|old| text(old, field) == value);
        let same_status = is("/status", new.status);
        if same_status && is("/reason", &new.reason) && is("/message", &new.message) {
            conditions.extend(old.cloned());
            continue;
        }
        changed = true;
        let since = old.filter(|_| same_status).map_or(now.as_str(), |old| text(old, "/lastTransitionTime"));
        conditions.push(json!({
            "type": kind,
            "status": new.status,
            "reason": new.reason,
            "message": new.message,
            "lastTransitionTime": since,
            "lastUpdateTime": now,
        }));
    }
    changed.then(|| conditions.into())
}
