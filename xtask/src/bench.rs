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

mod budgets;
mod instructions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use budgets::{BUDGETS, Budget, Promise};

use crate::callgrind;
use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Selection {
    /// Only these: `binary`, `verdict`, `render`, `dump`, `reconcile`, `switch`, `fleet`, `admission`, `embedding`, `soak`; all but the
    /// last where none is named
    #[arg(value_enum, value_name = "GROUP")]
    groups: Vec<Group>,
    /// How many minutes `soak` goes on
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    minutes: u16,
}

/// Figures that are measured together; their names start with this one and `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Group {
    /// Size and start of the release binary
    Binary,
    /// The decision over the nodes of a shoot
    Verdict,
    /// The objects of a shoot and their bundle
    Render,
    /// Reading what kubectl prints of 5,000 nodes
    Dump,
    /// The controller with 1,000 Networks
    Reconcile,
    /// Overlay switches that are held, and how soon they end
    Switch,
    /// `status` and `plan` over 1,000 shoots
    Fleet,
    /// The admission webhook
    Admission,
    /// A call of the decision core from C
    Embedding,
    /// The controller with 1,000 Networks and constant trouble, for a long time
    Soak,
}

type Figures = BTreeMap<String, f64>;

pub(crate) fn run(selection: &Selection) -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let groups = selection.groups();
    let mut figures = Figures::new();
    let mut problems = Vec::new();
    for group in &groups {
        match group.measure(&root, selection.minutes) {
            Ok(measured) => figures.extend(measured),
            Err(failure) => problems.push(Problem::from(&failure)),
        }
    }
    let counts = callgrind::is_present();
    if !counts {
        println!("no valgrind on this machine: instructions are not counted");
    }
    let is_counted = |budget: &&Budget| budget.name.contains("instructions");
    let budgets: Vec<&Budget> = BUDGETS
        .iter()
        .filter(|budget| groups.iter().any(|group| group.holds(budget.name)))
        .filter(|budget| counts || !is_counted(budget))
        .collect();
    let (table, broken) = judge(&budgets, &figures);
    print!("{table}");
    problems.extend(broken);
    Ok(problems)
}

impl Selection {
    /// Each once, in the order of their definition.
    fn groups(&self) -> Vec<Group> {
        let is_selected =
            |group: &Group| if self.groups.is_empty() { *group != Group::Soak } else { self.groups.contains(group) };
        Group::all().filter(is_selected).collect()
    }
}

impl Group {
    fn all() -> impl Iterator<Item = Self> {
        <Self as clap::ValueEnum>::value_variants().iter().copied()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Verdict => "verdict",
            Self::Render => "render",
            Self::Dump => "dump",
            Self::Reconcile => "reconcile",
            Self::Switch => "switch",
            Self::Fleet => "fleet",
            Self::Admission => "admission",
            Self::Embedding => "embedding",
            Self::Soak => "soak",
        }
    }

    fn holds(self, figure: &str) -> bool {
        figure.strip_prefix(self.name()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whose bench it is.
    fn package(self) -> &'static str {
        match self {
            Self::Embedding => "calico-policy-c",
            Self::Binary
            | Self::Verdict
            | Self::Render
            | Self::Dump
            | Self::Reconcile
            | Self::Switch
            | Self::Fleet
            | Self::Admission
            | Self::Soak => "operator",
        }
    }

    fn measure(self, root: &Path, minutes: u16) -> Result<Figures, Failure> {
        let mut figures = match self {
            Self::Binary => binary(root)?,
            Self::Soak => printed(root, self, &["--minutes", &minutes.to_string()])?,
            Self::Verdict
            | Self::Render
            | Self::Dump
            | Self::Reconcile
            | Self::Switch
            | Self::Fleet
            | Self::Admission
            | Self::Embedding => printed(root, self, &[])?,
        };
        if callgrind::is_present() {
            figures.extend(match self {
                Self::Binary => instructions::of_start(root)?,
                Self::Verdict => instructions::of_verdicts(root)?,
                Self::Render => instructions::of_rendering(root)?,
                Self::Dump => instructions::of_reading(root)?,
                Self::Embedding => instructions::of_calls(root)?,
                Self::Reconcile | Self::Switch | Self::Fleet | Self::Admission | Self::Soak => Figures::new(),
            });
        }
        Ok(figures)
    }
}

/// Size and start of the release binary.
fn binary(root: &Path) -> Result<Figures, Failure> {
    // As the container image is built.
    let arguments = ["build", "--release", "--locked", "--quiet", "--package", "operator", "--no-default-features"];
    process::run(process::cargo(root).args(arguments))?;
    let program = release_binary(root);
    let metadata = std::fs::metadata(&program).map_err(|source| Failure::Read { path: program.clone(), source })?;
    #[allow(clippy::cast_precision_loss)]
    let megabytes = metadata.len() as f64 / 1e6;
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        process::capture(Command::new(&program).arg("--version"))?;
        best = best.min(start.elapsed());
    }
    Ok(Figures::from([("binary/size".to_owned(), megabytes), ("binary/start".to_owned(), best.as_secs_f64() * 1e3)]))
}

fn release_binary(root: &Path) -> PathBuf {
    repository::target(root).join("release/networking-calico")
}

/// The figures that the bench of a group prints.
fn printed(root: &Path, group: Group, arguments: &[&str]) -> Result<Figures, Failure> {
    let program = executable(root, group)?;
    read_figures(&process::capture(Command::new(program).arg("--bench").args(arguments).stderr(Stdio::inherit()))?)
}

/// Builds the bench of a group and tells where it is.
fn executable(root: &Path, group: Group) -> Result<PathBuf, Failure> {
    let (package, bench) = (group.package(), group.name());
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
    use super::budgets::budget;
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

    #[test]
    fn every_budget_is_of_one_group() {
        let groups: Vec<Group> = Group::all().collect();
        for Budget { name, .. } in BUDGETS {
            let holders: Vec<&Group> = groups.iter().filter(|group| group.holds(name)).collect();
            assert_eq!(holders.len(), 1, "{name}: {holders:?}");
        }
    }

    #[test]
    fn the_help_names_every_group() {
        let command = <Selection as clap::Args>::augment_args(clap::Command::new("bench"));
        let help = command.get_positionals().next().and_then(clap::Arg::get_help).unwrap().to_string();
        let names: Vec<&str> = help.split('`').skip(1).step_by(2).collect();
        let groups: Vec<&str> = Group::all().map(Group::name).collect();
        assert_eq!(names, groups);
    }

    #[test]
    fn groups_are_measured_once_each() {
        let selected = |groups| Selection { groups, minutes: 1 }.groups();
        assert_eq!(selected(vec![Group::Dump, Group::Verdict, Group::Dump]), [Group::Verdict, Group::Dump]);
        assert_eq!(selected(vec![Group::Soak]), [Group::Soak]);
        let without_soak: Vec<Group> = Group::all().filter(|group| *group != Group::Soak).collect();
        assert_eq!(selected(Vec::new()), without_soak);
        assert!(Group::Dump.holds("dump/json-time"));
        assert!(!Group::Dump.holds("dumps/json-time"));
    }
}
