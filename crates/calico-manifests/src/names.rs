//! Names, labels and annotations that several components share.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

/// Where everything runs that belongs to a namespace.
pub(crate) const NAMESPACE: &str = "kube-system";

/// Marks what Gardener's health checks count among the system components.
pub(crate) const SYSTEM_COMPONENT: (&str, &str) = ("gardener.cloud/role", "system-component");
/// A node takes pods only once these run on it.
pub(crate) const CRITICAL_COMPONENT: (&str, &str) = ("node.gardener.cloud/critical-component", "true");
/// Marks what Gardener itself created.
pub(crate) const ORIGIN: (&str, &str) = ("origin", "gardener");
/// Lets gardener-resource-manager keep the live requests of pods that an autoscaler sizes.
pub(crate) const PRESERVE_RESOURCES: (&str, &str) = ("resources.gardener.cloud/preserve-resources", "true");
/// Lets gardener-resource-manager replace an object that the API server refuses to update.
pub(crate) const DELETE_ON_INVALID_UPDATE: (&str, &str) = ("resources.gardener.cloud/delete-on-invalid-update", "true");
/// The network policies of Gardener open the way to the API server.
pub(crate) const TO_API_SERVER: (&str, &str) = ("networking.gardener.cloud/to-apiserver", "allowed");
/// The network policies of Gardener open the way to the cluster's DNS.
pub(crate) const TO_DNS: (&str, &str) = ("networking.gardener.cloud/to-dns", "allowed");
/// The network policies of Gardener open the way to public networks.
pub(crate) const TO_PUBLIC_NETWORKS: (&str, &str) = ("networking.gardener.cloud/to-public-networks", "allowed");

/// The label that selects the pods of a component.
pub(crate) const APP: &str = "k8s-app";

/// A map of labels or annotations.
pub(crate) fn labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Metadata of an object in [`NAMESPACE`].
pub(crate) fn namespaced(name: &str) -> ObjectMeta {
    ObjectMeta { namespace: Some(NAMESPACE.to_owned()), ..cluster_scoped(name) }
}

/// Metadata of an object of the whole cluster.
pub(crate) fn cluster_scoped(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}

/// Metadata of an object in [`NAMESPACE`] with labels.
pub(crate) fn labelled<'a>(name: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> ObjectMeta {
    ObjectMeta { labels: Some(labels(pairs)), ..namespaced(name) }
}

/// Selects the pods of a component.
pub(crate) fn selects_app(app: &str) -> LabelSelector {
    LabelSelector { match_labels: Some(labels([(APP, app)])), ..LabelSelector::default() }
}
