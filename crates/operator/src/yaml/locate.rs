//! Where a value stands in a YAML document.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::options;
use crate::path;

/// The place of the value at `path` in one document, or of its deepest parent that exists.
///
/// A scalar is shown itself, an object or list by its key.
pub(crate) fn locate(document: &str, path: &str) -> Option<Range<usize>> {
    let mut found = None;
    // The document was read before; an error only ends the search at the deepest place found so far.
    let _ = serde_saphyr::with_deserializer_from_str_with_options(document, options(), |deserializer| {
        Locate { path, found: &mut found }.deserialize(deserializer)
    });
    found
}

/// Walks down a path and notes the deepest place seen.
struct Locate<'a> {
    path: &'a str,
    found: &'a mut Option<Range<usize>>,
}

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            let value = Spanned::<IsScalar>::deserialize(deserializer)?;
            if value.value.0 || self.found.is_none() {
                *self.found = range(value.referenced).or(self.found.take());
            }
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let Some(rest) = path::after_key(self.path, &key.value) else {
                access.next_value::<IgnoredAny>()?;
                continue;
            };
            *self.found = range(key.referenced).or(self.found.take());
            access.next_value_seed(Locate { path: rest, found: &mut *self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let Some((index, rest)) = path::after_index(self.path) else { return Ok(()) };
        for _ in 0..index {
            if access.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        access.next_element_seed(Locate { path: rest, found: &mut *self.found })?;
        while access.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Tells a scalar from an object or list.
struct IsScalar(bool);

impl<'de> Deserialize<'de> for IsScalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = IsScalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any YAML value")
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<IsScalar, E> {
                Ok(IsScalar(true))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<IsScalar, E> {
                Ok(IsScalar(true))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<IsScalar, E> {
                Ok(IsScalar(true))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<IsScalar, E> {
                Ok(IsScalar(true))
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<IsScalar, E> {
                Ok(IsScalar(true))
            }

            fn visit_unit<E: Error>(self) -> Result<IsScalar, E> {
                Ok(IsScalar(true))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<IsScalar, A::Error> {
                while access.next_element::<IgnoredAny>()?.is_some() {}
                Ok(IsScalar(false))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<IsScalar, A::Error> {
                while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(IsScalar(false))
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}

fn range(location: serde_saphyr::Location) -> Option<Range<usize>> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    Some(start..start + length)
}
