//! The parts of the binary `networking-calico` that its commands, tests and benches share.

pub mod admission;
pub mod cli;
pub mod commands;
pub mod controller;
pub mod diagnostics;
pub mod dump;
pub mod ending;
pub mod permissions;
pub mod process;

mod json;
mod path;
mod yaml;
