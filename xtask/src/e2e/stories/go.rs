//! `go`: the landscape operator goes back to the Go extension in a hold, and then comes again. It leaves a bundle in one plain key, a
//! status without our record, and a guard that it knows nothing of.

use std::path::Path;

use fake_apiserver::world::kinds;
use fake_apiserver::world::routes::AtFirst;
use serde_json::{Value, json};

use super::{hold, is_native, is_overlaid};
use crate::e2e::controller::Election;
use crate::e2e::landscape::{DEFINITION, NAME, vertical_pod_autoscaler};
use crate::e2e::monitor::BUNDLE;
use crate::e2e::scene::text;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

/// What the Go extension wrote for a shoot with an overlay, recorded beside the repository.
const RECORDED: &str = "../shared/dumps/held";

pub(super) async fn go(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let folder = stage.lane.settings.root.join(RECORDED);
    if !folder.is_dir() {
        if std::env::var_os("CI").is_some_and(|value| value == "true") {
            return Err(Trouble::Other(format!(
                "`{RECORDED}` is missing, and with CI=true a skipped story is a failure"
            )));
        }
        stage.note(format!("SKIPPED: `{RECORDED}` is missing"));
        return Ok(());
    }
    // What was recorded has vertical pod autoscaling.
    let definition = vertical_pod_autoscaler();
    let name = text(&definition, "/metadata/name");
    if stage.shoot().get(&DEFINITION, "", name).await?.is_none() {
        stage.shoot().create(&DEFINITION, definition).await?;
    }
    stage.install(MACHINES).await?;
    hold(stage).await?;
    for controller in stage.controllers.drain(..) {
        controller.stop().await?;
    }
    let (seed, namespace) = (stage.seed(), stage.namespace().to_owned());
    let secret = recorded(&folder.join("secret.yaml"))?;
    let name = text(&secret, "/metadata/name").to_owned();
    let metadata = json!({"name": name, "namespace": namespace, "labels": secret.pointer("/metadata/labels")});
    seed.create(&kinds::SECRET, json!({"metadata": metadata, "type": "Opaque", "data": secret.get("data")})).await?;
    let bundle = recorded(&folder.join("managedresource.yaml"))?;
    let annotations = bundle.pointer("/metadata/annotations");
    let patch = json!({"metadata": {"annotations": annotations}, "spec": bundle.get("spec")});
    let written = seed.merge(&kinds::MANAGED_RESOURCE, &namespace, BUNDLE, &patch).await?;
    let generation = written.pointer("/metadata/generation").cloned();
    // It puts its own record in the place of ours.
    let status = json!({"providerStatus": null, "state": null});
    seed.merge_status(&kinds::NETWORK, &namespace, NAME, &status).await?;
    let goes = stage.until("the bundle of the Go extension runs", |scene| {
        scene.settled && Some(scene.generation) == generation.as_ref().and_then(Value::as_i64)
    });
    let goes = goes.await?;
    is_overlaid(stage, &goes);

    stage.start_controller(Election::Off)?;
    stage.deploy().await?;
    let held = stage.until_held("AwaitingRoutes Hold RoutesMissing Held").await?;
    is_overlaid(stage, &held);
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    Ok(())
}

/// The only object in a recorded list.
fn recorded(path: &Path) -> Result<Value, Trouble> {
    let text = std::fs::read_to_string(path).map_err(Trouble::machine(format!("cannot read `{}`", path.display())))?;
    let list: Value = serde_saphyr::from_str(&text).map_err(|error| Trouble::Other(error.to_string()))?;
    let object = list.pointer("/items/0").cloned();
    object.ok_or_else(|| Trouble::Other(format!("`{}` is no list with an object", path.display())))
}
