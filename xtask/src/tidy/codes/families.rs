//! The closed sets whose codes documents name, and where each is explained.

use std::collections::BTreeSet;

use adapter_k8s::lease::LEADER_ELECTION;
use calico_policy::caveats::Caveat;
use calico_policy::decision::Bundle;
use calico_policy::encapsulation::PoolMode;
use calico_policy::guard::GuardState;
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::{Actor, HoldReason, UnverifiedReason, VerdictCode};
use calico_policy::phase::Phase;
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use calico_policy::warning::WarningCode;
use operator::commands::plan::Outcome;
use operator::controller::events::{NODES, UNVERIFIED, phase_reason};

/// What Calico and route controllers give as the reason of the condition NetworkUnavailable: codes that are not ours.
const CONDITION_REASONS: [&str; 4] = ["RouteCreated", "NoRouteCreated", "CalicoIsUp", "CalicoIsDown"];

/// A closed set.
#[derive(Debug)]
pub(super) struct Family {
    /// What a document calls a member: before its code (`phase Idle`), and before a colon (`phase: Idle`).
    pub(super) called: &'static [&'static str],
    /// Where each member is explained, and nothing that is no member.
    pub(super) explained: Explained,
    pub(super) codes: BTreeSet<&'static str>,
}

/// Where a document explains every member.
#[derive(Debug)]
pub(super) enum Explained {
    /// In the first column of the tables that have this heading there.
    Table(&'static str),
    /// In sections of their own below this heading.
    Sections(&'static str),
    /// Not by us.
    Elsewhere,
}

impl Family {
    fn new(
        called: &'static [&'static str],
        explained: Explained,
        codes: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        Self { called, explained, codes: codes.into_iter().collect() }
    }
}

pub(super) fn all() -> Vec<Family> {
    use Explained::{Elsewhere, Sections, Table};

    let modes = [NodePrivilege::NonPrivileged, NodePrivilege::Privileged(PrivilegedBecause::GateDisabled)];
    let events = Phase::ALL.iter().map(|phase| phase_reason(*phase)).chain([NODES, UNVERIFIED, LEADER_ELECTION]);
    let reason: &[&str] = &["reason", "reasons"];
    let mode: &[&str] = &["mode"];
    vec![
        Family::new(&["verdict"], Table("verdict"), VerdictCode::ALL.iter().map(|code| code.code())),
        Family::new(reason, Sections("Why a switch is held"), HoldReason::ALL.iter().map(|code| code.code())),
        Family::new(reason, Table("reason"), UnverifiedReason::ALL.iter().map(|code| code.code())),
        Family::new(reason, Table("reason of an Event"), events),
        Family::new(reason, Elsewhere, CONDITION_REASONS),
        Family::new(&["phase", "phases"], Table("phase"), Phase::ALL.iter().map(|code| code.code())),
        Family::new(&["class", "classes"], Table("node class"), NodeClass::ALL.iter().map(|code| code.code())),
        Family::new(&["guard"], Table("guard state"), GuardState::ALL.iter().map(|code| code.code())),
        Family::new(
            &["warning", "warnings"],
            Sections("What warnings mean"),
            WarningCode::ALL.iter().map(|code| code.code()),
        ),
        Family::new(&["bundle"], Table("bundle"), Bundle::ALL.iter().map(|code| code.code())),
        Family::new(&["actor"], Table("actor"), Actor::ALL.iter().map(|code| code.code())),
        Family::new(mode, Table("mode"), modes.map(NodePrivilege::code)),
        Family::new(mode, Elsewhere, PoolMode::ALL.iter().map(|code| code.code())),
        Family::new(&["because"], Table("because"), PrivilegedBecause::ALL.iter().map(|code| code.code())),
        Family::new(&["caveat", "caveats"], Table("caveat"), Caveat::ALL.iter().map(|code| code.code())),
        Family::new(&["outcome"], Table("outcome of `plan`"), Outcome::ALL.iter().map(|code| code.code())),
    ]
}
