//! `charts`: lints the Helm charts, renders each with every value changed once, and tests the alert rules.
//!
//! What the charts render is kept in `xtask/charts`, one folder per chart: `default.yaml` whole, and for each case the values with the
//! difference that they make. Whoever changes a chart looks at both; `--write` replaces them. Helm and Prometheus' rule engine are built
//! from their Go modules, pinned by the files in `xtask/helm` and `xtask/alerts`, and kept in `target`.

mod cases;
mod definitions;
mod difference;
mod helm;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::envtest;
use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;
use cases::{CHARTS, Case, Chart, Expected};
pub(crate) use definitions::definitions;
pub(crate) use helm::Helm;

const PROMETHEUS_MODULE: &str = "github.com/prometheus/prometheus";
/// Where the expectations are.
const EXPECTATIONS: &str = "xtask/charts";

/// What to do with what is rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Compare,
    Write,
}

pub(crate) fn run(mode: Mode) -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let helm = Helm::provide(&root)?;
    let mut problems = Vec::new();
    for chart in CHARTS {
        if let Err(failure) = helm.lint(chart) {
            problems.push(Problem::new(chart.path, failure.to_string()));
            continue;
        }
        problems.extend(compare(&helm, chart, mode)?);
    }
    let alerts = envtest::program(&root, "alerts", PROMETHEUS_MODULE, ".")?;
    let tests = "xtask/alerts/overlay-switch.test.yaml";
    if let Err(failure) = process::run(Command::new(alerts).current_dir(&root).arg(tests)) {
        problems.push(Problem::new(tests, failure.to_string()));
    }
    Ok(problems)
}

fn compare(helm: &Helm, chart: &Chart, mode: Mode) -> Result<Vec<Problem>, Failure> {
    let folder = helm.root().join(EXPECTATIONS).join(chart.name);
    let default = helm.render(chart, &Case::default())?;
    let mut problems = left_over(&folder, chart)?;
    problems.extend(expect(&folder.join("default.yaml"), &default, mode)?);
    for case in chart.cases {
        let rendered = helm.render(chart, case);
        match (&case.expected, rendered) {
            (Expected::Difference, Ok(rendered)) => {
                let text =
                    format!("# {}\n{}\n{}", case.name, quoted(case.values), difference::between(&default, &rendered));
                problems.extend(expect(&folder.join(format!("{}.diff", case.name)), &text, mode)?);
            }
            (Expected::Refusal(words), Err(failure)) => {
                let failure = failure.to_string();
                if !failure.contains(words) {
                    problems.push(Problem::new(place(chart, case), format!("is refused without `{words}`: {failure}")));
                }
            }
            (Expected::Difference, Err(failure)) => {
                problems.push(Problem::new(place(chart, case), failure.to_string()));
            }
            (Expected::Refusal(_), Ok(_)) => {
                problems.push(Problem::new(place(chart, case), "is rendered, and must be refused"));
            }
        }
    }
    Ok(problems)
}

/// Expectations of cases that there are no more, which nobody would compare with anything.
fn left_over(folder: &Path, chart: &Chart) -> Result<Vec<Problem>, Failure> {
    let failed = |source| Failure::Read { path: folder.to_owned(), source };
    let expected = |name: &str| {
        let is_of = |case: &Case| name.strip_suffix(".diff") == Some(case.name);
        name == "default.yaml" || chart.cases.iter().any(is_of)
    };
    let mut problems = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Nothing is expected yet, which each case says by itself.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(problems),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !expected(&name) {
            problems
                .push(Problem::new(format!("{EXPECTATIONS}/{}/{name}", chart.name), "belongs to no case: delete it"));
        }
    }
    problems.sort();
    Ok(problems)
}

fn place(chart: &Chart, case: &Case) -> String {
    format!("{}, case `{}`", chart.path, case.name)
}

/// Values as comments.
fn quoted(values: &str) -> String {
    values.trim_end().lines().map(|line| format!("# | {line}\n")).collect()
}

fn expect(path: &Path, rendered: &str, mode: Mode) -> Result<Option<Problem>, Failure> {
    if mode == Mode::Write {
        let write = || path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, rendered));
        write().map_err(|source| Failure::Write { path: path.to_owned(), source })?;
        return Ok(None);
    }
    let committed = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(Failure::Read { path: path.to_owned(), source }),
    };
    if committed == rendered {
        return Ok(None);
    }
    let number = committed.lines().zip(rendered.lines()).take_while(|(ours, theirs)| ours == theirs).count() + 1;
    let shown = path.to_string_lossy().into_owned();
    let text = "the chart renders something else from here on; look at `cargo xtask charts --write` and `git diff`";
    Ok(Some(Problem::at_line(&shown, number, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_without_a_case_is_found() {
        let chart = &CHARTS[0];
        let folder = tempfile::tempdir().unwrap();
        for name in ["default.yaml", "replicas.diff", "replica.diff", "no port.diff~"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found: Vec<String> = left_over(folder.path(), chart).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "xtask/charts/extension/no port.diff~: belongs to no case: delete it",
                "xtask/charts/extension/replica.diff: belongs to no case: delete it",
            ]
        );
        assert_eq!(left_over(&folder.path().join("new"), chart).unwrap(), []);
        let root = repository::root().unwrap();
        for chart in CHARTS {
            assert_eq!(left_over(&root.join(EXPECTATIONS).join(chart.name), chart).unwrap(), [], "{}", chart.name);
        }
    }
}
