//! `bench`: every figure beside its budget.
//!
//! Benches are programs of their own (`[[bench]]` with `harness = false`) that print one line per figure:
//!
//! ```text
//! figure NAME VALUE
//! ```
//!
//! Here they are run, their figures are matched with [`BUDGETS`], and the table is printed. A figure without a row, a row
//! without a figure and a broken promise that does not depend on the machine are failures. Where valgrind is present,
//! instructions are counted as well: they are the same on every run.

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
    unit: &'static str,
    promise: Promise,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Promise {
    /// Bytes, instructions, requests, a ratio within one run: every machine must see at most this, more is a failure.
    AnyMachine(f64),
    /// Wall time and the like: printed, and marked where over.
    ThisMachine(f64),
    /// Nothing: told because people ask.
    Told,
}

const fn budget(name: &'static str, what: &'static str, unit: &'static str, promise: Promise) -> Budget {
    Budget { name, what, unit, promise }
}

const BUDGETS: &[Budget] = &[
    budget("binary/size", "release binary", "MB", Promise::AnyMachine(15.0)),
    budget("binary/start", "start of the binary, `--version`, best of 20", "ms", Promise::ThisMachine(10.0)),
    // Processors of today do at least one per nanosecond; the kernel's are not counted.
    budget("binary/start-instructions", "start of the binary, `--version`", INSTRUCTIONS, Promise::AnyMachine(10.0)),
    budget("verdict/ready-5000", "decision over 5,000 nodes, all ready", "us", Promise::ThisMachine(100.0)),
    budget("verdict/blocking-5000", "the same, all blocking, worst order", "us", Promise::ThisMachine(100.0)),
    budget("verdict/per-node", "the same, per node", "ns", Promise::ThisMachine(20.0)),
    // A node of a list that does not fit the cache costs more time, but no more instructions.
    budget("verdict/growth", "per node of 100,000 beside one of 5,000", "times", Promise::AnyMachine(6.0)),
    // Half as much again as was counted when the decisions took 44 and 60 us: time differs by machine, this does not.
    budget("verdict/ready-instructions", "5,000 nodes, all ready", INSTRUCTIONS, Promise::AnyMachine(0.7)),
    budget("verdict/blocking-instructions", "5,000 nodes, worst order", INSTRUCTIONS, Promise::AnyMachine(1.8)),
    budget(
        "verdict/instructions-growth",
        "instructions per node of 100,000 beside one of 5,000",
        "times",
        Promise::AnyMachine(1.1),
    ),
    budget("render/objects", "decide and render one shoot (Go renders in 33 ms)", "us", Promise::ThisMachine(2_000.0)),
    budget("render/instructions", "the same", INSTRUCTIONS, Promise::AnyMachine(3.0)),
    budget(
        "render/stored",
        "encode and check its bundle (Go reconciles in 61 ms)",
        "us",
        Promise::ThisMachine(10_000.0),
    ),
    budget("render/passes", "passes over the definitions per process", "passes", Promise::AnyMachine(1.0)),
    budget("render/secret", "largest of four bundle Secrets (Go: 353 KB)", "KB", Promise::AnyMachine(100.0)),
    budget("render/held-per-shoot", "memory for each bundle that is held", "KiB", Promise::AnyMachine(64.0)),
    budget("render/process", "process of `render`, best of 20", "ms", Promise::ThisMachine(30.0)),
    budget(
        "reconcile/ready",
        "start of `run` until it is ready, best of 5 (Go: 100 ms)",
        "ms",
        Promise::ThisMachine(100.0),
    ),
    budget("reconcile/idle-memory", "resident, nothing to do (Go: 67-90 MiB)", "MiB", Promise::AnyMachine(15.0)),
    budget("reconcile/idle-memory-clusters", "the same, 1,000 Clusters (Go: 151)", "MiB", Promise::AnyMachine(20.0)),
    // 200 and 500 per second of processor time.
    budget("reconcile/first-processor", "processor, per first reconcile (Go: 81 ms)", "ms", Promise::ThisMachine(5.0)),
    budget(
        "reconcile/first-requests",
        "requests, per first reconcile (Go: 22.6)",
        "requests",
        Promise::AnyMachine(14.0),
    ),
    budget("reconcile/first-elapsed", "1,000 Networks from nothing", "s", Promise::Told),
    budget("reconcile/no-op-processor", "processor, nothing to do (Go: 109 ms)", "ms", Promise::ThisMachine(2.0)),
    budget("reconcile/no-op-requests", "requests, nothing to do (Go: 19.1)", "requests", Promise::AnyMachine(8.0)),
    budget("reconcile/no-op-elapsed", "1,000 Networks, nothing to do", "s", Promise::Told),
    budget("reconcile/memory", "resident after 1,000 Networks (Go: 220 MiB)", "MiB", Promise::AnyMachine(40.0)),
    budget(
        "admission/ready",
        "first start of `admission` until it is ready, best of 5 (Go: 1.7 s)",
        "ms",
        Promise::ThisMachine(300.0),
    ),
    budget("admission/idle-memory", "resident, nothing asked (Go: 65-70 MiB)", "MiB", Promise::AnyMachine(15.0)),
    budget("admission/small-1-rate", "reviews of 1 KB, 1 connection (Go: 2,961)", "per s", Promise::Told),
    budget("admission/small-1-slowest", "the slowest of a hundred (Go: 1.7)", "ms", Promise::ThisMachine(1.7)),
    budget("admission/small-1-processor", "processor, per 1,000 (Go: 0.245)", "s", Promise::ThisMachine(0.06)),
    budget("admission/small-4-rate", "4 connections (Go: 4,468)", "per s", Promise::Told),
    budget("admission/small-4-slowest", "the slowest of a hundred (Go: 7.1)", "ms", Promise::ThisMachine(7.1)),
    budget("admission/small-4-processor", "processor, per 1,000 (Go: 0.189)", "s", Promise::ThisMachine(0.06)),
    budget("admission/small-16-rate", "16 connections (Go: 4,376)", "per s", Promise::Told),
    budget("admission/small-16-slowest", "the slowest of a hundred (Go: 29)", "ms", Promise::ThisMachine(29.0)),
    budget("admission/small-16-processor", "processor, per 1,000 (Go: 0.196)", "s", Promise::ThisMachine(0.06)),
    budget("admission/large-1-rate", "reviews of 17 KB, 1 connection (Go: 927)", "per s", Promise::Told),
    budget("admission/large-1-slowest", "the slowest of a hundred (Go: 3.0)", "ms", Promise::ThisMachine(3.0)),
    budget("admission/large-1-processor", "processor, per 1,000 (Go: 1.04)", "s", Promise::ThisMachine(0.3)),
    budget("admission/large-4-rate", "4 connections (Go: 1,581)", "per s", Promise::Told),
    budget("admission/large-4-slowest", "the slowest of a hundred (Go: 17)", "ms", Promise::ThisMachine(17.0)),
    budget("admission/large-4-processor", "processor, per 1,000 (Go: 0.97)", "s", Promise::ThisMachine(0.3)),
    budget("admission/memory", "resident after all of them (Go: 76 MiB)", "MiB", Promise::AnyMachine(15.0)),
    budget("dump/json-time", "5,000 full-size nodes, JSON, beside IgnoredAny", "times", Promise::AnyMachine(1.5)),
    budget("dump/json-memory", "the same, peak memory beside the file", "times", Promise::AnyMachine(1.2)),
    budget("dump/yaml-time", "the same as YAML beside JSON", "times", Promise::Told),
    budget("dump/yaml-memory", "the same as YAML, peak memory beside the file", "times", Promise::Told),
    budget("dump/junk-memory", "junk that is refused, peak memory beside the file", "times", Promise::AnyMachine(3.0)),
];

