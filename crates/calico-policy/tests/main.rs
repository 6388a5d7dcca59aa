//! The tests of the core through its public interface, in one binary: `cargo test -p calico-policy --test policy laws::`.
#![cfg(test)]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod support;

mod codes;
mod dataplane;
mod decision;
mod enumerated;
mod gaps;
mod in_effect;
mod laws;
mod messages;
mod refresh;
mod requeue;
mod resolution;
mod verification;
mod warnings;
