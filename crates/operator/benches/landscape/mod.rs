//! A seed of many shoots and the controller on it, for the benches that need more than an API server.

#![allow(dead_code, reason = "no bench needs everything here")]

pub(crate) mod controller;
#[path = "../../tests/support/definition.rs"]
mod definition;
#[path = "../support/mod.rs"]
mod nodes;
pub(crate) mod resource_manager;
pub(crate) mod seed;
pub(crate) mod shoot;

/// The ManagedResource of the bundle.
pub(crate) const BUNDLE: &str = "extension-networking-calico-config";
