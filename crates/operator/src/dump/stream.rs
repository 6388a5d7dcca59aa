//! A long JSON list through a window, so that a file larger than the caches is copied once and never held whole.
//!
//! Only the plain case is handled: one list whose items say what they are. Whatever is different, errors among it, is left to the
//! reader of whole texts, which knows how to name a place. Bytes of fields that are not decoded are not checked to be UTF-8 here.

use std::io::{self, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny};
use serde_json::value::RawValue;

use super::decode::ObjectSeed;
use super::entries::Entries;
use super::objects::Objects;
use super::reader::{ItemType, List, Reader, item_type};

/// Why the window gave up: not an error of the input, only a reason to read it whole.
#[derive(Debug)]
pub(crate) struct NotPlain;

/// Read at once; small enough to stay in the processor's cache.
const CHUNK: usize = 256 << 10;

/// With less than this ahead the window moves on before the next item, so that few items are met half.
const AHEAD: usize = 64 << 10;

/// Reads a list. On `Err` nothing is lost but time.
pub(crate) fn read_list(file: impl Read, mut reader: Reader) -> Result<Objects, NotPlain> {
    reader.expect_flat_list();
    let mut window = Window { file, bytes: Vec::with_capacity(2 * CHUNK), start: 0, ended: false };
    let (mut api_version, mut kind, mut metadata) = (None, None, None::<Box<RawValue>>);
    let mut list = None;
    window.expect(b'{')?;
    loop {
        let key: String = window.value()?;
        window.expect(b':')?;
        match key.as_str() {
            "apiVersion" if api_version.is_none() => api_version = Some(window.value::<String>()?),
            "kind" if kind.is_none() => kind = Some(window.value::<String>()?),
            "metadata" if metadata.is_none() => metadata = Some(window.value()?),
            "items" if list.is_none() => {
                let items_of = api_version.as_deref().zip(kind.as_deref());
                let items_of = items_of.and_then(|(version, kind)| item_type(version, kind));
                list = Some(read_items(&mut window, &mut reader, items_of.as_ref())?);
            }
            _ => return Err(NotPlain),
        }
        match window.next_byte()? {
            b',' => {}
            b'}' => break,
            _ => return Err(NotPlain),
        }
    }
    if window.peek()?.is_some() {
        return Err(NotPlain);
    }
    let (Some(api_version), Some(kind), Some(list)) = (api_version, kind, list) else { return Err(NotPlain) };
    let mut fields = Entries::default();
    if let Some(metadata) = &metadata {
        fields.push("metadata".into(), metadata);
    }
    reader.finish_list("", (&api_version, &kind), &fields, Some(list)).map_err(|_| NotPlain)?;
    Ok(reader.objects)
}

fn read_items(
    window: &mut Window<impl Read>,
    reader: &mut Reader,
    items_of: Option<&ItemType>,
) -> Result<List<'static>, NotPlain> {
    let nodes_before = reader.objects.nodes.nodes.len();
    let mut length = 0;
    window.expect(b'[')?;
    if window.peek()? == Some(b']') {
        window.start += 1;
        return Ok(List { nodes_before, length, untyped: Vec::new() });
    }
    loop {
        window.item(reader, &format!("items[{length}]"), items_of)?;
        length += 1;
        match window.next_byte()? {
            b',' => {}
            b']' => return Ok(List { nodes_before, length, untyped: Vec::new() }),
            _ => return Err(NotPlain),
        }
    }
}

/// A part of the input: what was not consumed yet, up to where it was read.
struct Window<R> {
    file: R,
    bytes: Vec<u8>,
    start: usize,
    ended: bool,
}

impl<R: Read> Window<R> {
    /// Decodes the next value, widening the window until it holds all of it.
    fn value<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, NotPlain> {
        self.decode(|input| T::deserialize(input))
    }

    /// Decodes the next item of a list.
    fn item(&mut self, reader: &mut Reader, item: &str, items_of: Option<&ItemType>) -> Result<(), NotPlain> {
        if self.rest().len() < AHEAD {
            self.widen()?;
        }
        self.decode(|input| {
            let mut refusal = None;
            let seed = ObjectSeed { reader: &mut *reader, refusal: &mut refusal, item: item.to_owned(), items_of };
            // An item that does not say what it is needs the end of its list.
            Ok(seed.deserialize(input)?.is_none())
        })
        .and_then(|taken| if taken { Ok(()) } else { Err(NotPlain) })
    }

