//! `mutants`: would a test notice if the decision core were wrong?
//!
//! Runs cargo-mutants, which changes the core in one place at a time and runs its tests. A change that no test notices is
//! a missing test – or changes nothing that anyone could see, and then it is in [`EQUIVALENT`] with the reason.
//!
//! Two passes keep the cost of a change at one small compilation: most are noticed by the named cases, which take no time;
//! only what survives those has to face the tests that walk through whole spaces.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// One line per mutant: its description without line numbers, ` # `, the reason.
const EQUIVALENT: &str = "xtask/mutants-equivalent.txt";

/// The test modules that walk through whole spaces, in seconds each. One that is missing here costs time, nothing else.
const WHOLE_SPACES: [&str; 5] = ["laws::", "enumerated::", "resolution::", "exploration::", "counterexamples::"];

/// No build and no test run of the core comes near this many seconds; what does hangs, and that is noticed too.
const TIMEOUT: &str = "120";

/// Which mutants are made.
#[derive(clap::Args)]
pub(crate) struct Selection {
    /// Only the mutants of this file; may be given several times
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Only one part of the mutants, for example 0/4: parts can run on different machines
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
}

pub(crate) fn run(selection: &Selection) -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    if !process::exists(process::cargo(&root).args(["mutants", "--version"])) {
        return Err(Failure::ToolMissing {
            tool: "cargo-mutants",
            remedy: "run `cargo install --locked cargo-mutants`",
        });
    }
    let list = read(&root.join(EQUIVALENT))?;
    let excused = read_equivalent(&list)?;

    let skip: Vec<&str> = WHOLE_SPACES.iter().flat_map(|module| ["--skip", module]).collect();
    let mut outcome = pass(&root, "named-cases", &selection.arguments(), &skip)?;
    if !outcome.missed.is_empty() {
        let survivors: Vec<String> =
            outcome.missed.iter().flat_map(|line| ["--re".to_owned(), format!("^{}$", escaped(line))]).collect();
        let all = pass(&root, "all-tests", &survivors, &[])?;
        outcome = outcome.then(all).map_err(|mutant| Failure::Decode {
            what: "the mutants of the second pass".to_owned(),
            reason: format!("`{mutant}` was asked for and is not among them"),
        })?;
    }
    let problems = judge(&outcome, &excused, selection.is_everything());
    println!(
        "{} mutants: {} noticed, {} do not compile, {} survive; {} are listed as equivalent, {} findings",
        outcome.made(),
        outcome.noticed.len(),
        outcome.unviable.len(),
        outcome.missed.len(),
        excused.values().map(Vec::len).sum::<usize>(),
        problems.len()
    );
    Ok(problems)
}

impl Selection {
    fn is_everything(&self) -> bool {
        self.file.is_empty() && self.shard.is_none()
    }

    fn arguments(&self) -> Vec<String> {
        let files = self.file.iter().flat_map(|file| ["--file".to_owned(), file.display().to_string()]);
        let shard = self.shard.iter().flat_map(|shard| ["--shard".to_owned(), shard.clone()]);
        files.chain(shard).collect()
    }
}

/// What became of the mutants, one line each as cargo-mutants prints them.
#[derive(Default)]
struct Outcome {
    noticed: Vec<String>,
    unviable: Vec<String>,
    missed: Vec<String>,
}

impl Outcome {
    fn made(&self) -> usize {
        self.noticed.len() + self.unviable.len() + self.missed.len()
    }

    /// With what became of the survivors in a second pass, or the first of them that it did not make. It may make others as well:
    /// cargo-mutants 27 leaves deleted fields in, whatever is asked for.
    fn then(self, second: Self) -> Result<Self, String> {
        let (noticed, asked) = (second.noticed, self.missed);
        let mut outcome = Self { missed: Vec::new(), ..self };
        for mutant in asked {
            if noticed.contains(&mutant) {
                outcome.noticed.push(mutant);
            } else if second.missed.contains(&mutant) {
                outcome.missed.push(mutant);
            } else {
                return Err(mutant);
            }
        }
        Ok(outcome)
    }
}

/// Makes the selected mutants and runs the tests of the core, less those that `test_arguments` leaves out.
fn pass(root: &Path, name: &str, selection: &[String], test_arguments: &[&str]) -> Result<Outcome, Failure> {
    let output = root.join("target").join("mutants").join(name);
    std::fs::create_dir_all(&output).map_err(|source| Failure::Write { path: output.clone(), source })?;
    let mut command = process::cargo(root);
    command.args(["mutants", "--package", "calico-policy", "--all-features", "--timeout", TIMEOUT, "--output"]);
    command.arg(&output).args(selection).args(["--", "--"]).args(test_arguments);
    // A law that fails need not find its smallest example, and nobody reads a backtrace.
    command.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("CARGO_PROFILE_DEV_DEBUG", "none");
    let line = process::line(&command);
    let status = command.status().map_err(|source| Failure::Start { command: line.clone(), source })?;
    // 2: some mutants survived; 3: some made the tests hang, which is noticed. Anything else is no result.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(Failure::Command { command: line, status: status.to_string(), output: String::new() });
    }
    let lines = |file: &str| -> Result<Vec<String>, Failure> {
        let text = read(&output.join("mutants.out").join(file))?;
        Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
    };
    let mut noticed = lines("caught.txt")?;
    noticed.extend(lines("timeout.txt")?);
    Ok(Outcome { noticed, unviable: lines("unviable.txt")?, missed: lines("missed.txt")? })
}

/// The text as a regular expression that matches only it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_owned(), source })
}

