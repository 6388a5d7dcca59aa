//! `admitted`: the admission as gardener-operator installs it. The chart for the garden goes to one API server, that for the runtime
//! cluster to the other; what runs is a pod of the Deployment, and the API server of the garden asks it about a Shoot by the
//! registration that it made itself.

use fake_apiserver::world::{Kind, kinds};
use http::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::e2e::landscape;
use crate::e2e::pod::{self, Pod};
use crate::e2e::rendered::{self, send, send_and_listen};
use crate::e2e::scene::text;
use crate::e2e::servers::free_port;
use crate::e2e::services::Services;
use crate::e2e::stage::Stage;
use crate::e2e::trouble::Trouble;

pub(super) const NAME: &str = "gardener-extension-admission-calico";
/// In the runtime cluster.
pub(super) const NAMESPACE: &str = "extension-networking-calico";
/// Of Shoots.
pub(super) const PROJECT: &str = "garden-e2e";
pub(super) const SHOOTS: &str = "/apis/core.gardener.cloud/v1beta1/namespaces/garden-e2e/shoots";
/// Where gardener-operator has the kubeconfig of the garden mounted.
const GARDEN: &str = "/var/run/secrets/gardener.cloud";
pub(super) const REGISTRATION: Kind = Kind {
    group: "admissionregistration.k8s.io",
    version: "v1",
    kind: "ValidatingWebhookConfiguration",
    plural: "validatingwebhookconfigurations",
};
pub(super) const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
/// A registration for reviews of v1beta1 only, and the name of its webhook.
const OLD: &str = "old.example.org";
const ASKED_WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn admitted(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    if !pod::is_possible() {
        return stage.skip("a pod needs a mount namespace, which this machine does not allow");
    }
    let (garden, runtime) = (stage.lane.shoot.client(), stage.lane.seed.client());
    let application = stage.render("admission-application", &json!({}))?;
    rendered::apply(&garden, &[definition()]).await?;
    landscape::namespace(&stage.shoot(), PROJECT, &json!({})).await?;
    rendered::apply(&garden, &application).await?;

    let values = json!({
        "metricsPort": free_port().await?,
        "healthPort": free_port().await?,
        "webhookConfig": {"serverPort": free_port().await?},
        "projectedKubeconfig": {
            "baseMountPath": GARDEN, "genericKubeconfigSecretName": "generic", "tokenSecretName": "access",
        },
    });
    let objects = stage.render("admission-runtime", &values)?;
    landscape::namespace(&stage.seed(), NAMESPACE, &json!({})).await?;
    lead_to_the_garden(stage).await?;
    rendered::apply(&runtime, &stage.charts()?.definitions).await?;
    rendered::apply(&runtime, &objects).await?;
    let socket = stage.lane.shoot.services().to_owned();
    let services = Services::serve(&socket, rendered::only(&objects, "Service")?)?;

    let program = stage.lane.settings.program.clone();
    let pod = Pod {
        cluster: &stage.lane.seed,
        deployment: rendered::only(&objects, "Deployment")?,
        entry_point: &["admission"],
        program: &program,
        root: stage.lane.folder.join("admitted-pod"),
    };
    let mut running = pod.start().await?;
    running.ready().await?;
    pod::is_as_the_deployment_says(stage, &running)?;
    running.exposes(&format!("leader_election_master_status{{name=\"{NAME}\"}} 1")).await?;

    asks_sooner_or_later(stage).await?;
    answers(stage).await?;
    may_do_nothing_else(stage).await?;
    let secrets = stage.seed().list(&kinds::SECRET, NAMESPACE).await?;
    let secrets: Vec<&str> = secrets.iter().map(|secret| text(secret, "/metadata/name")).collect();
    stage.check("Secrets", secrets.join(" "), format!("access {NAME}-certificates generic"));
    let registered = stage.shoot().get(&REGISTRATION, "", NAME).await?.unwrap_or_default();
    let url = text(&registered, "/webhooks/0/clientConfig/url");
    stage.check("address", url, format!("https://{NAME}.{NAMESPACE}/webhooks/validate"));

    let log = running.controller.log();
    let refusals = log.lines().filter(|line| line.contains("(403)")).count();
    stage.check("requests that were refused", refusals, 0);
    running.controller.stop().await?;
    let (code, _) = send(&garden, Method::POST, SHOOTS, JSON, &shoot(stage, "late", &json!({}))).await?;
    stage.check("without the webhook a Shoot is refused", code, 500);
    drop(services);
    tidy_up(stage).await
}

