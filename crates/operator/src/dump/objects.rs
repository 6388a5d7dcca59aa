//! What a dump holds: the objects by kind, each with the place it was read from.

use std::collections::{BTreeMap, HashMap};

use gardener_api::calico::{ConfigMap, DaemonSet, IpPool};
use gardener_api::cluster::{Cluster, Shoot};
use gardener_api::managed_resource::ManagedResource;
use gardener_api::network::Network;
use gardener_api::node::Node;
use gardener_api::policy::{MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding};
use gardener_api::secret::Secret;

use super::kind::Kind;

/// Where an object was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which input, in the order they were read.
    pub file: usize,
    /// Which document of it that has content.
    pub document: usize,
    /// Path to the object inside the document: empty, `items[3]`, `items[0].items[2]`.
    pub item: Box<str>,
    /// What was read there; of a Secret nothing is ever shown.
    pub kind: Kind,
}

/// An object and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The object.
    pub value: T,
    /// Its place.
    pub place: Place,
}

/// Objects by kind, in the order of the input.
#[derive(Debug, Default)]
pub struct Objects {
    /// Networks that could be decoded; see [`Objects::invalid`] for the others.
    pub networks: Vec<Located<Network>>,
    /// Clusters.
    pub clusters: Vec<Located<Cluster>>,
    /// Managed resources of any name.
    pub managed_resources: Vec<Located<ManagedResource>>,
    /// Secrets of Calico's managed resource only; their values are not decoded yet.
    pub secrets: Vec<Located<Secret>>,
    /// Live pools.
    pub ip_pools: Vec<Located<IpPool>>,
    /// Live daemon sets.
    pub daemon_sets: Vec<Located<DaemonSet>>,
    /// Live config maps.
    pub config_maps: Vec<Located<ConfigMap>>,
    /// Policies of any name.
    pub policies: Vec<Located<MutatingAdmissionPolicy>>,
    /// Bindings of any name.
    pub bindings: Vec<Located<MutatingAdmissionPolicyBinding>>,
    /// Nodes given without `--nodes`.
    pub nodes: Nodes,
    /// Bare provider configs as JSON text.
    pub network_configs: Vec<Located<Box<str>>>,
    /// Bare Shoots.
    pub shoots: Vec<Located<Shoot>>,
    /// Configurations of ours as JSON text.
    pub controller_configurations: Vec<Located<Box<str>>>,
    /// Networks that could not be decoded: each makes its own item fail, not the others.
    pub invalid: Vec<Located<Invalid>>,
    /// How many objects of kinds that are not used, by kind.
    pub ignored: BTreeMap<String, usize>,
}

/// A Network with a field of the wrong type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Empty where not even that could be read.
    pub namespace: String,
    /// Empty where not even that could be read.
    pub name: String,
    /// Path inside the object.
    pub path: String,
    /// What is wrong there.
    pub text: String,
}

/// Nodes and what is known about the completeness of their list.
#[derive(Debug, Default)]
pub struct Nodes {
    /// In the order of the input.
    pub nodes: Vec<Located<Node>>,
    /// How much the list proves.
    pub completeness: Completeness,
}

/// How much a list of nodes proves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing was given: how many nodes there are is unknown.
    #[default]
    NotGiven,
    /// The user said with `--nodes` that the file is the whole list.
    Declared,
    /// A `NodeList`, which the API server answers only to a request for all of them.
    TypedList,
    /// A `List` as kubectl prints it, with at least one node.
    List,
    /// Nodes given one by one: taken as complete with the warning `CompletenessAssumed`.
    SingleDocuments,
    /// A list that says that more follows: unreadable.
    Truncated {
        /// Which input.
        file: usize,
        /// Which document of it.
        document: usize,
    },
}

impl Completeness {
    /// The weaker of two statements about parts of one list.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        if other.weakness() > self.weakness() { other } else { self }
    }

    /// Something that was given wins over nothing, because then there are nodes to speak about.
    fn weakness(&self) -> u8 {
        match self {
            Self::NotGiven => 0,
            Self::Declared => 1,
            Self::TypedList => 2,
            Self::List => 3,
            Self::SingleDocuments => 4,
            Self::Truncated { .. } => 5,
        }
    }
}

