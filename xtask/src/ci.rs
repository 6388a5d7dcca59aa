//! `ci`: every check that a change must pass, all of them also after one has failed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::charts;
use crate::codegen;
use crate::e2e;
use crate::failure::{Failure, Problem};
use crate::memory;
use crate::package;
use crate::parity;
use crate::process;
use crate::repository::{Package, Repository};
use crate::tidy;

/// Recorded results of the Go extension, beside the repository.
const GOLDENS: &str = "../shared/goldens";

type Check<'a> = Box<dyn Fn() -> Result<Outcome, Failure> + 'a>;

struct Step<'a> {
    name: String,
    check: Check<'a>,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped(&'static str),
}

struct Done {
    name: String,
    outcome: Outcome,
    took: Duration,
}

pub(crate) fn run() -> Result<Vec<Problem>, Failure> {
    let repository = Repository::load()?;
    let mut done = Vec::new();
    for Step { name, check } in steps(&repository) {
        println!("==> {name}");
        let start = Instant::now();
        let outcome = check().unwrap_or_else(|failure| {
            eprintln!("{failure}");
            Outcome::Failed
        });
        done.push(Done { name, outcome, took: start.elapsed() });
    }
    print!("{}", summary(&done));
    let failed = done.iter().filter(|step| step.outcome == Outcome::Failed);
    Ok(failed.map(|step| Problem::new("ci", format!("{} failed", step.name))).collect())
}

fn steps(repository: &Repository) -> Vec<Step<'_>> {
    let root = repository.root.as_path();
    let mut steps = vec![
        cargo(root, "lock file", &["metadata", "--locked", "--format-version", "1", "--quiet"]),
        cargo(root, "fmt", &["fmt", "--all", "--check"]),
        cargo(root, "clippy", &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ];
    if let Some(core) = repository.package("calico-policy") {
        steps.extend(feature_sets(core).into_iter().map(|features| clippy_of_core(root, &features)));
    }
    // As the container image is built.
    let without_demo = ["clippy", "--locked", "--package", "operator", "--no-default-features", "--", "-D", "warnings"];
    steps.push(cargo(root, "clippy of operator without demo", &without_demo));
    steps.push(Step {
        name: "doc".to_owned(),
        check: Box::new(move || {
            let mut command = process::cargo(root);
            command.env("RUSTDOCFLAGS", "-D warnings");
            passed(&mut command, &["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"])
        }),
    });
    steps.push(Step { name: "tidy".to_owned(), check: Box::new(|| findings(&tidy::run()?)) });
    steps.push(Step {
        name: "codegen --check".to_owned(),
        check: Box::new(|| findings(&codegen::run(codegen::Mode::Check)?)),
    });
    steps.push(Step { name: "charts".to_owned(), check: Box::new(|| findings(&charts::run(charts::Mode::Compare)?)) });
    steps.push(cargo(root, "machete", &["machete"]));
    steps.push(cargo(root, "deny", &["deny", "--locked", "check", "licenses", "bans", "sources"]));
    steps.push(Step { name: "shellcheck".to_owned(), check: Box::new(|| shellcheck(repository)) });
    for Package { name, .. } in &repository.packages {
        // Alone, a crate cannot lean on features that a sibling switches on.
        steps.push(cargo(
            root,
            &format!("{name} alone: check"),
            &["check", "--locked", "--package", name, "--all-targets"],
        ));
        steps.push(cargo(root, &format!("{name} alone: test"), &["test", "--locked", "--quiet", "--package", name]));
    }
    steps.push(Step {
        name: "package of calico-policy".to_owned(),
        check: Box::new(move || findings(&package::check(root)?)),
    });
    steps.push(Step { name: "memory of calico-policy-c".to_owned(), check: Box::new(move || watch_memory(root)) });
    steps.push(Step { name: "e2e".to_owned(), check: Box::new(|| findings(&e2e::run(&e2e::Arguments::all())?)) });
    steps.push(Step { name: "parity".to_owned(), check: Box::new(move || compare(root)) });
    steps
}

fn cargo<'a>(root: &'a Path, name: &str, arguments: &[&str]) -> Step<'a> {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    Step {
        name: name.to_owned(),
        check: Box::new(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            passed(&mut process::cargo(root), &arguments)
        }),
    }
}

fn passed(command: &mut Command, arguments: &[&str]) -> Result<Outcome, Failure> {
    // Only its exit status counts of a command that prints data.
    if arguments.first() == Some(&"metadata") {
        command.stdout(std::process::Stdio::null());
    }
    process::run(command.args(arguments)).map(|()| Outcome::Passed)
}

fn clippy_of_core<'a>(root: &'a Path, features: &str) -> Step<'a> {
    let name = if features.is_empty() {
        "clippy of calico-policy without features".to_owned()
    } else {
        format!("clippy of calico-policy with {features}")
    };
    let arguments = [
        "clippy",
        "--locked",
        "--package",
        "calico-policy",
        "--all-targets",
        "--no-default-features",
        "--features",
        features,
        "--",
        "-D",
        "warnings",
    ];
    cargo(root, &name, &arguments)
}