/// What gardener-operator and its token requestor put beside the pod: a kubeconfig of the garden, and the token that it names.
async fn lead_to_the_garden(stage: &Stage<'_>) -> Result<(), Trouble> {
    let token = pod::token(&stage.lane.shoot, "kube-system", NAME).await?;
    let kubeconfig = stage.lane.shoot.kubeconfig_of(&json!({"tokenFile": format!("{GARDEN}/token")}));
    for (name, key, value) in [("generic", "kubeconfig", kubeconfig), ("access", "token", token)] {
        let secret = json!({"metadata": {"name": name, "namespace": NAMESPACE}, "stringData": {key: value}});
        stage.seed().create(&kinds::SECRET, secret).await?;
    }
    Ok(())
}

/// An API server learns of a registration, and of a kind, a moment later.
pub(super) async fn asks_sooner_or_later(stage: &Stage<'_>) -> Result<(), Trouble> {
    let (garden, path) = (stage.lane.shoot.client(), format!("{SHOOTS}?dryRun=All"));
    let bad = shoot(stage, "probe", &json!({"backend": "x"}));
    let started = Instant::now();
    loop {
        let (code, answer) = send(&garden, Method::POST, &path, JSON, &bad).await?;
        if code == 403 {
            return Ok(());
        }
        if started.elapsed() > ASKED_WITHIN {
            return Err(Trouble::InVain {
                what: "a Shoot that is refused".to_owned(),
                seen: format!("{code} {answer}"),
            });
        }
        sleep(LOOK).await;
    }
}

/// What the API server of the garden makes of the answers.
pub(super) async fn answers(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let garden = stage.lane.shoot.client();
    let bad = shoot(stage, "bad", &json!({"backend": "x"}));
    let (code, answer) = send(&garden, Method::POST, SHOOTS, JSON, &bad).await?;
    stage.check(
        "a bad Shoot",
        format!("{code} {}", text(&answer, "/message")),
        "403 admission webhook \"validator.admission-calico.extensions.gardener.cloud\" denied the request: \
         spec.networking.providerConfig.backend: Invalid value: \"x\": unsupported value \"x\" for backend, supported values are \
         [\"bird\", \"none\", \"vxlan\"]",
    );
    let good = shoot(stage, "good", &json!({"overlay": {"enabled": true}}));
    let (code, _, warnings) = send_and_listen(&garden, Method::POST, SHOOTS, JSON, &good).await?;
    stage.check("a good Shoot", format!("{code} {}", warnings.join("; ")), "201 ");
    let native = shoot(stage, "good", &json!({"overlay": {"enabled": false}}));
    let patch = json!({"spec": {"networking": {"providerConfig": native.pointer("/spec/networking/providerConfig")}}});
    let path = format!("{SHOOTS}/good");
    let (code, _, warnings) = send_and_listen(&garden, Method::PATCH, &path, MERGE, &patch).await?;
    stage.check(
        "its overlay goes",
        format!("{code} {}", warnings.join("; ")),
        "200 299 - \"an overlay switch begins: IPv4 `Ipip(Always)` stays in effect until every node has the condition \
         NetworkUnavailable=False with reason RouteCreated\"",
    );
    answers_in_the_old_way(stage).await
}

