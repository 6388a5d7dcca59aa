//! Exit codes: what documents say of a command is what the table in the code has, and the program ends in no other way.

use std::collections::{BTreeMap, BTreeSet};

use operator::ending::ENDINGS;

use super::documents::{calls, is_document};
use super::markdown::{self, Kind, Piece};
use crate::failure::Problem;
use crate::repository::Repository;

/// Where every exit code of every command is said.
const REFERENCE: &str = "docs/cli.md";
/// Where they are defined.
const HOME: &str = "crates/operator/src/ending.rs";
/// What else ends a process with a code.
const OTHER_WAYS: [&str; 4] = ["ExitCode::from(", "ExitCode::SUCCESS", "ExitCode::FAILURE", "process::exit("];

type Table = BTreeMap<&'static str, BTreeSet<u8>>;

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let codes = ENDINGS.map(|(command, endings)| (command, endings.iter().map(|ending| ending.code()).collect()));
    judge(&Table::from(codes), repository)
}

fn judge(table: &Table, repository: &Repository) -> Vec<Problem> {
    let mut problems = other_ways(repository);
    let mut unsaid = table.clone();
    for (path, text) in repository.texts.iter().filter(|(path, _)| is_document(path)) {
        for Statement { line, command, code } in statements(table, text) {
            let known = u8::try_from(code).ok().filter(|code| table.get(command).is_some_and(|set| set.contains(code)));
            let Some(code) = known else {
                let text = format!("says that `networking-calico {command}` exits with {code}, which it does not");
                problems.push(Problem::at_line(path, line, text));
                continue;
            };
            if path == REFERENCE
                && let Some(codes) = unsaid.get_mut(command)
            {
                codes.remove(&code);
            }
        }
    }
    let unsaid = unsaid.into_iter().flat_map(|(command, codes)| codes.into_iter().map(move |code| (command, code)));
    problems.extend(unsaid.map(|(command, code)| {
        Problem::new(REFERENCE, format!("does not say that `networking-calico {command}` may exit with {code}"))
    }));
    problems
}

/// Places of the program that end it with a code of their own.
fn other_ways(repository: &Repository) -> Vec<Problem> {
    let sources = repository.rust_sources().filter(|(path, _)| path.starts_with("crates/operator/src/"));
    let found = sources.filter(|(path, _)| *path != HOME).flat_map(|(path, text)| {
        let lines = text.lines().enumerate();
        lines.filter_map(move |(index, line)| {
            let way = OTHER_WAYS.into_iter().find(|way| line.contains(way))?;
            Some(Problem::at_line(path, index + 1, format!("has `{way}`: exit codes come from `{HOME}`")))
        })
    });
    found.collect()
}

/// A document says that a command exits with a code.
struct Statement {
    line: usize,
    command: &'static str,
    code: u32,
}

/// What a document says of exit codes: "exits with 0, with 3 if …" and "exit code 3". It is said of the command that the sentence names,
/// else of the one that was called last; before any call it is said of another program.
fn statements(table: &Table, document: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut called = calls_in_blocks(document).into_iter().peekable();
    let mut last = None;
    let mut sentence = Sentence::default();
    for (line, piece) in markdown::pieces(document) {
        while let Some((_, command)) = called.next_if(|(number, _)| *number < line) {
            last = of_table(table, command.as_deref());
        }
        let word = match piece {
            Piece::Break => {
                sentence = Sentence::default();
                continue;
            }
            Piece::Span(span) => {
                let words: Vec<&str> = span.split_whitespace().collect();
                for (program, arguments) in calls(&words) {
                    last = command_of(program, arguments).and_then(|command| of_table(table, Some(command)));
                }
                sentence.subject = of_table(table, Some(span)).or(sentence.subject);
                span
            }
            Piece::Word(word) => word,
        };
        if let (Some(code), Some(command)) = (sentence.code(word), sentence.subject.or(last)) {
            found.push(Statement { line, command, code });
        }
        sentence.go_on(word);
    }
    found
}

/// What was read of a sentence.
#[derive(Default)]
struct Sentence {
    /// The command that it names.
    subject: Option<&'static str>,
    /// Whether it speaks of an exit.
    is_of_exits: bool,
    /// Whether a code may come next.
    is_before_code: bool,
}

