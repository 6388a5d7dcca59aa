//! `bench`: every figure beside its budget.
//!
//! Benches are programs of their own (`[[bench]]` with `harness = false`) that print one line per figure:
//!
//! ```text
//! figure NAME VALUE
//! ```
//!
//! Here they are run, their figures are matched with [`BUDGETS`], and the table is printed. A figure without a budget, a
//! budget without a figure and a broken promise that does not depend on the machine are failures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::callgrind;
use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// What was promised about one figure.
#[derive(Debug)]
struct Budget {
    /// As the measurement calls its figure.
    name: &'static str,
    /// For people.
    what: &'static str,
    /// At most this much.
    limit: f64,
    unit: &'static str,
    /// Whether every machine must see the same.
    promise: Promise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// Bytes, instructions, requests, a ratio within one run: over the limit is a failure.
    AnyMachine,
    /// Wall time and the like: printed, and marked where over.
    ThisMachine,
}

const BUDGETS: &[Budget] = &[
    Budget { name: "binary/size", what: "release binary", limit: 15.0, unit: "MB", promise: Promise::AnyMachine },
    Budget {
        name: "binary/start",
        what: "start of the binary, `--version`, best of 20",
        limit: 10.0,
        unit: "ms",
        promise: Promise::ThisMachine,
    },
    Budget {
        name: "verdict/ready-5000",
        what: "decision over 5,000 nodes, all ready",
        limit: 100.0,
        unit: "us",
        promise: Promise::ThisMachine,
    },
    Budget {
        name: "verdict/blocking-5000",
        what: "decision over 5,000 nodes, worst order of all blocking",
        limit: 100.0,
        unit: "us",
        promise: Promise::ThisMachine,
    },
    Budget {
        name: "verdict/per-node",
        what: "decision per node of 5,000, worst case",
        limit: 20.0,
        unit: "ns",
        promise: Promise::ThisMachine,
    },
    Budget {
        name: "verdict/growth",
        what: "decision per node, 100,000 beside 5,000 nodes",
        limit: 6.0,
        unit: "times",
        promise: Promise::AnyMachine,
    },
    Budget {
        name: "binary/start-instructions",
        what: "start of the binary, `--version`",
        limit: 10.0,
        unit: "M instructions",
        promise: Promise::AnyMachine,
    },
];

/// Bench targets that print figures.
const BENCHES: &[(&str, &str)] = &[("operator", "verdict")];

type Figures = BTreeMap<String, f64>;

pub(crate) fn run() -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let mut figures = Figures::new();
    let mut problems = Vec::new();
    for measured in
        [binary(&root)].into_iter().chain(BENCHES.iter().map(|(package, bench)| printed(&root, package, bench)))
    {
        match measured {
            Ok(measured) => figures.extend(measured),
            Err(failure) => problems.push(Problem::from(&failure)),
        }
    }
    let counts_instructions = callgrind::is_present();
    if !counts_instructions {
        println!("no valgrind on this machine: figures in instructions are not measured");
    }
    let budgets: Vec<&Budget> =
        BUDGETS.iter().filter(|budget| counts_instructions || !budget.unit.ends_with("instructions")).collect();
    let (table, broken) = judge(&budgets, &figures);
    print!("{table}");
    problems.extend(broken);
    Ok(problems)
}

