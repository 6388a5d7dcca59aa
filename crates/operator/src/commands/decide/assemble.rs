//! From a dump to the inputs of the core: what belongs to which Network.

use adapter_k8s::decide::{DecideError, Given, decide};
use adapter_k8s::facts::observed_dataplane::{CalicoObjects, observe};
use adapter_k8s::facts::rollout::rollout;
use adapter_k8s::facts::{bundle, config_map, daemon_set, network, node, policy, shoot};
use calico_policy::decision::NodeList;
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{ObservedDataplane, Sources};
use calico_policy::nodes::NodeFacts;
use calico_policy::resolve::ResolveError;
use calico_policy::{Observed, ReadFailure, ReadFailureKind, Reading};
use gardener_api::cluster::{Cluster, Shoot};
use gardener_api::managed_resource::ManagedResource;
use gardener_api::network::Network;
use gardener_api::validation::ErrorKind;

use super::{Answer, Item, ItemError, ItemErrorKind, Options};
use crate::diagnostics::Diagnostic;
use crate::dump::{Completeness, Dump, Located, Nodes, Place};

/// The answers, sorted by namespace and name.
pub(super) fn items(dump: &Dump, options: &Options) -> Result<Vec<Item>, Diagnostic> {
    let objects = &dump.objects;
    let networks = objects.networks.len() + objects.invalid.len();
    if networks == 0 {
        return Err(about_the_input("there is no Network to decide about"));
    }
    let alone = networks == 1;
    if !alone && let Some(node) = objects.nodes.nodes.first() {
        let text = "with several Networks, name the one that these nodes belong to: `--nodes NAMESPACE=FILE`";
        return Err(dump.sources.diagnose(&node.place, "metadata.name", text));
    }
    let of_nobody =
        |namespace: &&String| !objects.networks.iter().any(|network| network.value.metadata.namespace == **namespace);
    if let Some(namespace) = dump.nodes.keys().flatten().find(of_nobody) {
        return Err(about_the_input(&format!("`--nodes {namespace}=…`: there is no Network in that namespace")));
    }
    if !alone && dump.nodes.contains_key(&None) {
        return Err(about_the_input("with several Networks, `--nodes` needs the namespace: `--nodes NAMESPACE=FILE`"));
    }

    let mut items: Vec<Item> = objects
        .networks
        .iter()
        .map(|network| Item {
            namespace: network.value.metadata.namespace.clone(),
            name: network.value.metadata.name.clone(),
            answer: answer(dump, options, network, alone).map(Box::new),
        })
        .chain(objects.invalid.iter().map(|invalid| Item {
            namespace: invalid.value.namespace.clone(),
            name: invalid.value.name.clone(),
            answer: Err(ItemError {
                path: invalid.value.path.clone(),
                kind: ItemErrorKind::Field(ErrorKind::Invalid),
                text: invalid.value.text.clone(),
                diagnostics: vec![dump.sources.diagnose(
                    &invalid.place,
                    &invalid.value.path,
                    invalid.value.text.as_str(),
                )],
            }),
        }))
        .collect();
    items.sort_by(|left, right| (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name)));
    Ok(items)
}

