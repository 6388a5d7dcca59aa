//! The order of the states of an object or a list.

/// Whether the state with this `resourceVersion` is `other` or a later one. Those of one API server are numbers that grow (since
/// Kubernetes 1.35 by contract, KEP-5504); of anything else only equality counts.
#[must_use]
pub fn is_at_least_as_new_as(version: &str, other: &str) -> bool {
    let number = |text: &str| text.parse::<u128>().ok();
    version == other || matches!((number(version), number(other)), (Some(own), Some(other)) if own >= other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers_and_nothing_else_is() {
        for (version, other, expected) in [
            ("100", "99", true),
            ("99", "100", false),
            ("7", "7", true),
            ("a", "a", true),
            ("b", "a", false),
            ("", "1", false),
        ] {
            assert_eq!(is_at_least_as_new_as(version, other), expected, "`{version}` `{other}`");
        }
    }
}
