//! A Kubernetes object that is ready to be written, and the ordered set of them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Why an object cannot be rendered. Each of these is a defect of this crate: no input leads to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderError {
    /// A typed object has no JSON form.
    NoJson(String),
    /// An object lacks what identifies it.
    NoIdentity(String),
    /// Two objects have the same identity.
    Duplicate(ObjectKey),
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoJson(message) => write!(formatter, "an object cannot be written as JSON: {message}"),
            Self::NoIdentity(field) => write!(formatter, "an object has no `{field}`"),
            Self::Duplicate(key) => write!(formatter, "two objects are both `{key}`"),
        }
    }
}

impl std::error::Error for RenderError {}

/// What identifies an object in a cluster, in the order in which objects are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`; `None` for what belongs to the whole cluster.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl std::fmt::Display for ObjectKey {
    /// `Kind/name`, or `Kind/namespace/name`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(formatter, "{}/{}", self.kind, self.name),
        }
    }
}

impl ObjectKey {
    /// The identity that an object claims.
    ///
    /// # Errors
    /// [`RenderError::NoIdentity`] names the missing field.
    pub fn of(object: &Value) -> Result<Self, RenderError> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let required = |pointer: &str| text(pointer).ok_or_else(|| RenderError::NoIdentity(pointer.to_owned()));
        Ok(Self {
            api_version: required("/apiVersion")?,
            kind: required("/kind")?,
            namespace: text("/metadata/namespace"),
            name: required("/metadata/name")?,
        })
    }
}

/// Objects by identity: written in one order, whatever order they were made in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects(BTreeMap<ObjectKey, Value>);

impl Objects {
    /// Adds a typed object.
    ///
    /// # Errors
    /// [`RenderError`] if it has no JSON form, no identity, or the identity of an object that is here already.
    pub fn add(&mut self, object: &impl Serialize) -> Result<(), RenderError> {
        let value = serde_json::to_value(object).map_err(|error| RenderError::NoJson(error.to_string()))?;
        let key = ObjectKey::of(&value)?;
        if self.0.contains_key(&key) {
            return Err(RenderError::Duplicate(key));
        }
        self.0.insert(key, value);
        Ok(())
    }

    /// The objects in order.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &Value)> {
        self.0.iter()
    }

    /// One object.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<&Value> {
        self.0.get(key)
    }

    /// One object by kind and name.
    #[must_use]
    pub fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key.kind == kind && key.name == name).map(|(_, object)| object)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them as one YAML stream.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        crate::yaml::stream(self.0.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(kind: &str, name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "kube-system"}})
    }

    #[test]
    fn objects_are_written_in_one_order() {
        let mut objects = Objects::default();
        for (kind, name) in [("Service", "b"), ("ConfigMap", "z"), ("Service", "a")] {
            objects.add(&object(kind, name)).unwrap();
        }
        let keys: Vec<String> = objects.iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["ConfigMap/kube-system/z", "Service/kube-system/a", "Service/kube-system/b"]);
        assert!(objects.to_yaml().starts_with("---\napiVersion: v1\nkind: ConfigMap\n"));
    }

    #[test]
    fn a_second_object_of_the_same_identity_is_refused() {
        let mut objects = Objects::default();
        objects.add(&object("Service", "a")).unwrap();
        let error = objects.add(&object("Service", "a")).unwrap_err();
        assert_eq!(error.to_string(), "two objects are both `Service/kube-system/a`");
        assert_eq!(objects.len(), 1);
    }

    #[test]
    fn an_object_without_a_name_is_refused() {
        let error = Objects::default().add(&json!({"apiVersion": "v1", "kind": "Service"})).unwrap_err();
        assert_eq!(error.to_string(), "an object has no `/metadata/name`");
    }
}
