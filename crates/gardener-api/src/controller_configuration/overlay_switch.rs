//! The section `overlaySwitch`: how carefully encapsulation is taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::duration::GoDuration;
use super::fields::{Name, object};
use super::{ControllerConfigurationError, error};

/// The section `overlaySwitch`, resolved with its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlaySwitchConfiguration {
    /// `profile`.
    pub profile: Profile,
    /// `whenUnguarded`: what happens where the policy API is not available.
    pub when_unguarded: WhenUnguarded,
    /// `gateImplicitRemovals`: whether a removal without `overlay.enabled: false` holds.
    pub gate_implicit_removals: bool,
    /// `routeVerification` by provider type; a type that is not named is verified.
    pub route_verification: BTreeMap<String, Verification>,
    /// `podRoutes`: whether routes are verified where BIRD distributes them.
    pub pod_routes: Verification,
    /// `routeWriterGrace`: how long a hold lasts without any sign of a route writer before that is the reason.
    pub route_writer_grace: Duration,
    /// `progressWindow`: how long a hold counts as progress. By default 150 s, and none in profile `Strict`.
    pub progress_window: Duration,
    /// `deadline`: after it a hold is reported as overdue; it is never forced.
    pub deadline: Duration,
    /// `pollInterval`: how often a hold is looked at again, unless its nodes are watched and it waits for nothing else; never zero.
    pub poll_interval: Duration,
    /// `excludeNodeClasses`: classes that do not block; reported by name and count.
    pub exclude_node_classes: BTreeSet<BlockingNodeClass>,
    /// `refreshEvidence`: whether an old route condition is deleted once in a switch, so that a living route writer writes it again.
    pub refresh_evidence: bool,
    /// `guard`.
    pub guard: GuardConfiguration,
}

impl OverlaySwitchConfiguration {
    /// What is demanded of the routes of a shoot of this provider type.
    #[must_use]
    pub fn verification_for(&self, provider_type: &str) -> Verification {
        self.route_verification.get(provider_type).copied().unwrap_or(Verification::Require)
    }
}

impl Default for OverlaySwitchConfiguration {
    fn default() -> Self {
        Self::of_profile(Profile::Default)
    }
}

/// `profile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Profile {
    /// With the evidence rules.
    Default,
    /// As the Go extension: no evidence rules, no hold on the guard, no progress window.
    Strict,
}

/// `whenUnguarded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum WhenUnguarded {
    /// The switch goes ahead unverified, as in Go.
    Proceed,
    /// It holds.
    Hold,
}

/// Whether routes must be seen before a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Verification {
    /// They must.
    Require,
    /// Nobody would write them.
    Skip,
}

/// A class of nodes that blocks a switch unless it is excluded: every one but `RouteCreated`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum BlockingNodeClass {
    /// No condition `NetworkUnavailable`.
    NoCondition,
    /// The condition was written by Calico.
    WrittenByCalico,
    /// The route writer says that there is no route.
    NoRouteCreated,
    /// Any other or an ambiguous condition.
    OtherReason,
    /// No pod range was assigned.
    NoPodCidr,
    /// The node is being deleted.
    Deleting,
    /// The node is not ready.
    NotReady,
    /// The condition is older than the node.
    Stale,
}

