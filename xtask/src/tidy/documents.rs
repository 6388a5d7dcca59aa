//! Documents name only what exists: paths, links, commands, flags, configuration fields, metrics.

use std::collections::{BTreeMap, BTreeSet};

use clap::CommandFactory;

use super::config_fields::ConfigFields;
use super::markdown::{self, Fragment, Kind};
use crate::failure::{Failure, Problem};
use crate::programs::{self, Program};
use crate::repository::Repository;

/// Folders that a path in a document starts with, whether or not they exist yet.
const FOLDERS: [&str; 7] = [".cargo", ".ci", "charts", "crates", "docs", "examples", "xtask"];

/// Endings by which a name without a folder is taken for a file of ours. Other endings are files of users and bundles.
const OWN_ENDINGS: [&str; 3] = [".md", ".toml", ".rs"];

/// Flags of other programs that our documents mention on their own.
const FOREIGN_FLAGS: [&str; 7] =
    ["--all-features", "--all-targets", "--locked", "--no-default-features", "--release", "--workspace", "--features"];

/// First names of dotted configuration and status fields.
const FIELD_ROOTS: [&str; 3] = ["overlaySwitch.", "clientConnection.", "privilege."];

pub(crate) fn check(repository: &Repository) -> Result<Vec<Problem>, Failure> {
    let facts = Facts {
        repository,
        programs: BTreeMap::from([
            ("networking-calico", programs::from_clap(operator::cli::command())),
            ("cargo xtask", programs::from_clap(crate::Arguments::command())),
        ]),
        fields: ConfigFields::of(repository),
        metrics: metric_names(repository),
    };
    let documents = repository.texts.iter().filter(|(path, _)| is_document(path));
    Ok(documents.flat_map(|(path, text)| facts.judge(path, text)).collect())
}

pub(super) fn is_document(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [name] => name.ends_with(".md"),
        ["docs", .., name] => name.ends_with(".md"),
        ["examples" | "crates" | "charts", .., name] => *name == "README.md",
        _ => false,
    }
}

/// Metric names as they stand in the code, as string literals.
fn metric_names(repository: &Repository) -> BTreeSet<String> {
    let sources = repository.rust_sources().filter(|(path, _)| path.starts_with("crates/"));
    let literals = sources.flat_map(|(_, text)| text.split('"'));
    let names = literals.filter(|literal| is_metric_name(literal));
    // The metrics library appends `_total` to the name of a counter.
    names.flat_map(|name| [name.to_owned(), format!("{name}_total")]).collect()
}

fn is_metric_name(word: &str) -> bool {
    word.starts_with("calico_")
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

struct Facts<'a> {
    repository: &'a Repository,
    programs: BTreeMap<&'static str, Program>,
    fields: ConfigFields,
    metrics: BTreeSet<String>,
}

