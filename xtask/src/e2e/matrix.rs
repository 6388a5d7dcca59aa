//! The matrix of the guard, cell by cell, as its own test has it: counted here, so that one page shows everything that was proven on a
//! real API server.

use std::path::Path;
use std::process::Stdio;

use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// Runs the test and prints its counts.
pub(super) fn run(assets: &Path) -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let mut command = process::cargo(&root);
    command.args([
        "test",
        "--locked",
        "--quiet",
        "--package",
        "adapter-k8s",
        "--test",
        "guard",
        "the_policy_on_the_real_server",
    ]);
    command.args(["--", "--nocapture"]).env("KUBEBUILDER_ASSETS", assets).stdin(Stdio::null());
    let line = process::line(&command);
    let output = command.output().map_err(|source| Failure::Start { command: line.clone(), source })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Ok(vec![Problem::new("guard-matrix", format!("`{line}` failed:\n{printed}{said}"))]);
    }
    let counts = counts(&printed);
    if counts.is_empty() {
        return Ok(vec![Problem::new("guard-matrix", "no cell was counted: did the test run?")]);
    }
    println!("{:<28} ok      {}", "guard-matrix", counts.join(", "));
    Ok(Vec::new())
}

/// Lines such as `360 cells guarded`; the harness may have begun the first one.
fn counts(printed: &str) -> Vec<String> {
    let counted = printed.lines().filter_map(|line| {
        let (before, name) = line.split_once(" cells ")?;
        let number = before.rsplit(' ').next()?.parse::<usize>().ok()?;
        Some(format!("{number} cells {name}"))
    });
    counted.collect()
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn cells_are_counted_wherever_a_line_begins() {
        let printed = "running 1 test\ntest the_policy ... 80 cells unguarded\n360 cells guarded\nok\nno cells here\n";
        assert_eq!(counts(printed), ["80 cells unguarded", "360 cells guarded"]);
    }
}
