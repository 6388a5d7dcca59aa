//! `Secret` of `v1`. Its contents reach nothing but the code that asks for them: no `Debug`, no error shows any.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::decode::{object, string_map};
use crate::meta::ObjectMeta;

/// A Secret of a seed, with base64 data as the API writes it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Secret {
    /// Name, namespace. Annotations may repeat the whole Secret (`last-applied-configuration`): never show them.
    #[serde(deserialize_with = "object")]
    pub metadata: ObjectMeta,
    #[serde(deserialize_with = "string_map")]
    data: BTreeMap<String, String>,
}

/// Why a value of a Secret cannot be read. Names the key, never the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No such key.
    #[error("has no data key `{key}`")]
    Missing {
        /// The data key.
        key: String,
    },
    /// Not standard base64.
    #[error("data key `{key}` is not base64")]
    Base64 {
        /// The data key.
        key: String,
    },
    /// The key ends in `.br`, the value is not one whole Brotli stream.
    #[error("data key `{key}` is not one whole Brotli stream")]
    Brotli {
        /// The data key.
        key: String,
    },
    /// Decompresses to more than a bundle can be.
    #[error("data key `{key}` decompresses to more than {limit} bytes")]
    TooLarge {
        /// The data key.
        key: String,
        /// What is accepted.
        limit: u64,
    },
    /// Bytes that are no text.
    #[error("data key `{key}` is not UTF-8 text")]
    Text {
        /// The data key.
        key: String,
    },
}

/// A bundle is well below 1 MiB compressed; a damaged or hostile stream must not fill the memory.
const LARGEST_TEXT: u64 = 64 << 20;

impl Secret {
    /// The data keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.data.keys().map(String::as_str)
    }

    /// The bytes under `key`, base64 decoded.
    ///
    /// # Errors
    /// [`SecretError::Missing`] and [`SecretError::Base64`].
    pub fn bytes(&self, key: &str) -> Result<Vec<u8>, SecretError> {
        let Some(value) = self.data.get(key) else { return Err(SecretError::Missing { key: key.to_owned() }) };
        // Line breaks are legal in the API's base64.
        let compact;
        let value = if value.contains(['\n', '\r']) {
            compact = value.replace(['\n', '\r'], "");
            &compact
        } else {
            value
        };
        STANDARD.decode(value).map_err(|_| SecretError::Base64 { key: key.to_owned() })
    }

    /// The text under `key`, decompressed where the key ends in `.br` as gardener-resource-manager does.
    ///
    /// # Errors
    /// Any [`SecretError`]. Bytes after the end of a Brotli stream are one, because they hang the resource manager.
    pub fn text(&self, key: &str) -> Result<String, SecretError> {
        let mut bytes = self.bytes(key)?;
        if key.ends_with(".br") {
            bytes = decompress(key, &bytes)?;
        }
        String::from_utf8(bytes).map_err(|_| SecretError::Text { key: key.to_owned() })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metadata, data } = self;
        write!(f, "Secret({}/{}, {} data keys)", metadata.namespace, metadata.name, data.len())
    }
}

fn decompress(key: &str, bytes: &[u8]) -> Result<Vec<u8>, SecretError> {
    let broken = |_| SecretError::Brotli { key: key.to_owned() };
    // With the whole value in its buffer, the reader notices bytes after the end of the stream on the read that follows.
    let mut reader = brotli::Decompressor::new(bytes, bytes.len() + 1);
    let mut text = Vec::new();
    reader.by_ref().take(LARGEST_TEXT + 1).read_to_end(&mut text).map_err(broken)?;
    if text.len() as u64 > LARGEST_TEXT {
        return Err(SecretError::TooLarge { key: key.to_owned(), limit: LARGEST_TEXT });
    }
    reader.read(&mut [0]).map_err(broken)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_TEXT, Secret, SecretError};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::io::Read;

    fn secret(key: &str, bytes: &[u8]) -> Secret {
        let value = STANDARD.encode(bytes);
        serde_json::from_str(&format!(
            r#"{{"metadata": {{"name": "s", "namespace": "n"}}, "data": {{"{key}": "{value}"}}}}"#
        ))
        .unwrap()
    }

    fn compress(mut text: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        brotli::BrotliCompress(
            &mut text,
            &mut bytes,
            &brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() },
        )
        .unwrap();
        bytes
    }

    #[test]
    fn reads_plain_and_compressed_keys() {
        assert_eq!(secret("config.yaml", b"a: b\n").text("config.yaml").unwrap(), "a: b\n");
        assert_eq!(secret("crds.yaml.br", &compress(&b"a: b\n"[..])).text("crds.yaml.br").unwrap(), "a: b\n");
    }

    #[test]
    fn a_damaged_stream_is_refused() {
        let whole = compress("kind: Node\n".repeat(9000).as_bytes());
        let error = Err(SecretError::Brotli { key: "x.br".to_owned() });
        for end in [0, 1, whole.len() / 2, whole.len() - 1] {
            assert_eq!(secret("x.br", &whole[..end]).text("x.br"), error, "cut at {end}");
        }
        for tail in [&b"\0"[..], b"plain text", &whole] {
            assert_eq!(secret("x.br", &[&whole, tail].concat()).text("x.br"), error);
        }
        assert_eq!(secret("x.br", b"kind: Node\n").text("x.br"), error);
    }

    #[test]
    fn a_decompression_bomb_is_refused() {
        let bomb = compress(std::io::repeat(b' ').take(LARGEST_TEXT + 1));
        let error = SecretError::TooLarge { key: "x.br".to_owned(), limit: 64 << 20 };
        assert_eq!(secret("x.br", &bomb).text("x.br"), Err(error));
    }

    #[test]
    fn errors_name_the_key_and_show_nothing() {
        let secret: Secret = serde_json::from_str(r#"{"data": {"a": "s3cr3t!!", "b": "/w==\n"}}"#).unwrap();
        assert_eq!(secret.text("a").unwrap_err().to_string(), "data key `a` is not base64");
        assert_eq!(secret.text("b").unwrap_err().to_string(), "data key `b` is not UTF-8 text");
        assert_eq!(secret.text("c").unwrap_err().to_string(), "has no data key `c`");
        assert_eq!(format!("{secret:?}"), "Secret(/, 2 data keys)");
    }
}
