//! The guard of a shoot: put there, looked at and taken away again, and the conditions deleted that it keeps from coming back.
//!
//! gardener-resource-manager carries policy and binding to the shoot, by a ManagedResource of their own: in the bundle they would
//! come after everything that they are there for. That they are applied proves nothing, since an API server acts on a policy a moment
//! later and there may be several; only a [dry run](fn@observe) does.

mod clean;
mod deploy;
mod observe;

pub use clean::{Cleaned, PER_LOOK, clean, refresh, release};
pub use deploy::{GuardError, Live, deploy, live, remove};
pub use observe::{GuardObjects, GuardSeen, ObjectVersion, objects, observe};
