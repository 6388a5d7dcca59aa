//! The process: what runs beside and around the controller, from the first flag to the last task.
//!
//! # Expected flow
//! Endpoints and watches start at once, in every replica. Workers and heartbeat start when the watches have read their first
//! lists and this process leads. A signal ends it in good order: the queue is closed, running reconciles finish, the lease is
//! given back. A lost lease, a watch that never gets its list, or a part that ends by itself ends it with an error.
//!
//! # Guarantees
//! Every task is joined. The lease is given back only after the last worker has finished, and never while a write of ours
//! may still be on its way.

pub mod decisions;
pub mod endpoints;
pub mod health;
mod heartbeat;
pub mod logs;
pub mod metrics;
pub mod queue;
mod run;
pub mod settings;
pub(crate) mod tasks;
pub mod watch;
pub mod workers;

pub use run::{Parts, RunError, run};