impl Objects {
    /// Adds what another document held.
    pub(crate) fn append(&mut self, other: Self) {
        let Self {
            networks,
            clusters,
            managed_resources,
            secrets,
            ip_pools,
            daemon_sets,
            config_maps,
            policies,
            bindings,
            nodes,
            network_configs,
            shoots,
            controller_configurations,
            invalid,
            ignored,
        } = other;
        self.networks.extend(networks);
        self.clusters.extend(clusters);
        self.managed_resources.extend(managed_resources);
        self.secrets.extend(secrets);
        self.ip_pools.extend(ip_pools);
        self.daemon_sets.extend(daemon_sets);
        self.config_maps.extend(config_maps);
        self.policies.extend(policies);
        self.bindings.extend(bindings);
        self.nodes.append(nodes);
        self.network_configs.extend(network_configs);
        self.shoots.extend(shoots);
        self.controller_configurations.extend(controller_configurations);
        self.invalid.extend(invalid);
        for (kind, count) in ignored {
            *self.ignored.entry(kind).or_default() += count;
        }
    }

    /// The place of some object that is not a node.
    pub(crate) fn first_besides_nodes(&self) -> Option<&Place> {
        fn first<T>(objects: &[Located<T>]) -> Option<&Place> {
            objects.first().map(|object| &object.place)
        }
        first(&self.networks)
            .or_else(|| first(&self.clusters))
            .or_else(|| first(&self.managed_resources))
            .or_else(|| first(&self.secrets))
            .or_else(|| first(&self.ip_pools))
            .or_else(|| first(&self.daemon_sets))
            .or_else(|| first(&self.config_maps))
            .or_else(|| first(&self.policies))
            .or_else(|| first(&self.bindings))
            .or_else(|| first(&self.network_configs))
            .or_else(|| first(&self.shoots))
            .or_else(|| first(&self.controller_configurations))
            .or_else(|| first(&self.invalid))
    }

    /// The first two objects of one kind, namespace and name, with that name.
    pub(crate) fn find_twins(&self) -> Option<(String, &Place, &Place)> {
        fn named<'a, T>(
            objects: &'a [Located<T>],
            meta: impl Fn(&'a T) -> &'a gardener_api::meta::ObjectMeta,
        ) -> impl Iterator<Item = (&'a str, &'a str, &'a Place)> {
            objects.iter().map(move |object| {
                let meta = meta(&object.value);
                (meta.namespace.as_str(), meta.name.as_str(), &object.place)
            })
        }
        let valid = named(&self.networks, |network| &network.metadata);
        let invalid = self.invalid.iter().filter(|object| !object.value.name.is_empty());
        let invalid =
            invalid.map(|object| (object.value.namespace.as_str(), object.value.name.as_str(), &object.place));
        twins(valid.chain(invalid))
            .or_else(|| twins(named(&self.clusters, |cluster| &cluster.metadata)))
            .or_else(|| twins(named(&self.managed_resources, |resource| &resource.metadata)))
            .or_else(|| twins(named(&self.secrets, |secret| &secret.metadata)))
            .or_else(|| twins(named(&self.ip_pools, |pool| &pool.metadata)))
            .or_else(|| twins(named(&self.daemon_sets, |set| &set.metadata)))
            .or_else(|| twins(named(&self.config_maps, |map| &map.metadata)))
            .or_else(|| twins(named(&self.policies, |policy| &policy.metadata)))
            .or_else(|| twins(named(&self.bindings, |binding| &binding.metadata)))
            .or_else(|| twins(named(&self.shoots, |shoot| &shoot.metadata)))
            .or_else(|| self.nodes.find_twins())
    }
}

impl Nodes {
    pub(crate) fn append(&mut self, other: Self) {
        let Self { nodes, completeness } = other;
        if self.nodes.is_empty() {
            self.nodes = nodes;
        } else {
            self.nodes.extend(nodes);
        }
        self.completeness = std::mem::take(&mut self.completeness).weaker(completeness);
    }

    pub(crate) fn find_twins(&self) -> Option<(String, &Place, &Place)> {
        twins(self.nodes.iter().map(|node| ("", &*node.value.name, &node.place)))
    }
}

fn twins<'a>(objects: impl Iterator<Item = (&'a str, &'a str, &'a Place)>) -> Option<(String, &'a Place, &'a Place)> {
    // Comparing long names that begin alike, as a sorted map would, costs a tenth of reading a large dump.
    let mut seen = HashMap::new();
    for (namespace, name, place) in objects {
        if let Some(first) = seen.insert((namespace, name), place) {
            let name = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
            return Some((format!("{} `{name}`", place.kind.name()), first, place));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Completeness::{Declared, List, NotGiven, SingleDocuments, Truncated, TypedList};

    #[test]
    fn the_weaker_statement_counts() {
        let truncated = Truncated { file: 0, document: 0 };
        let order = [NotGiven, Declared, TypedList, List, SingleDocuments, truncated];
        for (weak, weaker) in (0..order.len()).flat_map(|end| (0..=end).map(move |start| (start, end))) {
            assert_eq!(order[weak].clone().weaker(order[weaker].clone()), order[weaker]);
            assert_eq!(order[weaker].clone().weaker(order[weak].clone()), order[weaker]);
        }
    }
}
