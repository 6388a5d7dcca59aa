//! A whole `CustomResourceDefinition`: names, scope, and the version that is served.

use serde_json::{Value, json};

use super::schema::{Field, Schema, field, object, string};

const API_VERSION: &str = "apiextensions.k8s.io/v1";
const CALICO_GROUP: &str = "crd.projectcalico.org";

/// One `CustomResourceDefinition`.
#[derive(Clone, Debug)]
pub struct Definition {
    group: &'static str,
    scope: Scope,
    names: Names,
    /// Every kind here has exactly one version.
    version: Version,
    origin: Origin,
}

/// Whether objects of a kind live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One object per name in the cluster.
    Cluster,
    /// One object per name and namespace.
    Namespaced,
}

impl Scope {
    /// As `spec.scope` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Namespaced => "Namespaced",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) singular: Singular,
    pub(super) short: Option<&'static str>,
}

/// How the singular name is written and whether a list kind is declared.
#[derive(Clone, Debug)]
pub(super) enum Singular {
    /// The kind in lower case, with a list kind `<Kind>List`.
    FromKind,
    /// Its own word; the API server fills in the list kind.
    Named(&'static str),
}

/// One version of a kind; it is served and it is the one stored.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) name: &'static str,
    pub(super) root: Schema,
    /// What `kubectl get` shows beside the name.
    pub(super) columns: &'static [Column],
    pub(super) status: StatusSubresource,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) json_path: &'static str,
    pub(super) kind: &'static str,
}

/// Whether `status` is written through an endpoint of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum StatusSubresource {
    Served,
    Absent,
}

/// Who publishes the definition; from it follows what is said around the schema.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// Calico's own API group. Its files say that unknown fields are pruned, which `v1` does anyway.
    Calico,
    /// The network policy API of Kubernetes, which Calico implements. The group is protected: the API server asks for
    /// the address of the review in which the definition was approved.
    NetworkPolicyApi { approved: &'static str },
    /// The plumbing working group, for Multus. Go's chart gives it no role label.
    NetworkPlumbing,
}

impl Definition {
    pub(super) fn new(origin: Origin, group: &'static str, names: Names, scope: Scope, version: Version) -> Self {
        Self { group, scope, names, version, origin }
    }

    /// A kind of `crd.projectcalico.org/v1`; `fields` are those beside `apiVersion`, `kind` and `metadata`.
    pub(super) fn calico(
        kind: &'static str,
        plural: &'static str,
        scope: Scope,
        description: &'static str,
        fields: impl IntoIterator<Item = Field>,
    ) -> Self {
        let names = Names { kind, plural, singular: Singular::FromKind, short: None };
        let root = resource(description, std::iter::once(metadata()).chain(fields));
        let version = Version { name: "v1", root, columns: &[], status: StatusSubresource::Absent };
        Self::new(Origin::Calico, CALICO_GROUP, names, scope, version)
    }

    /// `<plural>.<group>`, which is the name of the object.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.names.plural, self.group)
    }

    /// The API group of the kind.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// The kind in CamelCase.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.names.kind
    }

    /// The name in request paths and RBAC rules.
    #[must_use]
    pub fn plural(&self) -> &'static str {
        self.names.plural
    }

    /// Whether its objects live in a namespace.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The one version that is served and stored.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version.name
    }

    /// The object as the API server takes it. Keys are in alphabetical order.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { group, scope, names, version, origin } = self;
        let mut spec = json!({
            "group": group,
            "names": names.to_json(),
            "scope": scope.as_str(),
            "versions": [version.to_json()],
        });
        let mut metadata = json!({"name": self.name()});
        if let Origin::NetworkPolicyApi { approved } = origin {
            put(&mut metadata, "annotations", json!({"api-approved.kubernetes.io": approved}));
        }
        match origin {
            Origin::Calico | Origin::NetworkPolicyApi { .. } => {
                put(&mut metadata, "labels", json!({"gardener.cloud/role": "system-component"}));
            }
            Origin::NetworkPlumbing => {}
        }
        if matches!(origin, Origin::Calico) {
            put(&mut spec, "preserveUnknownFields", json!(false));
        }
        let mut object = json!({
            "apiVersion": API_VERSION,
            "kind": "CustomResourceDefinition",
            "metadata": metadata,
            "spec": spec,
        });
        object.sort_all_objects();
        object
    }

    #[cfg(test)]
    pub(super) fn root(&self) -> &Schema {
        &self.version.root
    }
}

impl Names {
    fn to_json(&self) -> Value {
        let Self { kind, plural, singular, short } = self;
        let mut names = json!({"kind": kind, "plural": plural});
        match singular {
            Singular::FromKind => {
                put(&mut names, "listKind", json!(format!("{kind}List")));
                put(&mut names, "singular", json!(kind.to_ascii_lowercase()));
            }
            Singular::Named(singular) => put(&mut names, "singular", json!(singular)),
        }
        if let Some(short) = short {
            put(&mut names, "shortNames", json!([short]));
        }
        names
    }
}

impl Version {
    fn to_json(&self) -> Value {
        let Self { name, root, columns, status } = self;
        let mut version = json!({
            "name": name,
            "schema": {"openAPIV3Schema": root.to_json()},
            "served": true,
            "storage": true,
        });
        if !columns.is_empty() {
            let columns: Vec<Value> = columns.iter().copied().map(Column::to_json).collect();
            put(&mut version, "additionalPrinterColumns", json!(columns));
        }
        match status {
            StatusSubresource::Served => put(&mut version, "subresources", json!({"status": {}})),
            StatusSubresource::Absent => {}
        }
        version
    }
}

impl Column {
    fn to_json(self) -> Value {
        let Self { name, json_path, kind } = self;
        json!({"jsonPath": json_path, "name": name, "type": kind})
    }
}

/// The schema of a whole object. `kubectl explain` shows the description.
pub(super) fn resource(description: &'static str, fields: impl IntoIterator<Item = Field>) -> Schema {
    let common = [field("apiVersion", string()), field("kind", string())];
    object(common.into_iter().chain(fields)).describe(description)
}

/// The API server knows what is in it.
pub(super) fn metadata() -> Field {
    field("metadata", object([]))
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(key.to_owned(), value);
    }
}
