//! The decision core's clippy configuration keeps its bans.
//!
//! Clippy itself says nothing when an entry is deleted, and the nearest `clippy.toml` replaces the root one instead of
//! adding to it.

use std::collections::BTreeSet;

use crate::failure::Problem;
use crate::repository::Repository;

const ROOT: &str = "clippy.toml";
const CORE: &str = "crates/calico-policy/clippy.toml";

/// Clock, environment and random order, which would make a decision depend on more than its arguments.
const BANNED: [&str; 7] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::env::var",
    "std::env::var_os",
    "std::env::vars",
    "std::collections::HashMap",
    "std::collections::HashSet",
];

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let Some(core) = repository.texts.get(CORE) else {
        return vec![Problem::new(CORE, "is missing: without it nothing bans clock, environment and random order")];
    };
    let core: BTreeSet<&str> = entries(core).collect();
    let mut problems: Vec<Problem> = BANNED
        .iter()
        .filter(|banned| {
            let entry = format!("path = \"{banned}\"");
            !core.iter().any(|line| line.contains(&entry) && line.contains("reason = \""))
        })
        .map(|banned| Problem::new(CORE, format!("does not ban `{banned}` with a reason")))
        .collect();
    let root = repository.texts.get(ROOT).map(String::as_str).unwrap_or_default();
    problems.extend(
        entries(root)
            .filter(|entry| !core.contains(entry))
            .map(|entry| Problem::new(CORE, format!("does not repeat `{entry}` of the root file, which it replaces"))),
    );
    problems
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
allow-unwrap-in-tests = true
disallowed-methods = [
  { path = "std::time::Instant::now", reason = "r" },
  { path = "std::time::SystemTime::now", reason = "r" },
  { path = "std::env::var", reason = "r" },
  { path = "std::env::var_os", reason = "r" },
  { path = "std::env::vars", reason = "r" },
]
disallowed-types = [
  { path = "std::collections::HashMap", reason = "r" },
  { path = "std::collections::HashSet", reason = "r" },
]
"#;

    fn texts(core: &str) -> Vec<String> {
        let repository = Repository::of(&[(ROOT, "# shared\nallow-unwrap-in-tests = true\n"), (CORE, core)]);
        check(&repository).into_iter().map(|problem| problem.text).collect()
    }

    #[test]
    fn the_whole_list_passes() {
        assert_eq!(texts(GOOD), [""; 0]);
    }

    #[test]
    fn a_ban_that_is_gone_commented_out_or_unreasoned_is_named() {
        for (broken, name) in [
            (GOOD.replace("  { path = \"std::env::var\", reason = \"r\" },\n", ""), "std::env::var"),
            (
                GOOD.replace("  { path = \"std::time::Instant", "  # { path = \"std::time::Instant"),
                "std::time::Instant::now",
            ),
            (GOOD.replace("HashSet\", reason = \"r\"", "HashSet\""), "std::collections::HashSet"),
        ] {
            assert_eq!(texts(&broken), [format!("does not ban `{name}` with a reason")]);
        }
    }

    #[test]
    fn what_the_root_file_says_must_be_repeated() {
        assert_eq!(
            texts(&GOOD.replace("allow-unwrap-in-tests = true", "")),
            ["does not repeat `allow-unwrap-in-tests = true` of the root file, which it replaces"]
        );
    }

    #[test]
    fn a_missing_file_is_no_clean_file() {
        assert_eq!(check(&Repository::of(&[(ROOT, "")])).len(), 1);
    }
}