const INSTRUCTIONS: &str = "M instructions";

/// Bench targets that print figures.
const BENCHES: &[(&str, &str)] = &[
    ("operator", "verdict"),
    ("operator", "render"),
    ("operator", "dump"),
    ("operator", "reconcile"),
    ("operator", "admission"),
];

/// Input shapes of the verdict bench whose instructions are counted, each for the figure that it belongs to.
const SHAPES: &[(&str, &str)] = &[
    ("verdict/ready-instructions", "ready"),
    ("verdict/blocking-instructions", "blocking"),
    ("verdict/blocking-instructions", "blocking-backwards"),
    ("verdict/blocking-instructions", "by-calico"),
    ("verdict/blocking-instructions", "by-calico-shuffled"),
    ("verdict/blocking-instructions", "excluded"),
];

type Figures = BTreeMap<String, f64>;

pub(crate) fn run() -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let mut figures = Figures::new();
    let mut problems = Vec::new();
    let benches = BENCHES.iter().map(|(package, bench)| printed(&root, package, bench));
    for measured in [binary(&root)].into_iter().chain(benches).chain([counted(&root)]) {
        match measured {
            Ok(measured) => figures.extend(measured),
            Err(failure) => problems.push(Problem::from(&failure)),
        }
    }
    let counts = callgrind::is_present();
    if !counts {
        println!("no valgrind on this machine: instructions are not counted");
    }
    let is_counted = |budget: &&Budget| budget.name.contains("instructions");
    let budgets: Vec<&Budget> = BUDGETS.iter().filter(|budget| counts || !is_counted(budget)).collect();
    let (table, broken) = judge(&budgets, &figures);
    print!("{table}");
    problems.extend(broken);
    Ok(problems)
}

