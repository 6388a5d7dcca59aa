//! `restore`, `restore-without-record`: the control plane moves in a hold. To the controller another seed is a namespace in which
//! nothing is yet.

use fake_apiserver::world::kinds;
use fake_apiserver::world::routes::AtFirst;
use serde_json::Value;

use super::{hold, is_native, is_overlaid};
use crate::e2e::landscape::NAME;
use crate::e2e::scene::text;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

pub(super) async fn with_record(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    moved(stage, "restored", Option::Some).await
}

pub(super) async fn without_record(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    moved(stage, "forgotten", |_| None).await
}

async fn moved(stage: &mut Stage<'_>, to: &str, carried: impl Fn(Value) -> Option<Value>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    hold(stage).await?;
    let daemon_set = daemon_set(stage).await?;
    let (old, old_namespace) = (stage.gardenlet.clone(), stage.namespace().to_owned());
    old.migrate().await?;
    old.wait_until_migrated().await?;
    let state = old.network().await?.and_then(|network| network.pointer("/status/state").cloned());
    stage.check("there is a record to carry", state.is_some(), true);
    stage.delete().await?;
    let seed = stage.seed();
    stage.check("Networks left", usize::from(seed.get(&kinds::NETWORK, &old_namespace, NAME).await?.is_some()), 0);
    stage.check("ManagedResources left", seed.list(&kinds::MANAGED_RESOURCE, &old_namespace).await?.len(), 0);
    seed.delete(&kinds::CLUSTER, "", &old_namespace).await?;

    stage.move_to(&format!("shoot--e2e--{to}")).await?;
    let carried = state.and_then(carried);
    stage.gardenlet.restore(&stage.wish.network(), carried.as_ref()).await?;
    let held = stage.until_held("AwaitingRoutes Hold RoutesMissing Held").await?;
    is_overlaid(stage, &held);
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Restore Succeeded 100", MACHINES).await?;
    stage.check("the DaemonSet is the same object", self::daemon_set(stage).await?, daemon_set);
    Ok(())
}

async fn daemon_set(stage: &Stage<'_>) -> Result<String, Trouble> {
    let found = stage.shoot().get(&kinds::DAEMON_SET, "kube-system", "calico-node").await?;
    Ok(found.map(|found| text(&found, "/metadata/uid").to_owned()).unwrap_or_default())
}
