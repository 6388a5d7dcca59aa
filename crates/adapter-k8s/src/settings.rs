//! The settings of the core from the configuration of the landscape operator, for one shoot.

use std::time::Duration;

use calico_policy::Settings;
use calico_policy::nodes::NodeClass;
use calico_policy::settings::{
    GuardRequirement, ImplicitRemovals, OldEvidence, OverlaySwitchSettings, Profile, Verification, WhenUnguarded,
};
use calico_policy::version::CalicoVersion;
use gardener_api::controller_configuration as configuration;
use gardener_api::controller_configuration::ControllerConfiguration;

/// Whether a guard that nobody looked for holds a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnobservedGuard {
    /// It does not: a dump rarely holds policies.
    Reported,
    /// It does: the live controller, and `--require-guard`.
    Holds,
}

/// The settings for a shoot of this provider type, whose `calico-node` image has this release.
#[must_use]
pub fn settings(
    configuration: &ControllerConfiguration,
    provider_type: &str,
    calico_version: CalicoVersion,
    unobserved_guard: UnobservedGuard,
) -> Settings {
    let section = &configuration.overlay_switch;
    let profile = match section.profile {
        configuration::Profile::Default => Profile::Default,
        configuration::Profile::Strict => Profile::Strict,
    };
    Settings {
        non_privileged_calico_node: configuration.feature_gates.non_privileged_calico_node,
        seamless_overlay_switch: configuration.feature_gates.seamless_overlay_switch,
        calico_version,
        overlay_switch: OverlaySwitchSettings {
            profile,
            when_unguarded: match section.when_unguarded {
                configuration::WhenUnguarded::Proceed => WhenUnguarded::Proceed,
                configuration::WhenUnguarded::Hold => WhenUnguarded::Hold,
            },
            implicit_removals: if section.gate_implicit_removals {
                ImplicitRemovals::Hold
            } else {
                ImplicitRemovals::Report
            },
            route_verification: verification(section.verification_for(provider_type)),
            pod_routes: verification(section.pod_routes),
            route_writer_grace: section.route_writer_grace,
            progress_window: match profile {
                Profile::Default => section.progress_window,
                Profile::Strict => Duration::ZERO,
            },
            deadline: section.deadline,
            poll_interval: section.poll_interval,
            old_evidence: if section.refresh_evidence { OldEvidence::IsWrittenAgain } else { OldEvidence::Counts },
            excluded_classes: section.exclude_node_classes.iter().copied().map(node_class).collect(),
            guard: match (section.guard.enabled, unobserved_guard) {
                (false, _) => GuardRequirement::Disabled,
                (true, UnobservedGuard::Reported) => GuardRequirement::WhereObserved,
                (true, UnobservedGuard::Holds) => GuardRequirement::Always,
            },
        },
    }
}

const fn verification(verification: configuration::Verification) -> Verification {
    match verification {
        configuration::Verification::Require => Verification::Require,
        configuration::Verification::Skip => Verification::Skip,
    }
}

const fn node_class(class: configuration::BlockingNodeClass) -> NodeClass {
    use configuration::BlockingNodeClass as Configured;
    match class {
        Configured::NoCondition => NodeClass::NoCondition,
        Configured::WrittenByCalico => NodeClass::WrittenByCalico,
        Configured::NoRouteCreated => NodeClass::NoRouteCreated,
        Configured::OtherReason => NodeClass::OtherReason,
        Configured::NoPodCidr => NodeClass::NoPodCidr,
        Configured::Deleting => NodeClass::Deleting,
        Configured::NotReady => NodeClass::NotReady,
        Configured::Stale => NodeClass::Stale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str, provider: &str) -> Settings {
        let configuration = ControllerConfiguration::from_value(serde_json::from_str(json).unwrap()).unwrap();
        settings(&configuration, provider, CalicoVersion::NoTag, UnobservedGuard::Reported)
    }

    #[test]
    fn an_empty_configuration_is_the_default_of_the_core() {
        let settings = of("null", "aws");
        assert_eq!(settings.overlay_switch, OverlaySwitchSettings::defaults());
        assert!(settings.seamless_overlay_switch && !settings.non_privileged_calico_node);
    }

    #[test]
    fn the_provider_type_decides_about_verification() {
        assert_eq!(of("null", "local").overlay_switch.route_verification, Verification::Skip);
        assert_eq!(of("null", "").overlay_switch.route_verification, Verification::Require);
    }

    #[test]
    fn every_class_of_the_core_that_blocks_can_be_excluded() {
        for class in NodeClass::ALL.iter().filter(|class| **class != NodeClass::RouteCreated) {
            let json = format!(
                r#"{{"apiVersion": "calico.networking.extensions.config.gardener.cloud/v1alpha1",
                    "kind": "ControllerConfiguration", "overlaySwitch": {{"excludeNodeClasses": ["{class}"]}}}}"#
            );
            assert_eq!(of(&json, "aws").overlay_switch.excluded_classes, [*class].into());
        }
    }

    #[test]
    fn strict_has_no_progress_window() {
        let strict = of(
            r#"{"apiVersion": "calico.networking.extensions.config.gardener.cloud/v1alpha1", "kind": "ControllerConfiguration",
                "overlaySwitch": {"profile": "Strict", "excludeNodeClasses": ["Deleting"], "refreshEvidence": true,
                "guard": {"enabled": false}}}"#,
            "aws",
        );
        assert_eq!(strict.overlay_switch.progress_window, Duration::ZERO);
        assert_eq!(strict.overlay_switch.guard, GuardRequirement::Disabled);
        assert_eq!(strict.overlay_switch.excluded_classes, [NodeClass::Deleting].into());
        assert_eq!(strict.overlay_switch.old_evidence, OldEvidence::IsWrittenAgain, "to no effect, as the core knows");
    }
}
