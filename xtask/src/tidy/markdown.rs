//! The parts of a Markdown document that name things: code spans, code lines, link targets.

/// A part of a document that a rule may judge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Between backticks in running text.
    Span,
    /// A command line of a code block; lines continued with `\` are one.
    CommandLine,
    /// What a link points at.
    Link,
}

/// A part of running text, in the order in which a person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A word with its punctuation.
    Word(&'a str),
    /// Between backticks.
    Span(&'a str),
    /// The next piece belongs to another paragraph, heading, row or entry.
    Break,
}

/// Languages of code blocks that hold commands.
const SHELL: [&str; 6] = ["", "sh", "bash", "shell", "console", "shell-session"];

pub(crate) fn fragments(document: &str) -> Vec<Fragment> {
    let mut found = Vec::new();
    let mut fence: Option<Fence> = None;
    for (index, line) in document.lines().enumerate() {
        let number = index + 1;
        let trimmed = line.trim_start();
        if let Some(open) = &mut fence {
            if trimmed.starts_with(open.marker) {
                fence = None;
            } else if open.commands {
                command_line(number, trimmed, open, &mut found);
            }
        } else if let Some(marker) = opening(trimmed) {
            let language = trimmed.trim_start_matches(['`', '~']).split([' ', ',']).next().unwrap_or_default();
            fence = Some(Fence { marker, commands: SHELL.contains(&language), continued: false });
        } else {
            running_text(number, line, &mut found);
        }
    }
    found
}

/// The running text, with the number of each line: what is in code blocks is left out.
pub(crate) fn pieces(document: &str) -> Vec<(usize, Piece<'_>)> {
    let mut found = Vec::new();
    for (number, line) in running_lines(document) {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with(['#', '|', '*', '-']) {
            found.push((number, Piece::Break));
        }
        for (index, part) in line.split('`').enumerate() {
            if index % 2 == 1 {
                found.push((number, Piece::Span(part)));
            } else {
                found.extend(part.split_whitespace().map(|word| (number, Piece::Word(word))));
            }
        }
    }
    found
}

/// The lines outside of code blocks, with their numbers.
pub(crate) fn running_lines(document: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fence = None;
    for (index, line) in document.lines().enumerate() {
        let trimmed = line.trim_start();
        match fence {
            Some(marker) if trimmed.starts_with(marker) => fence = None,
            Some(_) => {}
            None => match opening(trimmed) {
                Some(marker) => fence = Some(marker),
                None => found.push((index + 1, line)),
            },
        }
    }
    found
}

/// The mark of the code block that begins here.
fn opening(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|marker| line.starts_with(marker))
}

struct Fence {
    marker: &'static str,
    commands: bool,
    continued: bool,
}

fn command_line(number: usize, line: &str, fence: &mut Fence, found: &mut Vec<Fragment>) {
    let (text, continues) = match line.trim_end().strip_suffix('\\') {
        Some(text) => (text, true),
        None => (line, false),
    };
    let text = text.trim().trim_start_matches("$ ");
    match found.last_mut() {
        Some(last) if fence.continued => {
            last.text.push(' ');
            last.text.push_str(text);
        }
        _ => found.push(Fragment { line: number, kind: Kind::CommandLine, text: text.to_owned() }),
    }
    fence.continued = continues;
}

fn running_text(number: usize, line: &str, found: &mut Vec<Fragment>) {
    let mut prose = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        prose.push_str(rest.get(..start).unwrap_or_default());
        let after = rest.get(start..).unwrap_or_default();
        let ticks = after.len() - after.trim_start_matches('`').len();
        let (marker, body) = after.split_at(ticks);
        let Some(end) = closing_run(body, marker.len()) else {
            rest = body;
            continue;
        };
        let text = body.get(..end).unwrap_or_default().trim().to_owned();
        found.push(Fragment { line: number, kind: Kind::Span, text });
        rest = body.get(end + ticks..).unwrap_or_default();
    }
    prose.push_str(rest);
    for target in link_targets(&prose) {
        found.push(Fragment { line: number, kind: Kind::Link, text: target.to_owned() });
    }
}

/// Where the run of exactly so many backticks starts that closes a span.
fn closing_run(body: &str, ticks: usize) -> Option<usize> {
    let mut position = 0;
    while let Some(start) = body.get(position..)?.find('`') {
        let start = position + start;
        let run = body.get(start..)?.bytes().take_while(|byte| *byte == b'`').count();
        if run == ticks {
            return Some(start);
        }
        position = start + run;
    }
    None
}

/// Targets of `[text](target)` and of `[name]: target`.
fn link_targets(prose: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for (position, opening) in prose.match_indices("](") {
        let rest = prose.get(position + opening.len()..).unwrap_or_default();
        if let Some(target) = rest.split([')', ' ']).next() {
            targets.push(target);
        }
    }
    if let Some((name, target)) = prose.split_once("]: ")
        && name.trim_start().starts_with('[')
    {
        targets.extend(target.split_whitespace().next());
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, expected: &[(usize, Kind, &str)]) {
        let found = fragments(document);
        let found: Vec<(usize, Kind, &str)> =
            found.iter().map(|fragment| (fragment.line, fragment.kind, fragment.text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn spans_and_links_of_running_text() {
        check(
            "See `docs/cli.md` and [this](docs/x.md#part \"title\").\nTwice ``a ` b``, [`code`](y.md), odd `` tick",
            &[
                (1, Kind::Span, "docs/cli.md"),
                (1, Kind::Link, "docs/x.md#part"),
                (2, Kind::Span, "a ` b"),
                (2, Kind::Span, "code"),
                (2, Kind::Link, "y.md"),
            ],
        );
    }

    #[test]
    fn reference_links_count() {
        check("[design]: docs/design.md \"why\"", &[(1, Kind::Link, "docs/design.md")]);
    }

    #[test]
    fn command_blocks_give_lines_and_other_blocks_nothing() {
        check(
            "```console\n$ networking-calico decide \\\n    -f examples/held\nits output\n```\n```yaml\na: `b`\n```\n`after`",
            &[
                (2, Kind::CommandLine, "networking-calico decide -f examples/held"),
                (4, Kind::CommandLine, "its output"),
                (9, Kind::Span, "after"),
            ],
        );
    }

    #[test]
    fn running_text_is_words_and_spans_and_where_another_begins() {
        use Piece::{Break, Span, Word};
        assert_eq!(
            pieces("Exits with\n`3`, if held.\n```sh\nls `x`\n```\n| a | `b` |\n"),
            [
                (1, Word("Exits")),
                (1, Word("with")),
                (2, Span("3")),
                (2, Word(",")),
                (2, Word("if")),
                (2, Word("held.")),
                (6, Break),
                (6, Word("|")),
                (6, Word("a")),
                (6, Word("|")),
                (6, Span("b")),
                (6, Word("|")),
            ]
        );
    }
}
