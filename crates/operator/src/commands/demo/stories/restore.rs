//! `restore`: the control plane moves to another seed while a switch is held. The record that gardenlet carries along keeps the hold.

use fake_apiserver::world::kinds;

use crate::commands::demo::DemoError;
use crate::commands::demo::ending::Check;
use crate::commands::demo::landscape::{NAME, NAMESPACE};
use crate::commands::demo::scene::{MANAGED_RESOURCE, Scene, text};
use crate::commands::demo::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    stage.wish.overlay = false;
    stage.say("owner", "turns the overlay off; there is no route writer yet");
    stage.say("gardenlet", "asks for the network without its overlay");
    stage.deploy().await?;
    stage.until("the switch is held", |scene| scene.verdict == "Hold").await?;
    let daemon_set = daemon_set(stage).await?;
    stage.pause().await;

    stage.say("gardenlet", "moves the control plane to another seed");
    let old = stage.seed()?.gardenlet.clone();
    old.migrate().await?;
    old.wait_until_migrated().await?;
    let state = old.network().await?.and_then(|network| network.pointer("/status/state").cloned());
    old.delete().await?;
    old.wait_until_deleted().await?;
    stage.add_seed("new-seed").await?;
    let new = stage.seed()?.gardenlet.clone();
    let requested = new.restore(&stage.wish.network(), state.as_ref()).await?;
    stage
        .until("the switch waits for routes on the new seed", |scene| {
            scene.verdict == "Hold" && scene.reason == "RoutesMissing"
        })
        .await?;
    let held = stage.look().await?;
    let mut checks = super::is_held(&held, "RoutesMissing", "Held");
    stage.pause().await;

    stage.start_provider().await?;
    new.wait_until_ready(&requested).await?;
    stage.say("gardenlet", "is satisfied: the network is restored");
    stage.until("the switch is done", Scene::is_done).await?;
    checks.extend(super::is_native(stage, "Restore Succeeded 100 %").await?);
    let left = &stage.first_seed()?.site.cluster;
    checks.extend([
        Check::is("the Network is gone from the old seed", left.get(&kinds::NETWORK, NAMESPACE, NAME).await?.is_none()),
        Check::is(
            "the bundle is gone from the old seed",
            left.get(&kinds::MANAGED_RESOURCE, NAMESPACE, MANAGED_RESOURCE).await?.is_none(),
        ),
        Check::new("the DaemonSet in the shoot is the same object", self::daemon_set(stage).await?, daemon_set),
    ]);
    Ok(checks)
}

async fn daemon_set(stage: &Stage) -> Result<String, DemoError> {
    let found = stage.shoot.cluster.get(&kinds::DAEMON_SET, "kube-system", "calico-node").await?;
    Ok(found.map(|found| text(&found, "/metadata/uid").to_owned()).unwrap_or_default())
}
