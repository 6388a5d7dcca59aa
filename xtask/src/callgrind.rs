//! Instruction counts.
//!
//! Callgrind is called directly: the only thing needed is one total per run, and a wrapper crate would add a runner that
//! every new machine compiles first (more than two minutes on two cores).

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::process;

/// Whether valgrind is on this machine.
pub(crate) fn is_present() -> bool {
    process::exists(Command::new("valgrind").arg("--version"))
}

/// Runs a program under callgrind and returns the number of instructions: of the whole run, or only of the functions
/// whose symbol matches `within` (`*` is a wildcard) and of what they call. Such a function must not be inlined. `scratch` is a folder.
pub(crate) fn instructions(
    program: &Path,
    arguments: &[&str],
    within: Option<&str>,
    scratch: &Path,
) -> Result<u64, Failure> {
    let report = scratch.join("callgrind.out");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", report.display()));
    if let Some(function) = within {
        command.arg(format!("--toggle-collect={function}"));
    }
    process::capture(command.arg(program).args(arguments))?;
    let text = std::fs::read_to_string(&report).map_err(|source| Failure::Read { path: report.clone(), source })?;
    match total(&text) {
        // A function that was inlined or renamed would look like a very fast one.
        Some(0) => Err(undecodable(&report, "no instruction was counted: is the function inlined?")),
        Some(total) => Ok(total),
        None => Err(undecodable(&report, "it has no line `totals:`")),
    }
}

fn undecodable(report: &Path, reason: &str) -> Failure {
    Failure::Decode { what: format!("the callgrind report `{}`", report.display()), reason: reason.to_owned() }
}

/// The figure in the line `totals: N` of a report.
fn total(report: &str) -> Option<u64> {
    report.lines().find_map(|line| line.strip_prefix("totals:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_its_line() {
        assert_eq!(total("version: 1\nevents: Ir\nsummary: 7\n\nfn=(1) f\n1 5\n\ntotals: 204512\n"), Some(204_512));
        assert_eq!(total("summary: 7\n"), None);
        assert_eq!(total("totals: many\n"), None);
    }
}
