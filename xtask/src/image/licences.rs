//! What is in the binary, and under which licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;
use crate::process;

/// A crate of somebody else that is compiled into the binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) version: String,
    /// As its manifest says.
    pub(super) licence: String,
    /// Where its sources are.
    pub(super) folder: PathBuf,
}

/// The crates that the binary for `target` is made of, sorted: what only builds it (macros, build scripts) is not in it.
pub(super) fn parts(root: &Path, target: &str) -> Result<Vec<Part>, Failure> {
    let mut tree = process::cargo(root);
    tree.args(["tree", "--locked", "--package", "operator", "--no-default-features", "--target", target]);
    tree.args(["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]);
    let in_binary = named(&process::capture(&mut tree)?);
    let metadata = process::capture(process::cargo(root).args([
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        target,
    ]))?;
    of(&metadata, &in_binary)
}

/// Names and versions in the output of `cargo tree`.
fn named(tree: &str) -> BTreeSet<(String, String)> {
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
        })
        .collect()
}

fn of(metadata: &str, in_binary: &BTreeSet<(String, String)>) -> Result<Vec<Part>, Failure> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
        /// Absent for our own.
        source: Option<String>,
        license: Option<String>,
        manifest_path: PathBuf,
    }
    let Metadata { packages } = serde_json::from_str(metadata)
        .map_err(|error| Failure::Decode { what: "`cargo metadata`".to_owned(), reason: error.to_string() })?;
    let mut parts = Vec::new();
    for Package { name, version, source, license, manifest_path } in packages {
        let key = (name, version);
        if source.is_none() || !in_binary.contains(&key) {
            continue;
        }
        let (name, version) = key;
        let licence = license.ok_or_else(|| Failure::Decode {
            what: format!("the licence of `{name}` {version}"),
            reason: "its manifest names none".to_owned(),
        })?;
        let folder = manifest_path.parent().map(Path::to_owned).unwrap_or_default();
        parts.push(Part { name, version, licence, folder });
    }
    parts.sort();
    Ok(parts)
}

/// Every part with its licence, then the texts that the parts come with, each once.
pub(super) fn text(parts: &[Part]) -> Result<String, Failure> {
    let mut text = String::from("What is compiled into networking-calico, besides its own sources (Apache-2.0):\n\n");
    let mut texts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for part in parts {
        let _ = writeln!(text, "{} {}: {}", part.name, part.version, part.licence);
        for licence in texts_of(&part.folder)? {
            texts.entry(licence).or_default().insert(&part.name);
        }
    }
    text.push_str("the Rust standard library: MIT OR Apache-2.0\nmusl libc: MIT\n");
    for (licence, names) in texts {
        let names: Vec<&str> = names.into_iter().collect();
        let _ = write!(text, "\n{}\n{}\n\n{}\n", "=".repeat(80), names.join(", "), licence.trim_end());
    }
    Ok(text)
}

/// The licence files in a crate's folder.
fn texts_of(folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |source| Failure::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().to_uppercase()).unwrap_or_default();
        if ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"].iter().any(|start| name.starts_with(start))
            && path.is_file()
        {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| match fs::read(&path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n")),
            Err(source) => Err(Failure::Read { path, source }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_crates_and_what_only_builds_are_no_parts() {
        let tree = "operator v0.1.0 (/x/crates/operator)\nring v0.17.14\nring v0.17.14 (*)\n";
        let metadata = r#"{"packages": [
            {"name": "operator", "version": "0.1.0", "source": null, "license": "Apache-2.0", "manifest_path": "/x/Cargo.toml"},
            {"name": "ring", "version": "0.17.14", "source": "registry", "license": "ISC", "manifest_path": "/r/ring/Cargo.toml"},
            {"name": "cc", "version": "1.0.0", "source": "registry", "license": "MIT", "manifest_path": "/r/cc/Cargo.toml"}
        ]}"#;
        let ring = Part {
            name: "ring".to_owned(),
            version: "0.17.14".to_owned(),
            licence: "ISC".to_owned(),
            folder: PathBuf::from("/r/ring"),
        };
        assert_eq!(of(metadata, &named(tree)).unwrap(), [ring]);
    }

    #[test]
    fn a_part_without_a_licence_is_an_error() {
        let metadata = r#"{"packages": [
            {"name": "a", "version": "1.0.0", "source": "registry", "license": null, "manifest_path": "/r/a/Cargo.toml"}
        ]}"#;
        let failure = of(metadata, &named("a v1.0.0\n")).unwrap_err();
        assert_eq!(failure.to_string(), "cannot understand the licence of `a` 1.0.0: its manifest names none");
    }

    #[test]
    fn the_same_text_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("LICENSE-MIT"), "be kind\r\n").unwrap();
            fs::write(path.join("src.rs"), "").unwrap();
            Part { name: name.to_owned(), version: "1.0.0".to_owned(), licence: "MIT".to_owned(), folder: path }
        };
        let told = text(&[part("a"), part("b")]).unwrap();
        assert_eq!(told.matches("be kind\n").count(), 1);
        assert!(told.contains("\na, b\n\nbe kind\n"));
        assert!(told.contains("\nb 1.0.0: MIT\n"));
    }
}
