//! The check before writing: everything is decoded again, as its reader will, and compared with what was meant.
//!
//! gardener-resource-manager deletes from the shoot the object of a document that it cannot decode, and hangs on a damaged Brotli
//! stream until somebody restarts it. So nothing is written on the word of an encoder.

use calico_manifests::{ObjectKey, Objects};
use gardener_api::secret::Secret;
use serde_json::Value;

use super::secret::LARGEST;
use super::{BundleError, BundleSecret, CONFIG_KEY, DEFINITIONS_KEY, Definitions, read_back};
use crate::yaml;

pub(super) fn check(secret: &BundleSecret, objects: &Objects, definitions: &Definitions) -> Result<(), BundleError> {
    if secret.size() > LARGEST {
        return Err(BundleError::TooLarge { size: secret.size(), limit: LARGEST });
    }
    let object = serde_json::to_value(secret).map_err(|error| damaged(CONFIG_KEY, error.to_string()))?;
    let read: Secret = serde_json::from_value(object).map_err(|error| damaged(CONFIG_KEY, error.to_string()))?;
    let text = |key| read.text(key).map_err(|error| damaged(key, error.to_string()));

    compare(CONFIG_KEY, &text(CONFIG_KEY)?, objects.iter())?;
    let whole = || {
        if text(DEFINITIONS_KEY)? != definitions.yaml() {
            return Err(damaged(DEFINITIONS_KEY, "the text is another one".to_owned()));
        }
        every_document_is_an_object(definitions.yaml())
    };
    let stream = read.bytes(DEFINITIONS_KEY).map_err(|error| damaged(DEFINITIONS_KEY, error.to_string()))?;
    // The same bytes decompress to the same text: once per process is enough.
    if stream == *definitions.compressed()? { definitions.verified(whole) } else { whole() }
}

/// The same for a Secret without definitions.
pub(super) fn check_plain(secret: &BundleSecret, objects: &Objects) -> Result<(), BundleError> {
    let object = serde_json::to_value(secret).map_err(|error| damaged(CONFIG_KEY, error.to_string()))?;
    let read: Secret = serde_json::from_value(object).map_err(|error| damaged(CONFIG_KEY, error.to_string()))?;
    let text = read.text(CONFIG_KEY).map_err(|error| damaged(CONFIG_KEY, error.to_string()))?;
    compare(CONFIG_KEY, &text, objects.iter())
}

/// Every object in its place, nothing else.
fn compare<'a>(
    key: &'static str,
    text: &str,
    objects: impl Iterator<Item = (&'a ObjectKey, &'a Value)>,
) -> Result<(), BundleError> {
    let mut objects = objects.peekable();
    for (index, document) in yaml::documents(text).enumerate() {
        if objects.next_if(|(identity, object)| read_back::is_known(identity, document, object)).is_some() {
            continue;
        }
        let read = yaml::to_json(index + 1, document).map_err(|error| damaged(key, error.to_string()))?;
        if read.is_null() {
            continue;
        }
        match objects.next() {
            Some((identity, object)) if *object == read => read_back::remember(identity, document, read),
            Some((identity, _)) => return Err(damaged(key, format!("`{identity}` is another object"))),
            None => return Err(damaged(key, format!("document {} is no object of the bundle", index + 1))),
        }
    }
    match objects.next() {
        Some((identity, _)) => Err(damaged(key, format!("`{identity}` is missing"))),
        None => Ok(()),
    }
}

fn every_document_is_an_object(text: &str) -> Result<(), BundleError> {
    for (index, document) in yaml::documents(text).enumerate() {
        let value = yaml::to_json(index + 1, document).map_err(|error| damaged(DEFINITIONS_KEY, error.to_string()))?;
        if !value.is_null() {
            ObjectKey::of(&value)
                .map_err(|error| damaged(DEFINITIONS_KEY, format!("document {}: {error}", index + 1)))?;
        }
    }
    Ok(())
}

fn damaged(key: &'static str, problem: String) -> BundleError {
    BundleError::Damaged { key, problem }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn objects() -> Objects {
        let mut objects = Objects::default();
        for name in ["a", "b"] {
            objects.add(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})).unwrap();
        }
        objects
    }

    #[track_caller]
    fn refused(config: String, definitions: &[u8], text: &str) {
        let built_in = Definitions::built_in();
        let secret = BundleSecret::new("n", config, Arc::from(definitions));
        assert_eq!(check(&secret, &objects(), &built_in).unwrap_err().to_string(), text);
    }

    #[test]
    fn a_bundle_that_reads_back_is_accepted() {
        let built_in = Definitions::built_in();
        let secret = BundleSecret::new("n", objects().to_yaml(), built_in.compressed().unwrap());
        assert_eq!(check(&secret, &objects(), &built_in), Ok(()));
    }

    #[test]
    fn a_document_that_is_not_the_object_is_refused() {
        let compressed = Definitions::built_in().compressed().unwrap();
        let yaml = objects().to_yaml();
        let start = "what would be written under `config.yaml` does not read back: ";
        for (config, problem) in [
            (yaml.replace("name: b", "name: c"), "`ConfigMap/b` is another object"),
            (yaml.replace("name: b", "name: [b"), "document 3 is not valid YAML (line 4 of it)"),
            (
                yaml.replace("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n", ""),
                "`ConfigMap/b` is missing",
            ),
            (format!("{yaml}---\na: b\n"), "document 4 is no object of the bundle"),
        ] {
            refused(config, &compressed, &format!("{start}{problem}"));
        }
    }

    #[test]
    fn a_damaged_stream_is_refused() {
        let compressed = Definitions::built_in().compressed().unwrap();
        let yaml = objects().to_yaml();
        let start = "what would be written under `crds.yaml.br` does not read back: ";
        let no_stream = format!("{start}data key `crds.yaml.br` is not one whole Brotli stream");
        for end in [0, 1, compressed.len() / 2, compressed.len() - 1] {
            refused(yaml.clone(), &compressed[..end], &no_stream);
        }
        refused(yaml.clone(), &[&compressed[..], &compressed[..]].concat(), &no_stream);
        refused(yaml.clone(), &[&compressed[..], b"\0"].concat(), &no_stream);
        refused(yaml.clone(), Definitions::built_in().yaml().as_bytes(), &no_stream);
        let mut other = Vec::new();
        brotli::BrotliCompress(&mut &b"kind: Node\n"[..], &mut other, &Default::default()).unwrap();
        refused(yaml, &other, &format!("{start}the text is another one"));
    }

    #[test]
    fn what_no_secret_can_hold_is_refused() {
        let size = LARGEST + 1;
        refused(" ".repeat(size), b"", "the bundle has 1048577 bytes, and a Secret holds 1048576 at most");
    }
}
