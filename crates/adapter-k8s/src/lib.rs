//! Cluster state to core structs, decisions to writes.
//!
//! Facts enter the core through the free functions of [`facts`], one file per resource kind, each with its own error type.
//! [`decide()`](decide::decide) takes them to both decisions, [`bundle`] to what is written, and [`report`] to what the status
//! says. `gardener-api` and `calico-policy` know nothing of each other: turning one into the other is this crate's job.

pub mod bundle;
pub mod client;
pub mod connect;
pub mod decide;
pub mod facts;
pub mod guard;
pub mod lease;
pub mod plan;
pub mod read;
pub mod report;
pub mod settings;
pub mod shoot_access;
pub mod shoot_warnings;
pub mod write;

pub mod time;
pub mod watch;
mod yaml;
