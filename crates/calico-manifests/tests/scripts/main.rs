//! The scripts of `scripts/`, run: against routes and packet filters of the kernel in network namespaces of their own, and against
//! an API endpoint that answers as told.

#![cfg(test)]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod cleanup_routes;
mod condition_ensurer;
mod iptables_flavour;
mod log_mtu_issues;
mod namespace;
#[path = "../../../fake-apiserver/tests/support/skip.rs"]
mod skip;
mod upstream_dns;
