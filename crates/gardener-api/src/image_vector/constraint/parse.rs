//! Reading a constraint.

use super::{Bound, Given, Operator, Stage, Term, VersionConstraint};

impl VersionConstraint {
    /// Reads a constraint; `None` if it is not one.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        let alternatives = text.split("||").map(terms).collect::<Option<Vec<_>>>()?;
        Some(Self { alternatives })
    }
}

/// Longer ones first.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

/// At least one term, each behind white space or a comma.
fn terms(text: &str) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    let mut rest = skip_space(text);
    // The library takes a range only where nothing or a comma stands before it.
    let mut range_allowed = true;
    loop {
        let (operator, behind) = operator(rest);
        let (bound, behind) = bound(skip_space(behind))?;
        let spaced = skip_space(behind);
        let end = if operator.is_none() && range_allowed { range_end(behind) } else { None };
        let behind = match end {
            Some((end, behind)) => {
                terms.push(Term { operator: Operator::GreaterOrEqual, bound });
                terms.push(Term { operator: Operator::LessOrEqual, bound: end });
                behind
            }
            None => {
                terms.push(Term { operator: operator.unwrap_or(Operator::Equal), bound });
                behind
            }
        };
        let next = if end.is_some() { skip_space(behind) } else { spaced };
        if next.is_empty() {
            return Some(terms);
        }
        range_allowed = next.starts_with(',');
        if !range_allowed && next.len() == behind.len() {
            return None;
        }
        rest = skip_space(next.strip_prefix(',').unwrap_or(next));
    }
}

/// The second half of `1.2 - 1.4`: white space, a hyphen, white space and a version.
fn range_end(text: &str) -> Option<(Bound, &str)> {
    let hyphen = skip_space(text);
    let behind = hyphen.strip_prefix('-')?;
    let end = skip_space(behind);
    if hyphen.len() == text.len() || end.len() == behind.len() {
        return None;
    }
    bound(end)
}

fn operator(text: &str) -> (Option<Operator>, &str) {
    OPERATORS
        .iter()
        .find_map(|(written, operator)| Some((Some(*operator), text.strip_prefix(written)?)))
        .unwrap_or((None, text))
}

/// `v1.31.x`, with a pre-release and build data if there are any, and what stands behind it.
fn bound(text: &str) -> Option<(Bound, &str)> {
    let mut rest = text.strip_prefix('v').unwrap_or(text);
    let mut parts = [None; 3];
    for (index, part) in parts.iter_mut().enumerate() {
        if index > 0 {
            let Some(behind) = rest.strip_prefix('.') else { break };
            rest = behind;
        }
        let (read, behind) = split(rest, |c| c.is_ascii_digit() || matches!(c, 'x' | 'X' | '*'));
        *part = Some(match read {
            "" => return None,
            "x" | "X" | "*" => Part::Any,
            number => Part::Number(number.parse().ok()?),
        });
        rest = behind;
    }
    let (stage, rest) = match suffix(rest, '-')? {
        (Some(identifiers), behind) if identifiers.split('.').all(is_pre_release) => (Stage::PreRelease, behind),
        (Some(_), _) => return None,
        (None, behind) => (Stage::Release, behind),
    };
    let (_, rest) = suffix(rest, '+')?;
    // Numbers behind a wildcard do not count.
    let (version, given) = match parts {
        [Some(Part::Number(major)), Some(Part::Number(minor)), Some(Part::Number(patch))] => {
            ((major, minor, patch), Given::Full)
        }
        [Some(Part::Number(major)), Some(Part::Number(minor)), _] => ((major, minor, 0), Given::MajorMinor),
        [Some(Part::Number(major)), ..] => ((major, 0, 0), Given::Major),
        _ => ((0, 0, 0), Given::Nothing),
    };
    Some((Bound { version, given, stage }, rest))
}

#[derive(Clone, Copy)]
enum Part {
    Any,
    Number(u64),
}

/// Dot-separated identifiers behind a mark, if it is there; `None` if one of them is empty.
fn suffix(text: &str, mark: char) -> Option<(Option<&str>, &str)> {
    let Some(behind) = text.strip_prefix(mark) else { return Some((None, text)) };
    let (identifiers, rest) = split(behind, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let complete = identifiers.split('.').all(|identifier| !identifier.is_empty());
    complete.then_some((Some(identifiers), rest))
}

/// A number in a pre-release has no leading zero.
fn is_pre_release(identifier: &str) -> bool {
    let number = identifier.chars().all(|c| c.is_ascii_digit());
    !number || identifier.len() == 1 || !identifier.starts_with('0')
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_constraint() {
        for text in [
            "",
            " ",
            "new",
            ">",
            "1.",
            "1.31.2.4",
            "1.31.2-",
            "1.31.2-01",
            "1x",
            "vv1",
            "99999999999999999999",
            "> =1.30",
            "==1.30",
            "<>1.30",
            "1.30 ||",
            "|| 1.30",
            "1.30,,1.31",
            ">= 1.30, ",
            "1.30;1.31",
            "1.30>1.31",
            "1.30 -1.31",
            "1.30 1.31 - 1.32",
            "^1.30 - 1.31",
            "1.29 - 1.30 - 1.31",
        ] {
            assert_eq!(VersionConstraint::parse(text), None, "{text}");
        }
    }

    #[test]
    fn space_and_the_spelling_of_an_operator_do_not_matter() {
        for (text, same) in [
            (" >=1.30 ", ">= 1.30"),
            ("=>1.30", ">=1.30"),
            ("=<1.30", "<=1.30"),
            ("~>1.30", "~1.30"),
            ("=1.30", "1.30"),
            ("1.30.X", "1.30"),
            ("1.*.7", "1"),
            ("v1.30.0+a.b", "1.30.0"),
            ("01.030", "1.30"),
            (">=1.28 <1.32", ">=1.28,<1.32"),
            (">=1.28 , <1.32||2", ">= 1.28, < 1.32 || 2"),
            ("1.28 - 1.30", ">=1.28, <=1.30"),
            ("1.28 - 1.30 !=1.29.1", ">=1.28, <=1.30, !=1.29.1"),
        ] {
            assert!(VersionConstraint::parse(text).is_some(), "{text}");
            assert_eq!(VersionConstraint::parse(text), VersionConstraint::parse(same), "{text}");
        }
    }
}
