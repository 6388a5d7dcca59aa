//! `metadata` of any object, as far as it is used.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::decode::{or_default, string_map};

/// The part of `ObjectMeta` that the extension reads. Timestamps are the text that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// Empty where the input has none.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Empty for a cluster-scoped object.
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
    /// Empty where the input has none.
    #[serde(deserialize_with = "or_default")]
    pub uid: String,
    /// The state of the object that was read; opaque. Empty where the input has none.
    #[serde(deserialize_with = "or_default")]
    pub resource_version: String,
    /// Who must still act before a deleted object goes.
    #[serde(deserialize_with = "or_default")]
    pub finalizers: Vec<String>,
    /// Counts changes of the spec.
    #[serde(deserialize_with = "or_default")]
    pub generation: i64,
    /// RFC 3339 text, unchecked.
    pub creation_timestamp: Option<Box<str>>,
    /// RFC 3339 text, unchecked; present once deletion was asked for.
    pub deletion_timestamp: Option<Box<str>>,
    /// Annotations; a key given twice is an error.
    #[serde(deserialize_with = "string_map")]
    pub annotations: BTreeMap<String, String>,
    /// Labels; a key given twice is an error.
    #[serde(deserialize_with = "string_map")]
    pub labels: BTreeMap<String, String>,
}

/// A condition in the form that Gardener's resources share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// What the condition is about.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub condition_type: String,
    /// `True`, `False`, `Unknown` or Gardener's `Progressing`.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// Machine-readable reason.
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    /// For people.
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    /// RFC 3339 text, unchecked.
    pub last_transition_time: Option<Box<str>>,
}

/// `lastOperation` of a Gardener object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LastOperation {
    /// `Create`, `Reconcile`, `Delete`, `Migrate` or `Restore`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub operation_type: String,
    /// `Processing`, `Succeeded`, `Error`, `Failed`, `Pending` or `Aborted`.
    #[serde(deserialize_with = "or_default")]
    pub state: String,
    /// RFC 3339 text, unchecked, one second of resolution.
    pub last_update_time: Option<Box<str>>,
    /// Percentage.
    #[serde(deserialize_with = "or_default")]
    pub progress: i32,
    /// For people.
    #[serde(deserialize_with = "or_default")]
    pub description: String,
}

/// `lastError` of a Gardener object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LastError {
    /// For people.
    #[serde(deserialize_with = "or_default")]
    pub description: String,
    /// Gardener's error codes.
    #[serde(deserialize_with = "or_default")]
    pub codes: Vec<String>,
    /// RFC 3339 text, unchecked.
    pub last_update_time: Option<Box<str>>,
}
