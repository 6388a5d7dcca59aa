//! Places in JSON text, found on the slow path only.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::path;

/// The value of a JSON stream with this number as a byte range, or the rest of the text from where it should start. The ones
/// before it are not kept: a file may hold millions.
pub(crate) fn document(text: &str, number: usize) -> Range<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let mut value = values.next();
    for _ in 0..number {
        // After an error it would go on in the middle of something.
        let Some(Ok(_)) = value else { break };
        value = values.next();
    }
    match value {
        Some(Ok(raw)) => range(text, raw.get()),
        Some(Err(_)) | None => values.byte_offset()..text.len(),
    }
}

/// The place of the value at `path`, or of its deepest parent that exists.
///
/// A scalar is shown itself, an object or list by its key.
pub(crate) fn locate(document: &str, path: &str) -> Option<Range<usize>> {
    let mut found = None;
    let mut value = document;
    let mut path = path;
    while !path.is_empty() {
        let Some(step) = Step::down(value, path) else { break };
        let shown = range(document, step.shown);
        found = Some(if step.is_item { first_line(document, shown) } else { shown });
        value = step.value;
        path = step.rest;
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

/// One step down a path.
struct Step<'a> {
    /// What stands for the value in the text.
    shown: &'a str,
    value: &'a str,
    /// What is left of the path.
    rest: &'a str,
    is_item: bool,
}

impl<'a> Step<'a> {
    /// Looks at the children of a value one by one, until the path goes through one of them.
    fn down(value: &'a str, path: &'a str) -> Option<Self> {
        let mut step = None;
        // Reading stops with an error at the child that was found.
        let _ = serde_json::Deserializer::from_str(value).deserialize_any(Search { path, step: &mut step });
        step
    }
}

struct Search<'a, 'b> {
    path: &'a str,
    step: &'b mut Option<Step<'a>>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Of anything but objects and lists nothing is below.
impl<'de> Visitor<'de> for Search<'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = access.next_key()? {
            let Some(rest) = path::after_key(self.path, &key) else {
                access.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = access.next_value::<&RawValue>()?.get();
            // A key with escapes is no part of the text.
            let shown = if let Cow::Borrowed(key) = key { key } else { value };
            *self.step = Some(Step { shown, value, rest, is_item: false });
            break;
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
        *self.step = access.next_element::<&RawValue>()?.map(|raw| {
            let value = raw.get();
            Step { shown: value, value, rest, is_item: true }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{document, locate};

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
    fn finds_a_value_of_a_stream() {
        let text = "{\"a\": 1}\n{\"b\": 2} {\"c\"";
        for (number, expected) in [(0, "{\"a\": 1}"), (1, "{\"b\": 2}"), (2, "{\"c\""), (7, "{\"c\"")] {
            assert_eq!(&text[document(text, number)], expected, "{number}");
        }
    }
}
