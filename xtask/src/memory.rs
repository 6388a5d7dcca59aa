//! The C interface under valgrind: no read or write out of place, and no answer that is lost.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::callgrind;
use crate::failure::Failure;
use crate::process;

/// The crate with unsafe code.
const PACKAGE: &str = "calico-policy-c";

/// Whether the check can be made.
pub(crate) fn is_possible() -> bool {
    callgrind::is_present()
}

/// Runs the tests that stand where a C program would. Blocks that the test runner itself keeps to the end are no leak.
pub(crate) fn check(root: &Path) -> Result<(), Failure> {
    let mut build = process::cargo(root);
    build.args(["test", "--locked", "--quiet", "--package", PACKAGE, "--lib", "--no-run", "--message-format=json"]);
    let messages = process::capture(build.stderr(Stdio::inherit()))?;
    let program = test_program(&messages).ok_or_else(|| Failure::Decode {
        what: format!("what cargo says about the tests of `{PACKAGE}`"),
        reason: "it names no executable".to_owned(),
    })?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
    valgrind.arg("--show-leak-kinds=definite,indirect").arg(program).args(["--quiet", "--test-threads", "1"]);
    process::run(&mut valgrind)
}

fn test_program(messages: &str) -> Option<PathBuf> {
    let executable = |line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    };
    messages.lines().find_map(executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_one_that_cargo_names() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\nnot JSON\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"/t/deps/c-1\"}\n";
        assert_eq!(test_program(messages), Some(PathBuf::from("/t/deps/c-1")));
        assert_eq!(test_program("{}"), None);
    }
}
