//! `kube::Client` and its runtime against the server, in memory and over loopback HTTP.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by panicking, in its helpers too")]

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Server, Verb};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Node, Secret};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::core::{ApiResource, GroupVersionKind, PartialObjectMeta};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::net::TcpListener;

fn network_definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "networks.extensions.gardener.cloud"},
        "spec": {
            "group": "extensions.gardener.cloud",
            "names": {"kind": "Network", "plural": "networks", "singular": "network", "listKind": "NetworkList"},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                    "spec": {"type": "object", "required": ["type"], "properties": {
                        "type": {"type": "string"},
                        "providerConfig": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    }},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }],
        },
    })
}

fn server() -> Server {
    Server::builder().definition(network_definition()).namespace("shoot--a--b").build().unwrap()
}

fn client(server: &Server) -> Client {
    Client::new(server.service(), "default")
}

fn networks(client: &Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("extensions.gardener.cloud", "v1alpha1", "Network");
    Api::namespaced_with(client.clone(), "shoot--a--b", &ApiResource::from_gvk_with_plural(&kind, "networks"))
}

fn network(spec: &Value) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
        "metadata": {"name": "n", "finalizers": ["extensions.gardener.cloud/calico"]}, "spec": spec,
    }))
    .unwrap()
}

/// The life of a Network as a controller leads it.
async fn lives_and_dies(client: Client) {
    let networks = networks(&client);
    let made = networks.create(&PostParams::default(), &network(&json!({"type": "calico", "typo": 1}))).await.unwrap();
    assert_eq!(made.metadata.generation, Some(1));
    assert_eq!(made.data["spec"], json!({"type": "calico"}));

    let status = json!({"status": {"observedGeneration": 1}, "spec": {"type": "ignored"}});
    let patched = networks.patch_status("n", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    assert_eq!(patched.data, json!({"spec": {"type": "calico"}, "status": {"observedGeneration": 1}}));
    assert_eq!(patched.metadata.generation, Some(1));

    let spec = json!({"spec": {"providerConfig": {"overlay": {"enabled": false}}}, "status": {"ignored": true}});
    let changed = networks.patch("n", &PatchParams::default(), &Patch::Merge(&spec)).await.unwrap();
    assert_eq!(changed.metadata.generation, Some(2));
    assert_eq!(changed.data["status"], json!({"observedGeneration": 1}));

    let error = networks.replace("n", &PostParams::default(), &made).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 409 && status.reason == "Conflict"), "{error}");

    let deleting = networks.delete("n", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!((deleting.metadata.generation, deleting.metadata.deletion_timestamp.is_some()), (Some(3), true));
    let done = json!({"metadata": {"finalizers": null}});
    networks.patch("n", &PatchParams::default(), &Patch::Merge(&done)).await.unwrap();
    assert!(networks.get_opt("n").await.unwrap().is_none());
}

#[tokio::test]
async fn a_network_lives_and_dies_in_memory() {
    lives_and_dies(client(&server())).await;
}

#[tokio::test]
async fn a_network_lives_and_dies_over_http() {
    let serving = server().serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let config = kube::config::Kubeconfig::from_yaml(&serving.kubeconfig("seed", None)).unwrap();
    let config = kube::Config::from_custom_kubeconfig(config, &Default::default()).await.unwrap();
    lives_and_dies(Client::try_from(config).unwrap()).await;
    serving.stop().await;
}

#[tokio::test]
async fn apply_prunes_and_refuses() {
    let maps: Api<ConfigMap> = Api::namespaced(client(&server()), "default");
    let apply = async |manager: &str, data: Value, force: bool| {
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data});
        let parameters = PatchParams { force, ..PatchParams::apply(manager) };
        maps.patch("m", &parameters, &Patch::Apply(config)).await
    };
    apply("one", json!({"a": "1", "b": "1"}), false).await.unwrap();
    let pruned = apply("one", json!({"a": "1"}), false).await.unwrap();
    assert_eq!(pruned.data.unwrap().into_keys().collect::<Vec<_>>(), ["a"]);
    let kube::Error::Api(status) = apply("two", json!({"a": "2"}), false).await.unwrap_err() else { panic!() };
    assert_eq!(status.message, "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    let before = apply("two", json!({"a": "2"}), true).await.unwrap();
    let after = apply("two", json!({"a": "2"}), false).await.unwrap();
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version);
}

