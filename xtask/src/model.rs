//! `model`: runs the model check of the core and shows what it visited and found.

use std::process::Stdio;

use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// What the tests of the model put in front of a line that is for people; the harness may have begun that line.
const MARK: &str = "model: ";

/// What a line says whose failure of the field was found again.
const FOUND: &str = ": re-found";

pub(crate) fn run() -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let mut command = process::cargo(&root);
    command.args(["test", "--locked", "--quiet", "--package", "calico-policy", "--test", "model"]);
    command.args(["--", "--nocapture", "--test-threads", "1"]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let line = process::line(&command);
    let output = command.output().map_err(|source| Failure::Start { command: line.clone(), source })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let report = report(&printed);
    print!("{}", report.text);
    if !output.status.success() {
        return Err(Failure::Command {
            command: line,
            status: output.status.to_string(),
            output: format!(":\n{printed}"),
        });
    }
    if report.scopes == 0 || report.counterexamples == 0 {
        return Ok(vec![Problem::new("model", "nothing was visited, or nothing was found again: did its tests run?")]);
    }
    Ok(Vec::new())
}

struct Report {
    text: String,
    scopes: usize,
    counterexamples: usize,
}

/// What was visited first, then what was found.
fn report(printed: &str) -> Report {
    let said = printed.lines().filter_map(|line| line.split_once(MARK)).map(|(_, said)| said);
    let (mut found, mut visited): (Vec<&str>, Vec<&str>) = said.partition(|line| line.contains(FOUND));
    visited.sort_unstable();
    found.sort_unstable();
    let scopes = visited.len();
    let counterexamples = found.len();
    let mut text = String::new();
    for line in visited.into_iter().chain(found) {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&format!("{counterexamples} counterexamples re-found\n"));
    Report { text, scopes, counterexamples }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_visited_comes_before_what_was_found() {
        let printed = "running 2 tests\ntest b ... model: F1 fail open: re-found after 2 steps: A, B\nok\n\
                       test a ... model: churn: 12 states\nmodel: accidents: 7 states\nok\n";
        let report = report(printed);
        assert_eq!(
            report.text,
            "accidents: 7 states\nchurn: 12 states\nF1 fail open: re-found after 2 steps: A, B\n1 counterexamples re-found\n"
        );
        assert_eq!((report.scopes, report.counterexamples), (2, 1));
    }

    #[test]
    fn silence_counts_nothing() {
        let report = report("running 0 tests\n");
        assert_eq!((report.scopes, report.counterexamples), (0, 0));
    }
}
