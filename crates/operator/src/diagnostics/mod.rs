//! Errors that point into the user's file.
//!
//! A place is looked up again only when there is something to say, so that reading pays nothing for it. No line of a Secret is
//! ever shown: where a line might belong to one, its number has to do.

mod render;
mod sources;

pub use render::Style;
pub use sources::{Format, Source, Sources};

use std::fmt;
use std::ops::Range;

/// Something to say about a place of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The input's name: a path, or `<stdin>`.
    pub file: String,
    /// Where in it; absent where the input as a whole is meant.
    pub position: Option<Position>,
    /// Path from the root of the document, e.g. `items[3].spec.providerConfig.ipv4.mode`; may be empty.
    pub path: String,
    /// What is wrong: a lower-case fragment.
    pub text: String,
    /// The line itself, where it may be shown.
    pub excerpt: Option<Box<Excerpt>>,
}

/// Line and column, both counted from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// A line of the input and the bytes of it that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Without its end.
    pub line: String,
    /// Byte range in the line.
    pub highlight: Range<usize>,
}

/// `file:line:column: path: text`, leaving out what is not known.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, position, path, text, excerpt: _ } = self;
        write!(f, "{}", Printable(file))?;
        if let Some(Position { line, column }) = position {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !path.is_empty() {
            write!(f, "{}: ", Printable(path))?;
        }
        write!(f, "{}", Printable(text))
    }
}

impl std::error::Error for Diagnostic {}

/// Text from outside, control characters escaped and its length bounded: a dump must neither talk to the terminal nor fill it.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

/// As many characters are shown of a text from outside.
const LONGEST_TEXT: usize = 1_000;

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        for c in rest.by_ref().take(LONGEST_TEXT) {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        f.write_str(if rest.next().is_some() { "…" } else { "" })
    }
}