fn answer(dump: &Dump, options: &Options, located: &Located<Network>, alone: bool) -> Result<Answer, ItemError> {
    let namespace = &located.value.metadata.namespace;
    let mut network = network::facts(&located.value).map_err(|error| invalid_network(dump, &located.place, error))?;
    let assumed = options.assumption.apply(&mut network);
    let (cluster, shoot_object) = find_shoot(dump, located)?;
    let shoot = shoot::facts(shoot_object).map_err(|error| {
        let text =
            std::error::Error::source(&error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        in_cluster(dump, cluster, error.path(), ErrorKind::Invalid, text)
    })?;

    let (nodes, node_list) = nodes(dump, namespace, alone)?;
    let observed = Observed {
        sources: Sources {
            bundle: bundle_of(dump, namespace),
            live: live_shoot(dump, alone, shoot.hibernation_enabled),
            record: network.record.clone(),
            history: network.history,
        },
        nodes,
        node_list,
        guard: if alone { guard(dump) } else { GuardObservation::NotObserved },
        rollout: rollout(managed_resource(dump, namespace)),
        operation_requested: network.operation_requested,
    };
    let given = Given {
        configuration: &options.configuration,
        images: &options.image_vector,
        network: &network,
        shoot: &shoot,
        observed: &observed,
        unobserved_guard: options.unobserved_guard,
        now: options.now,
    };
    let decided = decide(&given).map_err(|error| {
        let text = error.to_string();
        match error {
            DecideError::Image(_) => plain("", ItemErrorKind::ImageNotFound, text),
            DecideError::Resolve(ResolveError::Ipv6PodCidrUnknown) => {
                in_cluster(dump, cluster, "status.networking.pods", ErrorKind::Required, text)
            }
            DecideError::Resolve(ResolveError::KubeProxyDisabledWithoutEbpf) => {
                in_cluster(dump, cluster, "spec.kubernetes.kubeProxy.enabled", ErrorKind::Forbidden, text)
            }
            DecideError::Render(_) => plain("", ItemErrorKind::Internal, text),
        }
    })?;
    Ok(Answer { decided, network, shoot, assumed })
}

fn invalid_network(dump: &Dump, place: &Place, error: network::NetworkError) -> ItemError {
    let network::NetworkError(errors) = error;
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let text = match texts.as_slice() {
        [text] => text.clone(),
        texts => format!("[{}]", texts.join(", ")),
    };
    let pointer = |error: &gardener_api::validation::FieldError| {
        let text = error.to_string();
        let text = text.strip_prefix(&format!("{}: ", error.path)).unwrap_or(&text);
        dump.sources.diagnose(place, &error.path, text)
    };
    ItemError {
        path: errors.first().map(|error| error.path.clone()).unwrap_or_default(),
        kind: ItemErrorKind::Field(errors.first().map_or(ErrorKind::Invalid, |error| error.kind)),
        text,
        diagnostics: errors.iter().map(pointer).collect(),
    }
}

fn find_shoot<'a>(dump: &'a Dump, network: &Located<Network>) -> Result<(&'a Located<Cluster>, &'a Shoot), ItemError> {
    let namespace = &network.value.metadata.namespace;
    let cluster = dump.objects.clusters.iter().find(|cluster| cluster.value.metadata.name == *namespace);
    let Some(cluster) = cluster else {
        let text = format!("there is no Cluster `{namespace}` for this Network: add it to the dump");
        let diagnostic = dump.sources.diagnose(&network.place, "metadata.namespace", text.as_str());
        return Err(ItemError {
            path: "metadata.namespace".to_owned(),
            kind: ItemErrorKind::ClusterNotFound,
            text,
            diagnostics: vec![diagnostic],
        });
    };
    match &cluster.value.spec.shoot {
        Some(shoot) => Ok((cluster, shoot)),
        None => Err(in_cluster(dump, cluster, "", ErrorKind::Required, "the Cluster holds no shoot".to_owned())),
    }
}

fn in_cluster(dump: &Dump, cluster: &Located<Cluster>, path: &str, kind: ErrorKind, text: String) -> ItemError {
    let path = if path.is_empty() { "spec.shoot".to_owned() } else { format!("spec.shoot.{path}") };
    let diagnostics = vec![dump.sources.diagnose(&cluster.place, &path, text.as_str())];
    ItemError { path, kind: ItemErrorKind::Field(kind), text, diagnostics }
}

fn plain(path: &str, kind: ItemErrorKind, text: String) -> ItemError {
    let diagnostics = vec![about_the_input(&text)];
    ItemError { path: path.to_owned(), kind, text, diagnostics }
}

fn about_the_input(text: &str) -> Diagnostic {
    Diagnostic { file: "input".to_owned(), position: None, path: String::new(), text: text.to_owned(), excerpt: None }
}

fn managed_resource<'a>(dump: &'a Dump, namespace: &str) -> Option<&'a ManagedResource> {
    let resources = dump.objects.managed_resources.iter().map(|located| &located.value);
    resources
        .filter(|resource| resource.metadata.namespace == namespace)
        .find(|resource| resource.metadata.name == bundle::MANAGED_RESOURCE)
}

