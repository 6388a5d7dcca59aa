//! Leases: which replica acts, and the proof of life that gardenlet reads.

mod clock;
mod election;
mod heartbeat;
mod leadership;

pub use clock::Clock;
pub use election::{Election, Elector, LEADER_ELECTION, Loss, identity};
pub use heartbeat::{HEARTBEAT_LEASE, Heartbeat, HeartbeatError};
pub use leadership::{Grant, Leadership, LeadershipLost};
