//! The decision core as it would be published: what is in the package, what it says of itself, and that it builds alone.

use std::path::Path;

use serde::Deserialize;

use crate::failure::{Failure, Problem};
use crate::process;

const CORE: &str = "calico-policy";

/// What cargo adds, and what of the crate may be in a package.
const FILES: [&str; 5] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig", "README.md"];
const FOLDERS: [&str; 3] = ["examples/", "src/", "tests/"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Manifest>,
}

/// What `cargo metadata` prints of a manifest.
#[derive(Deserialize)]
struct Manifest {
    name: String,
    description: Option<String>,
    license: Option<String>,
    readme: Option<String>,
    rust_version: Option<String>,
    keywords: Vec<String>,
    categories: Vec<String>,
    /// The registries that it may go to; none of them where publishing is off.
    publish: Option<Vec<String>>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    path: Option<String>,
}

pub(crate) fn check(root: &Path) -> Result<Vec<Problem>, Failure> {
    let metadata = process::capture(process::cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&metadata)
        .map_err(|error| Failure::Decode { what: "`cargo metadata`".to_owned(), reason: error.to_string() })?;
    let Some(manifest) = metadata.packages.iter().find(|package| package.name == CORE) else {
        return Ok(vec![Problem::new(CORE, "the crate is gone: it cannot be published")]);
    };
    let mut problems = lacks(manifest);
    let package = |more: &[&str]| {
        let mut command = process::cargo(root);
        // What is being worked on is judged too.
        command.args(["package", "--package", CORE, "--locked", "--offline", "--allow-dirty", "--quiet"]).args(more);
        command
    };
    problems.extend(strangers(&process::capture(&mut package(&["--list"]))?));
    // Builds what is in the package, away from the workspace.
    process::run(&mut package(&[]))?;
    Ok(problems)
}

/// What a registry, or a reader there, would miss.
fn lacks(manifest: &Manifest) -> Vec<Problem> {
    let stated = [
        ("description", manifest.description.is_some()),
        ("license", manifest.license.is_some()),
        ("readme", manifest.readme.is_some()),
        ("rust-version", manifest.rust_version.is_some()),
        ("keywords", !manifest.keywords.is_empty()),
        ("categories", !manifest.categories.is_empty()),
        ("publish = true", manifest.publish.as_ref().is_none_or(|registries| !registries.is_empty())),
    ];
    let missing = stated.into_iter().filter(|(_, is_there)| !is_there);
    let paths = manifest.dependencies.iter().filter(|dependency| dependency.path.is_some());
    missing
        .map(|(field, _)| Problem::new(CORE, format!("its manifest lacks `{field}`")))
        .chain(paths.map(|dependency| {
            Problem::new(
                format!("{CORE} -> {}", dependency.name),
                "a path dependency, also one of the tests, cannot be published",
            )
        }))
        .collect()
}

/// Files of a package that nobody decided to publish.
fn strangers(listing: &str) -> Vec<Problem> {
    let expected = |file: &str| FILES.contains(&file) || FOLDERS.iter().any(|folder| file.starts_with(folder));
    listing
        .lines()
        .map(|line| line.replace('\\', "/"))
        .filter(|file| !expected(file))
        .map(|file| {
            Problem::new(CORE, format!("would publish `{file}`: exclude it, or add it in xtask/src/package.rs"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(problems: Vec<Problem>) -> Vec<String> {
        problems.into_iter().map(|problem| problem.to_string()).collect()
    }

    fn manifest(json: &str) -> Manifest {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_whole_manifest_lacks_nothing() {
        let whole = manifest(
            r#"{"name": "calico-policy", "description": "d", "license": "l", "readme": "r", "rust_version": "1.95",
                "keywords": ["k"], "categories": ["c"], "publish": null, "dependencies": [{"name": "serde", "path": null}]}"#,
        );
        assert_eq!(texts(lacks(&whole)), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let bare = manifest(
            r#"{"name": "calico-policy", "description": null, "license": null, "readme": null, "rust_version": null,
                "keywords": [], "categories": [], "publish": [], "dependencies": [{"name": "support", "path": "/x"}]}"#,
        );
        assert_eq!(
            texts(lacks(&bare)),
            [
                "calico-policy: its manifest lacks `description`",
                "calico-policy: its manifest lacks `license`",
                "calico-policy: its manifest lacks `readme`",
                "calico-policy: its manifest lacks `rust-version`",
                "calico-policy: its manifest lacks `keywords`",
                "calico-policy: its manifest lacks `categories`",
                "calico-policy: its manifest lacks `publish = true`",
                "calico-policy -> support: a path dependency, also one of the tests, cannot be published",
            ]
        );
    }

    #[test]
    fn a_file_that_nobody_meant_to_publish_is_named() {
        assert_eq!(
            texts(strangers("Cargo.toml\nsrc/lib.rs\nnotes.txt\ntests/main.rs\n")),
            ["calico-policy: would publish `notes.txt`: exclude it, or add it in xtask/src/package.rs"]
        );
    }
}
