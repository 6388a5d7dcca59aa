//! `parity`: our decisions and validation beside recorded results of the Go extension.
//!
//! Every difference must be excused by a row of [`rows`], which says from the input of a case alone what the Go extension
//! answers and what we answer, exactly. A row that excuses nothing, or another number of differences than it was reviewed
//! for, is a finding itself.
//!
//! To compare something else: a [`Part`], a function that returns its [`Comparison`], and a table of rows.

mod admission;
mod dataplane;
mod definitions;
mod fields;
mod input;
mod objects;
mod previous;
pub(crate) mod rows;
mod seed;
mod switch;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::failure::{Failure, Problem};
use rows::Tally;

/// One recorded case.
#[derive(Debug)]
struct Case {
    id: String,
    input: Value,
    golden: Value,
}

/// One recorded case with everything that differs.
struct Compared {
    case: Case,
    differences: Vec<Difference>,
}

/// One thing that the Go extension and we see differently. A side that says nothing is `null`.
#[derive(Clone, Debug, PartialEq)]
struct Difference {
    field: String,
    go: Value,
    ours: Value,
}

impl Difference {
    fn new(field: impl Into<String>, go: impl Into<Value>, ours: impl Into<Value>) -> Self {
        Self { field: field.into(), go: go.into(), ours: ours.into() }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The verdict about the overlay switch, with the gates of the case and the profile `Strict`.
    Switch,
    /// The same where nothing is configured.
    SwitchDefaults,
    Dataplane,
    Admission,
    /// The objects in the shoot.
    Objects,
    /// The monitoring objects in the seed.
    Seed,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Switch => "switch",
            Self::SwitchDefaults => "defaults",
            Self::Dataplane => "dataplane",
            Self::Admission => "admission",
            Self::Objects => "objects",
            Self::Seed => "seed",
        })
    }
}

/// The cases of a part that were compared, and how many were left out, with the reason.
struct Comparison {
    cases: Vec<Compared>,
    skipped: Vec<(&'static str, usize)>,
}

pub(crate) fn run(directory: &Path) -> Result<Vec<Problem>, Failure> {
    let parts = [
        (Part::Switch, switch::compare(directory, switch::With::RecordedGates)?),
        (Part::SwitchDefaults, switch::compare(directory, switch::With::Defaults)?),
        (Part::Dataplane, dataplane::compare(directory)?),
        (Part::Admission, admission::compare(directory)?),
        (Part::Objects, objects::compare(directory)?),
        (Part::Seed, seed::compare(directory)?),
    ];
    let mut problems = definitions::problems(directory)?;
    for (part, comparison) in &parts {
        let mut tally = Tally::of(*part);
        let unexplained = unexplained(comparison, &mut tally);
        let differing = comparison.cases.iter().filter(|compared| !compared.differences.is_empty()).count();
        println!(
            "{part}: {} cases compared, {} the same, {differing} different, {} differences without an excuse",
            comparison.cases.len(),
            comparison.cases.len() - differing,
            unexplained.len()
        );
        for (reason, count) in &comparison.skipped {
            println!("{part}: {count} cases not compared: {reason}");
        }
        print!("{tally}");
        problems.extend(unexplained);
        problems.extend(tally.problems());
    }
    Ok(problems)
}

fn unexplained(comparison: &Comparison, tally: &mut Tally) -> Vec<Problem> {
    let mut problems = Vec::new();
    for Compared { case, differences } in &comparison.cases {
        for difference in differences.iter().filter(|difference| !tally.excuses(case, difference)) {
            let Difference { field, go, ours } = difference;
            problems.push(Problem::new(&case.id, format!("{field}: Go {go}, here {ours}")));
        }
    }
    problems
}

/// What only one side says. Texts that begin with the same path are one difference, and so is a text of ours with that path
/// before it.
fn texts(field: &str, go: &BTreeSet<String>, ours: &BTreeSet<String>) -> Vec<Difference> {
    let mut our_own: Vec<&String> = ours.difference(go).collect();
    let mut differences = Vec::new();
    for text in go.difference(ours) {
        let path = |text: &str| text.split(": ").next().unwrap_or_default().to_ascii_lowercase();
        let same = our_own.iter().position(|own| path(own) == path(text) || text.ends_with(own.as_str()));
        let partner = same.map_or(Value::Null, |index| Value::from(our_own.remove(index).as_str()));
        differences.push(Difference::new(field, text.as_str(), partner));
    }
    differences.extend(our_own.into_iter().map(|own| Difference::new(field, Value::Null, own.as_str())));
    differences
}

/// One text of the Go extension for what we say in several, or not at all.
fn refusal<'a>(field: &str, go: &str, ours: impl IntoIterator<Item = &'a String>) -> Option<Difference> {
    let ours: Vec<&str> = ours.into_iter().map(String::as_str).collect();
    let ours = if ours.is_empty() { Value::Null } else { Value::from(ours.join("; ")) };
    (ours != go).then(|| Difference::new(field, go, ours))
}