/// An API server that is told of no other version asks with an AdmissionReview of v1beta1. Only this registration is asked about a Shoot
/// with its label.
async fn answers_in_the_old_way(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let garden = stage.lane.shoot.client();
    let mut registration = stage.shoot().get(&REGISTRATION, "", NAME).await?.unwrap_or_default();
    for (pointer, value) in [
        ("/metadata", json!({"name": OLD})),
        ("/webhooks/0/name", OLD.into()),
        ("/webhooks/0/admissionReviewVersions", json!(["v1beta1"])),
        ("/webhooks/0/objectSelector", json!({"matchLabels": {"review": "old"}})),
    ] {
        if let Some(place) = registration.pointer_mut(pointer) {
            *place = value;
        }
    }
    stage.shoot().create(&REGISTRATION, registration).await?;
    let mut bad = shoot(stage, "old", &json!({"backend": "x"}));
    if let Some(labels) = bad.pointer_mut("/metadata/labels") {
        *labels = json!({"review": "old"});
    }
    let path = format!("{SHOOTS}?dryRun=All");
    let started = Instant::now();
    let (code, answer) = loop {
        let answered = send(&garden, Method::POST, &path, JSON, &bad).await?;
        // Before it knows of the registration it takes the Shoot.
        if answered.0 != 201 || started.elapsed() > ASKED_WITHIN {
            break answered;
        }
        sleep(LOOK).await;
    };
    let message = text(&answer, "/message").split(": ").next().unwrap_or_default();
    stage.check(
        "a bad Shoot in a review of v1beta1",
        format!("{code} {message}"),
        "403 admission webhook \"old.example.org\" denied the request",
    );
    stage.shoot().delete(&REGISTRATION, "", OLD).await?;
    Ok(())
}

/// Its tokens are good for what its roles name, and for nothing outside of them.
async fn may_do_nothing_else(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let of_garden = pod::token(&stage.lane.shoot, "kube-system", NAME).await?;
    let of_runtime = pod::token(&stage.lane.seed, NAMESPACE, NAME).await?;
    let (garden, runtime) = (stage.lane.shoot.client_by(&of_garden)?, stage.lane.seed.client_by(&of_runtime)?);
    let registrations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let secrets = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    for (client, method, path, expected) in [
        (&garden, Method::GET, format!("{registrations}/{NAME}"), 200),
        (&garden, Method::GET, registrations.to_owned(), 403),
        (&garden, Method::DELETE, format!("{registrations}/{NAME}"), 403),
        (&garden, Method::GET, SHOOTS.to_owned(), 403),
        (&runtime, Method::GET, format!("{secrets}/{NAME}-certificates"), 200),
        (&runtime, Method::GET, format!("{secrets}/access"), 403),
        (&runtime, Method::GET, secrets.clone(), 403),
    ] {
        let what = format!("{method} {path}");
        let (code, _) = send(client, method, &path, JSON, &Value::Null).await?;
        stage.check(&what, code, expected);
    }
    Ok(())
}

/// No other story is to be asked about Shoots.
pub(super) async fn tidy_up(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.shoot().delete(&REGISTRATION, "", NAME).await?;
    let path = format!("{SHOOTS}/good");
    let (code, _) = send(&stage.lane.shoot.client(), Method::DELETE, &path, JSON, &Value::Null).await?;
    stage.check("the Shoot goes", code, 200);
    Ok(())
}

/// The Shoot of the stories, with a NetworkConfig of its own.
pub(super) fn shoot(stage: &Stage<'_>, name: &str, config: &Value) -> Value {
    let mut shoot = stage.wish.cluster(PROJECT).pointer("/spec/shoot").cloned().unwrap_or_default();
    let labels = json!({"networking.extensions.gardener.cloud/calico": "true"});
    let metadata = json!({"name": name, "namespace": PROJECT, "labels": labels});
    let mut config = config.clone();
    if let Some(fields) = config.as_object_mut() {
        fields.insert("apiVersion".to_owned(), "calico.networking.extensions.gardener.cloud/v1alpha1".into());
        fields.insert("kind".to_owned(), "NetworkConfig".into());
    }
    for (pointer, value) in [("/metadata", metadata), ("/spec/networking/providerConfig", config)] {
        if let Some(place) = shoot.pointer_mut(pointer) {
            *place = value;
        }
    }
    shoot
}

/// The stand-in for Gardener's own API server, which serves Shoots.
pub(super) fn definition() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "shoots.core.gardener.cloud"},
        "spec": {
            "group": "core.gardener.cloud", "scope": "Namespaced",
            "names": {"kind": "Shoot", "plural": "shoots", "singular": "shoot", "listKind": "ShootList"},
            "versions": [{
                "name": "v1beta1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}
