//! Facts: from objects of the API to the structs of the core, one file per resource kind, each with its own error.

pub mod bundle;
pub mod config_map;
pub mod daemon_set;
pub mod ip_pool;

pub mod network;
pub mod node;
pub mod observed_dataplane;
pub mod policy;
pub mod rollout;
pub mod shoot;
