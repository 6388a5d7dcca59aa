//! The stories of `examples/`, run by the binary with the command of their README.

#![expect(clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]
#![allow(dead_code, reason = "no test needs everything here")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The stories and the exit code of each, so that a story that is lost, or that nobody reviewed, is noticed.
pub(crate) const STORIES: [(&str, i32); 18] = [
    ("backend-none", 0),
    ("break-glass", 0),
    ("dual-stack", 3),
    ("ebpf-overrides-gate", 0),
    ("first-installation", 0),
    ("held", 3),
    ("hibernated", 3),
    ("no-route-writer", 3),
    ("non-privileged", 0),
    ("policy-api-unavailable", 0),
    ("policy-version-mismatch", 3),
    ("pool-variable-without-effect", 0),
    ("ready", 0),
    ("restore-with-record", 3),
    ("restore-without-record", 3),
    ("unreadable-bundle", 3),
    ("up-to-date", 0),
    ("zero-nodes", 0),
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The arguments after `cargo run -q --` in the README of a story.
pub(crate) fn arguments(story: &str) -> Vec<String> {
    let file = root().join("examples").join(story).join("README.md");
    let readme = std::fs::read_to_string(file).expect("the story has a README");
    let command =
        readme.lines().find_map(|line| line.strip_prefix("cargo run -q -- ")).expect("the README has a command");
    command.split_whitespace().map(str::to_owned).collect()
}

/// Runs the binary at the root of the repository: its exit code and its answer.
pub(crate) fn run(arguments: &[String]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("runs");
    (output.status.code().expect("ends by itself"), String::from_utf8(output.stdout).expect("is text"))
}

/// Runs the binary at the root of the repository: its exit code, its answer, and what it said besides.
pub(crate) fn run_and_listen(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("is text");
    (output.status.code().expect("ends by itself"), text(output.stdout), text(output.stderr))
}
