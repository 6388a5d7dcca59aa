//! Leases: which replica acts, and the proof of life that gardenlet reads.

mod clock;
mod leadership;

pub use clock::Clock;
pub use leadership::{Grant, Leadership, LeadershipLost};
