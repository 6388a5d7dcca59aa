//! What lives around API servers: the parts of Gardener and of a shoot that a networking extension meets. Each speaks to its servers
//! only through `kube::Client`, so that it may live beside this crate's server, or beside a real one.
//!
//! Time is that of tokio's clock: with `tokio::time::pause` a day passes in a moment. Chance is by seed. Each part is one task
//! that ends when its [`Running`] is stopped, and at once when that is dropped.

mod clock;
mod cluster;
pub mod gardenlet;
pub mod guard;
pub mod nodes;
pub mod resource_manager;
pub mod routes;
mod running;

pub use clock::Clock;
pub use cluster::{Cluster, Kind, RequestError, kinds};
pub use running::Running;
