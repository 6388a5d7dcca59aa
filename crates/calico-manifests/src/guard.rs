//! The guard: an admission policy in the shoot by which Calico cannot overwrite what a route writer said about a node.
//!
//! calico-node writes the condition `NetworkUnavailable` when it starts and when it stops, and calico-kube-controllers may write it
//! too. Where routes come from somebody else, that somebody's word counts: the policy puts the condition that was there, or its
//! absence, back into every status that Calico writes, and lets everything else through.
//!
//! The policy must never keep calico-node from writing a status. So its expressions read only fields that every stored Node has or that
//! are asked for first, cost a few passes over one list, and yield either no change or one operation that fits what was written.

use calico_policy::admission_policy::GuardApi;
use serde_json::json;

use crate::object::{Objects, RenderError};

/// The name of policy and binding.
pub const NAME: &str = "extension-networking-calico-guard";

/// The accounts whose word about the condition does not count.
pub const CALICO_ACCOUNTS: [&str; 2] =
    ["system:serviceaccount:kube-system:calico-node", "system:serviceaccount:kube-system:calico-kube-controllers"];

/// Whose writes are neutralised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Calico's.
    FromCalico,
    /// Calico's, and those by which anybody would report a node as unavailable that is not reported so now. A route writer that
    /// has just started does that for every node before it knows better; one that finds a route gone cannot tell either.
    FromCalicoAndUnavailability,
}

/// Policy and binding in a version of `admissionregistration.k8s.io`. Their content is the same in all of them.
///
/// # Errors
/// [`RenderError`]: a defect of this crate.
pub fn objects(api: GuardApi, protection: Protection) -> Result<Objects, RenderError> {
    let api_version = format!("admissionregistration.k8s.io/{}", api.code());
    let mut objects = Objects::default();
    objects.add(&json!({
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": NAME},
        "spec": {
            "failurePolicy": "Fail",
            "matchConditions": [match_condition(protection)],
            "matchConstraints": {
                "resourceRules": [{
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["UPDATE"],
                    "resources": ["nodes/status"],
                }],
            },
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": MUTATION}}],
            "reinvocationPolicy": "Never",
            "variables": [
                {"name": "before", "expression": of_type("oldObject", "==")},
                {"name": "written", "expression": of_type("object", "==")},
                {"name": "others", "expression": of_type("object", "!=")},
            ],
        },
    }))?;
    objects.add(&json!({
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": NAME},
        "spec": {"policyName": NAME},
    }))?;
    Ok(objects)
}

/// Adding a member that is there replaces it, so one operation serves a list that exists and one that does not.
const MUTATION: &str = "\
variables.written == variables.before
? []
: has(object.status)
? [JSONPatch{op: 'add', path: '/status/conditions', value: variables.others + variables.before}]
: [JSONPatch{op: 'add', path: '/status', value: {'conditions': variables.before}}]
";

fn match_condition(protection: Protection) -> serde_json::Value {
    let [node, controllers] = CALICO_ACCOUNTS;
    let calico = format!("request.userInfo.username in ['{node}', '{controllers}']");
    match protection {
        Protection::FromCalico => json!({"name": "written-by-calico", "expression": calico}),
        Protection::FromCalicoAndUnavailability => {
            let unavailable = |object: &str| {
                let is_unavailable = "c, c.type == 'NetworkUnavailable' && c.status == 'True'";
                format!(
                    "has({object}.status) && has({object}.status.conditions) && {object}.status.conditions.exists({is_unavailable})"
                )
            };
            let (now, before) = (unavailable("object"), unavailable("oldObject"));
            json!({
                "name": "written-by-calico-or-newly-unavailable",
                "expression": format!("{calico} ||\n({now} &&\n!({before}))\n"),
            })
        }
    }
}

/// The conditions of an object whose type is, or is not, the one that is kept.
fn of_type(object: &str, is: &str) -> String {
    format!(
        "has({object}.status) && has({object}.status.conditions)\n\
         ? {object}.status.conditions.filter(c, c.type {is} 'NetworkUnavailable')\n\
         : []\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_and_binding_have_the_version_that_is_asked_for() {
        for (api, expected) in [
            (GuardApi::V1, "admissionregistration.k8s.io/v1"),
            (GuardApi::V1beta1, "admissionregistration.k8s.io/v1beta1"),
            (GuardApi::V1alpha1, "admissionregistration.k8s.io/v1alpha1"),
        ] {
            let objects = objects(api, Protection::FromCalico).unwrap();
            let found: Vec<_> = objects.iter().map(|(key, _)| (key.api_version.as_str(), key.to_string())).collect();
            assert_eq!(
                found,
                [
                    (expected, "MutatingAdmissionPolicy/extension-networking-calico-guard".to_owned()),
                    (expected, "MutatingAdmissionPolicyBinding/extension-networking-calico-guard".to_owned()),
                ]
            );
        }
    }
}
