//! The four kinds of patch.

pub(crate) mod apply;
mod json;
mod merge;
mod strategic;

use serde_json::Value;

use crate::error::ApiError;
use crate::managed_fields::Layout;

/// How the body of a PATCH request is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchKind {
    /// `application/json-patch+json`
    Json,
    /// `application/merge-patch+json`
    Merge,
    /// `application/strategic-merge-patch+json`
    Strategic,
    /// `application/apply-patch+yaml`
    Apply,
}

const CONTENT_TYPES: [(PatchKind, &str); 4] = [
    (PatchKind::Json, "application/json-patch+json"),
    (PatchKind::Merge, "application/merge-patch+json"),
    (PatchKind::Strategic, "application/strategic-merge-patch+json"),
    (PatchKind::Apply, "application/apply-patch+yaml"),
];

impl PatchKind {
    /// The kind by the content type of the request. Custom resources have no strategic merge.
    pub(crate) fn of(content_type: &str, custom: bool) -> Result<Self, ApiError> {
        let offered = || CONTENT_TYPES.iter().filter(|(kind, _)| !(custom && *kind == Self::Strategic));
        let media = content_type.split(';').next().unwrap_or_default().trim();
        offered().find(|(_, name)| *name == media).map(|(kind, _)| *kind).ok_or_else(|| {
            let names: Vec<&str> = offered().map(|(_, name)| *name).collect();
            ApiError::unsupported_media_type(&names)
        })
    }
}

/// The object that a patch other than apply makes of `live`.
pub(crate) fn patched(kind: PatchKind, live: &Value, patch: &Value, layout: Layout<'_>) -> Result<Value, ApiError> {
    let mut object = live.clone();
    match kind {
        PatchKind::Json => json::patch(&mut object, patch)?,
        PatchKind::Merge => merge::patch(&mut object, patch)?,
        PatchKind::Strategic => strategic::patch(&mut object, patch, layout)?,
        PatchKind::Apply => return Err(ApiError::internal("apply is merged with its owners")),
    }
    if object.is_object() { Ok(object) } else { Err(ApiError::bad_request("the patch leaves no object")) }
}
