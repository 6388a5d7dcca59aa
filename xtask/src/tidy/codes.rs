//! Codes in documents: each exists, is one of the set that the text says it is of, and each is explained.
//!
//! A code is a name such as `RoutesMissing`. Whatever looks like one must stand in our code or be a kind of the charts; where the word
//! before it, the key before its colon or the heading above its column names a set, it must be of that set.

use std::collections::BTreeSet;

use self::families::{Explained, Family};
use self::words::{is_joined_name, is_name, words_of};
use super::documents::is_document;
use super::markdown::{self, Kind, Piece};
use crate::failure::Problem;
use crate::repository::Repository;

mod families;
mod words;

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    judge(&families::all(), repository)
}

fn judge(families: &[Family], repository: &Repository) -> Vec<Problem> {
    let mut known = words::known(repository);
    known.extend(families.iter().flat_map(|family| family.codes.iter().copied()));
    // A file of ours that has no ending.
    known.extend(repository.files.iter().map(|path| path.rsplit('/').next().unwrap_or(path)));
    let documents = repository.texts.iter().filter(|(path, _)| is_document(path));
    let mut problems = BTreeSet::new();
    let mut explained: Vec<BTreeSet<String>> = families.iter().map(|_| BTreeSet::new()).collect();
    for (path, text) in documents {
        problems.extend(unknown_names(&known, path, text));
        problems.extend(strangers(families, path, text));
        for (family, explained) in families.iter().zip(&mut explained) {
            for (line, code) in family.explained.codes(text) {
                if !family.codes.contains(code) {
                    problems.insert(Problem::at_line(path, line, family.refuses(code)));
                }
                explained.insert(code.to_owned());
            }
        }
    }
    for (family, explained) in families.iter().zip(explained) {
        let silent = family.codes.iter().filter(|code| !explained.contains(**code));
        problems.extend(silent.filter_map(|code| Some(Problem::new(*code, family.explained.is_missing()?))));
    }
    problems.into_iter().collect()
}

/// Names that nothing has.
fn unknown_names(known: &BTreeSet<&str>, path: &str, document: &str) -> Vec<Problem> {
    let spans = markdown::fragments(document).into_iter().filter(|fragment| fragment.kind == Kind::Span);
    let spans = spans.filter(|span| is_name(&span.text)).map(|span| (span.line, span.text));
    let lines = document.lines().enumerate();
    let joined = lines.flat_map(|(index, line)| words_of(line).map(move |word| (index + 1, word)));
    let joined = joined.filter(|(_, word)| is_joined_name(word)).map(|(line, word)| (line, word.to_owned()));
    let named: BTreeSet<(usize, String)> = spans.chain(joined).collect();
    let unknown = named.into_iter().filter(|(_, name)| {
        // Several objects of one kind.
        let single = name.strip_suffix('s').unwrap_or(name);
        !known.contains(name.as_str()) && !known.contains(single)
    });
    unknown
        .map(|(line, name)| Problem::at_line(path, line, format!("names `{name}`, which nothing is called")))
        .collect()
}

/// Codes that are no member of the set that they are said to be of.
fn strangers(families: &[Family], path: &str, document: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut called: Option<&str> = None;
    for (line, piece) in markdown::pieces(document) {
        match piece {
            Piece::Break => called = None,
            Piece::Word(word) => {
                if !matches!(word, "," | "and" | "or") {
                    let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_ascii_lowercase();
                    called = families.iter().flat_map(|family| family.called).copied().find(|name| *name == bare);
                }
            }
            Piece::Span(span) => {
                let (name, code) = match span.split_once(": ") {
                    Some((key, value)) => (Some(key), value),
                    None => (called, span),
                };
                let meant: Vec<&Family> =
                    families.iter().filter(|family| name.is_some_and(|name| family.called.contains(&name))).collect();
                if let Some(first) = meant.first()
                    && is_name(code)
                    && !meant.iter().any(|family| family.codes.contains(code))
                {
                    problems.push(Problem::at_line(path, line, first.refuses(code)));
                }
            }
        }
    }
    problems
}

impl Family {
    fn refuses(&self, code: &str) -> String {
        format!("calls `{code}` a {}, which it is not", self.called.first().unwrap_or(&"code"))
    }
}

