//! `featureGates`: names switched on and off, resolved against what exists.

use std::collections::BTreeMap;

use super::{ControllerConfigurationError, error};

/// The feature gates of this extension, both alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureGates {
    /// `NonPrivilegedCalicoNode`, off by default.
    pub non_privileged_calico_node: bool,
    /// `SeamlessOverlaySwitch`, on by default (other than in the Go extension).
    pub seamless_overlay_switch: bool,
}

impl Default for FeatureGates {
    fn default() -> Self {
        Self { non_privileged_calico_node: false, seamless_overlay_switch: true }
    }
}

/// Gates as written.
pub(super) type Named = BTreeMap<String, bool>;

impl FeatureGates {
    /// A gate named is what was said; of the others `AllAlpha` decides, which all of ours are; else the default stands.
    pub(super) fn resolve(named: &Named) -> Result<Self, ControllerConfigurationError> {
        if let Some(name) = named.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            // The text is Go's, after which a landscape may search its logs.
            let message = format!("error setting feature gates: unrecognized feature gate: {name}");
            return Err(error(&format!("featureGates.{name}"), message));
        }
        let all_alpha = named.get(ALL_ALPHA);
        let gate = |name, default| named.get(name).or(all_alpha).copied().unwrap_or(default);
        let defaults = Self::default();
        Ok(Self {
            non_privileged_calico_node: gate(NON_PRIVILEGED_CALICO_NODE, defaults.non_privileged_calico_node),
            seamless_overlay_switch: gate(SEAMLESS_OVERLAY_SWITCH, defaults.seamless_overlay_switch),
        })
    }
}

const NON_PRIVILEGED_CALICO_NODE: &str = "NonPrivilegedCalicoNode";
const SEAMLESS_OVERLAY_SWITCH: &str = "SeamlessOverlaySwitch";
const ALL_ALPHA: &str = "AllAlpha";
/// Known, and without effect while no gate is beta.
const ALL_BETA: &str = "AllBeta";
const KNOWN: [&str; 4] = [NON_PRIVILEGED_CALICO_NODE, SEAMLESS_OVERLAY_SWITCH, ALL_ALPHA, ALL_BETA];

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of absent, off and on: (AllAlpha, the gate itself) and what the two gates become.
    #[test]
    fn an_explicit_gate_wins_then_all_alpha_then_the_default() {
        const OFF: Option<bool> = Some(false);
        const ON: Option<bool> = Some(true);
        for (all_alpha, explicit, non_privileged, seamless) in [
            (None, None, false, true),
            (None, OFF, false, false),
            (None, ON, true, true),
            (OFF, None, false, false),
            (OFF, OFF, false, false),
            (OFF, ON, true, true),
            (ON, None, true, true),
            (ON, OFF, false, false),
            (ON, ON, true, true),
        ] {
            for all_beta in [None, OFF, ON] {
                let mut named = Named::new();
                for (name, value) in [
                    ("AllAlpha", all_alpha),
                    ("AllBeta", all_beta),
                    ("NonPrivilegedCalicoNode", explicit),
                    ("SeamlessOverlaySwitch", explicit),
                ] {
                    named.extend(value.map(|value| (name.to_owned(), value)));
                }
                let expected =
                    FeatureGates { non_privileged_calico_node: non_privileged, seamless_overlay_switch: seamless };
                assert_eq!(FeatureGates::resolve(&named), Ok(expected), "{named:?}");
            }
        }
    }

    #[test]
    fn one_gate_does_not_move_the_other() {
        let named = Named::from([("AllAlpha".to_owned(), true), ("SeamlessOverlaySwitch".to_owned(), false)]);
        let expected = FeatureGates { non_privileged_calico_node: true, seamless_overlay_switch: false };
        assert_eq!(FeatureGates::resolve(&named), Ok(expected));
    }

    #[test]
    fn an_unknown_gate_has_the_text_of_go() {
        for name in ["SeamlessOverlaySwitches", "allAlpha", ""] {
            let error = FeatureGates::resolve(&Named::from([(name.to_owned(), false)])).unwrap_err();
            assert_eq!(error.path, format!("featureGates.{name}"));
            assert_eq!(error.message, format!("error setting feature gates: unrecognized feature gate: {name}"));
        }
    }
}
