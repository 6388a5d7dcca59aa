//! What the charts render, on the real API server: every object is accepted with strict validation, and the controller's
//! ServiceAccount may do what its role is for. Needs `KUBEBUILDER_ASSETS`; what is rendered is in `xtask/charts`.
#![cfg(test)]

use std::path::Path;

use serde_json::Value;

#[path = "../../../fake-apiserver/tests/conformance/real.rs"]
mod real;

const CHARTS: [&str; 3] = ["extension", "admission-runtime", "admission-application"];

/// Kinds of Gardener's other components, whose definitions are not ours.
const FOREIGN: [&str; 4] = ["ClusterFilter", "ClusterParser", "PrometheusRule", "VerticalPodAutoscaler"];

const ACCOUNT: &str = "system:serviceaccount:extension-networking-calico-abcde:gardener-extension-networking-calico";

#[tokio::test]
async fn the_api_server_takes_every_object_and_the_role_allows_an_apply_by_name() {
    let Some(assets) = real::assets() else { return };
    let server = real::start(Path::new(&assets), &[]).await;
    let ask = async |method: &str, path: &str, content: &str, body: String, account: Option<&str>| {
        let mut request = http::Request::builder().method(method).uri(path).header("content-type", content);
        if let Some(account) = account {
            request = request.header("Impersonate-User", account);
        }
        let response = server.client().send(request.body(body.into_bytes().into()).unwrap()).await.unwrap();
        response.status().as_u16()
    };
    for name in ["extension-networking-calico-abcde", "extension-networking-calico", "garden", "shoot--foo--bar"] {
        let namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        assert_eq!(ask("POST", "/api/v1/namespaces", "application/json", namespace.to_string(), None).await, 201);
    }
    let mut seen = Vec::new();
    for chart in CHARTS {
        for object in objects(chart) {
            let kind = object["kind"].as_str().unwrap();
            if FOREIGN.contains(&kind) {
                continue;
            }
            let path = format!("{}?dryRun=All&fieldValidation=Strict", path(&object));
            let code = ask("POST", &path, "application/json", object.to_string(), None).await;
            assert_eq!(code, 201, "{chart}: {kind} {}", object["metadata"]["name"]);
            seen.push(kind.to_owned());
            if chart == "extension" && kind.starts_with("ClusterRole") {
                let path = path.split('?').next().unwrap();
                assert_eq!(ask("POST", path, "application/json", object.to_string(), None).await, 201);
            }
        }
    }
    assert_eq!(seen.len(), 18, "{seen:?}");

    // A rule that names an object also covers its creation by an apply, which has a name.
    for (name, expected) in [("calico-dashboards", 201), ("another", 403)] {
        let path = format!("/api/v1/namespaces/shoot--foo--bar/configmaps/{name}?fieldManager=test");
        let object = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let code = ask("PATCH", &path, "application/apply-patch+yaml", object.to_string(), Some(ACCOUNT)).await;
        assert_eq!(code, expected, "{name}");
    }
    let listed = ask("GET", "/api/v1/secrets", "application/json", String::new(), Some(ACCOUNT)).await;
    assert_eq!(listed, 403, "Secrets are not listed");
}

#[test]
fn every_pod_is_hardened() {
    let mut pods = 0;
    for chart in CHARTS {
        for deployment in objects(chart).iter().filter(|object| object["kind"] == "Deployment") {
            let template = &deployment["spec"]["template"];
            assert_eq!(template["metadata"]["annotations"]["prometheus.io/scrape"], "true", "{chart}");
            let pod = &template["spec"];
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{chart}");
            assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{chart}");
            for container in pod["containers"].as_array().unwrap() {
                let security = &container["securityContext"];
                assert_eq!(security["allowPrivilegeEscalation"], false, "{chart}");
                assert_eq!(security["readOnlyRootFilesystem"], true, "{chart}");
                assert_eq!(security["capabilities"], serde_json::json!({"drop": ["ALL"]}), "{chart}");
            }
            pods += 1;
        }
    }
    assert_eq!(pods, 2);
}

#[test]
fn the_external_address_comes_with_the_way_to_it() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/charts/extension/shoot-client.diff");
    let difference = std::fs::read_to_string(file).unwrap();
    for line in [
        "# | shootClient: external",
        "+         networking.gardener.cloud/to-public-networks: allowed",
        "+         networking.gardener.cloud/to-private-networks: allowed",
        "+         - name: GARDENER_SHOOT_CLIENT",
        "+           value: external",
    ] {
        assert!(difference.lines().any(|found| found == line), "{line}");
    }
}

fn objects(chart: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/charts").join(chart).join("default.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let documents = text.split("---\n").filter(|document| document.lines().any(|line| line.starts_with("kind: ")));
    documents.map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

/// Where objects of this kind are created.
fn path(object: &Value) -> String {
    let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
    let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let plural = format!("{}s", kind.to_lowercase());
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{plural}"),
    }
}
