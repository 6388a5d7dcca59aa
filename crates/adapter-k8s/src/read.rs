//! What is read live, one file per thing. Nothing is cached here: every call asks the API server, and every answer is decoded
//! no further than it is used.

pub mod bundle;
pub mod certificates;
pub mod cluster;
pub mod dataplane;
pub(crate) mod metadata;
pub mod monitoring;
pub mod network;
pub mod networks;
pub mod nodes;
mod pages;
pub mod version;
pub mod webhook;
