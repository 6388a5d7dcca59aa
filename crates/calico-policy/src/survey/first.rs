//! The first few of many nodes by name, in one pass and without ordering the others.

use alloc::vec::Vec;

use super::{LISTED_NODES, WaitingNode};
use crate::nodes::{NodeClass, NodeName};

/// So many are gathered before all but the first are dropped: far more than are listed, so that dropping costs a few
/// comparisons per node, and few enough to stay in the processor's cache.
const GATHERED: usize = 16 * LISTED_NODES;

/// Counts nodes and keeps the first [`LISTED_NODES`] by name.
#[derive(Default)]
pub(super) struct FirstNodes<'a> {
    count: usize,
    gathered: Vec<(&'a NodeName, NodeClass)>,
    /// The last of the listed ones, once there are that many: what comes after it need not be gathered.
    last: Option<(&'a NodeName, NodeClass)>,
}

impl<'a> FirstNodes<'a> {
    pub(super) fn add(&mut self, name: &'a NodeName, class: NodeClass) {
        self.count += 1;
        if self.last.is_some_and(|last| last <= (name, class)) {
            return;
        }
        self.gathered.push((name, class));
        if self.gathered.len() >= GATHERED {
            let (_, last, _) = self.gathered.select_nth_unstable(LISTED_NODES - 1);
            self.last = Some(*last);
            self.gathered.truncate(LISTED_NODES);
        }
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// The listed ones in order.
    pub(super) fn into_listed(mut self) -> Vec<WaitingNode> {
        self.gathered.sort_unstable();
        self.gathered.truncate(LISTED_NODES);
        self.gathered.into_iter().map(|(name, class)| WaitingNode { name: name.clone(), class }).collect()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    /// Orders in which the dropping can go: ascending, descending, and every stride that meets each name once.
    #[test]
    fn the_first_twenty_of_a_thousand_in_any_order() {
        let names: Vec<NodeName> = (0..1_000).map(|index| NodeName(format!("n{index:03}").into())).collect();
        let expected: Vec<String> = (0..20).map(|index| format!("n{index:03}")).collect();
        for stride in (1..1_000).filter(|stride| stride % 2 == 1 && stride % 5 != 0) {
            let mut first = FirstNodes::default();
            for step in 0..1_000 {
                first.add(&names[step * stride % 1_000], NodeClass::NoCondition);
            }
            assert_eq!(first.count(), 1_000);
            let listed: Vec<String> = first.into_listed().iter().map(|node| node.name.0.as_ref().into()).collect();
            assert_eq!(listed, expected, "{stride}");
        }
    }

    #[test]
    fn few_are_all_listed() {
        let (a, b) = (NodeName("a".into()), NodeName("b".into()));
        let mut first = FirstNodes::default();
        first.add(&b, NodeClass::NotReady);
        first.add(&a, NodeClass::NoCondition);
        let listed = first.into_listed();
        assert_eq!(listed[0], WaitingNode { name: a, class: NodeClass::NoCondition });
        assert_eq!(listed[1], WaitingNode { name: b, class: NodeClass::NotReady });
        assert!(FirstNodes::default().into_listed().is_empty());
    }
}
