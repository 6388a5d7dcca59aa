//! A real kube-apiserver that asks the webhook about every Shoot, while certificates are renewed.

use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::lease::Leadership;
use calico_policy::time::Timestamp;
use kube::Client;
use kube::client::Body;
use operator::admission::keeper::Keeper;
use operator::admission::registration::{EXTENSION, Reach, Registration, Webhook as Registered, authorities};
use operator::admission::server::ANSWER_DEADLINE;
use operator::admission::store::Store;
use serde_json::{Value, json};

use crate::client::Time;
use crate::real;
use crate::reviews::{network_config, shoot};
use crate::webhook::Webhook;

const NAME: &str = "gardener-extension-admission-calico";
const SHOOTS: &str = "/apis/core.gardener.cloud/v1beta1/namespaces/garden-bar/shoots";

/// Code, body and warnings of an answer.
struct Answer {
    code: u16,
    body: Value,
    warnings: Vec<String>,
}

async fn send(client: &Client, method: &str, path: &str, body: &Value) -> Answer {
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .body(Body::from(body.to_string().into_bytes()))
        .unwrap();
    let (head, body) = client.send(request).await.unwrap().into_parts();
    let warnings = head.headers.get_all("warning").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    let body = serde_json::from_slice(&body.collect_bytes().await.unwrap()).unwrap();
    Answer { code: head.status.as_u16(), body, warnings }
}

