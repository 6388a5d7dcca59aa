//! What goes over a connection to an API server, seen from the other end of the socket.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;

use adapter_k8s::client::resource::SECRETS;
use adapter_k8s::client::{ApiClient, ApiError, Patience, Problem, RateLimit, Request, Unobserved};
use fake_apiserver::{Fault, Server};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const TOKEN: &str = "of-everybody";

async fn config(kubeconfig: &str) -> kube::Config {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap()
}

fn connect(config: kube::Config) -> ApiClient {
    let once = Patience { attempts: 1, ..Patience::SEED };
    ApiClient::connect(config, RateLimit::none(), Arc::new(Unobserved)).unwrap().with_patience(once)
}

async fn secret(client: &ApiClient, name: &str) -> Result<Value, ApiError> {
    client.json(&Request::get(&SECRETS, "default", name)).await
}

/// The library's own client would try three times, and nobody would have counted it.
#[tokio::test]
async fn a_refused_request_is_sent_once() {
    let server = Server::builder().build().unwrap();
    let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let client = connect(config(&serving.kubeconfig("seed", Some(TOKEN))).await);
    server.faults().add(Fault::status(503));
    let error = secret(&client, "s").await.unwrap_err();
    assert!(matches!(error.problem, Problem::Refused { code: 503, .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
    serving.stop().await;
}

/// The buffer of a connection is smaller than this answer.
#[tokio::test]
async fn a_long_answer_comes_whole_and_the_connection_goes_on() {
    let server = Server::builder().build().unwrap();
    let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let client = connect(config(&serving.kubeconfig("seed", Some(TOKEN))).await);
    let long = "QUJD".repeat(250_000);
    for (name, value) in [("long", long.as_str()), ("short", "QUJD")] {
        let metadata = json!({"name": name, "namespace": "default"});
        server
            .restore(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"k": value}}))
            .unwrap();
    }
    for (name, length) in [("long", 1_000_000), ("short", 4), ("long", 1_000_000)] {
        let answer = secret(&client, name).await.unwrap();
        assert_eq!(answer["data"]["k"].as_str().unwrap().len(), length, "{name}");
    }
    serving.stop().await;
}

/// Going around a proxy that somebody has set would be worse than not going.
#[tokio::test]
async fn a_proxy_is_refused_by_name() {
    let mut config = config(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],
          clusters: [{name: k, cluster: {server: 'http://seed.example'}}], users: [{name: u, user: {}}]}",
    )
    .await;
    config.proxy_url = Some("http://proxy.example:3128".parse().unwrap());
    let error = ApiClient::connect(config, RateLimit::none(), Arc::new(Unobserved)).unwrap_err();
    assert!(error.to_string().contains("http://proxy.example:3128"), "{error}");
}