/// `guard`: the admission policy that keeps Calico from overwriting the route condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardConfiguration {
    /// `enabled`.
    pub enabled: bool,
    /// `protectRouteCreated`: whether anybody's overwriting of `RouteCreated` is refused too.
    pub protect_route_created: bool,
}

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawOverlaySwitch {
    profile: Option<Name<Profile>>,
    when_unguarded: Option<Name<WhenUnguarded>>,
    gate_implicit_removals: Option<bool>,
    route_verification: Option<BTreeMap<String, Name<Verification>>>,
    pod_routes: Option<Name<Verification>>,
    route_writer_grace: Option<GoDuration>,
    progress_window: Option<GoDuration>,
    deadline: Option<GoDuration>,
    poll_interval: Option<GoDuration>,
    exclude_node_classes: Option<Vec<Name<BlockingNodeClass>>>,
    refresh_evidence: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    guard: Option<RawGuard>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawGuard {
    enabled: Option<bool>,
    protect_route_created: Option<bool>,
}

impl RawOverlaySwitch {
    pub(super) fn resolve(self) -> Result<OverlaySwitchConfiguration, ControllerConfigurationError> {
        let name = |name: Option<Name<Verification>>, default| name.map_or(default, |Name(value)| value);
        let profile = self.profile.map_or(Profile::Default, |Name(profile)| profile);
        let defaults = OverlaySwitchConfiguration::of_profile(profile);
        let guard = self.guard.unwrap_or_default();
        let mut route_verification = defaults.route_verification;
        for (provider_type, Name(verification)) in self.route_verification.unwrap_or_default() {
            route_verification.insert(provider_type, verification);
        }
        let poll_interval = self.poll_interval.map_or(defaults.poll_interval, GoDuration::into_inner);
        if poll_interval.is_zero() {
            // A hold would be looked at without a pause.
            return Err(error("overlaySwitch.pollInterval", "must be longer than zero, such as `5s`".to_owned()));
        }
        Ok(OverlaySwitchConfiguration {
            profile,
            when_unguarded: self.when_unguarded.map_or(defaults.when_unguarded, |Name(value)| value),
            gate_implicit_removals: self.gate_implicit_removals.unwrap_or(defaults.gate_implicit_removals),
            route_verification,
            pod_routes: name(self.pod_routes, defaults.pod_routes),
            route_writer_grace: self.route_writer_grace.map_or(defaults.route_writer_grace, GoDuration::into_inner),
            progress_window: self.progress_window.map_or(defaults.progress_window, GoDuration::into_inner),
            deadline: self.deadline.map_or(defaults.deadline, GoDuration::into_inner),
            poll_interval,
            exclude_node_classes: self.exclude_node_classes.map_or(defaults.exclude_node_classes, |classes| {
                classes.into_iter().map(|Name(class)| class).collect()
            }),
            refresh_evidence: self.refresh_evidence.unwrap_or(defaults.refresh_evidence),
            guard: GuardConfiguration {
                enabled: guard.enabled.unwrap_or(defaults.guard.enabled),
                protect_route_created: guard.protect_route_created.unwrap_or(defaults.guard.protect_route_created),
            },
        })
    }
}

impl OverlaySwitchConfiguration {
    fn of_profile(profile: Profile) -> Self {
        Self {
            profile,
            when_unguarded: WhenUnguarded::Proceed,
            gate_implicit_removals: false,
            route_verification: BTreeMap::from([("local".to_owned(), Verification::Skip)]),
            pod_routes: Verification::Require,
            route_writer_grace: Duration::from_secs(10 * 60),
            progress_window: match profile {
                Profile::Default => Duration::from_secs(150),
                Profile::Strict => Duration::ZERO,
            },
            deadline: Duration::from_secs(30 * 60),
            poll_interval: Duration::from_secs(5),
            exclude_node_classes: BTreeSet::new(),
            refresh_evidence: false,
            guard: GuardConfiguration { enabled: true, protect_route_created: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn resolve(section: Value) -> OverlaySwitchConfiguration {
        serde_json::from_value::<RawOverlaySwitch>(section).unwrap().resolve().unwrap()
    }

    #[test]
    fn the_profile_moves_only_the_default_of_the_progress_window() {
        assert_eq!(resolve(json!({"profile": "Strict"})).progress_window, Duration::ZERO);
        assert_eq!(
            resolve(json!({"profile": "Strict", "progressWindow": "150s"})),
            OverlaySwitchConfiguration { profile: Profile::Strict, ..OverlaySwitchConfiguration::default() }
        );
    }

    #[test]
    fn provider_types_are_added_to_the_default() {
        let section = resolve(json!({"routeVerification": {"onprem": "Skip", "aws": "Require"}}));
        for (provider_type, expected) in [
            ("local", Verification::Skip),
            ("onprem", Verification::Skip),
            ("aws", Verification::Require),
            ("gcp", Verification::Require),
        ] {
            assert_eq!(section.verification_for(provider_type), expected, "{provider_type}");
        }
        let section = resolve(json!({"routeVerification": {"local": "Require"}}));
        assert_eq!(section.verification_for("local"), Verification::Require);
    }

    #[test]
    fn every_class_but_the_ready_one_can_be_excluded() {
        let names = [
            "NoCondition",
            "WrittenByCalico",
            "NoRouteCreated",
            "OtherReason",
            "NoPodCidr",
            "Deleting",
            "NotReady",
            "Stale",
        ];
        assert_eq!(
            resolve(json!({"excludeNodeClasses": names})).exclude_node_classes,
            BTreeSet::from([
                BlockingNodeClass::NoCondition,
                BlockingNodeClass::WrittenByCalico,
                BlockingNodeClass::NoRouteCreated,
                BlockingNodeClass::OtherReason,
                BlockingNodeClass::NoPodCidr,
                BlockingNodeClass::Deleting,
                BlockingNodeClass::NotReady,
                BlockingNodeClass::Stale,
            ])
        );
        assert_eq!(resolve(json!({"excludeNodeClasses": ["Stale", "Stale"]})).exclude_node_classes.len(), 1);
    }
}
