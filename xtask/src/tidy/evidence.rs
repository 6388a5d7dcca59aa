//! Every test that a deviation names as its evidence exists and runs.

use crate::codegen::deviations::tested::{ALSO, ROWS, Test};
use crate::failure::Problem;
use crate::repository::Repository;

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let rows = ROWS.iter().map(|row| (row.id, row.tests));
    of_rows(repository, rows.chain(ALSO.iter().map(|row| (row.id, row.tests))))
}

fn of_rows(repository: &Repository, rows: impl IntoIterator<Item = (&'static str, &'static [Test])>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, tests) in rows {
        if tests.is_empty() {
            problems.push(Problem::new(format!("deviation {id}"), "names no test"));
        }
        for Test { path, name } in tests {
            let text = repository.texts.get(*path).map_or("", String::as_str);
            let found = match find(text, name) {
                Found::Runs => continue,
                Found::Ignored => "is ignored",
                Found::Nothing => "does not exist",
            };
            problems.push(Problem::new(format!("deviation {id}"), format!("the test `{name}` in `{path}` {found}")));
        }
    }
    problems
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
        let is_it =
            line.strip_prefix("fn ").and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('));
        if is_it && attributes.contains(&"#[test]") {
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
        proptest! {\n    #[test]\n    /// Says what it is.\n    fn a_law(x in 0..9) {}\n}\n\
        // fn commented() {}\n\
        fn last() {}\n";

    fn row(tests: &'static [Test]) -> (&'static str, &'static [Test]) {
        ("X1", tests)
    }

    #[test]
    fn tests_that_run_are_found_also_in_a_macro() {
        let repository = Repository::of(&[("a.rs", FILE)]);
        let rows = [row(&[Test { path: "a.rs", name: "runs" }, Test { path: "a.rs", name: "a_law" }])];
        assert_eq!(of_rows(&repository, rows), []);
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
