//! Paths into an object, as errors name them: `spec.ipFamilies[0]`, also Kubernetes' `featureGates[Name]`.
//!
//! Keys may hold dots, so a path is matched against the keys that exist instead of being cut.

/// What is left of `path` below `key`; none where the path does not go through it.
pub(crate) fn after_key<'a>(path: &'a str, key: &str) -> Option<&'a str> {
    let rest = match path.strip_prefix('[') {
        Some(inner) => inner.strip_prefix(key)?.strip_prefix(']')?,
        None => path.strip_prefix('.').unwrap_or(path).strip_prefix(key)?,
    };
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
}

/// The index that `path` starts with, and what is left.
pub(crate) fn after_index(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}

/// `parent` extended by `child`, which may be empty or start with an index.
pub(crate) fn join(parent: &str, child: &str) -> String {
    if parent.is_empty() || child.is_empty() || child.starts_with('[') {
        format!("{parent}{child}")
    } else {
        format!("{parent}.{child}")
    }
}

#[cfg(test)]
mod tests {
    use super::{after_index, after_key, join};

    #[test]
    fn keys_match_whole_and_may_hold_dots() {
        assert_eq!(after_key("spec.a[0]", "spec"), Some(".a[0]"));
        assert_eq!(after_key(".a[0]", "a"), Some("[0]"));
        assert_eq!(after_key("[x.y/z].b", "x.y/z"), Some(".b"));
        assert_eq!(after_key(".x.y/z", "x.y/z"), Some(""));
        assert_eq!(after_key("spec", "sp"), None);
        assert_eq!(after_key("[ab]", "a"), None);
    }

    #[test]
    fn indices_and_joints() {
        assert_eq!(after_index("[12].a"), Some((12, ".a")));
        assert_eq!(after_index("[x]"), None);
        assert_eq!(after_index("[99999999999999999999]"), None);
        assert_eq!(join("items[3]", "spec"), "items[3].spec");
        assert_eq!(join("spec", "[1]"), "spec[1]");
        assert_eq!(join("", "spec"), "spec");
        assert_eq!(join("spec", ""), "spec");
    }
}
