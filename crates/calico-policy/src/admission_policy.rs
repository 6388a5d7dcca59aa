//! Whether the MutatingAdmissionPolicy API can be used in a shoot, and in which version.
//!
//! The API is alpha in Kubernetes 1.32, beta in 1.34 and generally available in 1.36 (KEP-3962).

use crate::codes::closed_set;
use crate::version::KubernetesVersion;

/// What `spec.kubernetes.kubeAPIServer` of a shoot says about the API. Everything absent is `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct ApiServerSetup {
    /// Feature gate `MutatingAdmissionPolicy` is true.
    pub mutating_admission_policy_gate: bool,
    /// runtimeConfig `admissionregistration.k8s.io/v1beta1` is true.
    pub runtime_config_v1beta1: bool,
    /// runtimeConfig `admissionregistration.k8s.io/v1alpha1` is true.
    pub runtime_config_v1alpha1: bool,
}

closed_set! {
    /// A version of the group `admissionregistration.k8s.io` in which a guard can be written.
    pub enum GuardApi {
        /// Generally available.
        V1 = "v1",
        /// Beta.
        V1beta1 = "v1beta1",
        /// Alpha.
        V1alpha1 = "v1alpha1",
    }
}

/// Whether route verification is active in a shoot, by the rule of the Go extension: from 1.36 on
/// always; below, with the feature gate and one of the two runtimeConfig entries.
#[must_use]
pub fn is_available(version: KubernetesVersion, setup: ApiServerSetup) -> bool {
    version.at_least(1, 36)
        || setup.mutating_admission_policy_gate && (setup.runtime_config_v1beta1 || setup.runtime_config_v1alpha1)
}

/// The version in which a guard can be deployed; `None` where none fits, although [`is_available`] may say yes (D4).
#[must_use]
pub fn guard_api(version: KubernetesVersion, setup: ApiServerSetup) -> Option<GuardApi> {
    if version.at_least(1, 36) {
        return Some(GuardApi::V1);
    }
    if !setup.mutating_admission_policy_gate {
        return None;
    }
    if version.at_least(1, 34) {
        return setup.runtime_config_v1beta1.then_some(GuardApi::V1beta1);
    }
    (version.at_least(1, 32) && setup.runtime_config_v1alpha1).then_some(GuardApi::V1alpha1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table: rows are minors, columns are none, beta only, alpha only, both – first without the gate, then with
    /// it. `-` not available, `!` available without a guard, else the guard's version.
    #[test]
    fn availability_table() {
        for (version, without_gate, with_gate) in [
            ("1.31.9", ["-", "-", "-", "-"], ["-", "!", "!", "!"]),
            ("1.32.0", ["-", "-", "-", "-"], ["-", "!", "v1alpha1", "v1alpha1"]),
            ("1.33.4", ["-", "-", "-", "-"], ["-", "!", "v1alpha1", "v1alpha1"]),
            ("1.34.0", ["-", "-", "-", "-"], ["-", "v1beta1", "!", "v1beta1"]),
            ("1.35.3", ["-", "-", "-", "-"], ["-", "v1beta1", "!", "v1beta1"]),
            ("1.36.0", ["v1", "v1", "v1", "v1"], ["v1", "v1", "v1", "v1"]),
            ("1.37.1", ["v1", "v1", "v1", "v1"], ["v1", "v1", "v1", "v1"]),
            ("2.0.0", ["v1", "v1", "v1", "v1"], ["v1", "v1", "v1", "v1"]),
        ] {
            let version: KubernetesVersion = version.parse().unwrap();
            for (gate, row) in [(false, without_gate), (true, with_gate)] {
                for ((beta, alpha), expected) in
                    [(false, false), (true, false), (false, true), (true, true)].into_iter().zip(row)
                {
                    let setup = ApiServerSetup {
                        mutating_admission_policy_gate: gate,
                        runtime_config_v1beta1: beta,
                        runtime_config_v1alpha1: alpha,
                    };
                    let seen = match (is_available(version, setup), guard_api(version, setup)) {
                        (false, None) => "-",
                        (true, None) => "!",
                        (true, Some(api)) => api.code(),
                        (false, Some(_)) => "guard without gate",
                    };
                    assert_eq!(seen, expected, "{version} gate {gate} beta {beta} alpha {alpha}");
                }
            }
        }
    }
}
