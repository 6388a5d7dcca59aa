//! Cluster state to core structs, decisions to writes.
//!
//! Facts enter the core through the free functions of [`facts`], one file per resource kind, each with its own error type.
//! What the core decided leaves it through [`report`]. `gardener-api` and `calico-policy` know nothing of each other:
//! turning one into the other is this crate's job.

pub mod facts;
pub mod lease;
pub mod plan;
pub mod report;
pub mod settings;

pub mod time;
mod yaml;
