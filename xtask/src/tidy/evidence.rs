//! Every test that a document names as evidence exists and runs: for a deviation, and for a known failure.

use crate::codegen::deviations::tested::{ALSO, Test, rows};
use crate::codegen::failures;
use crate::failure::Problem;
use crate::repository::Repository;

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let rows = rows().map(|row| (row.id, row.tests));
    let mut problems = of_rows(repository, rows.chain(ALSO.iter().map(|row| (row.id, row.tests))));
    for row in failures::ROWS {
        problems.extend(of_tests(repository, &format!("failure {}", row.id), row.tests));
    }
    problems
}

fn of_rows(repository: &Repository, rows: impl IntoIterator<Item = (&'static str, &'static [Test])>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, tests) in rows {
        let place = format!("deviation {id}");
        if tests.is_empty() {
            problems.push(Problem::new(place.as_str(), "names no test"));
        }
        problems.extend(of_tests(repository, &place, tests));
    }
    problems
}

fn of_tests(repository: &Repository, place: &str, tests: &[Test]) -> Vec<Problem> {
    let missing = tests.iter().filter_map(|Test { path, name }| {
        let text = repository.texts.get(*path).map_or("", String::as_str);
        let found = match find(text, name) {
            Found::Runs => return None,
            Found::Ignored => "is ignored",
            Found::Nothing => "does not exist",
        };
        Some(Problem::new(place, format!("the test `{name}` in `{path}` {found}")))
    });
    missing.collect()
}

/// Whether a text has a test of this name that runs.
pub(super) fn runs(text: &str, name: &str) -> bool {
    matches!(find(text, name), Found::Runs)
}

enum Found {
    Runs,
    Ignored,
    Nothing,
}

/// Looks at lines, since a test inside of a macro such as `proptest!` is no item of the file. Attributes stand above a test
/// without an empty line between them, as rustfmt keeps them.
fn find(text: &str, name: &str) -> Found {
    let mut attributes: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('#') {
            attributes.push(line);
            continue;
        }
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        let is_it = function.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('));
        let is_test = |attribute: &&str| *attribute == "#[test]" || attribute.starts_with("#[tokio::test");
        if is_it && attributes.iter().any(is_test) {
            let ignored =
                attributes.iter().any(|attribute| attribute.starts_with("#[ignore") || attribute.starts_with("#[cfg"));
            return if ignored { Found::Ignored } else { Found::Runs };
        }
        if !line.starts_with("//") {
            attributes.clear();
        }
    }
    Found::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
        #[test]\nfn runs() {}\n\
        #[test]\n#[ignore = \"slow\"]\nfn sleeps() {}\n\
        fn helper() {}\n\
        #[test]\nfn runs_and_more() {}\n\
        #[tokio::test(start_paused = true)]\nasync fn waits() {}\n\
        proptest! {\n    #[test]\n    /// Says what it is.\n    fn a_law(x in 0..9) {}\n}\n\
        // fn commented() {}\n\
        fn last() {}\n";

    fn row(tests: &'static [Test]) -> (&'static str, &'static [Test]) {
        ("X1", tests)
    }

    #[test]
    fn tests_that_run_are_found_also_in_a_macro() {
        let repository = Repository::of(&[("a.rs", FILE)]);
        let rows = [row(&[
            Test { path: "a.rs", name: "runs" },
            Test { path: "a.rs", name: "a_law" },
            Test { path: "a.rs", name: "waits" },
        ])];
        assert_eq!(of_rows(&repository, rows), []);
    }

    #[test]
    fn a_failure_is_named_as_such() {
        let repository = Repository::of(&[("a.rs", FILE)]);
        let problems = of_tests(&repository, "failure F1", &[Test { path: "a.rs", name: "gone" }]);
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["failure F1: the test `gone` in `a.rs` does not exist"]);
    }

    #[test]
    fn what_is_missing_ignored_or_no_test_is_named() {
        let repository = Repository::of(&[("a.rs", FILE)]);
        let rows = [
            row(&[
                Test { path: "a.rs", name: "sleeps" },
                Test { path: "a.rs", name: "helper" },
                Test { path: "a.rs", name: "run" },
                Test { path: "a.rs", name: "commented" },
                Test { path: "b.rs", name: "runs" },
            ]),
            row(&[]),
        ];
        let shown: Vec<String> = of_rows(&repository, rows).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "deviation X1: the test `sleeps` in `a.rs` is ignored",
                "deviation X1: the test `helper` in `a.rs` does not exist",
                "deviation X1: the test `run` in `a.rs` does not exist",
                "deviation X1: the test `commented` in `a.rs` does not exist",
                "deviation X1: the test `runs` in `b.rs` does not exist",
                "deviation X1: names no test",
            ]
        );
    }
}
