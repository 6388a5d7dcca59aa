//! `MutatingAdmissionPolicy` and its binding of `admissionregistration.k8s.io`, of any version: only their presence counts.

use serde::Deserialize;

use crate::decode::{object, or_default};
use crate::meta::ObjectMeta;

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MutatingAdmissionPolicy {
    /// Tells the version, e.g. `admissionregistration.k8s.io/v1`.
    #[serde(deserialize_with = "or_default")]
    pub api_version: String,
    /// Name, creation time.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
}

/// A binding, which puts a policy into force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MutatingAdmissionPolicyBinding {
    /// Tells the version, e.g. `admissionregistration.k8s.io/v1`.
    #[serde(deserialize_with = "or_default")]
    pub api_version: String,
    /// Name.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    /// Which policy it binds.
    #[serde(deserialize_with = "object")]
    pub spec: BindingSpec,
}

/// `spec` of a [`MutatingAdmissionPolicyBinding`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BindingSpec {
    /// Name of the policy.
    #[serde(deserialize_with = "or_default")]
    pub policy_name: String,
}
