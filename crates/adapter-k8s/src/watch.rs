//! Watches, which only say that something is worth a look: what an object says is read when it is needed. Those of a seed carry
//! metadata alone, that of a shoot's [`nodes`] what decides about a switch. Only who shows Networks to a person watches whole ones.

pub mod nodes;
mod outline;

use std::fmt::Debug;

use futures::{Stream, StreamExt as _};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use crate::client::{self, resource::NETWORKS};
use crate::facts::network::SKIP_ROUTE_CHECK;
use crate::read::networks::{self, ListedNetwork};
use outline::Outline;

/// What happened to the objects of a kind, and what of them is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T = Metadata> {
    /// A complete list begins; what it does not hold at its end is gone.
    ListBegins,
    /// An object of the list.
    Listed(T),
    /// The list is complete.
    ListEnds,
    /// An object was made or changed.
    Applied(T),
    /// An object is gone.
    Deleted(T),
}

/// The metadata by which a change is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `metadata.namespace`; empty for what belongs to the whole cluster.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.deletionTimestamp`, RFC 3339.
    pub deletion_timestamp: Option<String>,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// Annotation `gardener.cloud/operation`.
    pub operation: Option<String>,
    /// Annotation `gardener.cloud/timestamp`.
    pub timestamp: Option<String>,
    /// Annotation `skip-route-check`.
    pub skip_route_check: Option<String>,
}

/// A watch that was interrupted; it goes on by itself.
#[derive(Debug, thiserror::Error)]
#[error("the watch was interrupted")]
pub struct Interruption(#[source] Box<watcher::Error>);

/// Watches all objects of a kind in the cluster, for ever: after an interruption it goes on after a pause, from where it was if
/// the server still knows, else with a new list.
pub fn metadata(
    client: &Client,
    resource: &client::Resource,
) -> impl Stream<Item = Result<Change, Interruption>> + Send + use<> {
    let objects: Api<Outline> = Api::all_with(client.clone(), &api_resource(resource));
    changes(objects, |object| object.metadata.into())
}

/// Watches all Networks of the seed, whole, for ever and with the same patience.
pub fn networks(client: &Client) -> impl Stream<Item = Result<Change<ListedNetwork>, Interruption>> + Send + use<> {
    let objects: Api<DynamicObject> = Api::all_with(client.clone(), &api_resource(&NETWORKS));
    changes(objects, |object| networks::listed(&serde_json::to_string(&object).unwrap_or_default()))
}

fn changes<K, T>(
    objects: Api<K>,
    of: impl Fn(K) -> T + Send + 'static,
) -> impl Stream<Item = Result<Change<T>, Interruption>> + Send
where
    K: Resource<DynamicType = ApiResource> + Clone + DeserializeOwned + Debug + Send + 'static,
    T: 'static,
{
    watch(objects, watcher::Config::default()).default_backoff().map(move |event| match event {
        Ok(Event::Init) => Ok(Change::ListBegins),
        Ok(Event::InitApply(object)) => Ok(Change::Listed(of(object))),
        Ok(Event::InitDone) => Ok(Change::ListEnds),
        Ok(Event::Apply(object)) => Ok(Change::Applied(of(object))),
        Ok(Event::Delete(object)) => Ok(Change::Deleted(of(object))),
        Err(error) => Err(Interruption(Box::new(error))),
    })
}

fn api_resource(resource: &client::Resource) -> ApiResource {
    let (group, version) = resource.api_version().split_once('/').unwrap_or(("", resource.api_version()));
    let path = resource.path("");
    let plural = path.rsplit('/').next().unwrap_or_default();
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, resource.kind), plural)
}

