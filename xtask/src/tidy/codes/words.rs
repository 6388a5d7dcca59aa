//! The names that a document may use beside codes: what stands in our code, what an object of the charts is, and a few of others.

use std::collections::BTreeSet;

use crate::repository::Repository;

/// Names of others that nothing in our code is called after.
const OF_OTHERS: [&str; 2] = ["CloudProfile", "WireGuard"];

/// Every word of our code outside of comments and tests, every kind and alert of the charts.
pub(super) fn known(repository: &Repository) -> BTreeSet<&str> {
    let mut words: BTreeSet<&str> = OF_OTHERS.into();
    for (path, text) in repository.rust_sources() {
        let is_code = path.starts_with("crates/") && path.contains("/src/") && !path.ends_with("tests.rs");
        if is_code {
            let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
            words.extend(lines.filter(|line| !line.trim_start().starts_with("//")).flat_map(words_of));
        }
    }
    for (_, text) in repository.texts.iter().filter(|(path, _)| path.starts_with("charts/")) {
        for line in text.lines() {
            let line = line.trim().trim_start_matches("- ");
            words.extend(line.strip_prefix("kind: ").or_else(|| line.strip_prefix("alert: ")));
        }
    }
    words
}

/// Letters and digits that stand together.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// `Idle` and `RouteCreated`, not `SIGTERM` and not `calico`.
pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A name of several words, which no sentence has by accident: `RouteCreated`, not `Idle` and not `MiB`.
pub(super) fn is_joined_name(word: &str) -> bool {
    let pairs = word.as_bytes().windows(2);
    is_name(word) && pairs.filter(|pair| matches!(pair, [b'A'..=b'Z', b'a'..=b'z'])).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_words_and_abbreviations() {
        let cases = [
            ("RouteCreated", true, true),
            ("Idle", true, false),
            ("MiB", true, false),
            ("IPPool", true, false),
            ("SIGTERM", false, false),
            ("waitingFor", false, false),
            ("Route-Created", false, false),
        ];
        for (word, name, joined) in cases {
            assert_eq!((is_name(word), is_joined_name(word)), (name, joined), "{word}");
        }
    }

    #[test]
    fn code_and_charts_have_words_comments_and_tests_have_none() {
        let code = "//! Module.\nenum Phase { Idle }\nlet x = \"RouteCreated\";\n    // Comment\n#[cfg(test)]\nmod tests { Tested }\n";
        let chart = "apiVersion: v1\nkind: ConfigMap\nspec:\n  - alert: Alarm\n  - kind: Lease\n  name: Other\n";
        let repository = Repository::of(&[
            ("crates/a/src/b.rs", code),
            ("crates/a/src/b/tests.rs", "Hidden"),
            ("crates/a/tests/c.rs", "Outside"),
            ("charts/x.yaml", chart),
        ]);
        let known = known(&repository);
        for word in ["Idle", "RouteCreated", "ConfigMap", "Alarm", "Lease", "WireGuard"] {
            assert!(known.contains(word), "{word}");
        }
        for word in ["Module", "Comment", "Tested", "Hidden", "Outside", "Other"] {
            assert!(!known.contains(word), "{word}");
        }
    }
}
