//! Whether Go accepts a regular expression: the syntax of RE2, with the texts of Go's errors.
//!
//! calico-node compiles interface patterns with Go's `regexp`. A Rust engine knows another language – it takes `(?x)`, `[a&&b]` and
//! `a**`, and refuses `a{` and `\123` –, so asking it would admit what calico-node cannot start with, and refuse what it can.
//! Nothing is matched here; the expression is only read, without recursion.

mod scanner;
mod unicode_classes;

use scanner::Scanner;

/// Why Go refuses an expression. Displays as Go's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GoRegexpError {
    reason: &'static str,
    expression: String,
}

impl std::fmt::Display for GoRegexpError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "error parsing regexp: {}: `{}`", self.reason, self.expression)
    }
}

/// Reads an expression as Go's `regexp.Compile` does.
pub(super) fn check(expression: &str) -> Result<(), GoRegexpError> {
    let mut parser = Parser { scanner: Scanner::new(expression), groups: vec![Group::default()], last_repeat: None };
    while let Some(next) = parser.scanner.peek() {
        parser.step(next)?;
    }
    match parser.groups.len() {
        1 => Ok(()),
        _ => Err(GoRegexpError { reason: "missing closing )", expression: expression.to_owned() }),
    }
}

/// Go's limit on how often the innermost thing may be repeated.
const MAX_REPEAT: u64 = 1000;
/// Go's limit on nesting.
const MAX_HEIGHT: u64 = 1000;
/// Go's limit on compiled instructions.
const MAX_SIZE: u64 = (128 << 20) / 40;

struct Parser<'e> {
    scanner: Scanner<'e>,
    /// The open groups; the first is the whole expression.
    groups: Vec<Group>,
    /// Where the repetition operator that ended just here began.
    last_repeat: Option<usize>,
}

/// What stands between a parenthesis and its partner.
#[derive(Default)]
struct Group {
    is_capture: bool,
    /// The items of the alternative that is being read.
    items: Vec<Item>,
    /// The finished alternatives.
    alternatives: Option<Item>,
}

/// What Go's limits need to know of a part of the expression.
#[derive(Clone, Copy)]
struct Item {
    /// The smallest repeat budget under which this part is valid.
    repeats: u64,
    height: u64,
    size: u64,
}

const ATOM: Item = Item { repeats: 0, height: 1, size: 1 };

impl Parser<'_> {
    fn step(&mut self, next: char) -> Result<(), GoRegexpError> {
        let start = self.scanner.position();
        let repeat = match next {
            '(' => self.open()?,
            '|' => self.alternative(),
            ')' => self.close()?,
            '[' => {
                self.scanner.class()?;
                self.push(ATOM)?
            }
            '*' | '+' | '?' => {
                self.scanner.bump();
                self.repeat(start, if next == '*' { Repeat::Star } else { Repeat::PlusOrQuestion })?
            }
            '{' => match self.scanner.counts()? {
                Some(counts) => self.repeat(start, Repeat::Counted(counts))?,
                None => {
                    self.scanner.bump();
                    self.push(ATOM)?
                }
            },
            '\\' => {
                for _ in 0..self.scanner.escape()? {
                    self.push(ATOM)?;
                }
                None
            }
            _ => {
                self.scanner.bump();
                self.push(ATOM)?
            }
        };
        self.last_repeat = repeat;
        Ok(())
    }

    fn open(&mut self) -> Result<Option<usize>, GoRegexpError> {
        match self.scanner.group()? {
            scanner::GroupStart::Capture => self.groups.push(Group { is_capture: true, ..Group::default() }),
            scanner::GroupStart::NoCapture => self.groups.push(Group::default()),
            scanner::GroupStart::FlagsOnly => {}
        }
        Ok(None)
    }

    fn alternative(&mut self) -> Option<usize> {
        self.scanner.bump();
        if let Some(group) = self.groups.last_mut() {
            group.end_alternative();
        }
        None
    }

    fn close(&mut self) -> Result<Option<usize>, GoRegexpError> {
        if self.groups.len() < 2 {
            return Err(self.scanner.error_whole("unexpected )"));
        }
        self.scanner.bump();
        let Some(mut group) = self.groups.pop() else { return Ok(None) };
        group.end_alternative();
        let mut item = group.alternatives.unwrap_or(ATOM);
        if group.is_capture {
            item.height += 1;
            item.size = item.size.saturating_add(2);
        }
        self.push(item)
    }

    fn push(&mut self, item: Item) -> Result<Option<usize>, GoRegexpError> {
        if item.size > MAX_SIZE {
            return Err(self.scanner.error_whole("expression too large"));
        }
        if item.height > MAX_HEIGHT {
            return Err(self.scanner.error_whole("expression nests too deeply"));
        }
        if let Some(group) = self.groups.last_mut() {
            group.items.push(item);
        }
        Ok(None)
    }

    /// Applies a repetition operator that began at `start` to the item before it.
    fn repeat(&mut self, start: usize, repeat: Repeat) -> Result<Option<usize>, GoRegexpError> {
        self.scanner.skip_if('?');
        if let Some(last) = self.last_repeat {
            return Err(self.scanner.error_from(last, "invalid nested repetition operator"));
        }
        let Some(item) = self.groups.last_mut().and_then(|group| group.items.pop()) else {
            return Err(self.scanner.error_from(start, "missing argument to repetition operator"));
        };
        let item = item.repeated(repeat);
        self.push(item)?;
        if let Repeat::Counted(counts) = repeat
            && (counts.min >= 2 || counts.max.is_some_and(|max| max >= 2))
            && item.repeats > MAX_REPEAT
        {
            return Err(self.scanner.error_from(start, "invalid repeat count"));
        }
        Ok(Some(start))
    }
}

