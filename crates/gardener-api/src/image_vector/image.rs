//! An image that was chosen.

/// One image of the vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub(super) name: String,
    pub(super) location: Location,
    pub(super) version: Option<String>,
}

/// Where an image is, in one of the two ways a vector can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// `ref`: everything in one text.
    Reference(String),
    /// `repository` and `tag`; the tag may be a digest, or a tag with a digest.
    Repository { repository: String, tag: Option<String> },
}

impl Image {
    /// The name it was found by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a container's `image` says.
    #[must_use]
    pub fn reference(&self) -> String {
        match &self.location {
            Location::Reference(reference) => reference.clone(),
            Location::Repository { repository, tag: None } => repository.clone(),
            Location::Repository { repository, tag: Some(digest) } if digest.starts_with(DIGEST) => {
                format!("{repository}@{digest}")
            }
            Location::Repository { repository, tag: Some(tag) } => format!("{repository}:{tag}"),
        }
    }

    /// The tag without a digest; absent where only a digest names the image.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        let tag = match &self.location {
            Location::Reference(reference) => {
                let (named, _) = reference.split_once('@').unwrap_or((reference, ""));
                // A colon before the last slash belongs to the port of a registry.
                let (_, last) = named.rsplit_once('/').unwrap_or(("", named));
                last.split_once(':').map(|(_, tag)| tag)
            }
            Location::Repository { tag: Some(tag), .. } if !tag.starts_with(DIGEST) => {
                Some(tag.split_once('@').map_or(tag.as_str(), |(tag, _)| tag))
            }
            Location::Repository { .. } => None,
        };
        tag.filter(|tag| !tag.is_empty())
    }

    /// The release inside: the `version` that the vector states, else the tag.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref().or_else(|| self.tag())
    }
}

const DIGEST: &str = "sha256:";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(location: Location) -> Image {
        Image { name: "calico-node".to_owned(), location, version: None }
    }

    #[test]
    fn repository_and_tag() {
        for (tag, reference, expected) in [
            (Some("v3.31.6"), "example.org/node:v3.31.6", Some("v3.31.6")),
            (Some("sha256:0af3"), "example.org/node@sha256:0af3", None),
            (Some("v3.31.6@sha256:0af3"), "example.org/node:v3.31.6@sha256:0af3", Some("v3.31.6")),
            (None, "example.org/node", None),
        ] {
            let tag = tag.map(str::to_owned);
            let image = at(Location::Repository { repository: "example.org/node".to_owned(), tag });
            assert_eq!((image.reference().as_str(), image.tag()), (reference, expected));
        }
    }

    #[test]
    fn the_tag_of_a_reference() {
        for (reference, expected) in [
            ("node", None),
            ("node:v3", Some("v3")),
            ("node:", None),
            ("example.org:5000/calico/node", None),
            ("example.org:5000/calico/node:v3", Some("v3")),
            ("example.org:5000/calico/node@sha256:0af3", None),
            ("example.org:5000/calico/node:v3@sha256:0af3", Some("v3")),
        ] {
            let image = at(Location::Reference(reference.to_owned()));
            assert_eq!((image.reference().as_str(), image.tag()), (reference, expected));
        }
    }

    #[test]
    fn a_stated_version_speaks_for_a_digest() {
        let digest = || Location::Reference("node@sha256:0af3".to_owned());
        assert_eq!(at(digest()).version(), None);
        assert_eq!(Image { version: Some("v3.31.6".to_owned()), ..at(digest()) }.version(), Some("v3.31.6"));
        assert_eq!(at(Location::Reference("node:v3".to_owned())).version(), Some("v3"));
    }
}
