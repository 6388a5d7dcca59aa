//! Whatever a deserializer yields, written as JSON text while it is read.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The root of a document: an object, or else what was found instead, seen before it is read to its end.
pub(super) struct Root<'a> {
    pub(super) json: &'a mut Vec<u8>,
    pub(super) found: &'a mut Option<&'static str>,
}

impl Root<'_> {
    fn refuse<E: Error>(self, found: &'static str) -> Result<(), E> {
        *self.found = Some(found);
        Err(E::custom("refused"))
    }
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        ToJson(self.json).visit_map(access)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.refuse("a list without `kind`")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.refuse("a string")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.refuse("a boolean")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.refuse("a number")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.refuse("a number")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.refuse("a number")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.refuse("null")
    }
}

/// Writes what a deserializer yields as JSON.
struct ToJson<'a>(&'a mut Vec<u8>);

impl ToJson<'_> {
    fn put<E: Error>(self, value: &(impl serde::Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.0, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for ToJson<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ToJson<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E: Error>(self, v: bool) -> Result<(), E> {
        self.put(&v)
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<(), E> {
        self.put(&v)
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<(), E> {
        self.put(&v)
    }

    fn visit_i128<E: Error>(self, v: i128) -> Result<(), E> {
        self.put(&v)
    }

    fn visit_u128<E: Error>(self, v: u128) -> Result<(), E> {
        self.put(&v)
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<(), E> {
        self.put(&v)
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<(), E> {
        self.put(v)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(&())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.put(&())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        let mut end = self.0.len();
        while access.next_element_seed(Item { out: &mut *self.0, first: end })?.is_some() {
            end = 0;
        }
        self.0.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        self.0.push(b'{');
        let mut separator = false;
        while let Some(Key(key)) = access.next_key()? {
            if separator {
                self.0.push(b',');
            }
            separator = true;
            ToJson(&mut *self.0).put(key.as_str())?;
            self.0.push(b':');
            access.next_value_seed(ToJson(&mut *self.0))?;
        }
        self.0.push(b'}');
        Ok(())
    }
}

/// An element of a list; `first` is the output's length before the first one.
struct Item<'a> {
    out: &'a mut Vec<u8>,
    first: usize,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.out.len() != self.first {
            self.out.push(b',');
        }
        ToJson(self.out).deserialize(deserializer)
    }
}

/// A key of an object: a scalar that is not a string becomes one, as in Go.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scalar as key")
            }

            fn visit_bool<E: Error>(self, v: bool) -> Result<Key, E> {
                Ok(Key(v.to_string()))
            }

            fn visit_i64<E: Error>(self, v: i64) -> Result<Key, E> {
                Ok(Key(v.to_string()))
            }

            fn visit_u64<E: Error>(self, v: u64) -> Result<Key, E> {
                Ok(Key(v.to_string()))
            }

            fn visit_f64<E: Error>(self, v: f64) -> Result<Key, E> {
                Ok(Key(v.to_string()))
            }

            fn visit_str<E: Error>(self, v: &str) -> Result<Key, E> {
                Ok(Key(v.to_owned()))
            }

            fn visit_string<E: Error>(self, v: String) -> Result<Key, E> {
                Ok(Key(v))
            }
        }
        deserializer.deserialize_any(KeyVisitor)
    }
}