/// The stand-in for Gardener's own API server, which serves Shoots.
fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "shoots.core.gardener.cloud",
        },
        "spec": {
            "group": "core.gardener.cloud", "scope": "Namespaced",
            "names": {"kind": "Shoot", "plural": "shoots", "singular": "shoot", "listKind": "ShootList"},
            "versions": [{"name": "v1beta1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    })
}

fn named(name: &str, config: &Value) -> Value {
    let mut shoot = shoot(&network_config(config));
    shoot["metadata"]["name"] = json!(name);
    shoot
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_api_server_asks_is_answered_and_sees_no_rotation() {
    let Some(assets) = real::assets() else { return };
    let running = real::start(assets.as_ref(), &[]).await;
    let client = running.client();
    for namespace in ["garden", "garden-bar"] {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        assert_eq!(send(&client, "POST", "/api/v1/namespaces", &object).await.code, 201);
    }
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    assert_eq!(send(&client, "POST", definitions, &definition()).await.code, 201);

    let webhook = Webhook::without_certificate(ANSWER_DEADLINE).await;
    // The first certificates were made three weeks ago: they are still valid, and so are those that follow now.
    let time = Time::now();
    time.pass(-21 * 86_400);
    let api = ApiClient::new(client.clone(), "h", RateLimit::new(1e6, 1_000_000), Arc::new(Unobserved));
    let clock = time.clone();
    let keeper = Keeper {
        store: Store::Secret {
            client: api.clone(),
            namespace: "garden".to_owned(),
            name: format!("{NAME}-certificates"),
        },
        target: api,
        registration: Registration {
            extension: EXTENSION.to_owned(),
            reach: Reach::Url(format!("127.0.0.1:{}", webhook.address.port())),
            webhook: Registered::Enabled,
        },
        owner_namespace: "garden".to_owned(),
        leadership: Leadership::always(),
        serving: webhook.serving.clone(),
        metrics: webhook.metrics.certificates.clone(),
        clock: Box::new(move || Timestamp(clock.seconds())),
    };
    keeper.begin().await;
    keeper.lead().await.unwrap();
    let version =
        async || send(&client, "GET", &configuration(), &json!({})).await.body["metadata"]["resourceVersion"].clone();
    let first = version().await;
    keeper.lead().await.unwrap();
    assert_eq!(version().await, first, "what the API server has stored is what was meant");
    refused_sooner_or_later(&client).await;

    let bad = named("bad", &json!({"backend": "x"}));
    let refused = send(&client, "POST", SHOOTS, &bad).await;
    assert_eq!((refused.code, refused.body["reason"].as_str()), (403, Some("Forbidden")));
    let message = refused.body["message"].as_str().unwrap();
    assert_eq!(
        message,
        "admission webhook \"validator.admission-calico.extensions.gardener.cloud\" denied the request: \
         spec.networking.providerConfig.backend: Invalid value: \"x\": unsupported value \"x\" for backend, supported values are \
         [\"bird\", \"none\", \"vxlan\"]"
    );

    let good = named("good", &json!({"overlay": {"enabled": true}}));
    let created = send(&client, "POST", SHOOTS, &good).await;
    assert_eq!((created.code, created.warnings.len()), (201, 0));
    let patch = |config: &Value| json!({"spec": {"networking": {"providerConfig": config}}});
    let path = format!("{SHOOTS}/good");
    let switched =
        send(&client, "PATCH", &path, &patch(&json!({"overlay": {"enabled": false}, "ipip": "Always"}))).await;
    assert_eq!(switched.code, 200);
    assert_eq!(
        switched.warnings,
        [
            "299 - \"`ipip` has no effect: remove it\"",
            "299 - \"an overlay switch begins: IPv4 `Ipip(Always)` stays in effect until every node has the condition \
             NetworkUnavailable=False with reason RouteCreated\""
        ]
    );
    assert_eq!(send(&client, "PATCH", &path, &patch(&json!({"backend": "x"}))).await.code, 403);
    let mut other = named("other", &json!({"backend": "x"}));
    other["metadata"]["labels"] = json!({});
    assert_eq!(send(&client, "POST", SHOOTS, &other).await.code, 201, "the webhook is not asked");
    let label = json!({"metadata": {"labels": {"networking.extensions.gardener.cloud/calico": "true"}}});
    assert_eq!(send(&client, "PATCH", &format!("{SHOOTS}/other"), &label).await.code, 200, "nothing of ours changes");

    old_reviews_are_understood(&client, &keeper).await;

    // A rotation, as fast as it can be, with reviews between any two steps.
    let mut authorities_seen = std::collections::BTreeSet::new();
    for (number, step) in [5 * 86_400, 600].into_iter().cycle().take(12).enumerate() {
        if time.seconds() + step > Time::now().seconds() + 1_800 {
            time.pass(60);
        } else {
            time.pass(step);
        }
        keeper.lead().await.unwrap();
        for part in ["a", "b", "c"] {
            let name = format!("shoot-{number}-{part}");
            let answer = send(&client, "POST", SHOOTS, &named(&name, &json!({}))).await;
            assert_eq!(answer.code, 201, "{name}: {}", answer.body);
            assert_eq!(send(&client, "POST", SHOOTS, &named("bad", &json!({"backend": "x"}))).await.code, 403);
        }
        let stored = send(&client, "GET", &configuration(), &json!({})).await.body;
        authorities_seen.extend(authorities(&stored["webhooks"]));
    }
    assert_eq!(authorities_seen.len(), 2, "there was a rotation");

    // No certificate, no yes.
    webhook.server.abort();
    let unreachable = send(&client, "POST", SHOOTS, &named("late", &json!({}))).await;
    assert_eq!(unreachable.code, 500, "{}", unreachable.body);
}

fn configuration() -> String {
    format!("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{NAME}")
}

/// An API server notices a registration after a moment, and a definition, too.
async fn refused_sooner_or_later(client: &Client) {
    for _ in 0..600 {
        let path = format!("{SHOOTS}?dryRun=All");
        if send(client, "POST", &path, &named("probe", &json!({"backend": "x"}))).await.code == 403 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the webhook is not asked");
}

/// API servers may be told to ask in the old version.
async fn old_reviews_are_understood(client: &Client, keeper: &Keeper) {
    let versions =
        |versions: &Value| json!([{"op": "replace", "path": "/webhooks/0/admissionReviewVersions", "value": versions}]);
    let request = http::Request::patch(configuration())
        .header("content-type", "application/json-patch+json")
        .body(Body::from(versions(&json!(["v1beta1"])).to_string().into_bytes()))
        .unwrap();
    assert!(client.send(request).await.unwrap().status().is_success());
    // Whichever version it asks in by now: both are answered.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let refused = send(client, "POST", SHOOTS, &named("old", &json!({"backend": "x"}))).await;
    assert_eq!(refused.code, 403, "{}", refused.body);
    assert_eq!(send(client, "POST", SHOOTS, &named("old", &json!({}))).await.code, 201);
    keeper.lead().await.unwrap();
    let stored = send(client, "GET", &configuration(), &json!({})).await.body;
    assert_eq!(stored["webhooks"][0]["admissionReviewVersions"], json!(["v1", "v1beta1"]), "the leader repairs it");
}
