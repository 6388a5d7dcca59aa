//! Definitions as they are in real clusters: Gardener's and Calico's.

#[path = "support/skip.rs"]
mod skip;

use std::path::{Path, PathBuf};

use fake_apiserver::Server;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use skip::skip;

/// The folder of recorded material beside the repository. Without it there is nothing to compare with.
fn recorded(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    let found = path.exists().then_some(path);
    if found.is_none() {
        skip("no recorded definitions beside the repository");
    }
    found
}

#[tokio::test]
async fn definitions_of_gardener_are_served_and_enforced() {
    let Some(folder) = recorded("crds") else { return };
    let mut builder = Server::builder().namespace("shoot--a--b");
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let definition: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        names.push(definition["metadata"]["name"].as_str().unwrap().to_owned());
        builder = builder.definition(definition);
    }
    names.sort();
    assert_eq!(
        names,
        [
            "clusters.extensions.gardener.cloud",
            "managedresources.resources.gardener.cloud",
            "networks.extensions.gardener.cloud",
            "scrapeconfigs.monitoring.coreos.com",
        ]
    );
    let client = Client::new(builder.build().unwrap().service(), "default");
    let post = async |spec: Value| {
        let body = json!({
            "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network", "metadata": {"name": "n"}, "spec": spec,
        });
        let path = "/apis/extensions.gardener.cloud/v1alpha1/namespaces/shoot--a--b/networks";
        let request = http::Request::post(path).body(Body::from(body.to_string().into_bytes())).unwrap();
        let response = client.send(request).await.unwrap();
        let code = response.status().as_u16();
        let content = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        (code, serde_json::from_slice::<Value>(&content).unwrap())
    };
    let (code, status) = post(json!({"type": "calico", "podCIDR": "10.0.0.0/8"})).await;
    assert_eq!((code, &status["details"]["causes"][0]["field"]), (422, &json!("spec.serviceCIDR")));
    let spec = json!({"type": "calico", "podCIDR": "10.0.0.0/8", "serviceCIDR": "10.1.0.0/16"});
    let (code, network) = post(spec.clone()).await;
    assert_eq!((code, &network["spec"]), (201, &spec));
}

#[tokio::test]
async fn every_definition_of_calico_is_read() {
    let Some(folder) = recorded("calico-crds") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let definition: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let built = Server::builder().definition(definition).build();
        assert!(built.is_ok(), "{}: {built:?}", path.display());
        count += 1;
    }
    assert_eq!(count, 25);
}
