//! The whole controller against two API servers in memory: a seed and a shoot. Each scenario is what an operator of a landscape would
//! see; expected values are literals.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod create;
mod errors;
mod guard;
mod hand_over;
mod permissions;
#[path = "../permitted/mod.rs"]
mod permitted;
mod refresh;
mod remove;
#[path = "../../../fake-apiserver/tests/support/skip.rs"]
mod skip;
mod stale;
mod switch;
mod take_over;
mod triggers;
mod watch;
mod world;
