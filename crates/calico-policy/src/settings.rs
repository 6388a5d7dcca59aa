//! What the landscape operator configured, resolved for one shoot.

use alloc::collections::BTreeSet;
use core::time::Duration;

use crate::nodes::NodeClass;
use crate::version::CalicoVersion;

/// Everything configured that the decisions depend on.
///
/// None of it can be discovered from a cluster, which is why it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct Settings {
    /// Feature gate `NonPrivilegedCalicoNode`.
    pub non_privileged_calico_node: bool,
    /// Feature gate `SeamlessOverlaySwitch`.
    pub seamless_overlay_switch: bool,
    /// The release of the `calico-node` image that would be applied.
    #[cfg_attr(feature = "serde", serde(rename = "calicoTag"))]
    pub calico_version: CalicoVersion,
    /// The configuration section `overlaySwitch`.
    pub overlay_switch: OverlaySwitchSettings,
}

/// The configuration section `overlaySwitch`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct OverlaySwitchSettings {
    /// `profile`.
    pub profile: Profile,
    /// `whenUnguarded`.
    pub when_unguarded: WhenUnguarded,
    /// `gateImplicitRemovals`.
    pub implicit_removals: ImplicitRemovals,
    /// `routeVerification` for the provider type of this shoot.
    pub route_verification: Verification,
    /// `podRoutes`.
    pub pod_routes: Verification,
    /// `routeWriterGrace`: how long a hold lasts without any sign of a route writer before that is the reason.
    #[cfg_attr(feature = "serde", serde(rename = "routeWriterGraceSeconds", with = "crate::time::seconds"))]
    pub route_writer_grace: Duration,
    /// `progressWindow`: how long a hold counts as progress; 0 in profile `Strict`.
    #[cfg_attr(feature = "serde", serde(rename = "progressWindowSeconds", with = "crate::time::seconds"))]
    pub progress_window: Duration,
    /// `deadline`: after it a hold is reported as overdue; it is never forced.
    #[cfg_attr(feature = "serde", serde(rename = "deadlineSeconds", with = "crate::time::seconds"))]
    pub deadline: Duration,
    /// `pollInterval`: how often a hold is looked at again. While its nodes are watched and it waits for nothing else, that is seldom.
    #[cfg_attr(feature = "serde", serde(rename = "pollIntervalSeconds", with = "crate::time::seconds"))]
    pub poll_interval: Duration,
    /// `excludeNodeClasses`: classes that do not block; reported by name and count.
    #[cfg_attr(feature = "serde", serde(rename = "excludeNodeClasses"))]
    pub excluded_classes: BTreeSet<NodeClass>,
    /// `refreshEvidence`.
    pub old_evidence: OldEvidence,
    /// `guard`.
    pub guard: GuardRequirement,
}

impl OverlaySwitchSettings {
    /// What holds where nothing is configured.
    #[must_use]
    pub const fn defaults() -> Self {
        Self {
            profile: Profile::Default,
            when_unguarded: WhenUnguarded::Proceed,
            implicit_removals: ImplicitRemovals::Report,
            route_verification: Verification::Require,
            pod_routes: Verification::Require,
            route_writer_grace: Duration::from_secs(600),
            progress_window: Duration::from_secs(150),
            deadline: Duration::from_secs(1800),
            poll_interval: Duration::from_secs(5),
            excluded_classes: BTreeSet::new(),
            old_evidence: OldEvidence::Counts,
            guard: GuardRequirement::WhereObserved,
        }
    }
}

/// `profile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Profile {
    /// With the evidence rules.
    Default,
    /// As the Go extension: no evidence rules, never holds on the guard.
    Strict,
}

/// `whenUnguarded`: what happens where the policy API is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WhenUnguarded {
    /// As the Go extension: the switch goes ahead unverified.
    Proceed,
    /// It holds.
    Hold,
}

/// `gateImplicitRemovals`: what happens when encapsulation goes without `overlay.enabled: false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ImplicitRemovals {
    /// It goes ahead and the shoot owner is told.
    Report,
    /// It holds until the field is set.
    Hold,
}

/// Whether routes must be seen before a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Verification {
    /// They must.
    Require,
    /// Nobody would write them: `routeVerification` for this provider type, or `podRoutes`, says so.
    Skip,
}

/// `refreshEvidence`: what a `RouteCreated` is worth that nobody has written for an hour, nor since the switch is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OldEvidence {
    /// It counts, and is reported.
    Counts,
    /// It does not count. Under an effective guard it is deleted, so that a living route writer writes it again; without a guard nobody
    /// would keep Calico from writing there, so it counts.
    IsWrittenAgain,
}

/// What is demanded of the guard before routes count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GuardRequirement {
    /// `guard.enabled: false`: nothing, reported.
    Disabled,
    /// Nothing where it was not looked for; where it was, it must be effective.
    WhereObserved,
    /// It must be effective, and not having looked holds too (`--require-guard`, and the live controller).
    Always,
}
