//! Pure renderer of the Kubernetes objects that run Calico in a shoot.
//!
//! No I/O, no clock, no randomness: equal input gives equal bytes on every platform.

pub mod commands;
pub mod definitions;
pub mod scripts;
pub mod yaml;
