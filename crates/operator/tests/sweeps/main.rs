//! Sweeps over the whole controller: every fault at every request of every operation, a kill at every request, and servers that lag. Whatever
//! happens on the way, the end is the one without it, and nothing forbidden was stored or told meanwhile.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod crashes;
mod faults;
mod gaps;
mod gardenlet;
mod operation;
#[path = "../permitted/mod.rs"]
#[allow(dead_code, reason = "what the world looks at on its own")]
mod permitted;
mod play;
mod process;
mod recovery;
mod requests;
mod runs;
mod snapshot;
mod two_servers;
mod watchdog;
#[path = "../scenarios/world.rs"]
#[allow(dead_code, reason = "the fixture of the scenarios, of which not everything is needed here")]
mod world;
