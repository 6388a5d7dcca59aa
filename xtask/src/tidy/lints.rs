//! One list of lints: a crate takes that of the workspace, or repeats it.
//!
//! The crate with the C interface cannot take it, because what is forbidden cannot be allowed again: it repeats everything but
//! the ban of unsafe code.

use crate::failure::Problem;
use crate::repository::Repository;

/// The manifests that may repeat the list.
const REPEATS: [&str; 1] = ["crates/calico-policy-c/Cargo.toml"];

const BAN: &str = "unsafe_code = \"forbid\"";

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let root = repository.texts.get("Cargo.toml").map(String::as_str).unwrap_or_default();
    let mut problems = Vec::new();
    let manifests = repository.texts.iter().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    for (path, text) in manifests {
        if REPEATS.contains(&path.as_str()) {
            for table in ["rust", "rustdoc", "clippy"] {
                let own = entries(text, &format!("[lints.{table}]"));
                let missing = entries(root, &format!("[workspace.lints.{table}]"))
                    .into_iter()
                    .filter(|entry| *entry != BAN && !own.contains(entry));
                problems.extend(missing.map(|entry| {
                    Problem::new(path, format!("does not repeat `{entry}` of the root's `[workspace.lints.{table}]`"))
                }));
            }
        } else if !entries(text, "[lints]").contains(&"workspace = true") {
            problems
                .push(Problem::new(path, "does not take the lints of the workspace: add `[lints] workspace = true`"));
        }
    }
    problems
}

/// The lines of one table.
fn entries<'a>(text: &'a str, table: &str) -> Vec<&'a str> {
    text.lines()
        .skip_while(|line| line.trim() != table)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"warn\"\n\n[workspace.lints.clippy]\n# why\ntodo = \"warn\"\n";

    fn problems(path: &str, text: &str) -> Vec<String> {
        check(&Repository::of(&[("Cargo.toml", ROOT), (path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_crate_takes_the_list() {
        assert_eq!(problems("a/Cargo.toml", "[lints]\nworkspace = true\n"), [""; 0]);
        for text in ["", "[lints.rust]\nmissing_docs = \"warn\"\n[lints.clippy]\ntodo = \"warn\"\n"] {
            assert_eq!(
                problems("a/Cargo.toml", text),
                ["a/Cargo.toml: does not take the lints of the workspace: add `[lints] workspace = true`"]
            );
        }
    }

    #[test]
    fn the_c_interface_repeats_it_but_for_the_ban() {
        let whole = "[lints.rust]\nunsafe_code = \"deny\"\nmissing_docs = \"warn\"\n[lints.clippy]\ntodo = \"warn\"\n";
        assert_eq!(problems(REPEATS[0], whole), [""; 0]);
        assert_eq!(
            problems(REPEATS[0], &whole.replace("todo = \"warn\"", "todo = \"allow\"")),
            [
                "crates/calico-policy-c/Cargo.toml: does not repeat `todo = \"warn\"` of the root's `[workspace.lints.clippy]`"
            ]
        );
    }
}