impl Facts<'_> {
    fn judge(&self, path: &str, document: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for Fragment { line, kind, text } in markdown::fragments(document) {
            let mut texts = BTreeSet::new();
            match kind {
                Kind::Link => texts.extend(self.link(path, &text)),
                Kind::Span => {
                    texts.extend(self.path(path, &text));
                    texts.extend(self.names(&text));
                    texts.extend(self.command_line(&text));
                }
                Kind::CommandLine => {
                    texts.extend(text.split_whitespace().filter_map(|word| self.path_with_folder(path, word)));
                    texts.extend(self.command_line(&text));
                }
            }
            problems.extend(texts.into_iter().map(|text| Problem::at_line(path, line, text)));
        }
        problems
    }

    fn link(&self, document: &str, target: &str) -> Option<String> {
        let file = target.split('#').next().unwrap_or_default();
        if file.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let path = resolve(folder(document), file);
        let exists = path.as_deref().is_some_and(|path| self.repository.exists(path));
        (!exists).then(|| format!("links to `{file}`, which does not exist"))
    }

    /// A path in a code span.
    fn path(&self, document: &str, span: &str) -> Option<String> {
        if let Some(problem) = self.path_with_folder(document, span) {
            return Some(problem);
        }
        let own = !span.contains('/') && is_path(span) && OWN_ENDINGS.iter().any(|ending| span.ends_with(ending));
        let exists = || {
            let inside = format!("/{span}");
            self.repository.files.iter().any(|file| file == span || file.ends_with(&inside))
        };
        (own && !span.contains('*') && !span.starts_with('.') && !exists())
            .then(|| format!("names the file `{span}`, which does not exist"))
    }

    /// A path that starts with a folder of ours, or that is relative to the document.
    fn path_with_folder(&self, document: &str, word: &str) -> Option<String> {
        let word = word.trim_end_matches(['/', '.', ',', ';', ':']);
        let word = word.split_once(".rs:").map_or(word, |(path, _)| word.get(..path.len() + 3).unwrap_or(word));
        if !word.contains('/') || !is_path(word) {
            return None;
        }
        let first = word.split('/').next().unwrap_or_default();
        let path = match first {
            "." | ".." => resolve(folder(document), word)?,
            first if FOLDERS.contains(&first) => word.to_owned(),
            _ => return None,
        };
        (!self.matches(&path)).then(|| format!("names the path `{word}`, which does not exist"))
    }

    /// Whether a path, in which `*` stands for any part of one segment, exists.
    fn matches(&self, pattern: &str) -> bool {
        if !pattern.contains('*') {
            return self.repository.exists(pattern);
        }
        let pattern: Vec<&str> = pattern.split('/').collect();
        self.repository.files.iter().any(|file| {
            let file: Vec<&str> = file.split('/').collect();
            pattern.len() <= file.len()
                && pattern.iter().zip(&file).all(|(pattern, name)| segment_matches(pattern, name))
        })
    }

    /// A configuration field or a metric.
    fn names(&self, span: &str) -> Option<String> {
        let word = span.split(['{', ':', '=', ' ']).next().unwrap_or_default();
        if is_metric_name(word) && !self.metrics.contains(word) && !self.is_crate(word) {
            return Some(format!("names the metric `{word}`, which no code has"));
        }
        let dotted = FIELD_ROOTS.iter().any(|root| word.starts_with(root));
        (dotted && !self.fields.has(word)).then(|| format!("names the field `{word}`, which no type has"))
    }

    fn is_crate(&self, word: &str) -> bool {
        self.repository.package(&word.replace('_', "-")).is_some()
    }

    /// Commands and flags, in a code span or in a line of a code block.
    fn command_line(&self, text: &str) -> Vec<String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.first().is_some_and(|word| word.starts_with("--") && word.len() > 2) {
            return self.bare_flags(&words);
        }
        let mut problems = Vec::new();
        for (name, arguments) in calls(&words) {
            let Some(program) = self.programs.get(name) else {
                continue;
            };
            problems.extend(judge_call(name, program, arguments));
        }
        problems
    }

    /// Flags that stand alone in a code span: somebody must have them.
    fn bare_flags(&self, words: &[&str]) -> Vec<String> {
        words
            .iter()
            .filter(|word| word.starts_with("--"))
            .map(|word| flag_name(word))
            .filter(|flag| {
                !FOREIGN_FLAGS.contains(flag)
                    && !self.programs.values().any(|program| program.all_flags().contains(flag))
            })
            .map(|flag| format!("names the flag `{flag}`, which no command of ours has"))
            .collect()
    }
}

/// Which of our programs the commands of a line call, and with what.
pub(super) fn calls<'w>(words: &'w [&'w str]) -> impl Iterator<Item = (&'static str, &'w [&'w str])> {
    words.split(|word| matches!(*word, "|" | "&&" | "||" | ";" | "#" | ">" | "2>" | "<")).filter_map(call)
}

fn call<'w>(words: &'w [&'w str]) -> Option<(&'static str, &'w [&'w str])> {
    // Assignments before a command are for its environment.
    let start = words.iter().position(|word| !word.contains('='))?;
    match words.get(start..)? {
        ["cargo", "xtask", arguments @ ..] => Some(("cargo xtask", arguments)),
        ["cargo", "run", arguments @ ..] => {
            let separator = arguments.iter().position(|word| *word == "--");
            Some(("networking-calico", arguments.get(separator? + 1..).unwrap_or_default()))
        }
        [program, arguments @ ..] if program.rsplit('/').next() == Some("networking-calico") => {
            Some(("networking-calico", arguments))
        }
        _ => None,
    }
}

fn judge_call(name: &str, program: &Program, arguments: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut current = program;
    for (position, word) in arguments.iter().enumerate() {
        if let Some(command) = current.commands.get(*word) {
            current = command;
        } else if word.len() > 1 && word.starts_with('-') {
            let flag = flag_name(word);
            if flag != "--" && !current.flags.contains(flag) {
                problems.push(format!("gives `{name}` the flag `{flag}`, which it does not have there"));
            }
        } else if position == 0 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            problems.push(format!("calls `{name} {word}`, which does not exist"));
            break;
        }
    }
    problems
}

/// `--output=json` and `--output`, come from `[--output json]`.
fn flag_name(word: &str) -> &str {
    word.split(['=', ',', '[', ']', ')', '|', '…']).next().unwrap_or_default()
}

fn is_path(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./*-".contains(&byte))
}

fn segment_matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let Some(tail) = name.strip_prefix(start) else {
                return false;
            };
            (0..=tail.len()).any(|skipped| tail.get(skipped..).is_some_and(|tail| segment_matches(rest, tail)))
        }
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A relative path as one from the root; none where it leaves the repository.
fn resolve(folder: &str, relative: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests;
