//! Values that serde alone would read too generously.

use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer};

/// Reads an object or `null`; a derived struct alone would also take a list and fill its fields by position.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    crate::decode::optional_object(deserializer)
}

/// A variant of an enum that is written as its name and nothing else.
pub(super) struct Name<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        T::deserialize(name.into_deserializer()).map(Self)
    }
}

/// A number that fits: a larger one would silently become infinite.
pub(super) struct Finite(pub(super) f32);

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f32::deserialize(deserializer)?;
        if number.is_finite() { Ok(Self(number)) } else { Err(D::Error::custom("out of range")) }
    }
}