/// The bundle last written, as far as the dump holds it.
pub(in crate::commands) fn bundle_of(dump: &Dump, namespace: &str) -> Reading<ObservedDataplane> {
    bundle::reading(managed_resource(dump, namespace), |name| {
        let secrets = dump.objects.secrets.iter().map(|located| &located.value);
        secrets.filter(|secret| secret.metadata.namespace == namespace).find(|secret| secret.metadata.name == name)
    })
}

/// The live objects of a dump belong to its one Network. A sleeping shoot is not read.
fn live_shoot(dump: &Dump, alone: bool, hibernated: bool) -> Reading<ObservedDataplane> {
    let objects = &dump.objects;
    let is = |metadata: &gardener_api::meta::ObjectMeta, namespace, name| {
        metadata.namespace == namespace && metadata.name == name
    };
    let mut daemon_sets = objects.daemon_sets.iter().map(|located| &located.value);
    let mut config_maps = objects.config_maps.iter().map(|located| &located.value);
    let live = CalicoObjects {
        ip_pools: objects.ip_pools.iter().map(|located| located.value.clone()).collect(),
        daemon_set: daemon_sets
            .rfind(|daemon_set| is(&daemon_set.metadata, daemon_set::NAMESPACE, daemon_set::NAME))
            .cloned(),
        config_map: config_maps
            .rfind(|config_map| is(&config_map.metadata, config_map::NAMESPACE, config_map::NAME))
            .cloned(),
        kube_controllers: None,
    };
    if !alone || hibernated || live.ip_pools.is_empty() && live.daemon_set.is_none() {
        return Reading::Unreadable(ReadFailure::new(
            ReadFailureKind::NotGiven,
            "the live shoot is not part of the dump",
        ));
    }
    match observe(&live) {
        Ok(observed) => Reading::Known(observed),
        Err(error) => Reading::Unreadable(ReadFailure::new(ReadFailureKind::Undecodable, error.to_string())),
    }
}

fn guard(dump: &Dump) -> GuardObservation {
    let policies: Vec<_> = dump.objects.policies.iter().map(|located| located.value.clone()).collect();
    let bindings: Vec<_> = dump.objects.bindings.iter().map(|located| located.value.clone()).collect();
    policy::observation(&policies, &bindings)
}

fn nodes(dump: &Dump, namespace: &str, alone: bool) -> Result<(Reading<Vec<NodeFacts>>, NodeList), ItemError> {
    let named = dump.nodes.get(&Some(namespace.to_owned())).or_else(|| dump.nodes.get(&None).filter(|_| alone));
    let not_given = Nodes::default();
    let nodes = named.unwrap_or(if alone { &dump.objects.nodes } else { &not_given });
    let failure = match &nodes.completeness {
        Completeness::NotGiven => Some(ReadFailure::new(
            ReadFailureKind::NotGiven,
            "the dump holds no Node: add them, or name them with `--nodes`",
        )),
        Completeness::Truncated { .. } => {
            Some(ReadFailure::new(ReadFailureKind::Incomplete, "the list of nodes says of itself that more follow"))
        }
        Completeness::Declared | Completeness::TypedList | Completeness::List | Completeness::SingleDocuments => None,
    };
    if let Some(failure) = failure {
        return Ok((Reading::Unreadable(failure), NodeList::Complete));
    }
    let list = match nodes.completeness {
        Completeness::SingleDocuments => NodeList::AssumedComplete,
        _ => NodeList::Complete,
    };
    let facts = nodes.nodes.iter().map(|located| {
        node::facts(&located.value).map_err(|error| {
            let text = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
            ItemError {
                path: error.path().to_owned(),
                kind: ItemErrorKind::Field(ErrorKind::Invalid),
                diagnostics: vec![dump.sources.diagnose(&located.place, error.path(), text.as_str())],
                text,
            }
        })
    });
    Ok((Reading::Known(facts.collect::<Result<_, _>>()?), list))
}