/// Size and start of the release binary.
fn binary(root: &Path) -> Result<Figures, Failure> {
    process::run(process::cargo(root).args(["build", "--release", "--locked", "--quiet", "--package", "operator"]))?;
    let target = target(root);
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
    let program = executable(root, package, bench)?;
    read_figures(&process::capture(Command::new(program).arg("--bench").stderr(Stdio::inherit()))?)
}

/// The instructions of one decision, worst of the shapes, whether they grow with the number of nodes only, and those of one
/// rendering.
fn counted(root: &Path) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    if !callgrind::is_present() {
        return Ok(figures);
    }
    let program = executable(root, "operator", "verdict")?;
    let mut growth = 0_f64;
    for (figure, shape) in SHAPES {
        let count = |nodes: u32| -> Result<f64, Failure> {
            let arguments = ["--once", shape, &nodes.to_string()];
            let scratch = target(root).join("callgrind");
            let instructions = callgrind::instructions(&program, &arguments, Some("*verdict::measured*"), &scratch)?;
            #[allow(clippy::cast_precision_loss)]
            Ok(instructions as f64 / 1e6)
        };
        let (few, many) = (count(5_000)?, count(100_000)?);
        growth = growth.max(many / few / 20.0);
        let worst = figures.entry((*figure).to_owned()).or_insert(0.0);
        *worst = worst.max(few);
    }
    figures.insert("verdict/instructions-growth".to_owned(), growth);
    let program = executable(root, "operator", "render")?;
    let scratch = target(root).join("callgrind");
    let instructions = callgrind::instructions(&program, &["--once"], Some("*render::measured*"), &scratch)?;
    #[allow(clippy::cast_precision_loss)]
    figures.insert("render/instructions".to_owned(), instructions as f64 / 1e6);
    Ok(figures)
}

/// Builds a bench target and tells where it is.
fn executable(root: &Path, package: &str, bench: &str) -> Result<PathBuf, Failure> {
    let mut command = process::cargo(root);
    command.args(["bench", "--locked", "--quiet", "--package", package, "--bench", bench, "--no-run"]);
    let messages = process::capture(command.arg("--message-format=json").stderr(Stdio::inherit()))?;
    let text = |message: &serde_json::Value, pointer| message.pointer(pointer)?.as_str().map(str::to_owned);
    let built = messages.lines().filter_map(|line| serde_json::from_str(line).ok()).find_map(|message| {
        let name = text(&message, "/target/name")?;
        text(&message, "/executable").filter(|_| name == bench).map(PathBuf::from)
    });
    built.ok_or_else(|| Failure::Decode {
        what: format!("what cargo says about the bench `{bench}`"),
        reason: "it names no executable".to_owned(),
    })
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
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
    for Budget { name, what, unit, promise } in budgets {
        let Some(figure) = figures.get(*name) else {
            problems.push(Problem::new(*name, "has a budget but was not measured"));
            continue;
        };
        let (limit, verdict) = match *promise {
            Promise::Told => ("-".to_owned(), "told"),
            Promise::AnyMachine(limit) | Promise::ThisMachine(limit) if *figure <= limit => (limit.to_string(), "ok"),
            Promise::ThisMachine(limit) => (limit.to_string(), "over (depends on the machine)"),
            Promise::AnyMachine(limit) => {
                problems.push(Problem::new(*name, format!("{figure:.3} {unit} is over the budget of {limit} {unit}")));
                (limit.to_string(), "OVER")
            }
        };
        table.push_str(&format!("{what:<54} {figure:>10.3} of {limit:>5} {unit:<14} {verdict}\n"));
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

    #[track_caller]
    fn check(figures: &[(&str, f64)], verdicts: &[&str], problems: &[&str]) {
        let fixed = budget("fixed", "fixed", "u", Promise::AnyMachine(10.0));
        let timed = budget("timed", "timed", "u", Promise::ThisMachine(10.0));
        let told = budget("told", "told", "u", Promise::Told);
        let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let (table, found) = judge(&[&fixed, &timed, &told], &figures);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, problems);
        let endings: Vec<&str> = table.lines().map(|line| line.split(" u ").last().unwrap().trim()).collect();
        assert_eq!(endings, verdicts);
    }

    #[test]
    fn only_what_does_not_depend_on_the_machine_fails() {
        check(&[("fixed", 10.0), ("timed", 10.0), ("told", 99.0)], &["ok", "ok", "told"], &[]);
        check(
            &[("fixed", 10.5), ("timed", 10.5), ("told", 99.0)],
            &["OVER", "over (depends on the machine)", "told"],
            &["fixed: 10.500 u is over the budget of 10 u"],
        );
    }

    #[test]
    fn budgets_and_figures_must_meet() {
        check(
            &[("fixed", 1.0), ("new", 1.0), ("told", 1.0)],
            &["ok", "told"],
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
