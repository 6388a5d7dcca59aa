//! Durations as Go writes them: `10m`, `150s`, `1h30m`, `500ms`.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

/// A duration that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GoDuration(Duration);

impl GoDuration {
    pub(super) fn into_inner(self) -> Duration {
        self.0
    }

    /// Reads Go's notation: an optional sign, then numbers with a unit each; only `0` needs none.
    fn parse(text: &str) -> Result<Self, DurationError<'_>> {
        let fail = |problem| DurationError { text, problem };
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if unsigned.is_empty() {
            return Err(fail(Problem::Invalid));
        }
        let mut nanoseconds: u128 = 0;
        let mut rest = if unsigned == "0" { "" } else { unsigned };
        while !rest.is_empty() {
            let (amount, behind) = amount(rest).map_err(fail)?;
            nanoseconds = nanoseconds.saturating_add(amount);
            rest = behind;
        }
        // Go counts in 64 bits with a sign.
        let nanoseconds = i64::try_from(nanoseconds).map_err(|_| fail(Problem::TooLong))?;
        if negative && nanoseconds != 0 {
            return Err(fail(Problem::Negative));
        }
        Ok(Self(Duration::from_nanos(nanoseconds.unsigned_abs())))
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

struct DurationError<'a> {
    text: &'a str,
    problem: Problem,
}

enum Problem {
    Invalid,
    MissingUnit,
    UnknownUnit,
    TooLong,
    Negative,
}

impl fmt::Display for DurationError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::Invalid => "invalid",
            Problem::MissingUnit => "missing unit in",
            Problem::UnknownUnit => "unknown unit in",
            Problem::TooLong => "too long a",
            Problem::Negative => "negative",
        };
        write!(f, "{problem} duration `{}`, expected one such as `10m`, `150s` or `1h30m`", self.text)
    }
}

/// One number with its unit in nanoseconds, and what stands behind it.
fn amount(text: &str) -> Result<(u128, &str), Problem> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(Problem::Invalid);
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let unit = nanoseconds_in(unit)?;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().map_err(|_| Problem::TooLong)? };
    let unit = u128::from(unit);
    let mut part: u128 = 0;
    let mut scale: u128 = 1;
    // Digits beyond these are far below a nanosecond, even of an hour.
    for digit in fraction.chars().take(18).filter_map(|c| c.to_digit(10)) {
        part = part * 10 + u128::from(digit);
        scale *= 10;
    }
    Ok((u128::from(whole).saturating_mul(unit).saturating_add(part * unit / scale), rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn nanoseconds_in(unit: &str) -> Result<u64, Problem> {
    match unit {
        "" => Err(Problem::MissingUnit),
        "ns" => Ok(1),
        // Go takes the micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => Ok(1_000),
        "ms" => Ok(1_000_000),
        "s" => Ok(1_000_000_000),
        "m" => Ok(60_000_000_000),
        "h" => Ok(3_600_000_000_000),
        _ => Err(Problem::UnknownUnit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_notation_of_go() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("-0", 0),
            ("+0", 0),
            ("-0s", 0),
            ("0s", 0),
            ("10m", 600_000_000_000),
            ("150s", 150_000_000_000),
            ("+5s", 5_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("30m1h", 5_400_000_000_000),
            ("500ms", 500_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1us", 1_000),
            ("1\u{b5}s", 1_000),
            ("1\u{3bc}s", 1_000),
            ("7ns", 7),
            ("0.9999999999999999999999s", 999_999_999),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
        ] {
            let read = GoDuration::parse(text).map_err(|error| error.to_string());
            assert_eq!(read, Ok(GoDuration(Duration::from_nanos(nanoseconds))), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else_with_a_reason() {
        for (text, expected) in [
            ("", "invalid duration ``"),
            ("-", "invalid duration `-`"),
            ("m", "invalid duration `m`"),
            (".s", "invalid duration `.s`"),
            (" 5s", "invalid duration ` 5s`"),
            ("5s ", "unknown unit in duration `5s `"),
            ("10", "missing unit in duration `10`"),
            ("1h30", "missing unit in duration `1h30`"),
            ("00", "missing unit in duration `00`"),
            ("1d", "unknown unit in duration `1d`"),
            ("1 m", "unknown unit in duration `1 m`"),
            ("1m-1s", "unknown unit in duration `1m-1s`"),
            ("-1m", "negative duration `-1m`"),
            ("9223372036854775808ns", "too long a duration `9223372036854775808ns`"),
            ("99999999999999999999s", "too long a duration `99999999999999999999s`"),
            ("2562048h", "too long a duration `2562048h`"),
        ] {
            let error = GoDuration::parse(text).unwrap_err().to_string();
            let expected = format!("{expected}, expected one such as `10m`, `150s` or `1h30m`");
            assert_eq!(error, expected);
        }
    }
}
