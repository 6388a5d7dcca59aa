//! The pieces of an expression: escapes, character classes, counts and the starts of groups.

use super::GoRegexpError;
use super::unicode_classes;

pub(super) struct Scanner<'e> {
    expression: &'e str,
    position: usize,
}

/// What an opening parenthesis begins.
pub(super) enum GroupStart {
    Capture,
    NoCapture,
    FlagsOnly,
}

/// `{min,max}`.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) min: u64,
    pub(super) max: Option<u64>,
}

const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

impl<'e> Scanner<'e> {
    pub(super) const fn new(expression: &'e str) -> Self {
        Self { expression, position: 0 }
    }

    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    pub(super) fn skip_if(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.bump();
        }
        is_there
    }

    /// An error that names the whole expression.
    pub(super) fn error_whole(&self, reason: &'static str) -> GoRegexpError {
        GoRegexpError { reason, expression: self.expression.to_owned() }
    }

    /// An error that names everything from `start` to here.
    pub(super) fn error_from(&self, start: usize, reason: &'static str) -> GoRegexpError {
        let expression = self.expression.get(start..self.position).unwrap_or_default().to_owned();
        GoRegexpError { reason, expression }
    }

    /// `{2}`, `{2,}` or `{2,3}`; anything else after a brace is text, and nothing is consumed.
    pub(super) fn counts(&mut self) -> Result<Option<Counts>, GoRegexpError> {
        let start = self.position;
        let rest = self.rest();
        let Some(inner) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner) else {
            return Ok(None);
        };
        let (min, max) = match inner.split_once(',') {
            None => (count(inner), count(inner).map(Some)),
            Some((min, "")) => (count(min), Some(None)),
            Some((min, max)) => (count(min), count(max).map(Some)),
        };
        let (Some(min), Some(max)) = (min, max) else { return Ok(None) };
        self.position += inner.len() + 2;
        if min > 1000 || max.is_some_and(|max| max > 1000 || min > max) {
            return Err(self.error_from(start, "invalid repeat count"));
        }
        Ok(Some(Counts { min, max }))
    }

    /// `(`, `(?:`, `(?P<name>`, `(?<name>` or flags.
    pub(super) fn group(&mut self) -> Result<GroupStart, GoRegexpError> {
        let start = self.position;
        let rest = self.rest();
        if !rest.starts_with("(?") {
            self.bump();
            return Ok(GroupStart::Capture);
        }
        // Go wants one more character behind the bracket before it looks for a name.
        let name_start = if rest.starts_with("(?P<") && rest.len() > 4 {
            Some(4)
        } else if rest.starts_with("(?<") && rest.len() > 3 {
            Some(3)
        } else {
            None
        };
        if let Some(name_start) = name_start {
            let Some(end) = rest.find('>') else {
                self.position = self.expression.len();
                return Err(self.error_from(start, "invalid named capture"));
            };
            self.position += end + 1;
            let name = rest.get(name_start..end).unwrap_or_default();
            if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                return Err(self.error_from(start, "invalid named capture"));
            }
            return Ok(GroupStart::Capture);
        }
        self.position += 2;
        self.flags(start)
    }

    fn flags(&mut self, start: usize) -> Result<GroupStart, GoRegexpError> {
        let (mut is_negative, mut saw_flag) = (false, false);
        while let Some(next) = self.bump() {
            match next {
                'i' | 'm' | 's' | 'U' => saw_flag = true,
                '-' if !is_negative => (is_negative, saw_flag) = (true, false),
                ':' | ')' if !is_negative || saw_flag => {
                    return Ok(if next == ':' { GroupStart::NoCapture } else { GroupStart::FlagsOnly });
                }
                _ => break,
            }
        }
        Err(self.error_from(start, "invalid or unsupported Perl syntax"))
    }

    /// A backslash outside a class. Returns how many atoms it stands for: many for `\Q…\E`.
    pub(super) fn escape(&mut self) -> Result<usize, GoRegexpError> {
        let start = self.position;
        let rest = self.rest();
        match rest.chars().nth(1) {
            Some('A' | 'b' | 'B' | 'z') => self.position += 2,
            Some('C') => {
                self.position += 2;
                return Err(self.error_from(start, "invalid escape sequence"));
            }
            Some('Q') => {
                let quoted = rest.get(2..).unwrap_or_default();
                let (text, consumed) = match quoted.split_once(r"\E") {
                    Some((text, _)) => (text, text.len() + 4),
                    None => (quoted, quoted.len() + 2),
                };
                self.position += consumed;
                return Ok(text.chars().count());
            }
            _ if self.unicode_class()? || self.perl_class() => {}
            _ => {
                self.character_escape()?;
            }
        }
        Ok(1)
    }

    /// `[…]`.
    pub(super) fn class(&mut self) -> Result<(), GoRegexpError> {
        let start = self.position;
        self.bump();
        self.skip_if('^');
        let mut is_first = true;
        while is_first || self.peek() != Some(']') {
            is_first = false;
            if self.posix_class()? || self.unicode_class()? || self.perl_class() {
                continue;
            }
            let range_start = self.position;
            let low = self.class_character(start)?;
            let rest = self.rest();
            // A dash before the closing bracket, or at the very end, stands for itself.
            if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
                self.bump();
                let high = self.class_character(start)?;
                if high < low {
                    return Err(self.error_from(range_start, "invalid character class range"));
                }
            }
        }
        self.bump();
        Ok(())
    }

    fn class_character(&mut self, class_start: usize) -> Result<u32, GoRegexpError> {
        match self.peek() {
            None => {
                self.position = self.expression.len();
                Err(self.error_from(class_start, "missing closing ]"))
            }
            Some('\\') => self.character_escape(),
            Some(character) => {
                self.bump();
                Ok(u32::from(character))
            }
        }
    }

    /// `[:alpha:]`, also negated. Without `:]` it is text.
    fn posix_class(&mut self) -> Result<bool, GoRegexpError> {
        let start = self.position;
        let rest = self.rest();
        let inner = rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")).map(|(inner, _)| inner);
        let Some(inner) = inner else { return Ok(false) };
        self.position += inner.len() + 4;
        if POSIX_CLASSES.contains(&inner.strip_prefix('^').unwrap_or(inner)) {
            Ok(true)
        } else {
            Err(self.error_from(start, "invalid character class range"))
        }
    }

    /// `\pL`, `\p{Greek}`, also negated.
    fn unicode_class(&mut self) -> Result<bool, GoRegexpError> {
        let start = self.position;
        let rest = self.rest();
        if !rest.starts_with(r"\p") && !rest.starts_with(r"\P") {
            return Ok(false);
        }
        self.position += 2;
        let name_start = self.position;
        let name = if self.bump() == Some('{') {
            let Some(end) = rest.find('}') else {
                self.position = self.expression.len();
                return Err(self.error_from(start, "invalid character class range"));
            };
            self.position = start + end + 1;
            rest.get(3..end).unwrap_or_default()
        } else {
            self.expression.get(name_start..self.position).unwrap_or_default()
        };
        if unicode_classes::is_known(name.strip_prefix('^').unwrap_or(name)) {
            Ok(true)
        } else {
            Err(self.error_from(start, "invalid character class range"))
        }
    }

    /// `\d`, `\s`, `\w` and their opposites.
    fn perl_class(&mut self) -> bool {
        let mut characters = self.rest().chars();
        let is_class =
            characters.next() == Some('\\') && matches!(characters.next(), Some('d' | 'D' | 's' | 'S' | 'w' | 'W'));
        if is_class {
            self.position += 2;
        }
        is_class
    }

    /// A backslash that stands for one character.
    fn character_escape(&mut self) -> Result<u32, GoRegexpError> {
        let start = self.position;
        self.bump();
        let Some(escaped) = self.bump() else {
            return Err(self.error_from(self.position, "trailing backslash at end of expression"));
        };
        let value = match escaped {
            '0' => Some(self.octal(0)),
            // A single digit would refer to a group, which Go does not have.
            '1'..='7' => match self.peek() {
                Some('0'..='7') => escaped.to_digit(8).map(|first| self.octal(first)),
                _ => None,
            },
            'x' => self.hexadecimal(),
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some(u32::from(other)),
            _ => None,
        };
        value.ok_or_else(|| self.error_from(start, "invalid escape sequence"))
    }

    fn octal(&mut self, first: u32) -> u32 {
        let mut value = first;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|digit| digit.to_digit(8)) else { break };
            value = value * 8 + digit;
            self.bump();
        }
        value
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let first = self.bump()?;
        if first != '{' {
            let second = self.bump();
            return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
        }
        let (mut value, mut digits) = (0, 0);
        loop {
            match self.bump()? {
                '}' => return (digits > 0).then_some(value),
                digit => value = value * 16 + digit.to_digit(16)?,
            }
            digits += 1;
            if value > u32::from(char::MAX) {
                return None;
            }
        }
    }

    fn rest(&self) -> &'e str {
        self.expression.get(self.position..).unwrap_or_default()
    }
}

/// A decimal number without leading zeros; what is too large for Go comes back as too large.
fn count(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = is_number && (text.len() == 1 || !text.starts_with('0'));
    is_plain.then(|| text.parse().unwrap_or(u64::MAX))
}
