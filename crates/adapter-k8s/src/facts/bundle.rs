//! The dataplane of the bundle last written: the Secrets that the ManagedResource names.

use calico_policy::in_effect::ObservedDataplane;
use calico_policy::{ReadFailure, ReadFailureKind, Reading};
use gardener_api::calico::{ConfigMap, DaemonSet, IpPool};
use gardener_api::managed_resource::ManagedResource;
use gardener_api::secret::{Secret, SecretError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::observed_dataplane::{CalicoObjects, KUBE_CONTROLLERS, KUBE_CONTROLLERS_NAMESPACE, ObserveError, observe};
use super::{config_map, daemon_set};
use crate::yaml::{self, YamlError};

/// Name of the ManagedResource that carries the bundle.
pub const MANAGED_RESOURCE: &str = "extension-networking-calico-config";

/// Why a bundle yields no dataplane. Names Secret and key, never their contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A Secret that the ManagedResource names is not there.
    #[error("Secret `{0}`, which the ManagedResource names, is missing")]
    SecretMissing(String),
    /// The ManagedResource names no Secret.
    #[error("the ManagedResource names no Secret")]
    NoSecrets,
    /// A value cannot be decoded.
    #[error("Secret `{secret}` {source}")]
    Value {
        /// The Secret.
        secret: String,
        /// What is wrong.
        source: SecretError,
    },
    /// A document is not YAML.
    #[error("Secret `{secret}`, data key `{key}`: {source}")]
    Document {
        /// The Secret.
        secret: String,
        /// The data key.
        key: String,
        /// What is wrong.
        source: YamlError,
    },
    /// An object does not have the form of its kind.
    #[error("Secret `{secret}`, data key `{key}`: document {document} is no {kind}")]
    Object {
        /// The Secret.
        secret: String,
        /// The data key.
        key: String,
        /// The number of the document, from 1.
        document: usize,
        /// The kind that it claims.
        kind: &'static str,
    },
    /// The objects do not tell.
    #[error(transparent)]
    Observe(#[from] ObserveError),
}

impl BundleError {
    /// The failure as the core sees it.
    #[must_use]
    pub fn failure(&self) -> ReadFailure {
        let kind = match self {
            Self::SecretMissing(_) | Self::NoSecrets => ReadFailureKind::Incomplete,
            Self::Value { .. } | Self::Document { .. } | Self::Object { .. } | Self::Observe(_) => {
                ReadFailureKind::Undecodable
            }
        };
        ReadFailure::new(kind, self.to_string())
    }
}

/// Reads the bundle. Absent: there is no ManagedResource.
#[must_use]
pub fn reading<'a>(
    managed_resource: Option<&ManagedResource>,
    secret: impl Fn(&str) -> Option<&'a Secret>,
) -> Reading<ObservedDataplane> {
    let Some(managed_resource) = managed_resource else { return Reading::Absent };
    match facts(managed_resource, secret) {
        Ok(observed) => Reading::Known(observed),
        Err(error) => Reading::Unreadable(error.failure()),
    }
}

/// The dataplane of a bundle; every Secret that the ManagedResource names must be readable.
///
/// # Errors
/// [`BundleError`] for anything that is missing or does not decode. None of them permits anything.
pub fn facts<'a>(
    managed_resource: &ManagedResource,
    secret: impl Fn(&str) -> Option<&'a Secret>,
) -> Result<ObservedDataplane, BundleError> {
    let references = &managed_resource.spec.secret_refs;
    if references.is_empty() {
        return Err(BundleError::NoSecrets);
    }
    let mut objects = CalicoObjects { kube_controllers: Some(false), ..CalicoObjects::default() };
    for reference in references {
        let secret = secret(&reference.name).ok_or_else(|| BundleError::SecretMissing(reference.name.clone()))?;
        for key in secret.keys() {
            let text =
                secret.text(key).map_err(|source| BundleError::Value { secret: reference.name.clone(), source })?;
            collect(&text, &reference.name, key, &mut objects)?;
        }
    }
    Ok(observe(&objects)?)
}

/// Kinds whose objects tell the encapsulation. Other documents are not even parsed: the definitions alone are 300 KB.
const KINDS: [&str; 3] = ["IPPool", "DaemonSet", "ConfigMap"];
/// A Deployment is parsed only where its text names the one that counts.
const DEPLOYMENT: &str = "Deployment";

