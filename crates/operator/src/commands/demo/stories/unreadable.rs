//! `unreadable`: the overlay is turned off while nobody can say what is in effect. Only absence would prove absence, so nothing moves.

use adapter_k8s::client::USER_AGENT;
use fake_apiserver::Fault;
use fake_apiserver::world::kinds;
use serde_json::{Value, json};

use crate::commands::demo::DemoError;
use crate::commands::demo::ending::Check;
use crate::commands::demo::landscape::{NAME, NAMESPACE};
use crate::commands::demo::scene::{MANAGED_RESOURCE, text};
use crate::commands::demo::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    let before = bundle(stage).await?;
    stage.say("seed", "answers every read of the bundle's Secret with 500; our record in the status is lost");
    let ours = || Fault::status(500).user_agent(USER_AGENT);
    let seed = stage.seed()?;
    for secret in secrets(&before) {
        seed.site.server.faults().add(ours().resource("secrets").name(&secret));
    }
    let lost = json!({"state": null});
    seed.site.cluster.merge_status(&kinds::NETWORK, NAMESPACE, NAME, &lost).await?;
    stage.say("shoot", "answers the controller with 500");
    stage.shoot.server.faults().add(ours());

    stage.wish.overlay = false;
    stage.say("owner", "turns the overlay off");
    stage.start_provider().await?;
    let machines = usize::from(stage.pace.machines);
    stage.until("every node has a route", |scene| scene.routes() == machines).await?;
    stage.say("gardenlet", "asks for the network without its overlay");
    stage.deploy().await?;
    stage.until("the switch is held", |scene| scene.verdict == "Hold").await?;
    stage.pause().await;

    let scene = stage.look().await?;
    let after = bundle(stage).await?;
    let mut checks = super::is_held(&scene, "CurrentStateUnreadable", "Frozen");
    checks.extend([
        Check::new("bundle in the seed", secrets(&after).join(", "), secrets(&before).join(", ")),
        Check::new("generation of the bundle", generation(&after), generation(&before)),
        Check::new("nodes with a route", scene.routes(), stage.pace.machines),
        Check::is("the status says why", scene.message.contains("could not be read")),
    ]);
    Ok(checks)
}

async fn bundle(stage: &Stage) -> Result<Value, DemoError> {
    let found = stage.seed()?.site.cluster.get(&kinds::MANAGED_RESOURCE, NAMESPACE, MANAGED_RESOURCE).await?;
    Ok(found.unwrap_or_default())
}

fn secrets(bundle: &Value) -> Vec<String> {
    let references = bundle.pointer("/spec/secretRefs").and_then(Value::as_array);
    references.into_iter().flatten().map(|reference| text(reference, "/name").to_owned()).collect()
}

fn generation(bundle: &Value) -> i64 {
    bundle.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default()
}
