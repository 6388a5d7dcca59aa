//! What every source file must look like, whatever is in it.

use crate::failure::Problem;
use crate::repository::Repository;

const MOST_LINES: usize = 450;

/// A longer file, and why it stays in one piece.
pub(crate) struct LongFile {
    path: &'static str,
    reason: &'static str,
}

/// The one table of exceptions. An entry that is no longer needed fails, too.
pub(crate) const LONG_FILES: &[LongFile] = &[];

/// Paths of machines that we work on: they mean nothing to a reader and break elsewhere. Spelled in two halves, so that
/// this file is not a finding.
const MACHINE_PATHS: [&str; 3] = [concat!("/", "work/"), concat!("/tmp/", "bash_jobs"), concat!("/", "root/")];

/// Every Rust file starts by saying what it is for.
pub(crate) fn module_comments(repository: &Repository) -> Vec<Problem> {
    repository
        .rust_sources()
        .filter(|(_, text)| {
            let first = text.lines().next().unwrap_or_default();
            first.strip_prefix("//!").is_none_or(|rest| rest.trim().is_empty())
        })
        .map(|(path, _)| {
            Problem::at_line(path, 1, "does not start with a `//!` comment that says what the file is for")
        })
        .collect()
}

/// One file, one concept.
pub(crate) fn lengths(repository: &Repository, exceptions: &[LongFile]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = repository
        .rust_sources()
        .filter(|(path, text)| {
            text.lines().count() > MOST_LINES && !exceptions.iter().any(|exception| exception.path == *path)
        })
        .map(|(path, text)| {
            let lines = text.lines().count();
            Problem::new(
                path,
                format!("has {lines} lines, more than {MOST_LINES}: split it, or give a reason in `LONG_FILES`"),
            )
        })
        .collect();
    for LongFile { path, reason } in exceptions {
        let lines = repository.texts.get(*path).map_or(0, |text| text.lines().count());
        if lines <= MOST_LINES {
            problems.push(Problem::new(*path, format!("is in `LONG_FILES` ({reason}) but has only {lines} lines")));
        }
    }
    problems
}

/// Nothing of the machine that a file was written on is in it.
pub(crate) fn machine_paths(repository: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in &repository.texts {
        for (number, line) in text.lines().enumerate() {
            for machine_path in MACHINE_PATHS.iter().filter(|machine_path| line.contains(*machine_path)) {
                problems.push(Problem::at_line(path, number + 1, format!("names the machine path `{machine_path}`")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_without_a_module_comment_is_named() {
        let repository = Repository::of(&[
            ("good.rs", "//! What it is for.\n"),
            ("late.rs", "use std::fmt;\n//! Too late.\n"),
            ("empty.rs", ""),
            ("mute.rs", "//!\n//! Says nothing in its first line.\n"),
            ("other.md", "no Rust"),
        ]);
        let places: Vec<String> = module_comments(&repository).into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, ["empty.rs:1", "late.rs:1", "mute.rs:1"]);
    }

    #[test]
    fn a_file_may_have_450_lines_and_no_more() {
        let fits = "x\n".repeat(450);
        let long = "x\n".repeat(451);
        let repository = Repository::of(&[("fits.rs", &fits), ("long.rs", &long), ("long.md", &long)]);
        let problems = lengths(&repository, &[]);
        assert_eq!(
            shown(&problems),
            ["long.rs: has 451 lines, more than 450: split it, or give a reason in `LONG_FILES`"]
        );
    }

    #[test]
    fn an_exception_excuses_and_must_be_needed() {
        let long = "x\n".repeat(451);
        let repository = Repository::of(&[("long.rs", &long), ("short.rs", "x\n")]);
        let excused = |path| LongFile { path, reason: "a table" };
        assert_eq!(shown(&lengths(&repository, &[excused("long.rs")])), [""; 0]);
        assert_eq!(
            shown(&lengths(&repository, &[excused("long.rs"), excused("short.rs"), excused("gone.rs")])),
            [
                "short.rs: is in `LONG_FILES` (a table) but has only 1 lines",
                "gone.rs: is in `LONG_FILES` (a table) but has only 0 lines",
            ]
        );
    }

    #[test]
    fn machine_paths_are_found_in_any_text_and_similar_words_are_not() {
        let path = format!("cd /{}/main", "work");
        let repository = Repository::of(&[("notes.md", &format!("fine: /network/x\n{path}\n"))]);
        let places: Vec<String> = machine_paths(&repository).into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, ["notes.md:2"]);
    }
}
