//! Which image runs for which name: a built-in list, and the landscape's overwrite on top of it.

mod built_in;
mod constraint;
mod image;
mod source;

pub use image::Image;

use serde::Deserialize;
use serde_json::Value;

use constraint::Version;
use source::{ImageSource, RawSource};

use crate::decode::{objects, optional_object};

/// The images to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageVector {
    sources: Vec<ImageSource>,
    extension_version: String,
}

/// Why an image vector was refused, or an image not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageVectorError {
    /// The overwrite does not have the form of an image vector.
    #[error("cannot read the image vector at `{path}`: {message}")]
    Form {
        /// Where, such as `images[0].tag`; `.` is the document itself.
        path: String,
        /// What is wrong there.
        message: String,
    },
    /// Entries of the overwrite say nothing, or contradict themselves.
    #[error("invalid image vector: {}", .problems.join("; "))]
    Entries {
        /// Every problem, with its place.
        problems: Vec<String>,
    },
    /// No entry has this name.
    #[error("no image `{name}` in the image vector")]
    UnknownName {
        /// The name asked for.
        name: String,
    },
    /// Entries have this name, and none is for this version and `amd64`.
    #[error("no image `{name}` in the image vector fits {}", for_whom(.kubernetes_version))]
    NoMatch {
        /// The name asked for.
        name: String,
        /// The version asked for.
        kubernetes_version: Option<(u64, u64, u64)>,
    },
}

impl ImageVectorError {
    /// The stable code, for status and JSON: what must be corrected, the file or what it lacks.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } | Self::Entries { .. } => "ImageVectorInvalid",
            Self::UnknownName { .. } | Self::NoMatch { .. } => "ImageNotFound",
        }
    }
}

impl ImageVector {
    /// The images this extension is built for. Its own version tags the image that is released with it.
    #[must_use]
    pub fn built_in(extension_version: &str) -> Self {
        let sources =
            built_in::IMAGES.iter().map(|(name, repository, tag)| ImageSource::built_in(name, repository, *tag));
        Self { sources: sources.collect(), extension_version: extension_version.to_owned() }
    }

    /// Lays a landscape's overwrite over this: `{images: [{name, repository, tag, …}]}`, decoded from YAML or JSON.
    ///
    /// An entry with the same name, version constraints and architectures replaces what it states; any other is added.
    ///
    /// # Errors
    ///
    /// A value of the wrong type, or entries without name or place, with both ways to state a place, or with a version
    /// constraint that is none.
    pub fn with_overwrite(mut self, overwrite: Value) -> Result<Self, ImageVectorError> {
        let Overwrite(images) = serde_path_to_error::deserialize(overwrite).map_err(|failure| {
            ImageVectorError::Form { path: failure.path().to_string(), message: failure.into_inner().to_string() }
        })?;
        let mut problems = Vec::new();
        for (index, image) in images.into_iter().enumerate() {
            let Some(source) = image.check(&format!("images[{index}]"), &mut problems) else { continue };
            match self.sources.iter_mut().find(|known| known.has_key_of(&source)) {
                Some(known) => known.overwrite(source),
                None => self.sources.push(source),
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(ImageVectorError::Entries { problems }) }
    }

    /// The entry that fits best; of several, the first.
    ///
    /// The Kubernetes version of the shoot is also the tag (`v1.31.2`) of an entry that has none. `cni-plugins` belongs to
    /// this extension and not to a Kubernetes version, which is ignored for it.
    ///
    /// # Errors
    ///
    /// No entry has this name, or none fits.
    pub fn find(&self, name: &str, kubernetes_version: Option<(u64, u64, u64)>) -> Result<Image, ImageVectorError> {
        let ours = name == built_in::RELEASED_WITH_THE_EXTENSION;
        let kubernetes_version = if ours { None } else { kubernetes_version };
        let mut best: Option<(u8, &ImageSource)> = None;
        let mut known = false;
        for source in self.sources.iter().filter(|source| source.name() == name) {
            known = true;
            if let Some(score) = source.score(kubernetes_version)
                && best.is_none_or(|(highest, _)| score > highest)
            {
                best = Some((score, source));
            }
        }
        let name = || name.to_owned();
        match best {
            Some((_, source)) if ours => Ok(source.image(Some(self.extension_version.clone()))),
            Some((_, source)) => Ok(source.image(kubernetes_version.map(|version| format!("v{}", dotted(version))))),
            None if known => Err(ImageVectorError::NoMatch { name: name(), kubernetes_version }),
            None => Err(ImageVectorError::UnknownName { name: name() }),
        }
    }
}

/// The entries of an overwrite; `null`, an empty file, has none.
struct Overwrite(Vec<RawSource>);

impl<'de> Deserialize<'de> for Overwrite {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Document {
            #[serde(deserialize_with = "objects")]
            images: Vec<RawSource>,
        }
        let document: Option<Document> = optional_object(deserializer)?;
        Ok(Self(document.unwrap_or_default().images))
    }
}