impl Sentence {
    fn code(&self, word: &str) -> Option<u32> {
        let number = word.trim_matches(|letter: char| !letter.is_ascii_digit());
        (self.is_of_exits && self.is_before_code).then(|| number.parse().ok()).flatten()
    }

    fn go_on(&mut self, word: &str) {
        if word.ends_with(['.', '!', '?']) {
            *self = Self::default();
            return;
        }
        let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_ascii_lowercase();
        self.is_of_exits |= matches!(bare.as_str(), "exit" | "exits" | "exited");
        // Punctuation alone changes nothing.
        self.is_before_code =
            matches!(bare.as_str(), "with" | "code" | "codes") || (bare.is_empty() && self.is_before_code);
    }
}

/// The commands that lines of code blocks call; none where the line calls another program of ours.
fn calls_in_blocks(document: &str) -> Vec<(usize, Option<String>)> {
    let mut found = Vec::new();
    for fragment in markdown::fragments(document).into_iter().filter(|fragment| fragment.kind == Kind::CommandLine) {
        let words: Vec<&str> = fragment.text.split_whitespace().collect();
        for (program, arguments) in calls(&words) {
            found.push((fragment.line, command_of(program, arguments).map(str::to_owned)));
        }
    }
    found
}

fn command_of<'w>(program: &str, arguments: &[&'w str]) -> Option<&'w str> {
    match arguments.first() {
        Some(flag) if program == "networking-calico" && flag.starts_with('-') => Some("run"),
        Some(command) if program == "networking-calico" => Some(command),
        _ => None,
    }
}

fn of_table(table: &Table, command: Option<&str>) -> Option<&'static str> {
    table.keys().copied().find(|known| Some(*known) == command)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str = "## `networking-calico run`\n\nExits with 0 after SIGTERM, with 1 on any error.\n\
                            ## `networking-calico diff`\n\nAs `run` does it. Exits with 0, with 4 if anything would change.\n";

    #[track_caller]
    fn judged(files: &[(&str, &str)], expected: &[&str]) {
        let table = Table::from([("run", [0, 1].into()), ("diff", [0, 4].into())]);
        let problems = judge(&table, &Repository::of(files));
        assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_the_table_has_may_be_said() {
        let readme = "Others exit with 111.\n\n```sh\ncargo run -q -- diff -f x | head\n```\n\nIt compares 3 files;\nit exits\nwith `4`.\n\
                      `run` exits with 1. Codes: exit code 4.\n";
        judged(&[(REFERENCE, COMPLETE), ("README.md", readme)], &[]);
    }

    #[test]
    fn a_code_that_a_command_does_not_have_is_found_with_the_command() {
        let readme = "```sh\nnetworking-calico diff -f x\n```\n\nThe exit code is 3, or it exits with 3.\n\n`run` exits with 4.\n\
                      See `cargo xtask tidy`, which exits with 7.\n";
        judged(
            &[(REFERENCE, COMPLETE), ("README.md", readme)],
            &[
                "README.md:5: says that `networking-calico diff` exits with 3, which it does not",
                "README.md:7: says that `networking-calico run` exits with 4, which it does not",
            ],
        );
    }

    #[test]
    fn a_code_that_the_reference_does_not_say_is_found() {
        let page = COMPLETE.replace(", with 4 if anything would change", "");
        judged(
            &[(REFERENCE, page.as_str()), ("README.md", "`diff` exits with 4.")],
            &["docs/cli.md: does not say that `networking-calico diff` may exit with 4"],
        );
    }

    #[test]
    fn the_program_ends_in_no_other_way() {
        judged(
            &[
                (REFERENCE, COMPLETE),
                (HOME, "Self::from(ExitCode::from(1))"),
                ("crates/operator/src/a.rs", "//!\nlet x = ExitCode::from(9);"),
                ("xtask/src/main.rs", "ExitCode::FAILURE"),
            ],
            &[
                "crates/operator/src/a.rs:2: has `ExitCode::from(`: exit codes come from `crates/operator/src/ending.rs`",
            ],
        );
    }
}
