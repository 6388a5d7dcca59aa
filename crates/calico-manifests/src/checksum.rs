//! Annotations that restart pods when a ConfigMap that they read changes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use sha2::{Digest, Sha256};

use crate::object::RenderError;

/// `checksum/configmap-NAME` with the SHA-256 of the data, not of the text that it is written as.
pub(crate) fn annotation(name: &str, config_map: &ConfigMap) -> Result<BTreeMap<String, String>, RenderError> {
    let data = serde_json::to_vec(&config_map.data).map_err(|error| RenderError::NoJson(error.to_string()))?;
    Ok(BTreeMap::from([(format!("checksum/configmap-{name}"), hexadecimal(&Sha256::digest(data)))]))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
