//! The Secret of a bundle, named by its content.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::facts::bundle::MANAGED_RESOURCE;

/// The data key of everything that differs between shoots, as plain text.
pub const CONFIG_KEY: &str = "config.yaml";
/// The data key of Calico's custom resource definitions: one Brotli stream, which is how gardener-resource-manager takes the
/// ending.
pub const DEFINITIONS_KEY: &str = "crds.yaml.br";
/// The label that lets the garbage collector of the seed delete a Secret that no object refers to any more.
pub const GARBAGE_COLLECTABLE: (&str, &str) = ("resources.gardener.cloud/garbage-collectable-reference", "true");

/// What Kubernetes accepts in one Secret.
pub(super) const LARGEST: usize = 1 << 20;

/// A Secret to write; serialises to the object that the API expects. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct BundleSecret {
    namespace: String,
    name: String,
    data: BTreeMap<&'static str, Arc<[u8]>>,
}

impl BundleSecret {
    pub(super) fn new(namespace: &str, config: String, definitions: Arc<[u8]>) -> Self {
        let data = BTreeMap::from([(CONFIG_KEY, config.into_bytes().into()), (DEFINITIONS_KEY, definitions)]);
        Self::of(MANAGED_RESOURCE, namespace, data)
    }

    /// One for another ManagedResource, with plain text alone.
    pub(super) fn plain(managed_resource: &str, namespace: &str, config: String) -> Self {
        Self::of(managed_resource, namespace, BTreeMap::from([(CONFIG_KEY, config.into_bytes().into())]))
    }

    fn of(managed_resource: &str, namespace: &str, data: BTreeMap<&'static str, Arc<[u8]>>) -> Self {
        let base = format!("managedresource-{managed_resource}");
        Self { namespace: namespace.to_owned(), name: unique_name(&base, data.values().map(AsRef::as_ref)), data }
    }

    /// `metadata.namespace`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// `metadata.name`, which ends in a digest of the data.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The values by key, not yet base64. [`DEFINITIONS_KEY`] is shared by all bundles of a process.
    #[must_use]
    pub fn data(&self) -> &BTreeMap<&'static str, Arc<[u8]>> {
        &self.data
    }

    /// Bytes of all values, which is what Kubernetes limits.
    #[must_use]
    pub fn size(&self) -> usize {
        self.data.values().map(|value| value.len()).sum()
    }

    /// What to put where `live` is; `None` where nothing has to change. The data cannot differ in practice, because the name
    /// is a digest of it; metadata may.
    ///
    /// # Errors
    /// Only if serialisation fails, which it does not for this type.
    pub fn over(&self, live: &Value) -> serde_json::Result<Option<Value>> {
        let Value::Object(own) = serde_json::to_value(self)? else { return Ok(None) };
        let mut wanted = live.clone();
        for (field, value) in own {
            match field.as_str() {
                "metadata" => {
                    set(&mut wanted, "metadata", "labels", value.get("labels").cloned());
                    set(&mut wanted, "metadata", "annotations", None);
                }
                _ => {
                    if let Value::Object(fields) = &mut wanted {
                        fields.insert(field, value);
                    }
                }
            }
        }
        Ok((wanted != *live).then_some(wanted))
    }
}

impl Serialize for BundleSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { namespace, name, data } = self;
        let (label, on) = GARBAGE_COLLECTABLE;
        let data: BTreeMap<&str, String> = data.iter().map(|(key, value)| (*key, STANDARD.encode(value))).collect();
        let mut object = serializer.serialize_map(Some(6))?;
        object.serialize_entry("apiVersion", "v1")?;
        object.serialize_entry("data", &data)?;
        object.serialize_entry("immutable", &true)?;
        object.serialize_entry("kind", "Secret")?;
        object.serialize_entry(
            "metadata",
            &serde_json::json!({"labels": {label: on}, "name": name, "namespace": namespace}),
        )?;
        object.serialize_entry("type", "Opaque")?;
        object.end()
    }
}

impl fmt::Debug for BundleSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundleSecret({}/{}, {} bytes)", self.namespace, self.name, self.size())
    }
}

/// Sets, or removes, a field of a field.
pub(super) fn set(object: &mut Value, outer: &str, inner: &str, value: Option<Value>) {
    let Value::Object(fields) = object else { return };
    let outer = fields.entry(outer).or_insert_with(|| Value::Object(serde_json::Map::new()));
    let Value::Object(fields) = outer else { return };
    match value {
        Some(value) => fields.insert(inner.to_owned(), value),
        None => fields.remove(inner),
    };
}

/// The base and eight digits of a digest over the values in the order of their keys, as Gardener names every immutable Secret
/// (gardener/gardener: pkg/utils/kubernetes/object.go). Keys do not count.
pub(super) fn unique_name<'a>(base: &str, values: impl Iterator<Item = &'a [u8]>) -> String {
    let digests: String = values.map(|value| hexadecimal(&Sha256::digest(value))).collect();
    let dash = if base.ends_with('-') { "" } else { "-" };
    format!("{base}{dash}{}", short_digest(&digests))
}

/// The first eight digits of the SHA-256 of a text.
pub(super) fn short_digest(text: &str) -> String {
    hexadecimal(&Sha256::digest(text)).chars().take(8).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From Gardener's own tests and its running code.
    #[test]
    fn names_are_gardeners() {
        let name = |base, values: &[&str]| unique_name(base, values.iter().map(|value| value.as_bytes()));
        // {bar: foo, foo: bar}, in the order of the keys.
        assert_eq!(name("some-name", &["foo", "bar"]), "some-name-ec321de5");
        assert_eq!(name("some-name-", &["foo", "bar"]), "some-name-ec321de5");
        assert_eq!(
            name("managedresource-extension-networking-calico-config", &["foo\n"]),
            "managedresource-extension-networking-calico-config-218d9c33"
        );
        assert_eq!(short_digest("etcd-client"), "389fbba5");
        assert_eq!(short_digest("managedresource-extension-networking-calico-config-218d9c33"), "4a91bafd");
    }

    #[test]
    fn only_a_difference_is_written() {
        let secret = BundleSecret::new("shoot--foo--bar", "a: b\n".to_owned(), Arc::from(*b"x"));
        let mut live = serde_json::to_value(&secret).unwrap();
        live["metadata"]["resourceVersion"] = "7".into();
        assert_eq!(secret.over(&live).unwrap(), None);

        let written = live.clone();
        live["metadata"]["labels"] = serde_json::json!({"other": "label"});
        live["metadata"]["annotations"] = serde_json::json!({"a": "b"});
        assert_eq!(secret.over(&live).unwrap(), Some(written));
    }

    #[test]
    fn debug_shows_no_content() {
        let secret = BundleSecret::new("n", "s3cr3t".to_owned(), Arc::from(*b"x"));
        let name = secret.name();
        assert_eq!(format!("{secret:?}"), format!("BundleSecret(n/{name}, 7 bytes)"));
    }
}