fn dotted((major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}

fn for_whom(kubernetes_version: &Option<Version>) -> String {
    kubernetes_version
        .map_or_else(|| "`amd64`".to_owned(), |version| format!("Kubernetes `{}` on `amd64`", dotted(version)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KUBERNETES: Option<(u64, u64, u64)> = Some((1, 31, 2));

    /// What is found for `calico-node` after an overwrite.
    fn node(images: &Value) -> String {
        found(images, "calico-node", KUBERNETES)
    }

    fn found(images: &Value, name: &str, version: Option<(u64, u64, u64)>) -> String {
        let vector = ImageVector::built_in("v0.1.0").with_overwrite(json!({"images": images})).unwrap();
        vector.find(name, version).unwrap().reference()
    }

    #[test]
    fn the_built_in_images() {
        let vector = ImageVector::built_in("v0.1.0");
        for (name, reference, tag) in [
            ("calico-node", "quay.io/calico/node:v3.31.6", "v3.31.6"),
            ("calico-cni", "quay.io/calico/cni:v3.31.6", "v3.31.6"),
            ("calico-typha", "quay.io/calico/typha:v3.31.6", "v3.31.6"),
            ("calico-kube-controllers", "quay.io/calico/kube-controllers:v3.31.6", "v3.31.6"),
            ("calico-cpa", "registry.k8s.io/cpa/cluster-proportional-autoscaler:v1.10.3", "v1.10.3"),
            ("calico-cpva", "registry.k8s.io/cpa/cpvpa:v0.8.10", "v0.8.10"),
            ("bird-exporter", "ghcr.io/czerwonk/bird_exporter:v1.5.0", "v1.5.0"),
            ("multus-cni", "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0", "v4.3.0"),
            (
                "cni-plugins",
                "europe-docker.pkg.dev/gardener-project/releases/gardener/extensions/cni-plugins:v0.1.0",
                "v0.1.0",
            ),
        ] {
            for version in [None, KUBERNETES] {
                let image = vector.find(name, version).unwrap();
                assert_eq!((image.name(), image.reference().as_str(), image.tag()), (name, reference, Some(tag)));
            }
        }
    }

    #[test]
    fn an_overwrite_with_the_same_key_replaces_what_it_states() {
        let known = json!({"name": "calico-node", "repository": "a/node"});
        assert_eq!(node(&json!([known])), "a/node:v3.31.6");
        assert_eq!(node(&json!([known, {"name": "calico-node", "repository": "b/node", "tag": "v4"}])), "b/node:v4");
        assert_eq!(node(&json!([{"name": "calico-node", "ref": "c/node@sha256:0af3"}])), "c/node@sha256:0af3");
        assert_eq!(
            node(
                &json!([{"name": "calico-node", "ref": "c/node:v5"}, {"name": "calico-node", "repository": "d/node"}])
            ),
            "d/node:v1.31.2"
        );
        assert_eq!(
            found(&json!([{"name": "cni-plugins", "repository": "a/plugins"}]), "cni-plugins", KUBERNETES),
            "a/plugins:v0.1.0"
        );
        let other_fields = json!([{"name": "calico-node", "repository": "a/node", "tag": null, "labels": [{"a": 1}]}]);
        assert_eq!(node(&other_fields), "a/node:v3.31.6");
    }

    #[test]
    fn a_stated_version_is_kept() {
        let overwrite = json!({"images": [
            {"name": "calico-node", "ref": "a/node@sha256:01", "version": "v3.30.1"},
            {"name": "calico-node", "ref": "a/node@sha256:02"},
        ]});
        let image =
            ImageVector::built_in("v0.1.0").with_overwrite(overwrite).unwrap().find("calico-node", None).unwrap();
        assert_eq!((image.tag(), image.version()), (None, Some("v3.30.1")));
    }

    /// The built-in entry scores 1; the first of those with the highest score wins.
    #[test]
    fn the_best_fit_wins() {
        let entry = |tag: &str, rest: Value| {
            let mut entry = json!({"name": "calico-node", "repository": "a", "tag": tag});
            for (key, value) in rest.as_object().unwrap() {
                entry[key] = value.clone();
            }
            entry
        };
        for (images, expected) in [
            (json!([entry("target", json!({"targetVersion": ">= 1.31"}))]), "a:target"),
            (json!([entry("too-old", json!({"targetVersion": "< 1.31"}))]), "quay.io/calico/node:v3.31.6"),
            (
                json!([
                    entry("range", json!({"targetVersion": ">= 1.31"})),
                    entry("exact", json!({"targetVersion": "1.31.2"})),
                ]),
                "a:exact",
            ),
            (
                json!([
                    entry("exact", json!({"targetVersion": "= 1.31.x"})),
                    entry("both", json!({"runtimeVersion": "1.31.x", "targetVersion": "~1.31"})),
                ]),
                "a:exact",
            ),
            (
                json!([
                    entry("both", json!({"runtimeVersion": "1.31.x", "targetVersion": "~1.31"})),
                    entry("three", json!({"targetVersion": "^1", "architectures": ["amd64"]})),
                ]),
                "a:both",
            ),
            (json!([entry("amd64", json!({"architectures": ["amd64"]}))]), "a:amd64"),
            (json!([entry("arm64", json!({"architectures": ["arm64"]}))]), "quay.io/calico/node:v3.31.6"),
            (json!([entry("none", json!({"architectures": []}))]), "quay.io/calico/node:v3.31.6"),
            (json!([entry("listed", json!({"architectures": ["amd64", "arm64"]}))]), "quay.io/calico/node:v3.31.6"),
        ] {
            assert_eq!(node(&images), expected, "{images}");
        }
        let only_old = json!([entry("old", json!({"targetVersion": "< 1.31"}))]);
        assert_eq!(found(&only_old, "calico-node", None), "quay.io/calico/node:v3.31.6");
    }

    #[test]
    fn an_added_image_without_tag_has_the_kubernetes_version() {
        let added = json!([{"name": "extra", "repository": "a/extra", "targetVersion": ">= 1.31"}]);
        assert_eq!(found(&added, "extra", KUBERNETES), "a/extra:v1.31.2");
        assert_eq!(found(&added, "extra", None), "a/extra");
        let vector = ImageVector::built_in("v0.1.0").with_overwrite(json!({"images": added})).unwrap();
        assert_eq!(
            vector.find("extra", Some((1, 30, 9))).unwrap_err().to_string(),
            "no image `extra` in the image vector fits Kubernetes `1.30.9` on `amd64`"
        );
        assert_eq!(vector.find("Extra", None).unwrap_err().to_string(), "no image `Extra` in the image vector");
    }

    #[test]
    fn an_empty_overwrite_changes_nothing() {
        for overwrite in [Value::Null, json!({}), json!({"images": null}), json!({"images": []}), json!({"other": 1})] {
            let vector = ImageVector::built_in("v0.1.0").with_overwrite(overwrite).unwrap();
            assert_eq!(vector, ImageVector::built_in("v0.1.0"));
        }
    }

    #[test]
    fn every_problem_of_an_overwrite_is_named() {
        let both = json!({"name": "a", "ref": "b", "repository": "c", "tag": "d"});
        for (images, expected) in [
            (json!([{"repository": "a"}]), "`images[0].name`: missing"),
            (json!([null]), "`images[0].name`: missing; `images[0].repository`: missing, and there is no `ref` either"),
            (
                json!([{"name": "a", "repository": "b"}, {"name": "a", "tag": "v1"}]),
                "`images[1].repository`: missing, and there is no `ref` either",
            ),
            (json!([{"name": "a", "ref": ""}]), "`images[0].ref`: empty; state it or leave it out"),
            (json!([{"name": "a", "repository": ""}]), "`images[0].repository`: empty; state it or leave it out"),
            (json!([{"name": "a", "repository": "b", "tag": ""}]), "`images[0].tag`: empty; state it or leave it out"),
            (
                json!([both]),
                "`images[0].repository`: excluded by `ref`; state one of them; `images[0].tag`: excluded by `ref`; \
                 state one of them",
            ),
            (
                json!([{"name": "a", "ref": "b", "runtimeVersion": "new", "targetVersion": ""}]),
                "`images[0].runtimeVersion`: `new` is not a version constraint such as `>= 1.30, < 1.32`; \
                 `images[0].targetVersion`: `` is not a version constraint such as `>= 1.30, < 1.32`",
            ),
        ] {
            let error = ImageVector::built_in("v0.1.0").with_overwrite(json!({"images": images})).unwrap_err();
            assert_eq!(error.to_string(), format!("invalid image vector: {expected}"));
        }
    }

    #[test]
    fn a_bad_file_and_a_missing_image_have_codes() {
        let invalid = |overwrite| ImageVector::built_in("v0.1.0").with_overwrite(overwrite).unwrap_err().code();
        assert_eq!(invalid(json!([])), "ImageVectorInvalid");
        assert_eq!(invalid(json!({"images": [null]})), "ImageVectorInvalid");
        let added = json!({"images": [{"name": "extra", "repository": "a", "targetVersion": ">= 1.31"}]});
        let vector = ImageVector::built_in("v0.1.0").with_overwrite(added).unwrap();
        assert_eq!(vector.find("other", None).unwrap_err().code(), "ImageNotFound");
        assert_eq!(vector.find("extra", Some((1, 30, 0))).unwrap_err().code(), "ImageNotFound");
    }

    #[test]
    fn a_wrong_type_is_named_with_its_place() {
        for (overwrite, expected) in [
            (json!([]), "cannot read the image vector at `.`: invalid type: sequence, expected an object"),
            (json!({"images": {}}), "cannot read the image vector at `images`: invalid type: map, expected a list"),
            (
                json!({"images": [{"name": "a", "repository": "b", "tag": 1.5}]}),
                "cannot read the image vector at `images[0].tag`: invalid type: floating point `1.5`, expected a string",
            ),
            (
                json!({"images": ["a"]}),
                "cannot read the image vector at `images[0]`: invalid type: string \"a\", expected an object",
            ),
        ] {
            let error = ImageVector::built_in("v0.1.0").with_overwrite(overwrite).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
