//! The invariants in the architecture: each names the check that fails when it is broken, and what it names is there and runs.

use super::evidence;
use crate::failure::Problem;
use crate::repository::Repository;

const PAGE: &str = "docs/architecture.md";
const HEADING: &str = "## Invariants";
/// The only check that has no name of its own.
const COMPILER: &str = "The compiler checks it.";
/// A name with so many underscores is that of a test.
const UNDERSCORES: usize = 3;

/// An item of the list.
struct Invariant {
    line: usize,
    text: String,
}

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let page = repository.texts.get(PAGE).map_or("", String::as_str);
    let invariants = invariants(page);
    let mut problems = Vec::new();
    if invariants.is_empty() {
        problems.push(Problem::new(PAGE, format!("has no list under `{HEADING}`")));
    }
    for Invariant { line, text } in invariants {
        if !text.starts_with("**") {
            problems.push(Problem::at_line(PAGE, line, "an invariant begins with its label in bold"));
        }
        let spans: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let unknown = spans.iter().filter(|span| is_test_name(span) && !runs_somewhere(repository, span));
        problems.extend(
            unknown.map(|name| Problem::at_line(PAGE, line, format!("names the test `{name}`, which does not run"))),
        );
        let checked = text.contains(COMPILER) || spans.iter().any(|span| is_check(repository, span));
        if !checked {
            problems.push(Problem::at_line(PAGE, line, "an invariant names the check that fails when it is broken"));
        }
    }
    problems
}

/// The items of the list, each in one line.
fn invariants(page: &str) -> Vec<Invariant> {
    let mut found: Vec<Invariant> = Vec::new();
    let lines = page.lines().enumerate().skip_while(|(_, line)| *line != HEADING).skip(1);
    for (number, line) in lines.take_while(|(_, line)| !line.starts_with("## ")) {
        if let Some(text) = line.strip_prefix("* ") {
            found.push(Invariant { line: number + 1, text: text.to_owned() });
        } else if let (Some(last), Some(more)) = (found.last_mut(), line.strip_prefix("  ")) {
            last.text.push(' ');
            last.text.push_str(more);
        }
    }
    found
}

/// A command that checks, a test, or a file or folder with tests in it.
fn is_check(repository: &Repository, span: &str) -> bool {
    span.starts_with("cargo xtask ") || (is_test_name(span) && runs_somewhere(repository, span)) || {
        let below = format!("{}/", span.strip_suffix(".rs").unwrap_or(span));
        let of_it = |path: &str| path == span || (span.contains('/') && path.starts_with(&below));
        repository.rust_sources().any(|(path, text)| of_it(path) && has_tests(text))
    }
}

fn has_tests(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
}

fn is_test_name(span: &str) -> bool {
    let is_of_names = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    span.bytes().all(is_of_names) && span.matches('_').count() >= UNDERSCORES
}

fn runs_somewhere(repository: &Repository, name: &str) -> bool {
    repository.rust_sources().any(|(_, text)| evidence::runs(text, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judged(list: &str, expected: &[&str]) {
        let page = format!("# Title\n* **not one**\n\n{HEADING}\n\n{list}\n## Next\n* **not one** either\n");
        let tests = "#[test]\nfn it_is_as_it_was() {}\n#[test]\n#[ignore]\nfn it_is_not_looked_at() {}\n";
        let files = [
            (PAGE, page.as_str()),
            ("crates/a/src/b.rs", "mod tests;"),
            ("crates/a/src/b/tests.rs", tests),
            ("crates/a/src/c.rs", "fn it_is_no_test_at_all() {}"),
        ];
        let problems = check(&Repository::of(&files));
        assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_command_a_test_a_file_a_folder_and_the_compiler_are_checks() {
        judged(
            "* **A.** `cargo xtask tidy`.\n* **B**: the law\n  `it_is_as_it_was`.\n* **C**: `crates/a/src/b.rs`.\n\
             * **D**: `crates/a/src/b`.\n* **E.** The compiler checks it.\n",
            &[],
        );
    }

    #[test]
    fn an_invariant_without_a_check_is_found() {
        judged(
            "* **A**: `crates/a/src/c.rs`.\n* B. `cargo xtask tidy`.\n",
            &[
                "docs/architecture.md:6: an invariant names the check that fails when it is broken",
                "docs/architecture.md:7: an invariant begins with its label in bold",
            ],
        );
    }

    #[test]
    fn a_test_that_does_not_run_is_found_beside_others_that_do() {
        judged(
            "* **A**: `it_is_as_it_was`, `it_is_not_looked_at`, `it_is_no_test_at_all`.\n",
            &[
                "docs/architecture.md:6: names the test `it_is_not_looked_at`, which does not run",
                "docs/architecture.md:6: names the test `it_is_no_test_at_all`, which does not run",
            ],
        );
    }

    #[test]
    fn no_list_is_no_proof() {
        judged("", &["docs/architecture.md: has no list under `## Invariants`"]);
    }
}
