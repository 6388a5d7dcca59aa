//! Places in JSON text, found on the slow path only.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::path;

/// The values of a JSON stream as byte ranges. Ends where the text stops being JSON.
pub(crate) fn documents(text: &str) -> Vec<Range<usize>> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.map_while(Result::ok).map(|raw| range(text, raw.get())).collect()
}

/// The place of the value at `path`, or of its deepest parent that exists.
///
/// A scalar is shown itself, an object or list by its key.
pub(crate) fn locate(document: &str, path: &str) -> Option<Range<usize>> {
    let mut found = None;
    let mut value = document;
    let mut path = path;
    while !path.is_empty() {
        let Ok(children) = serde_json::from_str::<Children<'_>>(value) else { break };
        let next = match children {
            Children::Fields(fields) => fields.into_iter().find_map(|(key, raw)| {
                let rest = path::after_key(path, &key)?;
                // A key with escapes is no part of the text.
                let shown = if let Cow::Borrowed(key) = key { key } else { raw.get() };
                Some((range(document, shown), raw, rest))
            }),
            Children::Items(items) => path::after_index(path)
                .and_then(|(index, rest)| Some((items.get(index).copied()?, rest)))
                .map(|(raw, rest)| (first_line(document, range(document, raw.get())), raw, rest)),
            Children::None => None,
        };
        let Some((place, raw, rest)) = next else { break };
        found = Some(place);
        value = raw.get();
        path = rest;
    }
    if path.is_empty() && !value.starts_with(['{', '[']) {
        found = Some(range(document, value));
    }
    found
}

/// Where `part` lies in `whole`, which it was borrowed from.
fn range(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr()).min(whole.len());
    start..(start + part.len()).min(whole.len())
}

/// An object or list in a list has no key to show: its first character stands for it.
fn first_line(whole: &str, range: Range<usize>) -> Range<usize> {
    let opens = whole.get(range.clone()).is_some_and(|text| text.starts_with(['{', '[']));
    if opens { range.start..range.start + 1 } else { range }
}

enum Children<'a> {
    Fields(Vec<(Cow<'a, str>, &'a RawValue)>),
    Items(Vec<&'a RawValue>),
    None,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Children<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChildrenVisitor;
        impl<'de> Visitor<'de> for ChildrenVisitor {
            type Value = Children<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Children<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(Key(key)) = access.next_key()? {
                    fields.push((key, access.next_value()?));
                }
                Ok(Children::Fields(fields))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Children<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Children::Items(items))
            }

            fn visit_str<E>(self, _: &str) -> Result<Children<'de>, E> {
                Ok(Children::None)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Children<'de>, E> {
                Ok(Children::None)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Children<'de>, E> {
                Ok(Children::None)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Children<'de>, E> {
                Ok(Children::None)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Children<'de>, E> {
                Ok(Children::None)
            }

            fn visit_unit<E>(self) -> Result<Children<'de>, E> {
                Ok(Children::None)
            }
        }
        deserializer.deserialize_any(ChildrenVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{documents, locate};

    #[test]
    fn finds_the_deepest_place_on_a_path() {
        let text = r#" {"spec": {"list": ["a", {"name": "b"}], "x.y/z": 1, "\u0061b": 2}} "#;
        for (path, expected) in [
            ("spec.list[0]", "\"a\""),
            ("spec.list[1]", "{"),
            ("spec.list[1].name", "\"b\""),
            ("spec.list[7].name", "list"),
            ("spec.list[1].name.deeper", "name"),
            ("spec.x.y/z", "1"),
            ("spec[x.y/z]", "1"),
            ("spec.ab", "2"),
            ("spec.none.below", "spec"),
        ] {
            assert_eq!(locate(text, path).map(|range| &text[range]), Some(expected), "{path}");
        }
        assert_eq!(locate(text, "none"), None);
    }

    #[test]
    fn cuts_a_stream() {
        let text = "{\"a\": 1}\n{\"b\": 2} {\"c\"";
        let cut: Vec<&str> = documents(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(cut, ["{\"a\": 1}", "{\"b\": 2}"]);
    }
}
