//! One JSON document into objects, in a single pass.
//!
//! kubectl sorts keys: in an object `apiVersion` and `kind` come first, so that a node is decoded straight into its slice; in a
//! `List` the items come before `kind`. Where the kind is not known in time, and for all that is not a node, fields are set
//! aside as borrowed text, which is checked for syntax and not copied.

use std::borrow::Cow;
use std::fmt;

use gardener_api::node::Node;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::entries::{Entries, Text};
use super::reader::{ItemType, List, NodePath, Reader, Refusal, item_type};
use crate::dump::objects::Objects;
use crate::path;

/// Why a document cannot be used.
#[derive(Debug)]
pub(crate) enum DecodeError {
    /// Not JSON: the parser's text and place.
    Syntax(serde_json::Error),
    /// JSON, but not what it should be.
    Content(Refusal),
}

/// Reads the next value of a JSON stream.
pub(crate) fn decode<'de>(
    input: &mut serde_json::Deserializer<serde_json::de::StrRead<'de>>,
    mut reader: Reader,
) -> Result<Objects, DecodeError> {
    let mut refusal = None;
    let root = ObjectSeed { reader: &mut reader, refusal: &mut refusal, item: String::new(), items_of: None };
    match (root.deserialize(input), refusal) {
        (_, Some(refusal)) => Err(DecodeError::Content(refusal)),
        (Ok(_), None) => Ok(reader.objects),
        (Err(error), None) => Err(DecodeError::Syntax(error)),
    }
}

/// Reads an object: one in use, one to ignore, or a list.
///
/// Yields the fields of an item whose kind only its list can tell, which kubectl's sorting puts after the items.
pub(crate) struct ObjectSeed<'a> {
    pub(crate) reader: &'a mut Reader,
    pub(crate) refusal: &'a mut Option<Refusal>,
    pub(crate) item: String,
    pub(crate) items_of: Option<&'a ItemType>,
}

