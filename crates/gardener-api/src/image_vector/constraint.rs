//! Version constraints in the syntax of Go's `Masterminds/semver`, asked about released versions only.
//!
//! Terms side by side or after a comma must all hold, `||` separates alternatives, `x`, `X` and `*` stand for any number, and a
//! version may end early: `1.31` is `1.31.x`.

mod parse;

/// `major.minor.patch` of a release. Gardener cuts everything else off before it asks.
pub(super) type Version = (u64, u64, u64);

/// Alternatives of terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VersionConstraint {
    alternatives: Vec<Vec<Term>>,
}

impl VersionConstraint {
    /// Whether a release satisfies this.
    pub(super) fn admits(&self, version: Version) -> bool {
        self.alternatives.iter().any(|terms| terms.iter().all(|term| term.admits(version)))
    }
}

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Term {
    operator: Operator,
    bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// `=` or nothing.
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    /// `~`, `~>`: the same minor version, or major where no minor is given.
    Tilde,
    /// `^`: up to the next change of the first number that is not zero.
    Caret,
}

/// The version in a term, with zeros for what is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    version: Version,
    given: Given,
    stage: Stage,
}

/// How much of a version is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Nothing,
    Major,
    MajorMinor,
    Full,
}

/// A pre-release is before the release of the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    PreRelease,
    Release,
}

impl Bound {
    fn is_after(&self, version: Version) -> bool {
        version < self.version
    }

    fn is_before(&self, version: Version) -> bool {
        version > self.version || version == self.version && self.stage == Stage::PreRelease
    }

    fn equals(&self, version: Version) -> bool {
        version == self.version && self.stage == Stage::Release
    }
}

impl Term {
    fn admits(&self, version: Version) -> bool {
        let bound = &self.bound;
        let (major, minor, patch) = version;
        let (bound_major, bound_minor, bound_patch) = bound.version;
        match (self.operator, bound.given) {
            (Operator::Equal, Given::Full) => bound.equals(version),
            (Operator::Equal | Operator::Tilde, given) => {
                // `~0.0.0` is every version in the library too.
                let any = given == Given::Nothing || given == Given::Full && bound.version == (0, 0, 0);
                !bound.is_after(version)
                    && (any || major == bound_major && (given == Given::Major || minor == bound_minor))
            }
            (Operator::NotEqual, Given::Full | Given::Nothing) => !bound.equals(version),
            (Operator::NotEqual, Given::Major) => major != bound_major,
            (Operator::NotEqual, Given::MajorMinor) => {
                (major, minor) != (bound_major, bound_minor) || bound.stage == Stage::PreRelease
            }
            (Operator::Greater, Given::Full | Given::Nothing) => bound.is_before(version),
            (Operator::Greater, Given::Major) => major > bound_major,
            (Operator::Greater, Given::MajorMinor) => (major, minor) > (bound_major, bound_minor),
            (Operator::Less, _) => bound.is_after(version),
            (Operator::GreaterOrEqual, _) => !bound.is_after(version),
            (Operator::LessOrEqual, Given::Full) => !bound.is_before(version),
            (Operator::LessOrEqual, Given::Major) => major <= bound_major,
            // Without any number the library reads 0.0 here.
            (Operator::LessOrEqual, Given::MajorMinor | Given::Nothing) => (major, minor) <= (bound_major, bound_minor),
            (Operator::Caret, given) => {
                !bound.is_after(version)
                    && major == bound_major
                    && (bound_major > 0
                        || given == Given::Major
                        || minor == bound_minor
                            && (bound_minor > 0 || given == Given::MajorMinor || patch == bound_patch))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: [Version; 12] = [
        (0, 0, 0),
        (0, 0, 1),
        (0, 1, 0),
        (0, 2, 3),
        (1, 0, 0),
        (1, 29, 9),
        (1, 30, 0),
        (1, 30, 5),
        (1, 31, 0),
        (1, 31, 2),
        (1, 32, 0),
        (2, 0, 0),
    ];

    /// Each operator at each length, and the ways to combine them: which of [`VERSIONS`] are admitted, as the Go library says.
    #[test]
    fn admits_what_go_admits() {
        for (text, expected) in [
            ("*", "111111111111"),
            ("x", "111111111111"),
            (">= 1.30", "000000111111"),
            (">=1.30.5", "000000011111"),
            ("=> 1.30", "000000111111"),
            (">= 1.31.2-0", "000000000111"),
            ("> 1", "000000000001"),
            ("> 1.30", "000000001111"),
            ("> 1.30.0", "000000011111"),
            (">*", "011111111111"),
            ("< 1.32, >= 1.28", "000001111100"),
            ("< 1.32 >= 1.28", "000001111100"),
            ("< 1.31.2-0", "111111111000"),
            ("<= 1", "111111111110"),
            ("<= 1.30", "111111110000"),
            ("=< 1.30.0", "111111100000"),
            ("<=*", "110000000000"),
            ("1.31.x", "000000001100"),
            ("1.31", "000000001100"),
            ("1.31.2", "000000000100"),
            ("v1.31.2", "000000000100"),
            ("1.31.2-rc.1", "000000000000"),
            ("1.31.2+build", "000000000100"),
            ("1.x.5", "000011111110"),
            ("1", "000011111110"),
            ("=1.31.0", "000000001000"),
            ("= 1.31", "000000001100"),
            ("!=1", "111100000001"),
            ("!=1.31", "111111110011"),
            ("!=1.31.2", "111111111011"),
            ("!= 1.31-0", "111111111111"),
            ("~1.30", "000000110000"),
            ("~1.30.5", "000000010000"),
            ("~> 1", "000011111110"),
            ("~0.0.0", "111111111111"),
            ("^1", "000011111110"),
            ("^1.30.5", "000000011110"),
            ("^0", "111100000000"),
            ("^0.2", "000100000000"),
            ("^0.2.3", "000100000000"),
            ("^0.0", "110000000000"),
            ("^0.0.1", "010000000000"),
            ("1.30 - 1.31.0", "000000111000"),
            ("1.30 - 1.31", "000000111100"),
            (">= 1, 0.2 - 1.30.0 != 1.29.9", "000010100000"),
            ("< 0.1 || >= 2", "110000000001"),
            ("1.29.x||1.31.2||0.0.0", "100001000100"),
        ] {
            let constraint = VersionConstraint::parse(text).unwrap();
            let admitted: String = VERSIONS.iter().map(|v| if constraint.admits(*v) { '1' } else { '0' }).collect();
            assert_eq!(admitted, expected, "{text}");
        }
    }
}