impl Explained {
    /// What a document explains there.
    fn codes<'a>(&self, document: &'a str) -> Vec<(usize, &'a str)> {
        let mut found = Vec::new();
        let mut is_here = false;
        let mut above = "";
        for (line, text) in markdown::running_lines(document) {
            match self {
                Self::Elsewhere => break,
                Self::Sections(title) => {
                    if let Some(heading) = text.strip_prefix("### ") {
                        is_here = heading.trim() == *title;
                    } else if let Some(heading) = text.strip_prefix("#### ").filter(|_| is_here) {
                        found.push((line, heading.trim()));
                    }
                }
                Self::Table(title) => {
                    let Some(cell) = first_cell(text) else {
                        is_here = false;
                        above = text;
                        continue;
                    };
                    if first_cell(above).is_none() {
                        is_here = cell == *title;
                    } else if is_here && !cell.starts_with('-') {
                        found.push((line, cell.trim_matches('`')));
                    }
                    above = text;
                }
            }
        }
        found
    }

    /// What to say of a code that no document explains; nothing where none need.
    fn is_missing(&self) -> Option<String> {
        match self {
            Self::Table(title) => Some(format!("is in no table of a document whose first column is `{title}`")),
            Self::Sections(title) => Some(format!("has no section below `{title}` in a document")),
            Self::Elsewhere => None,
        }
    }
}

/// The first cell of a row.
fn first_cell(line: &str) -> Option<&str> {
    line.strip_prefix('|')?.split('|').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "| phase | meaning |\n|---|---|\n| `Idle` | no switch |\n| `Done` | gone |\n\n\
                          ### Why\n\n#### NoRoutes\n\ntext\n";

    fn families() -> [Family; 3] {
        [
            Family {
                called: &["phase", "phases"],
                explained: Explained::Table("phase"),
                codes: ["Idle", "Done"].into(),
            },
            Family { called: &["reason"], explained: Explained::Sections("Why"), codes: ["NoRoutes"].into() },
            Family { called: &["reason"], explained: Explained::Elsewhere, codes: ["RouteCreated"].into() },
        ]
    }

    #[track_caller]
    fn judged(document: &str, page: &str, expected: &[&str]) {
        let files = [
            ("README.md", document),
            ("docs/operations.md", page),
            ("crates/a/src/lib.rs", "pub struct RoutesReady;"),
            ("charts/a.yaml", "kind: ConfigMap"),
            ("Dockerfile", ""),
        ];
        let problems = judge(&families(), &Repository::of(&files));
        assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn codes_types_kinds_and_files_may_be_named() {
        judged(
            "Phases `Idle` and `Done`, `phase: Done`, reason `NoRoutes` or `RouteCreated`; `RoutesReady`, ConfigMaps, `Dockerfile`, \
             `SIGTERM`, MiB, `kubectl get configmap`. The phase is another: `RoutesReady`.\n",
            TABLES,
            &[],
        );
    }

    #[test]
    fn a_name_that_nothing_has_is_found_between_backticks_and_outside() {
        judged(
            "See `Finished`, and RoutesRedy,\nfor `kubectl wait --for=RouteCreate`.\n\n```sh\nls NoSuchThing\n```\n",
            TABLES,
            &[
                "README.md:1: names `Finished`, which nothing is called",
                "README.md:1: names `RoutesRedy`, which nothing is called",
                "README.md:2: names `RouteCreate`, which nothing is called",
                "README.md:5: names `NoSuchThing`, which nothing is called",
            ],
        );
    }

    #[test]
    fn a_code_of_another_set_is_found() {
        judged(
            "The phase\n`NoRoutes`, phases `Idle`, `RouteCreated` and `RoutesReady`. `reason: Idle`, reason `Done`.\n",
            TABLES,
            &[
                "README.md:2: calls `Done` a reason, which it is not",
                "README.md:2: calls `Idle` a reason, which it is not",
                "README.md:2: calls `NoRoutes` a phase, which it is not",
                "README.md:2: calls `RouteCreated` a phase, which it is not",
                "README.md:2: calls `RoutesReady` a phase, which it is not",
            ],
        );
    }

    #[test]
    fn what_is_explained_is_of_the_set_and_all_of_it() {
        judged(
            "",
            "| phase | meaning |\n|---|---|\n| `Idle` | no switch |\n| `RouteCreated` | no phase |\n\n\
             | class |\n|---|\n| `Done` |\n\n### Why not\n\n#### NoRoutes\n",
            &[
                "Done: is in no table of a document whose first column is `phase`",
                "NoRoutes: has no section below `Why` in a document",
                "docs/operations.md:4: calls `RouteCreated` a phase, which it is not",
            ],
        );
    }
}
