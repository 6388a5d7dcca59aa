//! An object whose fields are set aside as text until its kind is known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gardener_api::secret::Secret;
use serde::Deserialize;
use serde::de::value::MapDeserializer;
use serde_json::value::RawValue;

/// A string that borrows from the input where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The fields of an object, `apiVersion` and `kind` among them, in the order of the input.
#[derive(Default)]
pub(crate) struct Entries<'de>(Vec<(Cow<'de, str>, &'de RawValue)>);

/// What is wrong with an object, and where in it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Longer values are cut out of messages.
const LONGEST_TEXT: usize = 300;

impl<'de> Entries<'de> {
    pub(crate) fn push(&mut self, key: Cow<'de, str>, value: &'de RawValue) {
        self.0.push((key, value));
    }

    /// Whether nothing but the type of the object was set aside.
    pub(crate) fn is_head(&self) -> bool {
        self.0.iter().all(|(key, _)| matches!(key.as_ref(), "apiVersion" | "kind"))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'de RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// Decodes the object, naming the path of what does not fit.
    pub(crate) fn decode<T: Deserialize<'de>>(&self) -> Result<T, Fault> {
        let fields = self.0.iter().map(|(key, value)| (key.clone(), *value));
        let fields = MapDeserializer::<_, serde_json::Error>::new(fields);
        serde_path_to_error::deserialize(fields).map_err(|error| {
            let path = error.path().to_string();
            let text = without_place(&error.inner().to_string());
            Fault { path: if path == "." { String::new() } else { path }, text }
        })
    }

    /// The object as JSON text.
    pub(crate) fn to_json(&self) -> Box<str> {
        let mut json = String::from("{");
        for (key, value) in &self.0 {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&serde_json::Value::from(key.as_ref()).to_string());
            json.push(':');
            json.push_str(value.get());
        }
        json.push('}');
        json.into()
    }

    /// Whether this Secret holds a kubeconfig. A value that cannot be read is none.
    pub(crate) fn holds_kubeconfig(&self, secret: &Secret) -> bool {
        let plain =
            self.get("stringData").and_then(|raw| serde_json::from_str::<BTreeMap<String, String>>(raw.get()).ok());
        secret.keys().any(|key| key == "kubeconfig" || secret.text(key).is_ok_and(|text| is_kubeconfig(&text)))
            || plain.is_some_and(|plain| plain.iter().any(|(key, text)| key == "kubeconfig" || is_kubeconfig(text)))
    }
}

/// The text of a serde error without the place that it names, which is one inside a fragment.
pub(crate) fn without_place(text: &str) -> String {
    let text = text.rfind(" at line ").and_then(|end| text.get(..end)).unwrap_or(text);
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A kubeconfig is recognised by what it lists, as YAML at the start of a line or as JSON.
fn is_kubeconfig(text: &str) -> bool {
    let has = |key: &str| {
        text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
            || (text.trim_start().starts_with('{') && text.contains(&format!("\"{key}\"")))
    };
    has("clusters") && has("users")
}

#[cfg(test)]
mod tests {
    use super::{is_kubeconfig, without_place};

    #[test]
    fn a_kubeconfig_is_known_by_what_it_lists() {
        assert!(is_kubeconfig("apiVersion: v1\nclusters:\n- name: a\ncontexts: []\nusers:\n- name: u\n"));
        assert!(is_kubeconfig(" {\"users\": [], \"clusters\": []}"));
        assert!(!is_kubeconfig("kind: ConfigMap\ndata:\n  clusters: a\n  users: b\n"));
        assert!(!is_kubeconfig(""));
    }

    #[test]
    fn messages_lose_the_place_inside_a_fragment_and_stay_short() {
        assert_eq!(without_place("invalid type: null at line 1 column 4"), "invalid type: null");
        assert_eq!(without_place(&"ä".repeat(400)), format!("{}…", "ä".repeat(300)));
    }
}