impl ObjectSeed<'_> {
    /// Stops the decoder; the reason is kept beside its error type, which has no room for it.
    fn refuse<E: Error>(self, refusal: Refusal) -> E {
        *self.refusal = Some(refusal);
        E::custom("refused")
    }

    fn refuse_at<E: Error>(self, below: &str, text: impl Into<String>) -> E {
        let path = path::join(&self.item, below);
        self.refuse(Refusal { path, kind: None, text: text.into() })
    }

    /// kubectl writes what a list is behind its items: YAML that was cut off between two of them looks whole but for that.
    fn refuse_no_list<E: Error>(self, kind: &str) -> E {
        if kind.is_empty() {
            self.refuse_at("", "the list has no `kind`: the file may have been cut off")
        } else {
            self.refuse_at("items", format!("a {kind} is no list"))
        }
    }

    fn no_object<E: Error>(self, what: &str) -> E {
        self.refuse_at("", format!("expected a Kubernetes object, found {what}"))
    }
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = Option<Entries<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Entries<'de>>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = Option<Entries<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut head = Head { api_version: None, kind: None, items_of: self.items_of };
        let mut fields = Entries::default();
        let mut list = None;
        while let Some(Text(key)) = access.next_key::<Text<'de>>()? {
            match key.as_ref() {
                "apiVersion" | "kind" => {
                    let raw = access.next_value::<&RawValue>()?;
                    let Ok(Text(text)) = serde_json::from_str(raw.get()) else {
                        return Err(self.refuse_at(&key, "must be a string"));
                    };
                    let slot = if key == "kind" { &mut head.kind } else { &mut head.api_version };
                    if slot.replace(text).is_some() {
                        return Err(self.refuse_at(&key, format!("duplicate key `{key}`")));
                    }
                    fields.push(key, raw);
                }
                "items" if list.is_some() => return Err(self.refuse_at("items", "duplicate key `items`")),
                "items" if !self.reader.may_nest => return Err(self.refuse_at("items", "a list in a list")),
                "items" => {
                    let items_of = head.get().and_then(|(version, kind)| item_type(version, kind));
                    let items = ItemsSeed {
                        reader: &mut *self.reader,
                        refusal: &mut *self.refusal,
                        list: &self.item,
                        items_of: items_of.as_ref(),
                    };
                    list = Some(access.next_value_seed(items)?);
                }
                "metadata" if self.reader.nodes == NodePath::Streamed && head.is_node() && fields.is_head() => {
                    let rest = MapAccessDeserializer::new(Resumed { key: Some(key), access });
                    let node = Node::deserialize(rest)?;
                    if node.name.is_empty() {
                        return Err(self.refuse_at("metadata.name", "the object has no name"));
                    }
                    self.reader.take_node(&self.item, node);
                    return Ok(None);
                }
                _ => fields.push(key, access.next_value()?),
            }
        }
        let kind = head.get_kind().unwrap_or_default();
        if list.is_some() && !kind.ends_with("List") {
            return Err(self.refuse_no_list(kind));
        }
        if kind.ends_with("List") {
            let api_version = head.get_api_version().unwrap_or_default();
            return match self.reader.finish_list(&self.item, (api_version, kind), &fields, list) {
                Ok(()) => Ok(None),
                Err(refusal) => Err(self.refuse(refusal)),
            };
        }
        match head.get() {
            Some((api_version, kind)) => match self.reader.take(&self.item, api_version, kind, &fields) {
                Ok(()) => Ok(None),
                Err(refusal) => Err(self.refuse(refusal)),
            },
            None if !self.item.is_empty() => Ok(Some(fields)),
            None => {
                let missing = if head.get_kind().is_none() { "kind" } else { "apiVersion" };
                Err(self.refuse_at("", format!("the object has no `{missing}`")))
            }
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Err(self.no_object("null"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Err(self.no_object("a boolean"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(self.no_object("a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(self.no_object("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(self.no_object("a number"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(self.no_object("a string"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(self.no_object("a list without `kind`"))
    }
}

/// What an object says it is, or else its list.
struct Head<'de, 'a> {
    api_version: Option<Cow<'de, str>>,
    kind: Option<Cow<'de, str>>,
    items_of: Option<&'a ItemType>,
}

impl Head<'_, '_> {
    fn get(&self) -> Option<(&str, &str)> {
        Some((self.get_api_version()?, self.get_kind()?))
    }

    fn get_api_version(&self) -> Option<&str> {
        self.api_version.as_deref().or(self.items_of.map(|of| of.api_version.as_str()))
    }

    fn get_kind(&self) -> Option<&str> {
        self.kind.as_deref().or(self.items_of.map(|of| of.kind.as_str()))
    }

    fn is_node(&self) -> bool {
        self.get() == Some(("v1", "Node"))
    }
}

/// Reads the items of a list.
struct ItemsSeed<'a> {
    reader: &'a mut Reader,
    refusal: &'a mut Option<Refusal>,
    list: &'a str,
    items_of: Option<&'a ItemType>,
}

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_> {
    type Value = List<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<List<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_> {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_unit<E: Error>(self) -> Result<List<'de>, E> {
        Ok(List { nodes_before: self.reader.objects.nodes.nodes.len(), length: 0, untyped: Vec::new() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<List<'de>, A::Error> {
        let Self { reader, refusal, list, items_of } = self;
        let nodes_before = reader.objects.nodes.nodes.len();
        let separator = if list.is_empty() { "" } else { "." };
        let (mut length, mut untyped) = (0, Vec::new());
        loop {
            let item = format!("{list}{separator}items[{length}]");
            let seed = ObjectSeed { reader: &mut *reader, refusal: &mut *refusal, item, items_of };
            match access.next_element_seed(seed)? {
                None => return Ok(List { nodes_before, length, untyped }),
                Some(None) => {}
                Some(Some(entries)) => untyped.push((length, entries)),
            }
            length += 1;
        }
    }
}

/// The rest of an object, starting again with a key that was read already.
///
/// What the object is was settled by then; a second word on it sends the decoder to the careful path, which says so.
struct Resumed<'de, A> {
    key: Option<Cow<'de, str>>,
    access: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Resumed<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if let Some(key) = self.key.take() {
            return seed.deserialize(serde::de::value::CowStrDeserializer::new(key)).map(Some);
        }
        self.access.next_key_seed(NotHead(seed))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.access.next_value_seed(seed)
    }
}

/// A key that is neither `apiVersion` nor `kind`.
struct NotHead<K>(K);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for NotHead<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        let Text(key) = Text::deserialize(deserializer)?;
        if matches!(key.as_ref(), "apiVersion" | "kind") {
            return Err(D::Error::custom(format_args!("`{key}` after `metadata`")));
        }
        self.0.deserialize(serde::de::value::CowStrDeserializer::new(key))
    }
}
