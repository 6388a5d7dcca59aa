//! The rules that keep a switch safe and moving, each of which a counterexample turns off – in the settings or in what
//! surrounds the core, never in the core – and the bounds of an exploration.

use std::collections::BTreeSet;

use calico_policy::Settings;
use calico_policy::settings::{GuardRequirement, OldEvidence, OverlaySwitchSettings};
use calico_policy::version::CalicoVersion;

use crate::state::Budget;

/// The rules around the core, and its settings.
#[derive(Clone, Debug)]
pub struct Rules {
    pub settings: Settings,
    pub unreadable: Unreadable,
    pub guard_probe: GuardProbe,
    pub cleaning: Cleaning,
    pub check_before_write: CheckBeforeWrite,
    pub late_writes: LateWrites,
    pub route_writer_says: RouteWriterSays,
    /// Whether the guard also keeps what a route writer said from being turned into `NoRouteCreated`.
    pub protect_route_created: bool,
}

impl Rules {
    /// As the controller runs.
    pub fn all() -> Self {
        Self {
            settings: Settings {
                non_privileged_calico_node: false,
                seamless_overlay_switch: true,
                calico_version: CalicoVersion::from_tag(Some("v3.31.6")),
                overlay_switch: OverlaySwitchSettings {
                    guard: GuardRequirement::Always,
                    excluded_classes: BTreeSet::new(),
                    ..OverlaySwitchSettings::defaults()
                },
            },
            unreadable: Unreadable::IsNoEvidence,
            guard_probe: GuardProbe::Effect,
            cleaning: Cleaning::Always,
            check_before_write: CheckBeforeWrite::Uids,
            late_writes: LateWrites::AreRefused,
            route_writer_says: RouteWriterSays::WhatIsTrue,
            protect_route_created: false,
        }
    }

    /// The same with `refreshEvidence`.
    pub fn refreshing() -> Self {
        let mut rules = Self::all();
        rules.settings.overlay_switch.old_evidence = OldEvidence::IsWrittenAgain;
        rules
    }
}

/// What a bundle that cannot be read is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    IsNoEvidence,
    /// As in the Go extension.
    TakenForNoSwitch,
}

/// What tells whether the guard works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardProbe {
    /// A dry run as calico-node.
    Effect,
    /// The written object.
    Existence,
}

/// When conditions of Calico are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// In every reconcile that finds one.
    Always,
    /// At most once, remembered by an annotation, as provider extensions do.
    Once,
}

/// What is compared with the witness before the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckBeforeWrite {
    /// The UIDs of the nodes as they are then.
    Uids,
    /// Their names.
    Names,
    /// A list from the time of the survey.
    StaleRead,
}

/// What becomes of a write of somebody who has read an older state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateWrites {
    /// It has a precondition.
    AreRefused,
    Land,
}

/// Whether the route writer can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteWriterSays {
    WhatIsTrue,
    /// It may say `RouteCreated` of a node that has no route.
    AlsoWhatIsNot,
}

/// What the nodes of a shoot with overlay say before anything happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// What calico-node said when it started.
    ByCalico,
    /// What a route writer said long ago, when the overlay was off before. On any of the nodes the route may have gone since.
    WithOldRoutes,
}

/// The bounds of an exploration.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The shoots that it begins with, by their number of nodes.
    pub nodes: &'static [usize],
    pub budget: Budget,
    /// What the nodes say that it begins with.
    pub begins: Begins,
    /// Whether steps are recorded that no state shows.
    pub record_breaches: bool,
}
