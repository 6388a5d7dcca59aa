//! Warnings: what a person should know although no decision hangs on it.

use alloc::string::String;

use crate::codes::closed_set;

closed_set! {
    /// What a warning is about.
    pub enum WarningCode {
        /// No version of the policy API fits the shoot, although the gate counts it as available.
        GuardApiMismatch,
        /// Nobody looked whether the guard is there.
        GuardNotObserved,
        /// A pool setting changes variables that calico-node no longer reads.
        PoolSettingWithoutEffect,
        /// Felix' switch for IP in IP and the pool say different things; the pool counts.
        FelixDisagreesWithPool,
        /// Evidence has not been refreshed for an hour.
        EvidenceOld,
        /// Nodes do not block because the configuration excludes their class.
        NodesExcluded,
        /// Single Node documents were taken as the complete list.
        CompletenessAssumed,
        /// A deprecated field is set and has no effect.
        DeprecatedField,
        /// The bundle was not applied within its time.
        BundleNotApplied,
        /// A node of a switched shoot has lost its route.
        NodeLostRoute,
        /// Calico wrote a condition again after the switch.
        CalicoConditionCameBack,
        /// A node that joined after a switch got no route.
        JoinerWithoutRoute,
        /// A switch was not verified within its time.
        SwitchNotVerified,
        /// The encapsulation in effect follows from variables only.
        EncapsulationAssumed,
        /// The address management changes.
        IpamChanges,
        /// Encapsulation goes without `overlay.enabled: false`.
        OverlayNotDisabledExplicitly,
        /// Encapsulation starts, for which there is no gate.
        EncapsulationStarts,
        /// The protocol of the encapsulation changes, for which there is no gate.
        EncapsulationProtocolChanges,
        /// The hold is older than its deadline.
        HoldOverdue,
        /// The status from which the age of a hold is taken could not be read.
        PreviousStatusUnreadable,
        /// The switch goes ahead because an operator said so.
        BreakGlassUsed,
        /// A break-glass annotation has no reason and is ignored.
        BreakGlassWithoutReason,
    }
}

impl WarningCode {
    /// The meaning in one line, for documents.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::GuardApiMismatch => {
                "the policy API counts as available, but in no version in which the guard can be written"
            }
            Self::GuardNotObserved => "nobody looked whether the guard is there; the live controller deploys it first",
            Self::PoolSettingWithoutEffect => {
                "the setting changes variables that calico-node reads only while no pool exists"
            }
            Self::FelixDisagreesWithPool => {
                "Felix' switch for IP in IP and the pool say different things; the pool counts"
            }
            Self::EvidenceOld => "routes count as created, but nobody has refreshed that for an hour",
            Self::NodesExcluded => "nodes without a route do not block because excludeNodeClasses names their class",
            Self::CompletenessAssumed => "single Node documents were taken as all nodes of the shoot",
            Self::DeprecatedField => "the field is deprecated and has no effect",
            Self::BundleNotApplied => "gardener-resource-manager has not applied the bundle in time",
            Self::NodeLostRoute => "a node of a switched shoot has lost its route",
            Self::CalicoConditionCameBack => "Calico wrote the condition NetworkUnavailable again after the switch",
            Self::JoinerWithoutRoute => "a node that joined after the switch got no route within routeWriterGrace",
            Self::SwitchNotVerified => "the switch was not verified within its deadline and ended as it is",
            Self::EncapsulationAssumed => "the encapsulation in effect follows from variables, no pool object names it",
            Self::IpamChanges => "the address management changes; running pods keep their addresses",
            Self::OverlayNotDisabledExplicitly => {
                "encapsulation goes without overlay.enabled: false, so no route writer is started"
            }
            Self::EncapsulationStarts => "encapsulation starts: pods keep their old MTU until they are re-created",
            Self::EncapsulationProtocolChanges => {
                "the protocol of the encapsulation changes while nodes roll one after the other"
            }
            Self::HoldOverdue => "the hold is older than its deadline; it is never forced",
            Self::PreviousStatusUnreadable => "the last status could not be read, so the hold counts from now",
            Self::BreakGlassUsed => "the annotation skip-route-check lets the switch go ahead unverified",
            Self::BreakGlassWithoutReason => "the annotation skip-route-check has no reason and is ignored",
        }
    }
}

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Warning {
    /// What it is about.
    pub code: WarningCode,
    /// The particulars, for people.
    pub message: String,
}

impl Warning {
    /// A warning with its particulars.
    pub fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
