//! Takes one object after the other out of a document, each by its kind.

use gardener_api::node::Node;
use gardener_api::secret::Secret;
use serde::Deserialize;

use super::entries::{Entries, Fault, without_place};
use super::kind::{Kind, Meaning, meaning};
use super::objects::{Completeness, Invalid, Located, Objects, Place};
use crate::path;

/// The Secrets of Calico's managed resource; any other is none of ours and left unread.
const SECRET_PREFIX: &str = "managedresource-extension-networking-calico-";

const REFUSED: &str =
    "a dump must not hold a kubeconfig: take it out, and renew its credentials if anyone else has seen it";

/// Collects the objects of one document.
pub(crate) struct Reader {
    pub(crate) objects: Objects,
    pub(crate) nodes: NodePath,
    /// Whether an item of a list may be a list again.
    pub(crate) may_nest: bool,
    file: usize,
    document: usize,
}

/// How nodes are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodePath {
    /// In one pass; an error has no path.
    Streamed,
    /// With fields set aside; an error has one. For the second look at what failed.
    Careful,
}

/// An object that cannot be used: path from the root of the document, and its kind where that is known.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) path: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) text: String,
}

/// The `apiVersion` and `kind` that a typed list gives to its items.
pub(crate) struct ItemType {
    pub(crate) api_version: String,
    pub(crate) kind: String,
}

/// What was read of a list.
pub(crate) struct List<'de> {
    /// How many nodes there were before it.
    pub(crate) nodes_before: usize,
    /// How many items it has.
    pub(crate) length: usize,
    /// Items that do not say what they are, by index.
    pub(crate) untyped: Vec<(usize, Entries<'de>)>,
}

impl Reader {
    pub(crate) fn new(file: usize, document: usize, nodes: NodePath) -> Self {
        Self { objects: Objects::default(), nodes, may_nest: true, file, document }
    }

    /// For a caller that may read an item twice: nothing of it may have been taken by then.
    pub(crate) fn expect_flat_list(&mut self) {
        self.may_nest = false;
    }

    /// Takes an object whose fields were set aside.
    pub(crate) fn take(
        &mut self,
        item: &str,
        api_version: &str,
        kind: &str,
        fields: &Entries<'_>,
    ) -> Result<(), Refusal> {
        let kind = match meaning(api_version, kind) {
            Meaning::Used(kind) => kind,
            Meaning::WrongVersion(kind) => return Err(wrong_version(item, api_version, kind)),
            Meaning::Kubeconfig => {
                return Err(Refusal { path: item.to_owned(), kind: Some(Kind::Secret), text: REFUSED.to_owned() });
            }
            Meaning::Other => {
                self.ignore(kind);
                return Ok(());
            }
        };
        self.take_used(item, kind, fields).map_err(|Fault { path, text }| Refusal {
            path: path::join(item, &path),
            kind: Some(kind),
            text,
        })
    }

    /// Takes a node that was decoded in one pass.
    pub(crate) fn take_node(&mut self, item: &str, value: Node) {
        if item.is_empty() {
            self.weaken(Completeness::SingleDocuments);
        }
        let place = self.place(item, Kind::Node);
        self.objects.nodes.nodes.push(Located { value, place });
    }

    /// Takes what only the end of a list tells: the kind of its items and whether they are all.
    pub(crate) fn finish_list(
        &mut self,
        item: &str,
        (api_version, kind): (&str, &str),
        fields: &Entries<'_>,
        list: Option<List<'_>>,
    ) -> Result<(), Refusal> {
        let items_of = item_type(api_version, kind);
        if let Some(of) = &items_of {
            match meaning(&of.api_version, &of.kind) {
                Meaning::WrongVersion(kind) => return Err(wrong_version(item, api_version, kind)),
                Meaning::Other if list.is_none() => self.ignore(kind),
                Meaning::Used(_) | Meaning::Other | Meaning::Kubeconfig => {}
            }
        }
        let nodes_before = self.objects.nodes.nodes.len();
        let list = list.unwrap_or(List { nodes_before, length: 0, untyped: Vec::new() });
        for (index, entries) in list.untyped {
            let path = format!("{}[{index}]", path::join(item, "items"));
            let Some(of) = &items_of else {
                let text = "the item has no `apiVersion` and `kind`, and its list does not tell them".to_owned();
                return Err(Refusal { path, kind: None, text });
            };
            self.take(&path, &of.api_version, &of.kind, &entries)?;
        }
        let typed = api_version == "v1" && kind == "NodeList";
        let nodes = self.objects.nodes.nodes.len() - list.nodes_before;
        let truncated = is_truncated(fields).map_err(|text| Refusal {
            path: path::join(item, "metadata"),
            kind: None,
            text: text.to_owned(),
        })?;
        // An empty list that is cut off may have lost nodes as well as anything else.
        if truncated && (typed || nodes > 0 || (kind == "List" && list.length == 0)) {
            self.weaken(Completeness::Truncated { file: self.file, document: self.document });
        } else if typed {
            self.weaken(Completeness::TypedList);
        } else if nodes > 0 {
            self.weaken(Completeness::List);
        }
        Ok(())
    }

