//! Objects of which an API server has told only the metadata.

use gardener_api::meta::ObjectMeta;
use serde::Deserialize;

/// One of them.
#[derive(Deserialize)]
pub(crate) struct PartialObject {
    pub(crate) metadata: ObjectMeta,
}

/// A list of them.
#[derive(Deserialize)]
pub(crate) struct PartialObjects {
    pub(crate) items: Vec<PartialObject>,
}
