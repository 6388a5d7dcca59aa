//! Whether a switch that is applied did what it should: calico-node has rolled, no node of the switch has lost its route, no condition
//! of Calico came back, and the guard is effective.
//!
//! Nothing is taken back where it did not: what is missing is reported, and after a while the switch ends with that report.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::codes::closed_set;
use crate::nodes::{EvidenceRules, NodeClass, NodeFacts, NodeName, classify};
use crate::phase::Rollout;
use crate::reading::Reading;
use crate::time::Timestamp;

closed_set! {
    /// What a switch lacks that is not verified.
    pub enum Missing {
        /// calico-node has not rolled on every node.
        Rollout,
        /// The nodes could not be read.
        Nodes,
        /// A node of the switch has no route.
        Routes,
        /// A node carries a condition of Calico.
        CalicoConditions,
        /// A node that joined after the switch has no route yet.
        Joiners,
        /// The guard is not effective.
        Guard,
    }
}

impl Missing {
    const fn fragment(self) -> &'static str {
        match self {
            Self::Rollout => "calico-node has not rolled on every node",
            Self::Nodes => "the nodes have not been read",
            Self::Routes => "a node has lost its route",
            Self::CalicoConditions => "a node carries a condition of Calico",
            Self::Joiners => "a node that joined has no route yet",
            Self::Guard => "the guard is not effective",
        }
    }
}

/// What a look at a switch that is applied found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// What is missing; empty where the switch is verified.
    pub missing: BTreeSet<Missing>,
    /// Nodes of the switch without a route, sorted by name.
    pub lost: Vec<NodeName>,
    /// Number of nodes that joined after the switch.
    pub joiners: usize,
    /// Of those, the nodes without a route although they joined longer ago than the grace, sorted by name.
    pub late_joiners: Vec<NodeName>,
    /// Whether the time for it is over, so that the switch ends as it is.
    pub is_overdue: bool,
}

/// Whether routes are to be expected: a route writer serves the shoot, as far as its configuration tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routes {
    /// They are.
    Expected,
    /// Nobody writes them, or nobody asked for a look at them.
    NotExpected,
}

/// What a verification rests on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) rollout: Rollout,
    pub(crate) routes: Routes,
    pub(crate) nodes: &'a Reading<Vec<NodeFacts>>,
    pub(crate) rules: EvidenceRules,
    pub(crate) excluded: &'a BTreeSet<NodeClass>,
    pub(crate) guard_suffices: bool,
    /// Since when the switch is written. Nodes that were created later joined it.
    pub(crate) since: Timestamp,
    /// How long a node that joined may be without a route.
    pub(crate) grace: Duration,
    /// How long all of it may last.
    pub(crate) bound: Duration,
    pub(crate) now: Timestamp,
}

impl Verification {
    /// Whether the switch ends: verified, or out of time.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.missing.is_empty() || self.is_overdue
    }

    /// What is missing, for people.
    #[must_use]
    pub fn message(&self) -> String {
        let fragments: Vec<&str> = self.missing.iter().map(|missing| missing.fragment()).collect();
        if fragments.is_empty() { "the switch is verified".to_string() } else { fragments.join(", ") }
    }

    pub(crate) fn of(evidence: Evidence<'_>) -> Self {
        let mut seen = Self {
            // A bundle that is not applied is no question of time here: it is reported as such.
            is_overdue: evidence.now.since(evidence.since) >= evidence.bound,
            ..Self::default()
        };
        if evidence.rollout != Rollout::RolledOut {
            seen.missing.insert(Missing::Rollout);
        }
        if evidence.routes == Routes::NotExpected {
            return seen;
        }
        match evidence.nodes {
            Reading::Known(nodes) => seen.look_at(nodes, &evidence),
            Reading::Absent | Reading::Unreadable(_) => {
                seen.missing.insert(Missing::Nodes);
            }
        }
        seen
    }

    fn look_at(&mut self, nodes: &[NodeFacts], evidence: &Evidence<'_>) {
        if !nodes.is_empty() && !evidence.guard_suffices {
            self.missing.insert(Missing::Guard);
        }
        for node in nodes {
            let joined = node.created.filter(|created| *created > evidence.since);
            self.joiners += usize::from(joined.is_some());
            let class = classify(node, evidence.rules);
            match class {
                NodeClass::RouteCreated | NodeClass::Deleting => {}
                class if evidence.excluded.contains(&class) => {}
                NodeClass::WrittenByCalico => {
                    self.missing.insert(Missing::CalicoConditions);
                }
                _ => match joined {
                    None => self.lost.push(node.name.clone()),
                    Some(joined) if evidence.now.since(joined) >= evidence.grace => {
                        self.late_joiners.push(node.name.clone());
                    }
                    Some(_) => {
                        self.missing.insert(Missing::Joiners);
                    }
                },
            }
        }
        if !self.lost.is_empty() {
            self.missing.insert(Missing::Routes);
        }
        self.lost.sort_unstable();
        self.late_joiners.sort_unstable();
    }
}
