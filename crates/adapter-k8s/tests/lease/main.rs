//! Leases, through the public interface, against a small API server that knows only Leases and Events.
#![cfg(test)]

mod election;
mod heartbeat;
mod server;
