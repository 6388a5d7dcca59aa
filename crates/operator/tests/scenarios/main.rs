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
#[path = "../../../fake-apiserver/tests/kubectl/program.rs"]
mod program;
mod refresh;
mod remove;
mod shown;
mod stale;
mod switch;
mod take_over;
mod triggers;
mod watch;
mod world;

use program::skip;
