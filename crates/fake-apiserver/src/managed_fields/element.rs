//! One step of a path to a field, and its spelling in `fieldsV1`.

use std::fmt;

use serde_json::Value;

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Element {
    /// A field of a map.
    Field(String),
    /// An item of a list, by its keys: names with values as JSON text.
    Key(Vec<(String, String)>),
    /// An item of a set, as JSON text.
    Value(String),
    /// An item of a list by position. Only read, never written here.
    Index(u64),
}

impl Element {
    /// The key of `fieldsV1`: `f:name`, `k:{"name":"x"}`, `v:"x"`, `i:0`.
    pub(crate) fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => {
                let keys: Vec<String> =
                    keys.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
                format!("k:{{{}}}", keys.join(","))
            }
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    /// Reads a key of `fieldsV1`; nothing where it is none.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => {
                let Ok(Value::Object(map)) = serde_json::from_str(rest) else { return None };
                Some(Self::Key(map.into_iter().map(|(name, value)| (name, value.to_string())).collect()))
            }
            "v" => serde_json::from_str::<Value>(rest).ok().map(|value| Self::Value(value.to_string())),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }
}

/// As conflicts name it: `.spec`, `[name="x"]`, `[="x"]`.
impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(formatter, ".{name}"),
            Self::Key(keys) => {
                let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(formatter, "[{}]", keys.join(","))
            }
            Self::Value(value) => write!(formatter, "[={value}]"),
            Self::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_element_reads_back() {
        for (text, shown) in [
            ("f:metadata", ".metadata"),
            ("f:a:b", ".a:b"),
            (r#"k:{"containerPort":80,"protocol":"TCP"}"#, r#"[containerPort=80,protocol="TCP"]"#),
            (r#"v:"keep""#, r#"[="keep"]"#),
            ("i:3", "[3]"),
        ] {
            let element = Element::decode(text).unwrap();
            assert_eq!(element.encode(), text);
            assert_eq!(element.to_string(), shown);
        }
        assert_eq!(Element::decode("nonsense"), None);
    }
}