#[tokio::test]
async fn a_watch_goes_on_where_a_list_ended() {
    let server = server();
    let secrets: Api<Secret> = Api::namespaced(client(&server), "default");
    let secret = |name: &str| -> Secret {
        serde_json::from_value(json!({"metadata": {"name": name}, "stringData": {"k": "v"}})).unwrap()
    };
    secrets.create(&PostParams::default(), &secret("one")).await.unwrap();
    let version = secrets.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let mut events = secrets.watch(&WatchParams::default(), &version).await.unwrap().boxed();
    secrets.create(&PostParams::default(), &secret("two")).await.unwrap();
    secrets.delete("one", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match events.try_next().await.unwrap().unwrap() {
            WatchEvent::Added(secret) => seen.push(format!("added {}", secret.metadata.name.unwrap())),
            WatchEvent::Deleted(secret) => seen.push(format!("deleted {}", secret.metadata.name.unwrap())),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, ["added two", "deleted one"]);
    server.compact();
    let mut expired = secrets.watch(&WatchParams::default(), &version).await.unwrap().boxed();
    let WatchEvent::Error(status) = expired.try_next().await.unwrap().unwrap() else { panic!() };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
}

#[tokio::test]
async fn a_watcher_sees_metadata_only() {
    let server = server();
    let client = client(&server);
    let kind = GroupVersionKind::gvk("extensions.gardener.cloud", "v1alpha1", "Network");
    let resource = ApiResource::from_gvk_with_plural(&kind, "networks");
    let metadata: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(client.clone(), &resource);
    networks(&client).create(&PostParams::default(), &network(&json!({"type": "calico"}))).await.unwrap();
    for config in
        [kube::runtime::watcher::Config::default(), kube::runtime::watcher::Config::default().streaming_lists()]
    {
        let mut objects =
            kube::runtime::WatchStreamExt::applied_objects(kube::runtime::watcher(metadata.clone(), config)).boxed();
        let first = tokio::time::timeout(Duration::from_secs(5), objects.try_next()).await.unwrap().unwrap().unwrap();
        assert_eq!(first.metadata.name.as_deref(), Some("n"));
    }
}

#[tokio::test]
async fn conditions_of_a_node_are_merged_by_type() {
    let nodes: Api<Node> = Api::all(client(&server()));
    let node = serde_json::from_value(json!({"metadata": {"name": "n"}, "status": {"conditions": [
        {"type": "Ready", "status": "True"}, {"type": "CalicoIsUp", "status": "True"}]}}));
    nodes.create(&PostParams::default(), &node.unwrap()).await.unwrap();
    let patch = json!({"status": {"conditions": [
        {"type": "CalicoIsUp", "$patch": "delete"},
        {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"}]}});
    let node = nodes.patch_status("n", &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
    let types: Vec<String> = node.status.unwrap().conditions.unwrap().into_iter().map(|c| c.type_).collect();
    assert_eq!(types, ["Ready", "NetworkUnavailable"]);
}

#[tokio::test]
async fn faults_hit_what_they_name_and_a_lost_response_was_a_write() {
    let server = server();
    let maps: Api<ConfigMap> = Api::namespaced(client(&server), "default");
    let map: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "m"}})).unwrap();
    server.faults().add(Fault::new(Effect::LostResponse).verb(Verb::Create).name("m").times(1));
    maps.create(&PostParams::default(), &map).await.unwrap_err();
    assert!(maps.get_opt("m").await.unwrap().is_some());
    let codes: Vec<_> = server.requests().iter().map(|request| (request.verb, request.code)).collect();
    assert_eq!(codes, [(Verb::Create, None), (Verb::Get, Some(200))]);
    assert_eq!(server.faults().hits(), 1);
}

#[tokio::test]
async fn hooks_change_and_refuse() {
    let server = server();
    server.admit(|request| {
        if request.name == "bad" {
            return Err(fake_apiserver::ApiError::denied("not this one"));
        }
        if let Some(object) = request.object.as_deref_mut() {
            object["metadata"]["annotations"] = json!({"by": request.user.name});
        }
        Ok(())
    });
    let maps: Api<ConfigMap> = Api::namespaced(client(&server), "default");
    let map = |name: &str| -> ConfigMap { serde_json::from_value(json!({"metadata": {"name": name}})).unwrap() };
    let stored = maps.create(&PostParams::default(), &map("good")).await.unwrap();
    assert_eq!(stored.metadata.annotations.unwrap()["by"], "system:admin");
    let kube::Error::Api(status) = maps.create(&PostParams::default(), &map("bad")).await.unwrap_err() else {
        panic!()
    };
    assert_eq!((status.code, status.message.as_str()), (403, "not this one"));
}
