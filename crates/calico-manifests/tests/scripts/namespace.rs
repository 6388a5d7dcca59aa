//! A network namespace of its own for one shell program, with nothing in it: no device but `lo`, no route, no rule.

use std::process::{Command, Output};

use crate::skip::skip;

/// What the programs of these tests need besides a shell. Debian has them in `iproute2`, `iptables` and `util-linux`.
const TOOLS: [&str; 6] = ["unshare", "ip", "iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"];

/// Whether namespaces can be made here. Says loudly if not.
///
/// # Panics
/// With `CI=true`, where a test that is left out is a failure.
pub fn available() -> bool {
    let missing = TOOLS.iter().find(|tool| !succeeds("sh", &["-c", &format!("command -v {tool}")]));
    let why = match missing {
        Some(tool) => format!("there is no `{tool}`"),
        None if !succeeds("unshare", &["--net", "true"]) => "only root can make a network namespace".to_owned(),
        None => return true,
    };
    skip(&why);
    false
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Runs a program of the shell in a fresh namespace; `$SCRIPT` is the script under test. The program ends at its first failure.
///
/// # Panics
/// If it failed. Shows what it wrote.
pub fn run(script: &str, program: &str) -> String {
    let Output { status, stdout, stderr } = Command::new("unshare")
        // Whatever still runs in the background ends with the program, for it is the first process of its namespace.
        .args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-e", "-c", program])
        .env("SCRIPT", script)
        .output()
        .expect("unshare");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{program}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
    stdout.into_owned()
}

/// The lines of an output, sorted, without the spaces around them.
pub fn lines(output: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines
}
