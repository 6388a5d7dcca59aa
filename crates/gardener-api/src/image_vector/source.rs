//! One entry of an image vector: reading, checking, merging and scoring it.

use serde::Deserialize;

use super::constraint::{Version, VersionConstraint};
use super::image::{Image, Location};
use crate::decode::or_default;

/// An entry as written; other fields are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawSource {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    repository: Option<String>,
    tag: Option<String>,
    version: Option<String>,
    runtime_version: Option<String>,
    target_version: Option<String>,
    architectures: Option<Vec<String>>,
}

/// An entry that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImageSource {
    key: Key,
    location: Location,
    version: Option<String>,
    runtime_version: Option<VersionConstraint>,
    target_version: Option<VersionConstraint>,
}

/// Entries with the same key speak about the same image.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    name: String,
    runtime_version: Option<String>,
    target_version: Option<String>,
    architectures: Option<Vec<String>>,
}

impl RawSource {
    /// Checks an entry; `path` is where it stands. Every problem is reported, not only the first.
    pub(super) fn check(self, path: &str, problems: &mut Vec<String>) -> Option<ImageSource> {
        let before = problems.len();
        let mut problem = |field: &str, what: String| problems.push(format!("`{path}.{field}`: {what}"));
        if self.name.is_empty() {
            problem("name", "missing".to_owned());
        }
        for (field, value) in [("ref", &self.reference), ("repository", &self.repository), ("tag", &self.tag)] {
            if value.as_deref() == Some("") {
                problem(field, "empty; state it or leave it out".to_owned());
            }
            if field != "ref" && value.is_some() && self.reference.is_some() {
                problem(field, "excluded by `ref`; state one of them".to_owned());
            }
        }
        let mut constraint = |field: &str, text: &Option<String>| {
            let constraint = VersionConstraint::parse(text.as_deref()?);
            if constraint.is_none() {
                let text = text.as_deref().unwrap_or_default();
                problem(field, format!("`{text}` is not a version constraint such as `>= 1.30, < 1.32`"));
            }
            constraint
        };
        let runtime_version = constraint("runtimeVersion", &self.runtime_version);
        let target_version = constraint("targetVersion", &self.target_version);
        let location = match (self.reference, self.repository) {
            (Some(reference), _) => Some(Location::Reference(reference)),
            (None, Some(repository)) => Some(Location::Repository { repository, tag: self.tag }),
            (None, None) => {
                problem("repository", "missing, and there is no `ref` either".to_owned());
                None
            }
        };
        let key = Key {
            name: self.name,
            runtime_version: self.runtime_version,
            target_version: self.target_version,
            architectures: self.architectures,
        };
        if problems.len() > before {
            return None;
        }
        Some(ImageSource { key, location: location?, version: self.version, runtime_version, target_version })
    }
}

impl ImageSource {
    pub(super) fn built_in(name: &str, repository: &str, tag: Option<&str>) -> Self {
        Self {
            key: Key { name: name.to_owned(), runtime_version: None, target_version: None, architectures: None },
            location: Location::Repository { repository: repository.to_owned(), tag: tag.map(str::to_owned) },
            version: None,
            runtime_version: None,
            target_version: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.key.name
    }

    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Takes over what an entry with the same key states. A `ref` replaces repository and tag and the other way round; a
    /// repository without a tag keeps the tag.
    pub(super) fn overwrite(&mut self, other: Self) {
        let location = match (other.location, &self.location) {
            (Location::Repository { repository, tag: None }, Location::Repository { tag: kept, .. }) => {
                Location::Repository { repository, tag: kept.clone() }
            }
            (location, _) => location,
        };
        self.location = location;
        if other.version.is_some() {
            self.version = other.version;
        }
    }

    /// How well this fits, or `None` if it does not: exact statements count more. Without a version, constraints do not count.
    pub(super) fn score(&self, kubernetes_version: Option<Version>) -> Option<u8> {
        let constraint = |text: &Option<String>, constraint: &Option<VersionConstraint>| {
            let (Some(version), Some(text), Some(constraint)) = (kubernetes_version, text, constraint) else {
                return Some(0);
            };
            constraint.admits(version).then_some(if is_exact(text) { 2 } else { 1 })
        };
        let runtime = constraint(&self.key.runtime_version, &self.runtime_version)?;
        let target = constraint(&self.key.target_version, &self.target_version)?;
        let architecture = match self.key.architectures.as_deref() {
            None => 1,
            Some([only]) if only == ARCHITECTURE => 2,
            Some([_, _, ..]) if self.key.architectures.iter().flatten().any(|named| named == ARCHITECTURE) => 1,
            Some(_) => return None,
        };
        Some(runtime + target + architecture)
    }

    /// The image, with a tag for an entry that has none.
    pub(super) fn image(&self, default_tag: Option<String>) -> Image {
        let mut location = self.location.clone();
        if let Location::Repository { tag: tag @ None, .. } = &mut location {
            *tag = default_tag;
        }
        Image { name: self.key.name.clone(), location, version: self.version.clone() }
    }
}

/// Images are asked for without an architecture, which means this one; an entry that names none has it.
const ARCHITECTURE: &str = "amd64";

/// Whether a constraint starts with `=` or a full version.
fn is_exact(constraint: &str) -> bool {
    if constraint.starts_with('=') {
        return true;
    }
    let mut numbers = constraint.strip_prefix('v').unwrap_or(constraint).splitn(3, '.');
    let whole = |text: Option<&str>| text.is_some_and(|t| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit()));
    whole(numbers.next())
        && whole(numbers.next())
        && numbers.next().is_some_and(|patch| patch.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_that_starts_with_a_full_version_is_exact() {
        for text in ["=1.31", "= 1.31.0", "=>1.30", "1.31.0", "v1.31.0", "1.31.0 - 1.32.0", "1.31.0-0"] {
            assert!(is_exact(text), "{text}");
        }
        for text in ["1.31", "1.31.x", "1.x.1", ">= 1.31.0", " 1.31.0", "~1.31.0", "vv1.31.0", "1..1", ""] {
            assert!(!is_exact(text), "{text}");
        }
    }
}