    fn decode<T>(
        &mut self,
        mut decode: impl FnMut(&mut serde_json::Deserializer<serde_json::de::SliceRead<'_>>) -> serde_json::Result<T>,
    ) -> Result<T, NotPlain> {
        loop {
            let mut input = serde_json::Deserializer::from_slice(self.rest());
            let result = decode(&mut input);
            let length = input.into_iter::<IgnoredAny>().byte_offset();
            match result {
                // A number at the end of the window may go on.
                Ok(value) if length < self.rest().len() => {
                    self.start += length;
                    return Ok(value);
                }
                Err(error) if !error.is_eof() => return Err(NotPlain),
                _ if self.ended => return Err(NotPlain),
                _ => self.widen()?,
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotPlain> {
        if self.next_byte()? == byte { Ok(()) } else { Err(NotPlain) }
    }

    /// Takes the next byte that is no white space.
    fn next_byte(&mut self) -> Result<u8, NotPlain> {
        let byte = self.peek()?.ok_or(NotPlain)?;
        self.start += 1;
        Ok(byte)
    }

    fn peek(&mut self) -> Result<Option<u8>, NotPlain> {
        loop {
            let rest = self.rest();
            if let Some(skipped) = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
                let byte = rest.get(skipped).copied();
                self.start += skipped;
                return Ok(byte);
            }
            if self.ended {
                return Ok(None);
            }
            self.start = self.bytes.len();
            self.widen()?;
        }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Drops what was consumed and reads on; at least as much as is held, so that a huge item costs no more than twice.
    fn widen(&mut self) -> Result<(), NotPlain> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let more = CHUNK.max(self.bytes.len());
        let read = self.file.by_ref().take(more as u64).read_to_end(&mut self.bytes);
        self.ended = read.map_err(|_: io::Error| NotPlain)? == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{NotPlain, read_list};
    use crate::dump::Completeness;
    use crate::dump::objects::Objects;
    use crate::dump::reader::{NodePath, Reader};
    use std::io::Read;

    fn read(text: &str) -> Result<Objects, NotPlain> {
        read_list(text.as_bytes(), Reader::new(0, 0, NodePath::Streamed))
    }

    #[test]
    fn reads_plain_lists_only() {
        let node = r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}"#;
        let bare = r#"{"metadata": {"name": "a"}}"#;
        let list =
            format!(r#"{{"apiVersion": "v1", "items": [{node}], "kind": "List", "metadata": {{"continue": "x"}}}} "#);
        let objects = read(&list).unwrap();
        assert_eq!(objects.nodes.nodes.len(), 1);
        assert_eq!(objects.nodes.completeness, Completeness::Truncated { file: 0, document: 0 });
        let typed = format!(r#"{{"kind": "NodeList", "apiVersion": "v1", "metadata": {{}}, "items": [{bare}]}}"#);
        assert_eq!(read(&typed).unwrap().nodes.completeness, Completeness::TypedList);
        let empty = r#"{"kind": "NodeList", "apiVersion": "v1", "items": [ ]}"#;
        assert_eq!(read(empty).unwrap().nodes.completeness, Completeness::TypedList);
        for other in [
            "",
            node,
            &format!(r#"{{"apiVersion": "v1", "items": [{bare}], "kind": "NodeList"}}"#),
            &format!(r#"{{"apiVersion": "v1", "items": [{list}], "kind": "List"}}"#),
            &format!("{list}{list}"),
            &list[..list.len() - 3],
            &list.replace("\"a\"", "7"),
            &list.replace("}],", "},],"),
            &list.replace("\"kind\": \"List\"", "\"kind\": \"List\", \"kind\": \"List\""),
        ] {
            assert!(read(other).is_err(), "{other}");
        }
    }

    #[test]
    fn the_window_may_end_anywhere() {
        /// Hands out one byte at a time beyond the first chunk's worth.
        struct Trickle<'a>(&'a [u8]);
        impl Read for Trickle<'_> {
            fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
                let end = out.len().min(3);
                self.0.read(&mut out[..end])
            }
        }
        let node = |index: usize| {
            let padding = "x".repeat(index * 7919 % 300_000);
            format!(r#"{{"apiVersion": "v1", "kind": "Node", "metadata": {{"name": "n{index}"}}, "p": "{padding}"}}"#)
        };
        let items: Vec<String> = (0..60).map(node).collect();
        let text = format!(r#"{{"apiVersion": "v1", "items": [{}], "kind": "List"}}"#, items.join(",\n"));
        let objects = read_list(Trickle(text.as_bytes()), Reader::new(0, 0, NodePath::Streamed)).unwrap();
        let names: Vec<_> = objects.nodes.nodes.iter().map(|node| node.value.name.to_string()).collect();
        assert_eq!(names, (0..60).map(|index| format!("n{index}")).collect::<Vec<_>>());
        assert_eq!(&*objects.nodes.nodes[59].place.item, "items[59]");
    }
}