#[derive(Clone, Copy)]
enum Repeat {
    Star,
    PlusOrQuestion,
    Counted(scanner::Counts),
}

impl Item {
    fn repeated(self, repeat: Repeat) -> Self {
        let height = self.height + 1;
        match repeat {
            Repeat::Star => Self { height, size: self.size.saturating_add(2), ..self },
            Repeat::PlusOrQuestion => Self { height, size: self.size.saturating_add(1), ..self },
            Repeat::Counted(scanner::Counts { min, max }) => {
                let times = max.unwrap_or(min);
                let size = match max {
                    None if min == 0 => self.size.saturating_add(2),
                    None => min.saturating_mul(self.size).saturating_add(1),
                    Some(max) => max.saturating_mul(self.size).saturating_add(max.saturating_sub(min)),
                };
                let repeats = match (max, times) {
                    (Some(0), _) => 0,
                    (None, 0) => self.repeats,
                    _ => times.max(times.saturating_mul(self.repeats)),
                };
                Self { repeats, height, size: size.max(1) }
            }
        }
    }
}

impl Group {
    /// Joins the items of the current alternative, and that with the alternatives before it.
    fn end_alternative(&mut self) {
        let items = std::mem::take(&mut self.items);
        let mut joined = items.iter().fold(Item { size: 0, ..ATOM }, |joined, item| Item {
            repeats: joined.repeats.max(item.repeats),
            height: joined.height.max(item.height),
            size: joined.size.saturating_add(item.size),
        });
        joined.size = joined.size.max(1);
        joined.height += u64::from(items.len() > 1 && joined.height > 1);
        self.alternatives = Some(match self.alternatives {
            None => joined,
            Some(before) => Item {
                repeats: before.repeats.max(joined.repeats),
                height: before.height.max(joined.height + 1),
                size: before.size.saturating_add(joined.size).saturating_add(1),
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_go_takes() {
        for expression in [
            "",
            "eth.*",
            r"eth\d+",
            "^en[op][0-9]+$",
            "(?P<n>x)(?<m>y)(?:z)(?i)w(?s-U:v)",
            r"\p{Greek}\pL\P{^Lu}\p{any}\p{uppercase_letter}",
            r"\Qa*+\E\Qrest(",
            "a{",
            "a{,5}",
            "a{01}",
            "a{1000}",
            "(a{10}){100}",
            "a|",
            "[]a]",
            "[^]a]",
            "[a-]",
            "[--9]",
            "[[:alpha:][:^digit:]]",
            "[[:x]",
            "[a&&b]",
            r"[\d\pL\x41-\x{42}]",
            r"\123\0\x41\x{10FFFF}\a\f\t\n\r\v\_\-\z\A\b\B",
            "a*?b+?c??d{2}?",
            "a(?i)*",
            "a*(?i)*",
            "()",
            "(|)",
            "^*",
        ] {
            assert_eq!(check(expression).map_err(|error| error.to_string()), Ok(()), "{expression}");
        }
    }

    #[test]
    fn what_go_refuses_in_its_words() {
        for (expression, problem) in [
            ("(", "missing closing ): `(`"),
            ("(a", "missing closing ): `(a`"),
            ("a)b", "unexpected ): `a)b`"),
            ("[a-", "missing closing ]: `[a-`"),
            ("x[a", "missing closing ]: `[a`"),
            ("[b-a]", "invalid character class range: `b-a`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
            ("*", "missing argument to repetition operator: `*`"),
            ("a|*?", "missing argument to repetition operator: `*?`"),
            ("(+)", "missing argument to repetition operator: `+`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a+?{2}?b", "invalid nested repetition operator: `+?{2}?`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{2,1}", "invalid repeat count: `{2,1}`"),
            ("a{9999999999}", "invalid repeat count: `{9999999999}`"),
            ("(a{100}){11}", "invalid repeat count: `{11}`"),
            ("(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
            ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
            ("(?-)", "invalid or unsupported Perl syntax: `(?-)`"),
            ("(?P<n", "invalid named capture: `(?P<n`"),
            ("(?<a b>)", "invalid named capture: `(?<a b>`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            (r"\Z", r"invalid escape sequence: `\Z`"),
            (r"\C", r"invalid escape sequence: `\C`"),
            (r"[\b]", r"invalid escape sequence: `\b`"),
            (r"\x4", r"invalid escape sequence: `\x4`"),
            (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
            (r"\p{Nope}", r"invalid character class range: `\p{Nope}`"),
            (r"\pX", r"invalid character class range: `\pX`"),
            (r"a\", "trailing backslash at end of expression: ``"),
        ] {
            let expected = format!("error parsing regexp: {problem}");
            assert_eq!(check(expression).map_err(|error| error.to_string()), Err(expected), "{expression}");
        }
    }

    #[test]
    fn limits() {
        let nested = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
        assert_eq!(check(&nested(999)), Ok(()));
        assert!(check(&nested(1000)).is_err());
        assert!(check(&format!("({}){{1000}}", "ab".repeat(2000))).is_err());
        assert_eq!(check(&"(?:".repeat(100_000)).map_err(|error| error.reason), Err("missing closing )"));
    }
}
