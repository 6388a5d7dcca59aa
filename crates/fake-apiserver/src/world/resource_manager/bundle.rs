//! From Secrets to objects: references in order, keys sorted, `.br` decompressed, documents decoded one by one.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::world::cluster::{Cluster, kinds, text};

/// What the Secrets of a ManagedResource hold.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) documents: Vec<Value>,
    /// What could not be decoded, as the condition says it.
    pub(super) problems: Vec<String>,
    pub(super) checksum: String,
}

/// Why nothing can be said about the content.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// A Secret is not there; this is what the condition says.
    Missing(String),
    /// A compressed value is damaged. The real program tries to decode it again and again and never comes back.
    Damaged,
    /// A request failed.
    Request(kube::Error),
}

/// Reads everything that a ManagedResource refers to.
pub(super) async fn read(seed: &Cluster, namespace: &str, managed_resource: &Value) -> Result<Content, Unreadable> {
    let mut content = Content::default();
    let mut digest = Sha256::new();
    let references = managed_resource.pointer("/spec/secretRefs").and_then(Value::as_array);
    for reference in references.into_iter().flatten() {
        let name = text(reference, "/name");
        let secret = seed.get(&kinds::SECRET, namespace, name).await.map_err(Unreadable::Request)?;
        let secret = secret.ok_or_else(|| Unreadable::Missing(format!("Secret \"{name}\" not found")))?;
        let data = secret.get("data").and_then(Value::as_object);
        // serde_json keeps keys sorted.
        for (key, value) in data.into_iter().flatten() {
            let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
            digest.update(key.as_bytes());
            digest.update(&bytes);
            let bytes = if key.ends_with(".br") { decompress(&bytes)? } else { bytes };
            let place = format!("in '{key}' in secret '{namespace}/{name}'");
            decode(&String::from_utf8_lossy(&bytes), &place, &mut content);
        }
    }
    content.checksum = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(content)
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut text = Vec::new();
    let mut reader = brotli::Decompressor::new(bytes, bytes.len() + 1);
    reader.read_to_end(&mut text).map_err(|_| Unreadable::Damaged)?;
    // One more read notices what comes after the end of the stream.
    reader.read(&mut [0]).map_err(|_| Unreadable::Damaged)?;
    Ok(text)
}

/// Adds the documents of a stream of YAML or of JSON objects.
fn decode(stream: &str, place: &str, content: &mut Content) {
    let mut add = |index: usize, decoded: Result<Value, String>| match decoded {
        Ok(Value::Null) => {}
        Ok(document) => content.documents.push(document),
        Err(error) => content.problems.push(format!("Could not decode resource at index {index} {place}: {error}.")),
    };
    if stream.trim_start().starts_with('{') {
        for (index, document) in serde_json::Deserializer::from_str(stream).into_iter().enumerate() {
            let failed = document.is_err();
            add(index, document.map_err(|error| error.to_string()));
            if failed {
                break;
            }
        }
        return;
    }
    for (index, document) in documents(stream).enumerate() {
        add(index, yaml(document).map_err(|error| format!("error converting YAML to JSON: {error}")));
    }
}

/// The documents of a stream, without those that are empty.
fn documents(stream: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(stream);
    let mut all = std::iter::from_fn(move || {
        let text = rest?;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let after = line.strip_prefix("---");
            if after.is_some_and(|after| after.is_empty() || after.starts_with(char::is_whitespace)) {
                rest = text.get(start + line.len()..);
                return text.get(..start);
            }
            start += line.len();
        }
        rest = None;
        Some(text)
    });
    std::iter::from_fn(move || {
        all.find(|document| !document.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')))
    })
}

fn yaml(document: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { budget: None };
    serde_saphyr::from_str_with_options(document, options).map_err(|error: serde_saphyr::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decoded(stream: &str) -> Content {
        let mut content = Content::default();
        decode(stream, "in 'k' in secret 'n/s'", &mut content);
        content
    }

    #[test]
    fn streams_of_yaml_and_of_json_are_read_and_empty_documents_skipped() {
        let yaml = decoded("---\n# nothing\n---\nkind: A\n---\nkind: B\n");
        assert_eq!(yaml.documents, [json!({"kind": "A"}), json!({"kind": "B"})]);
        let json = decoded("{\"kind\": \"A\"}\n{\"kind\": \"B\"}");
        assert_eq!(json.documents, yaml.documents);
    }

    #[test]
    fn what_cannot_be_decoded_is_recorded_and_the_rest_is_kept() {
        let content = decoded("kind: A\n---\nkind: [\n---\nkind: C\n");
        assert_eq!(content.documents, [json!({"kind": "A"}), json!({"kind": "C"})]);
        assert_eq!(content.problems.len(), 1);
        let start = "Could not decode resource at index 1 in 'k' in secret 'n/s': error converting YAML to JSON: ";
        assert!(content.problems[0].starts_with(start), "{}", content.problems[0]);
    }

    #[test]
    fn a_damaged_stream_is_none_at_all() {
        let mut whole = Vec::new();
        brotli::BrotliCompress(&mut &b"kind: A\n"[..], &mut whole, &brotli::enc::BrotliEncoderParams::default())
            .unwrap();
        assert_eq!(decompress(&whole).unwrap(), b"kind: A\n");
        let twice = [whole.clone(), whole.clone()].concat();
        let longer = [whole.as_slice(), b"x"].concat();
        for damaged in [&whole[..whole.len() - 1], &twice, &longer, b"kind: A\n"] {
            assert!(matches!(decompress(damaged), Err(Unreadable::Damaged)));
        }
    }
}
