//! The ManagedResource of a bundle.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::secret::{BundleSecret, set, short_digest};
use crate::facts::bundle::MANAGED_RESOURCE;

/// The label that says whose ManagedResource it is. Gardener acts on those of origin `gardener`, which this must not be.
pub const ORIGIN: (&str, &str) = ("origin", "extension-networking-calico");
/// What the annotations start with that keep a Secret from the seed's garbage collector.
pub const REFERENCE_PREFIX: &str = "reference.resources.gardener.cloud/";

/// A ManagedResource to write; serialises to the object that the API expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BundleManagedResource {
    #[serde(skip)]
    name: &'static str,
    object: Value,
}

impl BundleManagedResource {
    pub(super) fn new(namespace: &str, secret: &BundleSecret) -> Self {
        Self::named(MANAGED_RESOURCE, namespace, secret)
    }

    pub(super) fn named(name: &'static str, namespace: &str, secret: &BundleSecret) -> Self {
        let (label, origin) = ORIGIN;
        let reference = format!("{REFERENCE_PREFIX}secret-{}", short_digest(secret.name()));
        let object = json!({
            "apiVersion": "resources.gardener.cloud/v1alpha1",
            "kind": "ManagedResource",
            "metadata": {
                "annotations": {reference: secret.name()},
                "labels": {label: origin},
                "name": name,
                "namespace": namespace,
            },
            "spec": {
                "injectLabels": {"shoot.gardener.cloud/no-cleanup": "true"},
                "keepObjects": false,
                "secretRefs": [{"name": secret.name()}],
            },
        });
        Self { name, object }
    }

    /// `metadata.name`, the same for every shoot.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The object itself.
    #[must_use]
    pub fn object(&self) -> &Value {
        &self.object
    }

    /// What to put where `live` is; `None` where nothing has to change. The whole spec is ours; labels and annotations of others
    /// stay, references to other Secrets do not. The resource version of `live` stays, so that a stale one is a conflict.
    #[must_use]
    pub fn over(&self, live: &Value) -> Option<Value> {
        let field = |pointer: &str| self.object.pointer(pointer).cloned();
        let others = |pointer: &str, keep: fn(&str) -> bool| {
            let fields = live.pointer(pointer).and_then(Value::as_object).cloned().unwrap_or_default();
            fields.into_iter().filter(|(key, _)| keep(key)).collect::<Map<_, _>>()
        };
        let mut labels = others("/metadata/labels", |_| true);
        let mut annotations = others("/metadata/annotations", |key| !key.starts_with(REFERENCE_PREFIX));
        for (map, own) in [(&mut labels, "/metadata/labels"), (&mut annotations, "/metadata/annotations")] {
            if let Some(Value::Object(own)) = field(own) {
                map.extend(own);
            }
        }
        let mut wanted = live.clone();
        set(&mut wanted, "metadata", "labels", Some(Value::Object(labels)));
        set(&mut wanted, "metadata", "annotations", Some(Value::Object(annotations)));
        if let (Value::Object(fields), Some(spec)) = (&mut wanted, field("/spec")) {
            fields.insert("spec".to_owned(), spec);
        }
        (wanted != *live).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn managed_resource() -> BundleManagedResource {
        BundleManagedResource::new("n", &BundleSecret::new("n", "a: b\n".to_owned(), Arc::from(*b"x")))
    }

    #[test]
    fn what_others_wrote_stays_and_old_references_go() {
        let own = managed_resource();
        let mut live = own.object().clone();
        live["metadata"]["resourceVersion"] = "7".into();
        live["metadata"]["labels"]["landscape"] = "a".into();
        live["metadata"]["annotations"]["owner"] = "b".into();
        live["status"] = json!({"observedGeneration": 1});
        assert_eq!(own.over(&live), None);

        let unchanged = live.clone();
        live["metadata"]["annotations"]["reference.resources.gardener.cloud/secret-00000000"] = "old".into();
        live["metadata"]["labels"]["origin"] = "someone".into();
        live["spec"] = json!({"secretRefs": [{"name": "old"}], "class": "seed", "keepObjects": true});
        assert_eq!(own.over(&live), Some(unchanged));
    }

    #[test]
    fn an_object_without_metadata_gets_ours() {
        let own = managed_resource();
        let wanted = own.over(&json!({"metadata": {"name": "x"}})).unwrap();
        assert_eq!(wanted["metadata"]["labels"], json!({"origin": "extension-networking-calico"}));
        assert_eq!(wanted["spec"], own.object()["spec"]);
    }
}
