//! What admission policies and bindings of a dump tell of the guard. They are judged by presence: only a live API server can
//! be asked for their effect.

use calico_policy::guard::GuardObservation;
use gardener_api::policy::{MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding};

/// Names under which a guard is known: ours, and the one that provider extensions deploy.
pub const GUARD_NAMES: [&str; 3] =
    ["extension-networking-calico-guard", "block-calico-network-unavailable", "calico-mutating-admission-policy"];

/// Judges policies and bindings by presence: effective where a known policy has a binding, not effective where a policy or a
/// binding stands alone, not observed where there is neither.
#[must_use]
pub fn observation(
    policies: &[MutatingAdmissionPolicy],
    bindings: &[MutatingAdmissionPolicyBinding],
) -> GuardObservation {
    let is_guard = |name: &str| GUARD_NAMES.contains(&name);
    let mut known = policies.iter().filter(|policy| is_guard(&policy.metadata.name)).peekable();
    let bound = |name: &str| bindings.iter().any(|binding| binding.spec.policy_name == name);
    if known.peek().is_none() && !GUARD_NAMES.iter().any(|name| bound(name)) {
        GuardObservation::NotObserved
    } else if known.any(|policy| bound(&policy.metadata.name)) {
        GuardObservation::Effective
    } else {
        GuardObservation::NotEffective
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str) -> MutatingAdmissionPolicy {
        let mut policy = MutatingAdmissionPolicy::default();
        policy.metadata.name = name.to_owned();
        policy
    }

    fn binding(policy: &str) -> MutatingAdmissionPolicyBinding {
        let mut binding = MutatingAdmissionPolicyBinding::default();
        binding.spec.policy_name = policy.to_owned();
        binding
    }

    #[test]
    fn presence_of_policy_and_binding() {
        let guard = "extension-networking-calico-guard";
        for (policies, bindings, expected) in [
            (vec![], vec![], GuardObservation::NotObserved),
            (vec![policy("other")], vec![binding("other")], GuardObservation::NotObserved),
            (vec![policy(guard)], vec![], GuardObservation::NotEffective),
            (vec![], vec![binding(guard)], GuardObservation::NotEffective),
            (vec![policy(guard)], vec![binding("other")], GuardObservation::NotEffective),
            (vec![policy(guard)], vec![binding(guard)], GuardObservation::Effective),
            (
                vec![policy("block-calico-network-unavailable")],
                vec![binding("block-calico-network-unavailable")],
                GuardObservation::Effective,
            ),
        ] {
            assert_eq!(observation(&policies, &bindings), expected, "{policies:?} {bindings:?}");
        }
    }
}
