//! Which `kubectl` tests use.

#[path = "../support/skip.rs"]
pub(crate) mod skip;

use std::path::PathBuf;
use std::process::Command;

/// The one beside the real servers, or else that of the path; without one the test is skipped, which in CI is a failure.
pub(crate) fn kubectl() -> Option<PathBuf> {
    let asset = std::env::var_os("KUBEBUILDER_ASSETS").map(|folder| PathBuf::from(folder).join("kubectl"));
    let program = asset.filter(|program| program.is_file()).unwrap_or_else(|| "kubectl".into());
    if Command::new(&program).args(["version", "--client"]).output().is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    let text =
        "no `kubectl` in the folder that KUBEBUILDER_ASSETS names, nor on the path (`cargo xtask envtest` makes one)";
    skip::skip(text);
    None
}
