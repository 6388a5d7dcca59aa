//! What holds for every bundle, whatever it is rendered from.

#![cfg(test)]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod objects;
mod plans;

mod access;
mod fields;
mod invariants;
mod references;
mod snapshots;
mod strings;
mod typed;
