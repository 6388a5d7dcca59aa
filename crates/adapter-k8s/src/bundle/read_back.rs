//! Documents that were decoded before. Most documents of a bundle are the same for every shoot, and decoding YAML is most of what a
//! first reconcile costs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use calico_manifests::ObjectKey;
use serde_json::Value;

/// Per object as many as two landscapes' worth of versions; more would only be those that differ by shoot.
const KEPT: usize = 2;

/// What this process has decoded: a text and the object that came out. Whether it is the object that was meant is asked each time.
static DECODED: Mutex<BTreeMap<ObjectKey, Vec<(String, Value)>>> = Mutex::new(BTreeMap::new());

/// Whether this very text was decoded before, and to this object.
pub(super) fn is_known(key: &ObjectKey, text: &str, object: &Value) -> bool {
    let decoded = DECODED.lock().unwrap_or_else(PoisonError::into_inner);
    decoded.get(key).is_some_and(|kept| kept.iter().any(|(known, value)| known == text && value == object))
}

/// Remembers what a text was decoded to, in the place of what was remembered first.
pub(super) fn remember(key: &ObjectKey, text: &str, decoded: Value) {
    let mut all = DECODED.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = all.entry(key.clone()).or_default();
    if kept.len() == KEPT {
        kept.remove(0);
    }
    kept.push((text.to_owned(), decoded));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_same_text_with_the_same_object_is_known() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "read-back"}});
        let key = ObjectKey::of(&object).unwrap();
        remember(&key, "text", object.clone());
        assert!(is_known(&key, "text", &object));
        assert!(!is_known(&key, "another text", &object));
        assert!(!is_known(&key, "text", &json!({})));
        remember(&key, "b", object.clone());
        remember(&key, "c", object.clone());
        assert!(!is_known(&key, "text", &object), "the first has made room");
    }
}