fn collect(text: &str, secret: &str, key: &str, objects: &mut CalicoObjects) -> Result<(), BundleError> {
    for (index, document) in yaml::documents(text).enumerate() {
        let may_tell = |kind: &str| KINDS.contains(&kind) || kind == DEPLOYMENT && document.contains(KUBE_CONTROLLERS);
        if top_level_kind(document).is_some_and(|kind| !may_tell(kind)) {
            continue;
        }
        let number = index + 1;
        let value = yaml::to_json(number, document).map_err(|source| BundleError::Document {
            secret: secret.to_owned(),
            key: key.to_owned(),
            source,
        })?;
        let wrong_form =
            |kind| BundleError::Object { secret: secret.to_owned(), key: key.to_owned(), document: number, kind };
        match value.get("kind").and_then(Value::as_str) {
            Some("IPPool") => objects.ip_pools.push(typed::<IpPool>(value).ok_or_else(|| wrong_form("IPPool"))?),
            Some("DaemonSet") if is(&value, daemon_set::NAMESPACE, daemon_set::NAME) => {
                objects.daemon_set = Some(typed::<DaemonSet>(value).ok_or_else(|| wrong_form("DaemonSet"))?);
            }
            Some("ConfigMap") if is(&value, config_map::NAMESPACE, config_map::NAME) => {
                objects.config_map = Some(typed::<ConfigMap>(value).ok_or_else(|| wrong_form("ConfigMap"))?);
            }
            Some(DEPLOYMENT) if is(&value, KUBE_CONTROLLERS_NAMESPACE, KUBE_CONTROLLERS) => {
                objects.kube_controllers = Some(true);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The value of a `kind:` line in column one; `None` where there is none, as in JSON.
fn top_level_kind(document: &str) -> Option<&str> {
    document.lines().find_map(|line| line.strip_prefix("kind:")).map(|kind| kind.trim().trim_matches(['"', '\'']))
}

fn is(object: &Value, namespace: &str, name: &str) -> bool {
    let field = |field| object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_str);
    field("namespace") == Some(namespace) && field("name") == Some(name)
}

fn typed<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\n\
        metadata: {name: calico-config, namespace: kube-system}\ndata: {calico_backend: bird}\n---\nkind: IPPool\n\
        metadata: {name: default-ipv4-ippool}\nspec: {cidr: 100.96.0.0/11, ipipMode: Always, vxlanMode: Never}\n";

    fn managed_resource(names: &[&str]) -> ManagedResource {
        let references: Vec<_> = names.iter().map(|name| serde_json::json!({"name": name})).collect();
        serde_json::from_value(serde_json::json!({"spec": {"secretRefs": references}})).unwrap()
    }

    /// Base64 of a text, by the alphabet's definition.
    fn base64(text: &str) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut encoded = String::new();
        for chunk in text.as_bytes().chunks(3) {
            let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for position in 0..4 {
                let index = bits >> (18 - 6 * position) & 63;
                encoded.push(if position <= chunk.len() { ALPHABET[index as usize] as char } else { '=' });
            }
        }
        encoded
    }

    fn secret(text: &str) -> Secret {
        serde_json::from_value(serde_json::json!({"data": {"config.yaml": base64(text)}})).unwrap()
    }

    fn read(text: &str) -> Result<ObservedDataplane, BundleError> {
        let secret = secret(text);
        facts(&managed_resource(&["one"]), |_| Some(&secret))
    }

    #[test]
    fn reads_a_small_bundle() {
        let observed = read(BUNDLE).unwrap();
        assert_eq!(observed.encapsulations().ipv4.unwrap().code(), "Ipip(Always)");
    }

    #[test]
    fn a_missing_secret_makes_the_bundle_incomplete() {
        let one = secret(BUNDLE);
        let reading = reading(Some(&managed_resource(&["one", "two"])), |name| (name == "one").then_some(&one));
        let Reading::Unreadable(failure) = reading else { panic!("readable") };
        assert_eq!(failure.kind, ReadFailureKind::Incomplete);
        assert_eq!(failure.detail, "Secret `two`, which the ManagedResource names, is missing");
    }

    #[test]
    fn no_managed_resource_is_absent() {
        assert_eq!(reading(None, |_| None), Reading::Absent);
    }

    #[test]
    fn damage_is_an_error_without_contents() {
        let error = read("kind: DaemonSet\nmetadata: {name: calico-node\n").unwrap_err();
        assert!(matches!(error, BundleError::Document { .. }));
        assert!(!error.to_string().contains("calico-node\n"));
        assert_eq!(read("just a text\n").unwrap_err(), BundleError::Observe(ObserveError::NoPool));
    }

    #[test]
    fn json_documents_are_read_too() {
        let observed = read(r#"{"kind": "IPPool", "spec": {"cidr": "2001:db8::/56", "vxlanMode": "Always"}}"#).unwrap();
        assert_eq!(observed.encapsulations().ipv6.unwrap().code(), "Vxlan(Always)");
    }
}
