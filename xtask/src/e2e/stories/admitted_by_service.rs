//! `admitted-by-service`: the admission where the garden is its own runtime cluster. Both charts go to one API server, which finds the
//! pod by the Service of the registration: it looks the Service up itself and connects to the address that it has given it.

use fake_apiserver::world::{Kind, kinds};
use http::Method;
use operator::admission::registration::{EXTENSION, Reach, Registration, Webhook};
use serde_json::json;

use super::admitted::{
    JSON, NAME, NAMESPACE, PROJECT, REGISTRATION, SHOOTS, answers, asks_sooner_or_later, definition, shoot, tidy_up,
};
use crate::e2e::landscape;
use crate::e2e::pod::{self, Pod};
use crate::e2e::rendered::{self, send};
use crate::e2e::scene::text;
use crate::e2e::servers::free_port;
use crate::e2e::services::Services;
use crate::e2e::stage::Stage;
use crate::e2e::trouble::Trouble;

const SERVICE: Kind = Kind { group: "", version: "v1", kind: "Service", plural: "services" };
/// Where a registration is made, if only to see.
const STRICTLY: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?dryRun=All&fieldValidation=Strict";

pub(super) async fn admitted_by_service(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    if !pod::is_possible() {
        return stage.skip("a pod needs a mount namespace, which this machine does not allow");
    }
    let garden = stage.lane.shoot.client();
    let account = json!({"name": NAME, "namespace": NAMESPACE});
    let no_virtual_garden = json!({"virtualCluster": {"enabled": false, "serviceAccount": account}});
    let application = stage.render("admission-application", &json!({"gardener": no_virtual_garden}))?;
    let values = json!({
        "metricsPort": free_port().await?,
        "healthPort": free_port().await?,
        "webhookConfig": {"serverPort": free_port().await?},
        "gardener": {"virtualCluster": {"enabled": false}},
        "vpa": {"enabled": false},
    });
    let objects = stage.render("admission-runtime", &values)?;
    rendered::apply(&garden, &[definition()]).await?;
    for namespace in [PROJECT, NAMESPACE] {
        landscape::namespace(&stage.shoot(), namespace, &json!({})).await?;
    }
    rendered::apply(&garden, &application).await?;
    rendered::apply(&garden, &objects).await?;
    let service = stage.shoot().get(&SERVICE, NAMESPACE, NAME).await?.unwrap_or_default();
    // It is led there by the address of the Service, never by the name that the certificate is good for.
    let socket = stage.lane.shoot.services().to_owned();
    let services = Services::serve(&socket, &service)?;

    let program = stage.lane.settings.program.clone();
    let pod = Pod {
        cluster: &stage.lane.shoot,
        deployment: rendered::only(&objects, "Deployment")?,
        entry_point: &["admission"],
        program: &program,
        root: stage.lane.folder.join("admitted-by-service-pod"),
    };
    let mut running = pod.start().await?;
    running.ready().await?;
    pod::is_as_the_deployment_says(stage, &running)?;
    asks_sooner_or_later(stage).await?;
    answers(stage).await?;
    let registered = stage.shoot().get(&REGISTRATION, "", NAME).await?.unwrap_or_default();
    let mut reach = registered.pointer("/webhooks/0/clientConfig").cloned().unwrap_or_default();
    if let Some(fields) = reach.as_object_mut() {
        fields.remove("caBundle");
    }
    stage.check(
        "address",
        reach,
        r#"{"service":{"name":"gardener-extension-admission-calico","namespace":"extension-networking-calico","path":"/webhooks/validate","port":443}}"#,
    );
    url_of_a_service_is_taken(stage).await?;
    let log = running.controller.log();
    let refusals = log.lines().filter(|line| line.contains("(403)")).count();
    stage.check("requests that were refused", refusals, 0);
    running.controller.stop().await?;
    let (code, answer) = send(&garden, Method::POST, SHOOTS, JSON, &shoot(stage, "late", &json!({}))).await?;
    let asked = text(&answer, "/message").contains(&format!("https://{NAME}.{NAMESPACE}.svc:443/webhooks/validate"));
    stage.check("without the webhook a Shoot is refused", format!("{code} {asked}"), "500 true");
    drop(services);
    for (kind, name) in [(kinds::SECRET, format!("{NAME}-certificates")), (SERVICE, NAME.to_owned())] {
        stage.shoot().delete(&kind, NAMESPACE, &name).await?;
    }
    tidy_up(stage).await
}

/// The mode `url-service`, which no chart uses: the API server takes its registration, and adds nothing to it.
async fn url_of_a_service_is_taken(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let reach = Reach::UrlOfService { namespace: NAMESPACE.to_owned(), port: 8443 };
    let registration = Registration { extension: EXTENSION.to_owned(), reach, webhook: Webhook::Enabled };
    let webhooks = registration.webhooks(stage.lane.shoot.certificate());
    let object = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "by-url-of-a-service"}, "webhooks": webhooks,
    });
    let (code, answer) = send(&stage.lane.shoot.client(), Method::POST, STRICTLY, JSON, &object).await?;
    let as_it_is = answer.get("webhooks") == Some(&webhooks);
    let url = text(&answer, "/webhooks/0/clientConfig/url");
    let expected =
        "201 true https://gardener-extension-admission-calico.extension-networking-calico:8443/webhooks/validate";
    stage.check("a registration by the address of a Service", format!("{code} {as_it_is} {url}"), expected);
    Ok(())
}