/// The reasons per mutant: two places of one function may be changed in the same words, and each needs its own line.
fn read_equivalent(text: &str) -> Result<BTreeMap<&str, Vec<&str>>, Failure> {
    let mut excused: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let Some((mutant, reason)) = line.split_once(" # ").filter(|(_, reason)| !reason.trim().is_empty()) else {
            return Err(Failure::Decode {
                what: format!("the line `{line}` of `{EQUIVALENT}`"),
                reason: "it is not `MUTANT # REASON`".to_owned(),
            });
        };
        excused.entry(mutant.trim()).or_default().push(reason.trim());
    }
    Ok(excused)
}

/// Survivors that nobody excused, and excuses that nobody needs – of part of the mutants, only excuses for that part.
fn judge(outcome: &Outcome, excused: &BTreeMap<&str, Vec<&str>>, is_everything: bool) -> Vec<Problem> {
    let mut survivors: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in &outcome.missed {
        survivors.entry(without_position(line)).or_default().push(line);
    }
    let count = |mutant: &str| survivors.get(mutant).map_or(0, Vec::len);
    let unexcused = survivors
        .iter()
        .filter(|(mutant, lines)| lines.len() > excused.get(mutant.as_str()).map_or(0, Vec::len))
        .flat_map(|(_, lines)| lines)
        .map(|line| Problem::new(*line, format!("no test notices: write one, or list it in `{EQUIVALENT}`")));
    let noticed: BTreeSet<String> =
        outcome.noticed.iter().chain(&outcome.unviable).map(|line| without_position(line)).collect();
    let unneeded = excused
        .iter()
        .filter(|(mutant, reasons)| reasons.len() > count(mutant) && (is_everything || noticed.contains(**mutant)))
        .map(|(mutant, _)| Problem::new(EQUIVALENT, format!("`{mutant}` does not survive: remove the line")));
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

    fn outcome(noticed: &[&str], missed: &[&str]) -> Outcome {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Outcome { noticed: lines(noticed), unviable: Vec::new(), missed: lines(missed) }
    }

    fn places(problems: Vec<Problem>) -> Vec<String> {
        problems.into_iter().map(|problem| problem.place).collect()
    }

    fn texts(problems: Vec<Problem>) -> Vec<String> {
        problems.into_iter().map(|problem| problem.text).collect()
    }

    #[test]
    fn survivors_must_be_excused_wherever_they_stand() {
        let list = "# equivalent\n\nsrc/decide.rs: replace < with <= in decide # equal means done\n";
        let missed =
            ["src/survey.rs:12:5: replace survey -> bool with true", "src/decide.rs:7:9: replace < with <= in decide"];
        let problems = judge(&outcome(&[], &missed), &read_equivalent(list).unwrap(), true);
        assert_eq!(places(problems), ["src/survey.rs:12:5: replace survey -> bool with true"]);
    }

    #[test]
    fn an_excuse_is_good_for_one_place() {
        let excused = read_equivalent("src/a.rs: replace < with <= in f # equal means done\n").unwrap();
        let twice = ["src/a.rs:1:1: replace < with <= in f", "src/a.rs:2:1: replace < with <= in f"];
        assert_eq!(places(judge(&outcome(&[], &twice), &excused, true)), twice);
        assert!(judge(&outcome(&[], &twice[..1]), &excused, true).is_empty());
    }

    #[test]
    fn an_excuse_that_nothing_needs_is_a_finding() {
        let excused = read_equivalent("src/a.rs: replace f with () # why\n").unwrap();
        let unneeded = ["`src/a.rs: replace f with ()` does not survive: remove the line"];
        assert_eq!(texts(judge(&outcome(&[], &[]), &excused, true)), unneeded);
        let noticed = outcome(&["src/a.rs:3:1: replace f with ()"], &[]);
        assert_eq!(texts(judge(&noticed, &excused, false)), unneeded);
        assert!(judge(&outcome(&[], &[]), &excused, false).is_empty(), "another part may need it");
    }

    #[test]
    fn only_what_was_asked_for_counts_in_the_second_pass() {
        let first = || outcome(&["a"], &["b", "c"]);
        let both = first().then(outcome(&["b", "a"], &["c", "d"])).unwrap();
        assert_eq!((both.noticed, both.missed), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
        assert_eq!(first().then(outcome(&["b"], &["d"])).err().as_deref(), Some("c"));
    }

    #[test]
    fn an_excuse_needs_a_reason() {
        assert!(read_equivalent("src/a.rs: replace f with ()\n").is_err());
        assert!(read_equivalent("src/a.rs: replace f with () # \n").is_err());
    }

    #[test]
    fn a_survivor_is_asked_for_by_its_exact_name() {
        assert_eq!(
            escaped("src/a.rs:1:2: replace + with - in <impl A for B>::f -> Vec<u8>"),
            r"src/a\.rs:1:2: replace \+ with \- in <impl A for B>::f \-> Vec<u8>"
        );
        assert_eq!(escaped(r"a(b)[c]{d}^$|*?\&&#~"), r"a\(b\)\[c\]\{d\}\^\$\|\*\?\\\&\&\#\~");
    }

    #[test]
    fn part_of_the_mutants_can_be_selected() {
        let selection = Selection { file: vec!["a.rs".into(), "b.rs".into()], shard: Some("1/4".into()) };
        assert_eq!(selection.arguments(), ["--file", "a.rs", "--file", "b.rs", "--shard", "1/4"]);
        assert!(!selection.is_everything());
        assert!(Selection { file: Vec::new(), shard: None }.is_everything());
    }
}
