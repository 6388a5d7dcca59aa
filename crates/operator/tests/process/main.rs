//! `networking-calico run` as real processes, against an API server on loopback.
#![cfg(test)]

mod election;
mod ending;
#[path = "../permitted/mod.rs"]
mod permitted;
mod refusals;
mod replica;
mod seed;
mod triggers;
