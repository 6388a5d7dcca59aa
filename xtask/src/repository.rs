//! The repository as the checks see it: its packages as cargo knows them, its files as git knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::failure::Failure;
use crate::process;

/// Everything that the rules read, loaded once. Paths are relative to the root, with `/`.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    pub(crate) root: PathBuf,
    pub(crate) packages: Vec<Package>,
    /// Committed files and new files that git does not ignore.
    pub(crate) files: BTreeSet<String>,
    /// The content of those that are text.
    pub(crate) texts: BTreeMap<String, String>,
}

/// A workspace member, as `cargo metadata` prints it.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Option<DependencyKind>,
    pub(crate) optional: bool,
}

/// Cargo prints `null` for a normal dependency.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    Dev,
    Build,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) src_path: PathBuf,
}

impl Repository {
    /// Reads the repository that this binary was built in.
    pub(crate) fn load() -> Result<Self, Failure> {
        let root = root()?;
        let metadata =
            process::capture(process::cargo(&root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let packages = packages(&metadata)?;
        let listing = process::capture(Command::new("git").current_dir(&root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        // A file that is deleted but not yet committed is still listed.
        let files: BTreeSet<String> =
            listing.split('\0').filter(|path| root.join(path).is_file()).map(str::to_owned).collect();
        let mut texts = BTreeMap::new();
        for path in &files {
            let bytes =
                std::fs::read(root.join(path)).map_err(|source| Failure::Read { path: root.join(path), source })?;
            if let Ok(text) = String::from_utf8(bytes) {
                texts.insert(path.clone(), text);
            }
        }
        Ok(Self { root, packages, files, texts })
    }

    /// Whether a file or a folder of this name exists.
    pub(crate) fn exists(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.contains(path)
            || self.files.range(folder.clone()..).next().is_some_and(|file| file.starts_with(&folder))
    }

    /// All Rust sources with their text.
    pub(crate) fn rust_sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// A repository of literals, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let texts: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files: texts.keys().cloned().collect(), texts, ..Self::default() }
    }
}

/// The root of the workspace.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(Path::to_path_buf).ok_or_else(|| Failure::Decode {
        what: "the folder of xtask".to_owned(),
        reason: format!("`{}` has no parent", manifest.display()),
    })
}

/// Where cargo puts what it builds. It takes a relative folder as of the root, where it is called.
pub(crate) fn target(root: &Path) -> PathBuf {
    root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The workspace members in `cargo metadata --no-deps`.
pub(crate) fn packages(metadata: &str) -> Result<Vec<Package>, Failure> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    serde_json::from_str::<Metadata>(metadata)
        .map(|metadata| metadata.packages)
        .map_err(|error| Failure::Decode { what: "`cargo metadata`".to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_exists_if_a_file_is_in_it() {
        let repository = Repository::of(&[("docs/cli.md", ""), ("docs-old.md", "")]);
        assert!(repository.exists("docs"));
        assert!(repository.exists("docs/cli.md"));
        assert!(!repository.exists("doc"));
        assert!(!repository.exists("docs-old"));
        assert!(!repository.exists("docs/cli"));
    }

    #[test]
    fn this_repository_loads_with_its_packages_and_files() {
        let repository = Repository::load().unwrap();
        assert!(repository.package("calico-policy").is_some());
        assert!(repository.files.contains("xtask/src/repository.rs"));
        assert!(!repository.exists("target"));
    }
}
