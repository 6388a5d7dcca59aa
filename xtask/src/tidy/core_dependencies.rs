//! The decision core depends on nothing unless the embedder asks for it.

use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository::{Package, Repository};

const CORE: &str = "calico-policy";

/// What the feature `serde` may bring in.
const WITH_SERDE: [&str; 7] = ["serde", "serde_core", "serde_derive", "proc-macro2", "quote", "syn", "unicode-ident"];

pub(crate) fn check(repository: &Repository) -> Result<Vec<Problem>, Failure> {
    let Some(core) = repository.package(CORE) else {
        return Ok(vec![Problem::new(CORE, "the crate is gone: its dependencies cannot be checked")]);
    };
    let mut problems = mandatory(core);
    problems.extend(beyond(&tree(repository, &["--no-default-features"])?, "without features", &[]));
    problems.extend(beyond(&tree(repository, &[])?, "by default", &[]));
    problems.extend(beyond(&tree(repository, &["--all-features"])?, "with all features", &WITH_SERDE));
    Ok(problems)
}

fn tree(repository: &Repository, features: &[&str]) -> Result<String, Failure> {
    let mut command = process::cargo(&repository.root);
    command.args(["tree", "--locked", "--package", CORE, "--edges", "normal,build", "--target", "all"]);
    command.args(["--prefix", "none", "--format", "{p}"]).args(features);
    process::capture(&mut command)
}

/// Dependencies that an embedder could not switch off.
fn mandatory(core: &Package) -> Vec<Problem> {
    core.dependencies
        .iter()
        .filter(|dependency| dependency.kind.is_none() && !dependency.optional)
        .map(|dependency| {
            Problem::new(
                format!("{CORE} -> {}", dependency.name),
                "the core has no dependency by default: make this one optional or do without",
            )
        })
        .collect()
}

/// Packages of a `cargo tree` listing that are neither the core nor allowed.
fn beyond(tree: &str, when: &str, allowed: &[&str]) -> Vec<Problem> {
    let mut names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| *name != CORE && !allowed.contains(name))
        .map(|name| {
            Problem::new(format!("{CORE} -> {name}"), format!("in the dependency tree {when}, but not allowed there"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository;

    #[test]
    fn a_lone_core_passes() {
        assert_eq!(beyond("calico-policy v0.1.0 (/somewhere)\n", "by default", &[]), []);
    }

    #[test]
    fn whatever_else_is_in_the_tree_is_named_once() {
        let tree = "calico-policy v0.1.0\nserde v1.0.229\ntokio v1.54.0\nbytes v1.11.0\ntokio v1.54.0 (*)\n";
        let places: Vec<String> =
            beyond(tree, "with all features", &WITH_SERDE).into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, ["calico-policy -> bytes", "calico-policy -> tokio"]);
    }

    #[test]
    fn a_mandatory_dependency_is_named_and_an_optional_or_dev_one_is_not() {
        let packages = repository::packages(
            r#"{"packages": [{"name": "calico-policy", "targets": [], "features": {}, "dependencies": [
                {"name": "serde", "kind": null, "optional": true},
                {"name": "proptest", "kind": "dev", "optional": false},
                {"name": "ipnet", "kind": null, "optional": false}]}]}"#,
        )
        .unwrap();
        let places: Vec<String> = mandatory(&packages[0]).into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, ["calico-policy -> ipnet"]);
    }
}