/// Size and start of the release binary.
fn binary(root: &Path) -> Result<Figures, Failure> {
    process::run(process::cargo(root).args(["build", "--release", "--locked", "--quiet", "--package", "operator"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("release").join("networking-calico");
    let metadata = std::fs::metadata(&program).map_err(|source| Failure::Read { path: program.clone(), source })?;
    #[allow(clippy::cast_precision_loss)]
    let megabytes = metadata.len() as f64 / 1e6;
    let mut figures = Figures::from([("binary/size".to_owned(), megabytes)]);
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        process::capture(Command::new(&program).arg("--version"))?;
        best = best.min(start.elapsed());
    }
    figures.insert("binary/start".to_owned(), best.as_secs_f64() * 1e3);
    if callgrind::is_present() {
        let count = callgrind::instructions(&program, &["--version"], None, &target.join("callgrind"))?;
        #[allow(clippy::cast_precision_loss)]
        figures.insert("binary/start-instructions".to_owned(), count as f64 / 1e6);
    }
    Ok(figures)
}

/// The figures that a bench target prints.
fn printed(root: &Path, package: &str, bench: &str) -> Result<Figures, Failure> {
    let mut command = process::cargo(root);
    command.args(["bench", "--locked", "--quiet", "--package", package, "--bench", bench]).stderr(Stdio::inherit());
    read_figures(&process::capture(&mut command)?)
}

fn read_figures(output: &str) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    for line in output.lines() {
        let Some(rest) = line.strip_prefix("figure ") else {
            continue;
        };
        let figure = rest.split_once(' ').and_then(|(name, value)| Some((name, value.trim().parse::<f64>().ok()?)));
        let unusable =
            |reason: &str| Failure::Decode { what: format!("the line `{line}` of a bench"), reason: reason.to_owned() };
        let (name, value) = figure.ok_or_else(|| unusable("it is not `figure NAME VALUE`"))?;
        if !value.is_finite() {
            return Err(unusable("the value is not finite"));
        }
        if figures.insert(name.to_owned(), value).is_some() {
            return Err(unusable("this figure was printed before"));
        }
    }
    Ok(figures)
}

/// The table, and what is wrong with it.
fn judge(budgets: &[&Budget], figures: &Figures) -> (String, Vec<Problem>) {
    let mut table = String::new();
    let mut problems = Vec::new();
    for Budget { name, what, limit, unit, promise } in budgets {
        let Some(figure) = figures.get(*name) else {
            problems.push(Problem::new(*name, "has a budget but was not measured"));
            continue;
        };
        let verdict = match (figure <= limit, promise) {
            (true, _) => "ok",
            (false, Promise::ThisMachine) => "over (depends on the machine)",
            (false, Promise::AnyMachine) => {
                problems.push(Problem::new(*name, format!("{figure:.3} {unit} is over the budget of {limit} {unit}")));
                "OVER"
            }
        };
        table.push_str(&format!("{what:<48} {figure:>12.3} of {limit:>10} {unit:<16} {verdict}\n"));
    }
    for name in
        figures.keys().filter(|name| !BUDGETS.iter().chain(budgets.iter().copied()).any(|budget| budget.name == *name))
    {
        problems.push(Problem::new(name, "was measured but has no budget: add it to `BUDGETS`"));
    }
    (table, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(name: &'static str, promise: Promise) -> Budget {
        Budget { name, what: name, limit: 10.0, unit: "u", promise }
    }

    #[track_caller]
    fn check(figures: &[(&str, f64)], verdicts: &[&str], problems: &[&str]) {
        let fixed = budget("fixed", Promise::AnyMachine);
        let timed = budget("timed", Promise::ThisMachine);
        let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let (table, found) = judge(&[&fixed, &timed], &figures);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, problems);
        let endings: Vec<&str> = table.lines().map(|line| line.split(" u ").last().unwrap().trim()).collect();
        assert_eq!(endings, verdicts);
    }

    #[test]
    fn only_what_does_not_depend_on_the_machine_fails() {
        check(&[("fixed", 10.0), ("timed", 10.0)], &["ok", "ok"], &[]);
        check(
            &[("fixed", 10.5), ("timed", 10.5)],
            &["OVER", "over (depends on the machine)"],
            &["fixed: 10.500 u is over the budget of 10 u"],
        );
    }

    #[test]
    fn budgets_and_figures_must_meet() {
        check(
            &[("fixed", 1.0), ("new", 1.0)],
            &["ok"],
            &["timed: has a budget but was not measured", "new: was measured but has no budget: add it to `BUDGETS`"],
        );
    }

    #[test]
    fn figures_are_read_from_their_lines_only() {
        let figures = read_figures("running\nfigure verdict/5000 83.5\nfigure bytes 7\n").unwrap();
        assert_eq!(figures, Figures::from([("bytes".to_owned(), 7.0), ("verdict/5000".to_owned(), 83.5)]));
        for broken in ["figure a", "figure a b", "figure a NaN", "figure a 1\nfigure a 2"] {
            assert!(read_figures(broken).is_err(), "{broken}");
        }
    }
}
