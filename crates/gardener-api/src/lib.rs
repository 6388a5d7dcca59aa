//! Typed slices of the Gardener and Kubernetes APIs that the Calico extension reads and writes.
//!
//! Reading slices name only the fields in use: unknown fields are skipped without being built, a `null` counts as absent (as in
//! Go), and a field of the wrong type is an error. No I/O happens here.

pub mod calico;
pub mod cluster;
pub mod controller_configuration;
pub mod definitions;
pub mod image_vector;
pub mod managed_resource;
pub mod meta;
pub mod network;
pub mod network_config;
pub mod network_status;
pub mod node;
pub mod policy;
pub mod quantity;
pub mod raw;
pub mod secret;
mod strict;
pub mod validation;

pub use strict::{DecodeError, DecodeErrorKind, DecodeErrors};

mod decode;
