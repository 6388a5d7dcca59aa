//! Names of nodes as a set, put in order only for whoever reads them.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::nodes::NodeName;

/// Names of nodes. Two of them are equal where they name the same nodes, whatever order the nodes were met in; cloning
/// shares the names.
///
/// Ordering all names of a large shoot costs several times what a look at its nodes costs, and most decisions only ask
/// how many there are.
#[derive(Clone, Default)]
pub struct NodeNames(Option<Arc<Vec<NodeName>>>);

impl NodeNames {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_met().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_met().is_empty()
    }

    /// The names in ascending order. They are sorted in this call: keep the result rather than asking twice.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &NodeName> + use<'_> {
        let mut names: Vec<&NodeName> = self.as_met().iter().collect();
        names.sort_unstable();
        names.into_iter()
    }

    fn as_met(&self) -> &[NodeName] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl FromIterator<NodeName> for NodeNames {
    fn from_iter<I: IntoIterator<Item = NodeName>>(names: I) -> Self {
        Self::from(names.into_iter().collect::<Vec<_>>())
    }
}

impl From<Vec<NodeName>> for NodeNames {
    fn from(names: Vec<NodeName>) -> Self {
        Self((!names.is_empty()).then(|| Arc::new(names)))
    }
}

impl PartialEq for NodeNames {
    fn eq(&self, other: &Self) -> bool {
        self.as_met() == other.as_met() || (self.len() == other.len() && self.iter().eq(other.iter()))
    }
}

impl Eq for NodeNames {}

#[cfg(feature = "serde")]
impl serde::Serialize for NodeNames {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl fmt::Debug for NodeNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;

    fn names(texts: &[&str]) -> NodeNames {
        texts.iter().map(|text| NodeName((*text).into())).collect()
    }

    #[test]
    fn the_order_in_which_nodes_were_met_does_not_show() {
        let (one, other) = (names(&["b", "c", "a"]), names(&["a", "b", "c"]));
        assert_eq!(one, other);
        assert_eq!(format!("{one:?}"), r#"[NodeName("a"), NodeName("b"), NodeName("c")]"#);
        assert_eq!(one.iter().map(|name| &*name.0).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn other_names_are_not_equal() {
        for other in [&[][..], &["a"], &["a", "c"], &["a", "a"], &["a", "b", "b"]] {
            assert_ne!(names(&["b", "a"]), names(other), "{other:?}");
        }
        assert_eq!(names(&[]), NodeNames::default());
        assert_eq!((names(&[]).len(), names(&["a", "b"]).len()), (0, 2));
        assert!(names(&[]).is_empty() && !names(&["a"]).is_empty());
    }
}
