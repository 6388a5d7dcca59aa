//! `mutants`: would a test notice if the decision core were wrong?
//!
//! Runs cargo-mutants, which changes the core in one place at a time and runs its tests. A change that no test notices is
//! a missing test – or changes nothing that anyone could see, and then it is in [`EQUIVALENT`] with the reason.

use std::collections::BTreeMap;
use std::path::Path;

use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// One line per mutant: its description without line numbers, ` # `, the reason.
const EQUIVALENT: &str = "xtask/mutants-equivalent.txt";

pub(crate) fn run() -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    if !process::exists(process::cargo(&root).args(["mutants", "--version"])) {
        return Err(Failure::ToolMissing {
            tool: "cargo-mutants",
            remedy: "run `cargo install --locked cargo-mutants`",
        });
    }
    let list = read(&root.join(EQUIVALENT))?;
    let excused = read_equivalent(&list)?;
    let output = root.join("target").join("mutants");
    std::fs::create_dir_all(&output).map_err(|source| Failure::Write { path: output.clone(), source })?;
    let mut command = process::cargo(&root);
    command.args(["mutants", "--package", "calico-policy", "--all-features", "--no-shuffle", "--output"]).arg(&output);
    let line = process::line(&command);
    let status = command.status().map_err(|source| Failure::Start { command: line.clone(), source })?;
    // 2: some mutants survived; 3: some made the tests hang, which is noticed. Anything else is no result.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(Failure::Command { command: line, status: status.to_string(), output: String::new() });
    }
    let problems = judge(&read(&output.join("mutants.out").join("missed.txt"))?, &excused);
    println!("{} mutants are listed as equivalent, {} findings", excused.len(), problems.len());
    Ok(problems)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_owned(), source })
}

fn read_equivalent(text: &str) -> Result<BTreeMap<&str, &str>, Failure> {
    let mut excused = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let Some((mutant, reason)) = line.split_once(" # ").filter(|(_, reason)| !reason.trim().is_empty()) else {
            return Err(Failure::Decode {
                what: format!("the line `{line}` of `{EQUIVALENT}`"),
                reason: "it is not `MUTANT # REASON`".to_owned(),
            });
        };
        excused.insert(mutant.trim(), reason.trim());
    }
    Ok(excused)
}

/// Survivors that nobody excused, and excuses that nobody needs.
fn judge(missed: &str, excused: &BTreeMap<&str, &str>) -> Vec<Problem> {
    let survivors: BTreeMap<String, &str> =
        missed.lines().filter(|line| !line.trim().is_empty()).map(|line| (without_position(line), line)).collect();
    let unexcused = survivors
        .iter()
        .filter(|(mutant, _)| !excused.contains_key(mutant.as_str()))
        .map(|(_, line)| Problem::new(*line, format!("no test notices: write one, or list it in `{EQUIVALENT}`")));
    let unneeded = excused
        .keys()
        .filter(|mutant| !survivors.contains_key(**mutant))
        .map(|mutant| Problem::new(EQUIVALENT, format!("`{mutant}` does not survive: remove the line")));
    unexcused.chain(unneeded).collect()
}

/// `src/a.rs:12:5: replace f with ()` as `src/a.rs: replace f with ()`: an edit above must not touch the list.
fn without_position(line: &str) -> String {
    let Some((place, change)) = line.split_once(": ") else {
        return line.to_owned();
    };
    let file = place.split(':').next().unwrap_or(place);
    format!("{file}: {change}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSED: &str = "crates/calico-policy/src/survey.rs:12:5: replace survey -> bool with true\n\
                          crates/calico-policy/src/decide.rs:7:9: replace < with <= in decide\n";

    #[test]
    fn survivors_must_be_excused_wherever_they_stand() {
        let list =
            "# equivalent\n\ncrates/calico-policy/src/decide.rs: replace < with <= in decide # equal means done\n";
        let excused = read_equivalent(list).unwrap();
        let places: Vec<String> = judge(MISSED, &excused).into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, ["crates/calico-policy/src/survey.rs:12:5: replace survey -> bool with true"]);
    }

    #[test]
    fn an_excuse_that_nothing_needs_is_a_finding() {
        let excused = read_equivalent("src/a.rs: replace f with () # why\n").unwrap();
        let texts: Vec<String> = judge("", &excused).into_iter().map(|problem| problem.text).collect();
        assert_eq!(texts, ["`src/a.rs: replace f with ()` does not survive: remove the line"]);
    }

    #[test]
    fn an_excuse_needs_a_reason() {
        assert!(read_equivalent("src/a.rs: replace f with ()\n").is_err());
        assert!(read_equivalent("src/a.rs: replace f with () # \n").is_err());
    }
}