    fn take_used(&mut self, item: &str, kind: Kind, fields: &Entries<'_>) -> Result<(), Fault> {
        fn located<'de, T: Deserialize<'de>>(fields: &Entries<'de>, place: Place) -> Result<Located<T>, Fault> {
            Ok(Located { value: fields.decode()?, place })
        }
        let place = self.place(item, kind);
        let name = if kind.has_name() { name_of(fields) } else { Ok(Name::default()) };
        let objects = &mut self.objects;
        match kind {
            Kind::Network => match name.and_then(|_| fields.decode()) {
                Ok(value) => objects.networks.push(Located { value, place }),
                Err(Fault { path, text }) => {
                    let Name { namespace, name } = name_of(fields).unwrap_or_default();
                    objects.invalid.push(Located { value: Invalid { namespace, name, path, text }, place });
                }
            },
            Kind::Secret => return self.take_secret(place, fields),
            Kind::NetworkConfig => objects.network_configs.push(Located { value: fields.to_json(), place }),
            Kind::ControllerConfiguration => {
                objects.controller_configurations.push(Located { value: fields.to_json(), place });
            }
            Kind::Node => {
                name?;
                let node = fields.decode()?;
                self.take_node(item, node);
            }
            Kind::Cluster => objects.clusters.push(name.and_then(|_| located(fields, place))?),
            Kind::ManagedResource => objects.managed_resources.push(name.and_then(|_| located(fields, place))?),
            Kind::IpPool => objects.ip_pools.push(name.and_then(|_| located(fields, place))?),
            Kind::DaemonSet => objects.daemon_sets.push(name.and_then(|_| located(fields, place))?),
            Kind::ConfigMap => objects.config_maps.push(name.and_then(|_| located(fields, place))?),
            Kind::MutatingAdmissionPolicy => objects.policies.push(name.and_then(|_| located(fields, place))?),
            Kind::MutatingAdmissionPolicyBinding => objects.bindings.push(name.and_then(|_| located(fields, place))?),
            Kind::Shoot => objects.shoots.push(name.and_then(|_| located(fields, place))?),
        }
        Ok(())
    }

    fn take_secret(&mut self, place: Place, fields: &Entries<'_>) -> Result<(), Fault> {
        // The decoder repeats the value that does not fit, which nobody may see.
        let hide = |Fault { path, .. }| Fault { path, text: "a field of the Secret has the wrong type".to_owned() };
        let value: Secret = fields.decode().map_err(hide)?;
        if fields.holds_kubeconfig(&value) {
            let Secret { metadata, .. } = &value;
            let text = format!("Secret `{}/{}` holds a kubeconfig; {REFUSED}", metadata.namespace, metadata.name);
            return Err(Fault { path: String::new(), text });
        }
        name_of(fields).map_err(hide)?;
        if value.metadata.name.starts_with(SECRET_PREFIX) {
            self.objects.secrets.push(Located { value, place });
        } else {
            self.ignore("Secret");
        }
        Ok(())
    }

    fn place(&self, item: &str, kind: Kind) -> Place {
        Place { file: self.file, document: self.document, item: item.into(), kind }
    }

    fn ignore(&mut self, kind: &str) {
        if let Some(count) = self.objects.ignored.get_mut(kind) {
            *count += 1;
        } else {
            self.objects.ignored.insert(kind.to_owned(), 1);
        }
    }

    fn weaken(&mut self, says: Completeness) {
        let known = std::mem::take(&mut self.objects.nodes.completeness);
        self.objects.nodes.completeness = known.weaker(says);
    }
}

/// What a typed list says its items are; `List` itself says nothing.
pub(crate) fn item_type(api_version: &str, kind: &str) -> Option<ItemType> {
    let kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    Some(ItemType { api_version: api_version.to_owned(), kind: kind.to_owned() })
}

fn wrong_version(item: &str, api_version: &str, kind: Kind) -> Refusal {
    let expected = kind.api_versions().join("` or `");
    let text = format!("apiVersion `{api_version}` of a {} is not understood, expected `{expected}`", kind.name());
    Refusal { path: path::join(item, "apiVersion"), kind: Some(kind), text }
}

fn is_truncated(fields: &Entries<'_>) -> Result<bool, &'static str> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct ListMeta {
        #[serde(rename = "continue")]
        continue_token: Option<String>,
        remaining_item_count: Option<i64>,
    }
    let Some(raw) = fields.get("metadata") else { return Ok(false) };
    let meta: Option<ListMeta> =
        serde_json::from_str(raw.get()).map_err(|_| "`continue` or `remainingItemCount` has the wrong type")?;
    let ListMeta { continue_token, remaining_item_count } = meta.unwrap_or_default();
    Ok(continue_token.is_some_and(|token| !token.is_empty()) || remaining_item_count.is_some_and(|count| count != 0))
}

#[derive(Default)]
struct Name {
    namespace: String,
    name: String,
}

/// Namespace and name alone, so that an object can be named although the rest of it is wrong.
fn name_of(fields: &Entries<'_>) -> Result<Name, Fault> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Metadata {
        namespace: Option<String>,
        name: Option<String>,
    }
    let missing = || Fault { path: "metadata.name".to_owned(), text: "the object has no name".to_owned() };
    let raw = fields.get("metadata").filter(|raw| raw.get().starts_with('{')).ok_or_else(missing)?;
    let mut input = serde_json::Deserializer::from_str(raw.get());
    let Metadata { namespace, name } = serde_path_to_error::deserialize(&mut input).map_err(|error| Fault {
        path: path::join("metadata", &error.path().to_string()),
        text: without_place(&error.inner().to_string()),
    })?;
    let name = name.filter(|name| !name.is_empty()).ok_or_else(missing)?;
    Ok(Name { namespace: namespace.unwrap_or_default(), name })
}