impl From<ObjectMeta> for Metadata {
    fn from(metadata: ObjectMeta) -> Self {
        let mut annotations = metadata.annotations.unwrap_or_default();
        Self {
            namespace: metadata.namespace.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
            uid: metadata.uid.unwrap_or_default(),
            resource_version: metadata.resource_version.unwrap_or_default(),
            generation: metadata.generation.unwrap_or_default(),
            deletion_timestamp: metadata.deletion_timestamp.map(|time| time.0.to_string()),
            finalizers: metadata.finalizers.unwrap_or_default(),
            operation: annotations.remove("gardener.cloud/operation"),
            timestamp: annotations.remove("gardener.cloud/timestamp"),
            skip_route_check: annotations.remove(SKIP_ROUTE_CHECK),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use kube::client::Body;

    use super::*;
    use crate::client::resource::CLUSTERS;

    /// A seed with one Network that changes once, and the header `Accept` of everything that it is asked.
    fn seed() -> (Client, Arc<Mutex<Vec<String>>>) {
        let network = |version: &str| {
            serde_json::json!({
                "apiVersion": "v1", "kind": "Some",
                "metadata": {"namespace": "n", "name": "a", "resourceVersion": version}, "spec": {"type": "calico"},
            })
        };
        let list = serde_json::json!({
            "apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "7"}, "items": [network("7")],
        });
        let event = serde_json::json!({"type": "MODIFIED", "object": network("8")});
        let answers = Mutex::new(VecDeque::from([list.to_string(), format!("{event}\n")]));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::clone(&asked);
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let accept = request.headers().get(http::header::ACCEPT).map(|accept| accept.to_str().unwrap().to_owned());
            accepted.lock().unwrap().push(accept.unwrap_or_default());
            let answer = answers.lock().unwrap().pop_front();
            async move {
                match answer {
                    Some(text) => http::Response::builder().body(Body::from(text.into_bytes())),
                    None => std::future::pending().await,
                }
            }
        });
        (Client::new(service, "default"), asked)
    }

    #[tokio::test]
    async fn only_metadata_are_asked_for_where_only_metadata_count() {
        let (client, asked) = seed();
        let heard: Vec<Change> = metadata(&client, &NETWORKS).take(4).map(Result::unwrap).collect().await;
        let at = |version: &str| Metadata {
            namespace: "n".to_owned(),
            name: "a".to_owned(),
            resource_version: version.to_owned(),
            ..Metadata::default()
        };
        assert_eq!(heard, [Change::ListBegins, Change::Listed(at("7")), Change::ListEnds, Change::Applied(at("8"))]);
        assert_eq!(
            *asked.lock().unwrap(),
            [
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            ]
        );
    }

    #[tokio::test]
    async fn whole_networks_are_asked_for_where_they_are_shown() {
        let (client, asked) = seed();
        let heard: Vec<_> = networks(&client).take(4).map(Result::unwrap).collect().await;
        let [_, Change::Listed(listed), _, Change::Applied(_)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(listed.network.as_ref().unwrap().spec.network_type, "calico");
        assert_eq!(*asked.lock().unwrap(), ["", ""]);
    }

    #[test]
    fn a_kind_is_where_the_api_server_keeps_it() {
        let networks = api_resource(&NETWORKS);
        assert_eq!(
            (networks.group.as_str(), networks.version.as_str(), networks.kind.as_str(), networks.plural.as_str()),
            ("extensions.gardener.cloud", "v1alpha1", "Network", "networks")
        );
        assert_eq!(api_resource(&CLUSTERS).plural, "clusters");
    }

    #[test]
    fn the_metadata_that_counts_is_kept() {
        let object = |metadata: serde_json::Value| {
            let object = serde_json::json!({
                "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network", "metadata": metadata,
                "spec": {"type": "calico"}, "status": {"observedGeneration": 3},
            });
            serde_json::from_str::<Outline>(&object.to_string()).unwrap().metadata
        };
        let metadata = object(serde_json::json!({
            "namespace": "shoot--foo--bar", "name": "bar", "uid": "u", "generation": 3, "resourceVersion": "9",
            "deletionTimestamp": "2026-11-26T10:00:00Z", "finalizers": ["extensions.gardener.cloud/network"],
            "annotations": {
                "gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": "t", "other": "x",
                "calico.networking.extensions.gardener.cloud/skip-route-check": "INC-4711",
            },
            "labels": {"a": "b"}, "managedFields": [{"manager": "gardenlet", "fieldsV1": {"f:spec": {}}}],
        }));
        assert_eq!(metadata.managed_fields, None, "skipped");
        assert_eq!(
            Metadata::from(metadata),
            Metadata {
                namespace: "shoot--foo--bar".to_owned(),
                name: "bar".to_owned(),
                uid: "u".to_owned(),
                resource_version: "9".to_owned(),
                generation: 3,
                deletion_timestamp: Some("2026-11-26T10:00:00Z".to_owned()),
                finalizers: vec!["extensions.gardener.cloud/network".to_owned()],
                operation: Some("reconcile".to_owned()),
                timestamp: Some("t".to_owned()),
                skip_route_check: Some("INC-4711".to_owned()),
            }
        );
        assert_eq!(Metadata::from(object(serde_json::json!({}))), Metadata::default());
    }
}
