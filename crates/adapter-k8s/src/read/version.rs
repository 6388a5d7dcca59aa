//! The order of the states of an object or a list.

use std::cmp::Ordering;

/// How the state with this `resourceVersion` stands to another one. Those of one API server are numbers that grow (since Kubernetes 1.35
/// by contract, KEP-5504); of anything else only equality counts, and the order of two that differ is not known.
#[must_use]
pub fn order(version: &str, other: &str) -> Option<Ordering> {
    let number = |text: &str| text.parse::<u128>().ok();
    match (number(version), number(other)) {
        _ if version == other => Some(Ordering::Equal),
        (Some(own), Some(other)) => Some(own.cmp(&other)),
        _ => None,
    }
}

/// Whether the state with this `resourceVersion` is known to be `other` or a later one.
#[must_use]
pub fn is_at_least_as_new_as(version: &str, other: &str) -> bool {
    order(version, other).is_some_and(Ordering::is_ge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers_and_nothing_else_is() {
        for (version, other, expected) in [
            ("100", "99", Some(Ordering::Greater)),
            ("99", "100", Some(Ordering::Less)),
            ("7", "7", Some(Ordering::Equal)),
            ("a", "a", Some(Ordering::Equal)),
            ("b", "a", None),
            ("a", "1", None),
            ("", "1", None),
        ] {
            assert_eq!(order(version, other), expected, "`{version}` `{other}`");
            let is_known = matches!(expected, Some(Ordering::Greater | Ordering::Equal));
            assert_eq!(is_at_least_as_new_as(version, other), is_known, "`{version}` `{other}`");
        }
    }
}
