//! How a story ended: what was read back, and whether it is what it should be.

use std::fmt::Write as _;

use super::view::Palette;
use crate::cli::Story;

/// One thing that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    what: &'static str,
    expected: String,
    found: String,
}

impl Check {
    /// What should be so, and what was found.
    #[expect(clippy::needless_pass_by_value, reason = "texts and numbers are passed alike")]
    pub(super) fn new(what: &'static str, found: impl ToString, expected: impl ToString) -> Self {
        Self { what, expected: expected.to_string(), found: found.to_string() }
    }

    /// Something that was found to be so, or not.
    pub(super) fn is(what: &'static str, found: bool) -> Self {
        Self::new(what, if found { "yes" } else { "no" }, "yes")
    }

    pub(super) fn holds(&self) -> bool {
        self.expected == self.found
    }
}

/// All checks, and the sum.
pub(super) fn text(story: Story, checks: &[Check], palette: Palette) -> String {
    let mut text = String::from("\nread back over HTTP:\n");
    for check in checks {
        let Check { what, expected, found } = check;
        let _ = if check.holds() {
            writeln!(text, "  {} {what}: {found}", palette.good("ok"))
        } else {
            writeln!(text, "  {} {what}: {found}, expected {expected}", palette.bad("no"))
        };
    }
    let name = story.name();
    let _ = if checks.iter().all(Check::holds) {
        writeln!(text, "{}", palette.good(&format!("the story `{name}` ended as it should")))
    } else {
        writeln!(text, "{}", palette.bad(&format!("the story `{name}` did not end as it should")))
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_with_what_was_expected() {
        let checks = [Check::new("mode of the pool", "Never", "Never"), Check::new("phase", "Switching", "Done")];
        assert_eq!(
            text(Story::Switch, &checks, Palette::PLAIN),
            "\nread back over HTTP:\n  ok mode of the pool: Never\n  no phase: Switching, expected Done\n\
             the story `switch` did not end as it should\n"
        );
    }
}
