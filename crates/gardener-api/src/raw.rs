//! JSON kept as text: `providerConfig`, `providerStatus` and `state`, whose shape belongs to someone else.

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// One JSON value as it was written, not decoded. Its syntax has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// The JSON text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.into()))
    }
}
