//! Versions of Kubernetes and of Calico, reduced to the three numbers that decisions compare.

use alloc::string::{String, ToString};
use core::str::FromStr;

/// A Kubernetes version. Pre-release and build suffixes are dropped on purpose: `1.36.0-beta.1` counts as 1.36.0, as in the
/// Go extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct KubernetesVersion {
    /// Major number.
    pub major: u64,
    /// Minor number; 0 where the text has none.
    pub minor: u64,
    /// Patch number; 0 where the text has none.
    pub patch: u64,
}

impl KubernetesVersion {
    /// A version by its first two numbers.
    #[must_use]
    pub const fn new(major: u64, minor: u64) -> Self {
        Self { major, minor, patch: 0 }
    }

    /// Whether this is at least `major.minor.0`.
    #[must_use]
    pub fn at_least(self, major: u64, minor: u64) -> bool {
        self >= Self::new(major, minor)
    }
}

impl core::fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for KubernetesVersion {
    type Err = InvalidVersion;

    /// Drops a leading `v` and everything from the first `-`, `+` or `~`, then reads one to three numbers.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor, patch) = numbers(text).ok_or_else(|| InvalidVersion(text.to_string()))?;
        Ok(Self { major, minor, patch })
    }
}

#[cfg(feature = "serde")]
impl TryFrom<String> for KubernetesVersion {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(feature = "serde")]
impl From<KubernetesVersion> for String {
    fn from(version: KubernetesVersion) -> Self {
        version.to_string()
    }
}

/// A text that is no version. The text itself is in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVersion(pub String);

impl core::fmt::Display for InvalidVersion {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "`{}` is not a version", self.0)
    }
}

impl core::error::Error for InvalidVersion {}

/// The release of Calico that would run, as far as the image reference of `calico-node` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "Option<String>", into = "Option<String>")
)]
pub enum CalicoVersion {
    /// The tag is a version.
    Known(CalicoRelease),
    /// The reference has no tag, only a digest or nothing at all.
    NoTag,
    /// The tag is no version.
    Unrecognised(String),
}

impl CalicoVersion {
    /// Reads the tag of an image reference; `None` where the reference has none.
    #[must_use]
    pub fn from_tag(tag: Option<&str>) -> Self {
        let Some(tag) = tag else { return Self::NoTag };
        match numbers(tag) {
            Some((major, minor, patch)) => Self::Known(CalicoRelease { major, minor, patch }),
            None => Self::Unrecognised(tag.to_string()),
        }
    }
}

#[cfg(feature = "serde")]
impl From<Option<String>> for CalicoVersion {
    fn from(tag: Option<String>) -> Self {
        Self::from_tag(tag.as_deref())
    }
}

#[cfg(feature = "serde")]
impl From<CalicoVersion> for Option<String> {
    fn from(version: CalicoVersion) -> Self {
        match version {
            CalicoVersion::Known(release) => Some(release.to_string()),
            CalicoVersion::NoTag => None,
            CalicoVersion::Unrecognised(tag) => Some(tag),
        }
    }
}

/// A Calico release such as v3.31.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalicoRelease {
    /// Major number.
    pub major: u64,
    /// Minor number.
    pub minor: u64,
    /// Patch number.
    pub patch: u64,
}

impl CalicoRelease {
    /// A release by its three numbers.
    #[must_use]
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch }
    }
}

impl core::fmt::Display for CalicoRelease {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

fn numbers(text: &str) -> Option<(u64, u64, u64)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+', '~']).unwrap_or(text.len());
    let mut parts = text.get(..end)?.split('.');
    let major = number(parts.next()?)?;
    let minor = parts.next().map_or(Some(0), number)?;
    let patch = parts.next().map_or(Some(0), number)?;
    parts.next().is_none().then_some((major, minor, patch))
}

/// A sign cannot be there: the text ends before it.
fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[cfg(feature = "serde")]
    #[test]
    fn versions_are_written_as_they_are_read() {
        use alloc::string::String;

        assert_eq!(String::from(KubernetesVersion::try_from(String::from("v1.36.2")).unwrap()), "1.36.2");
        for (tag, expected) in [(Some("v3.31.2"), Some("v3.31.2")), (Some("master"), Some("master")), (None, None)] {
            let version = CalicoVersion::from(tag.map(String::from));
            assert_eq!(Option::<String>::from(version).as_deref(), expected, "{tag:?}");
        }
    }

    #[test]
    fn reads_what_gardener_writes() {
        for (text, expected) in [
            ("1.36.2", "1.36.2"),
            ("v1.36.0", "1.36.0"),
            ("1.36", "1.36.0"),
            ("1", "1.0.0"),
            ("1.36.0-beta.1", "1.36.0"),
            ("1.35.0-gke.1+x", "1.35.0"),
            ("1.35.99~x", "1.35.99"),
            ("2.0.0", "2.0.0"),
        ] {
            let version: KubernetesVersion = text.parse().unwrap();
            assert_eq!(version.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in
            ["", "abc", "1.34.1.2", "1..2", "1.+2.3", "1.34.x", " 1.34", "vv1.3", "-1", "99999999999999999999.1"]
        {
            assert_eq!(text.parse::<KubernetesVersion>(), Err(InvalidVersion(text.to_string())), "{text}");
        }
        assert_eq!(InvalidVersion("1..2".to_string()).to_string(), "`1..2` is not a version");
    }

    #[test]
    fn calico_version_comes_from_the_tag() {
        assert_eq!(
            CalicoVersion::from_tag(Some("v3.31.6")),
            CalicoVersion::Known(CalicoRelease { major: 3, minor: 31, patch: 6 })
        );
        assert_eq!(CalicoRelease::new(3, 31, 6).to_string(), "v3.31.6");
        assert_eq!(CalicoVersion::from_tag(None), CalicoVersion::NoTag);
        assert_eq!(CalicoVersion::from_tag(Some("master")), CalicoVersion::Unrecognised("master".to_string()));
    }
}
