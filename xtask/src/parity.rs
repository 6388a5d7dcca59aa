//! `parity`: our decisions and validation beside recorded results of the Go extension.
//!
//! Every difference must be excused by a row of [`rows`]; a row that excuses nothing, or another number of differences than
//! it was reviewed for, is a finding itself.

mod admission;
mod dataplane;
mod definitions;
mod input;
mod rows;
mod switch;

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::failure::{Failure, Problem};

/// One recorded case with everything that differs.
struct Compared {
    id: String,
    input: Value,
    golden: Value,
    differences: Vec<Difference>,
}

/// One thing that the Go extension and we see differently. A side that says nothing is `null`.
#[derive(Clone, Debug)]
struct Difference {
    field: String,
    go: Value,
    ours: Value,
}

impl Difference {
    fn new(field: impl Into<String>, go: impl Into<Value>, ours: impl Into<Value>) -> Self {
        Self { field: field.into(), go: go.into(), ours: ours.into() }
    }

    fn go_text(&self) -> &str {
        self.go.as_str().unwrap_or_default()
    }

    fn our_text(&self) -> &str {
        self.ours.as_str().unwrap_or_default()
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Switch,
    Dataplane,
    Admission,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Switch => "switch",
            Self::Dataplane => "dataplane",
            Self::Admission => "admission",
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
        (Part::Switch, switch::compare(directory)?),
        (Part::Dataplane, dataplane::compare(directory)?),
        (Part::Admission, admission::compare(directory)?),
    ];
    let mut problems = definitions::problems(directory)?;
    let mut excused = vec![0_usize; rows::ROWS.len()];
    for (part, comparison) in &parts {
        let before = problems.len();
        problems.extend(comparison.cases.iter().flat_map(|case| unexplained(*part, case, &mut excused)));
        let differing = comparison.cases.iter().filter(|case| !case.differences.is_empty()).count();
        println!(
            "{part}: {} cases compared, {} the same, {differing} different, {} differences without an excuse",
            comparison.cases.len(),
            comparison.cases.len() - differing,
            problems.len() - before
        );
        for (reason, count) in &comparison.skipped {
            println!("{part}: {count} cases not compared: {reason}");
        }
    }
    for (row, count) in rows::ROWS.iter().zip(excused) {
        println!("{:<10} {:<9} {count:>4}  Go: {}; here: {}", row.id, row.part.to_string(), row.go, row.ours);
        if count != row.count {
            problems.push(Problem::new(
                format!("deviation {} ({})", row.id, row.part),
                format!("excuses {count} differences, reviewed for {}: look at what changed", row.count),
            ));
        }
    }
    Ok(problems)
}

fn unexplained(part: Part, case: &Compared, excused: &mut [usize]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for difference in &case.differences {
        let rows = rows::ROWS.iter().zip(excused.iter_mut());
        let row = rows.into_iter().find(|(row, _)| row.part == part && (row.excuses)(case, difference));
        match row {
            Some((_, count)) => *count += 1,
            None => problems.push(Problem::new(
                &case.id,
                format!("{}: Go {}, here {}", difference.field, difference.go, difference.ours),
            )),
        }
    }
    problems
}