/// Every subset of a package's features, `default` apart.
fn feature_sets(package: &Package) -> Vec<String> {
    let mut sets = vec![String::new()];
    for feature in package.features.keys().filter(|feature| *feature != "default") {
        let with: Vec<String> =
            sets.iter().map(|set| if set.is_empty() { feature.clone() } else { format!("{set},{feature}") }).collect();
        sets.extend(with);
    }
    sets
}

fn findings(problems: &[Problem]) -> Result<Outcome, Failure> {
    for problem in problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() { Outcome::Passed } else { Outcome::Failed })
}

fn shellcheck(repository: &Repository) -> Result<Outcome, Failure> {
    let scripts: Vec<&str> =
        repository.texts.iter().filter(|(path, text)| is_shell(path, text)).map(|(path, _)| path.as_str()).collect();
    if scripts.is_empty() {
        return Ok(Outcome::Skipped("no shell files"));
    }
    process::run(Command::new("shellcheck").current_dir(&repository.root).args(scripts)).map(|()| Outcome::Passed)
}

fn is_shell(path: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let interpreter = first.strip_prefix("#!").and_then(|line| line.rsplit(['/', ' ']).next());
    path.ends_with(".sh") || matches!(interpreter, Some("sh" | "bash" | "dash"))
}

fn watch_memory(root: &Path) -> Result<Outcome, Failure> {
    match (memory::is_possible(), is_ci()) {
        (true, _) => memory::check(root).map(|()| Outcome::Passed),
        (false, true) => {
            eprintln!("`valgrind` is missing, and with CI=true a skipped check is a failure");
            Ok(Outcome::Failed)
        }
        (false, false) => Ok(Outcome::Skipped("no valgrind on this machine")),
    }
}

fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn compare(root: &Path) -> Result<Outcome, Failure> {
    let goldens = root.join(GOLDENS);
    match (goldens.is_dir(), is_ci()) {
        (true, _) => findings(&parity::run(&goldens)?),
        (false, true) => {
            eprintln!("`{GOLDENS}` is missing, and with CI=true a skipped comparison is a failure");
            Ok(Outcome::Failed)
        }
        (false, false) => Ok(Outcome::Skipped("no recorded results beside the repository")),
    }
}

/// One line per step, and the count.
fn summary(done: &[Done]) -> String {
    let width = done.iter().map(|step| step.name.len()).max().unwrap_or_default();
    let mut text = String::from("\n");
    let mut counts = [0_usize; 3];
    let [passed, failed, skipped] = &mut counts;
    for Done { name, outcome, took } in done {
        let shown = match outcome {
            Outcome::Passed => {
                *passed += 1;
                "ok".to_owned()
            }
            Outcome::Failed => {
                *failed += 1;
                "FAILED".to_owned()
            }
            Outcome::Skipped(why) => {
                *skipped += 1;
                format!("skipped: {why}")
            }
        };
        text.push_str(&format!("{name:<width$}  {:>6.1} s  {shown}\n", took.as_secs_f64()));
    }
    let [passed, failed, skipped] = counts;
    let skipped = if skipped == 0 { String::new() } else { format!(" ({skipped} skipped)") };
    text.push_str(&format!("{passed} passed, {failed} failed{skipped}\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository;

    #[test]
    fn every_subset_of_features_is_checked() {
        let packages = repository::packages(
            r#"{"packages": [{"name": "p", "dependencies": [], "targets": [], "features": {"default": [], "a": [], "b": []}}]}"#,
        )
        .unwrap();
        assert_eq!(feature_sets(&packages[0]), ["", "a", "b", "a,b"]);
    }

    #[test]
    fn the_summary_counts_and_hides_nothing() {
        let step =
            |name: &str, outcome, millis| Done { name: name.to_owned(), outcome, took: Duration::from_millis(millis) };
        let done = [
            step("fmt", Outcome::Passed, 400),
            step("machete", Outcome::Failed, 12_300),
            step("x", Outcome::Skipped("why"), 0),
        ];
        assert_eq!(
            summary(&done),
            "\nfmt         0.4 s  ok\nmachete    12.3 s  FAILED\nx           0.0 s  skipped: why\n1 passed, 1 failed (1 skipped)\n"
        );
    }

    #[test]
    fn shell_files_are_known_by_name_or_first_line() {
        assert!(is_shell(".ci/run", "#!/usr/bin/env bash\n"));
        assert!(is_shell("a", "#!/bin/sh"));
        assert!(is_shell("a.sh", ""));
        assert!(!is_shell("a.py", "#!/usr/bin/env python3\n"));
        assert!(!is_shell("a.md", "bash"));
    }
}
