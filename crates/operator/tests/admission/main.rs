//! The admission webhook over TLS: recorded cases, random bodies, limits, rotation under load, the process, a real API server.

#![cfg(test)]

mod bodies;
mod client;
mod golden;
mod limits;
mod process;
#[path = "../../../fake-apiserver/tests/conformance/real.rs"]
mod real;
mod real_server;
mod reviews;
mod roles;
mod rotation;
mod webhook;
