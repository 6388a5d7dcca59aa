//! `installed`: the extension as gardenlet installs it. The chart is rendered by Helm, every object is applied, definitions of other
//! projects included, and what runs is a pod of the Deployment: its arguments, its mounts, the token of its ServiceAccount, its user; not its
//! seccomp profile, which takes a container runtime.

use std::collections::BTreeSet;

use fake_apiserver::world::routes::AtFirst;
use fake_apiserver::world::{Kind, kinds};
use http::Method;
use serde_json::{Value, json};

use super::{hold, is_guarded, is_native};
use crate::e2e::controller::Controller;
use crate::e2e::landscape::{self, NAME};
use crate::e2e::pod::{self, Pod};
use crate::e2e::rendered;
use crate::e2e::scene::text;
use crate::e2e::servers::free_port;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

/// Of the chart, as gardenlet would have named it.
const NAMESPACE: &str = "extension-networking-calico-abcde";
/// Of the other charts.
const NAMESPACES: [&str; 2] = ["extension-networking-calico", "kube-system"];
const EXTENSION: &str = "gardener-extension-networking-calico";
const IMAGE: &str = "registry.example.org/calico/node:v3.31.5";
const LEASE: Kind = Kind { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases" };
const JSON: &str = "application/json";

pub(super) async fn installed(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    if !pod::is_possible() {
        return stage.skip("a pod needs a mount namespace, which this machine does not allow");
    }
    let values = json!({
        "metricsPort": free_port().await?,
        "healthPort": free_port().await?,
        "config": {"overlaySwitch": {"pollInterval": "1s"}},
        "imageVectorOverwrite":
            "images:\n- name: calico-node\n  repository: registry.example.org/calico/node\n  tag: v3.31.5\n",
    });
    let objects = stage.render("extension", &values)?;
    prepare(stage).await?;
    let admin = stage.lane.seed.client();
    rendered::apply(&admin, &objects).await?;
    let found: Vec<&str> = objects.iter().map(|object| text(object, "/kind")).collect();
    stage.check(
        "objects of the chart",
        found.join(" "),
        "PodDisruptionBudget ServiceAccount ConfigMap ConfigMap ConfigMap ClusterRole ClusterRole ClusterRoleBinding Service \
         Deployment ClusterFilter ClusterParser PrometheusRule VerticalPodAutoscaler",
    );
    every_case_is_taken(stage).await?;
    let deployment = rendered::only(&objects, "Deployment")?;
    is_admitted(stage, deployment).await?;

    let program = stage.lane.settings.program.clone();
    let root = stage.lane.folder.join("installed-pod");
    let pod = Pod { cluster: &stage.lane.seed, deployment, entry_point: &[], program: &program, root: root.clone() };
    let mut running = pod.start().await?;
    running.ready().await?;
    pod::is_as_the_deployment_says(stage, &running)?;
    running.exposes("leader_election_master_status{name=\"networking-calico-leader-election\"} 1").await?;
    stage.controllers.push(running.controller);

    let scene = stage.create(MACHINES).await?;
    stage.check("last operation", &scene.operation, "Create Succeeded 100");
    let daemon_set = stage.shoot().get(&kinds::DAEMON_SET, "kube-system", "calico-node").await?.unwrap_or_default();
    stage.check("image from the overwrite", text(&daemon_set, "/spec/template/spec/containers/0/image"), IMAGE);
    let leases = stage.seed().list(&LEASE, NAMESPACE).await?;
    let leases: BTreeSet<&str> = leases.iter().map(|lease| text(lease, "/metadata/name")).collect();
    let leases: Vec<&str> = leases.into_iter().collect();
    stage.check("Leases", leases.join(" "), "gardener-extension-heartbeat networking-calico-leader-election");

    let held = hold(stage).await?;
    is_guarded(stage, &held);
    may_do_nothing_else(stage).await?;
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    stage.delete().await?;
    let log = stage.controllers.first().map(Controller::log).unwrap_or_default();
    let refusals = log.lines().filter(|line| line.contains("(403)")).count();
    stage.check("requests that were refused", refusals, 0);
    Ok(())
}

/// Whatever values a chart is given, an API server takes what comes of them.
async fn every_case_is_taken(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let file = stage.lane.folder.join("case-values.yaml");
    let cases = tokio::task::block_in_place(|| Ok::<_, Trouble>(stage.charts()?.helm.every_case(&file)?))?;
    for namespace in NAMESPACES {
        landscape::namespace(&stage.seed(), namespace, &json!({})).await?;
    }
    let admin = stage.lane.seed.client();
    for (case, objects) in &cases {
        let refused = rendered::would_apply(&admin, objects).await.err().map(|trouble| trouble.to_string());
        stage.check(case, refused.unwrap_or_default(), "");
    }
    stage.note(format!("{} cases of charts", cases.len()));
    Ok(())
}

/// What a seed has before an extension comes: its namespace, with the level of pod security that a hardened pod is up to, a priority,
/// and definitions.
async fn prepare(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    landscape::namespace(&stage.seed(), NAMESPACE, &labels).await?;
    let priority = json!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": "gardener-system-900"}, "value": 999_998_900,
    });
    let path = "/apis/scheduling.k8s.io/v1/priorityclasses";
    let admin = stage.lane.seed.client();
    let (code, answer) = rendered::send(&admin, Method::POST, path, JSON, &priority).await?;
    if code != 201 && code != 409 {
        return Err(Trouble::Other(format!("no priority: {code} {answer}")));
    }
    rendered::apply(&admin, &stage.charts()?.definitions).await
}

/// A pod of the Deployment is admitted to the namespace, pod security included.
async fn is_admitted(stage: &mut Stage<'_>, deployment: &Value) -> Result<(), Trouble> {
    let mut pod = deployment.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(fields) = pod.as_object_mut() {
        fields.insert("apiVersion".to_owned(), "v1".into());
        fields.insert("kind".to_owned(), "Pod".into());
    }
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), "pod".into());
    }
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All&fieldValidation=Strict");
    let (code, answer) = rendered::send(&stage.lane.seed.client(), Method::POST, &path, JSON, &pod).await?;
    stage.check("a pod is admitted", format!("{code} {}", text(&answer, "/message")), "201 ");
    Ok(())
}

/// The token of the ServiceAccount is good for the role, and for nothing outside of it.
async fn may_do_nothing_else(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let token = pod::token(&stage.lane.seed, NAMESPACE, EXTENSION).await?;
    let client = stage.lane.seed.client_by(&token)?;
    let namespace = stage.namespace().to_owned();
    let network = format!("/apis/extensions.gardener.cloud/v1alpha1/namespaces/{namespace}/networks/{NAME}");
    let secrets = format!("/api/v1/namespaces/{namespace}/secrets");
    let bundles = format!("/apis/resources.gardener.cloud/v1alpha1/namespaces/{namespace}/managedresources");
    for (method, path, expected) in [
        (Method::GET, network.clone(), 200),
        (Method::DELETE, network, 403),
        (Method::GET, secrets, 403),
        (Method::GET, format!("{bundles}/extension-networking-calico-guard"), 200),
        (Method::GET, format!("{bundles}/extension-controlplane-shoot"), 403),
        (Method::GET, "/api/v1/nodes".to_owned(), 403),
        (Method::GET, "/apis/rbac.authorization.k8s.io/v1/clusterroles".to_owned(), 403),
    ] {
        let what = format!("{method} {path}");
        let (code, _) = rendered::send(&client, method, &path, JSON, &Value::Null).await?;
        stage.check(&what, code, expected);
    }
    Ok(())
}
