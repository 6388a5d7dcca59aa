//! `unreadable-*`: a right is taken away. Only absence proves absence, so a switch is held until it is back.

use fake_apiserver::world::routes::AtFirst;
use fake_apiserver::world::{Kind, kinds};
use serde_json::json;

use super::{hold, is_native, is_overlaid};
use crate::e2e::access;
use crate::e2e::landscape::{BUNDLE, NAME};
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

/// Every node has a route, and yet nobody can tell what is in effect: Secrets may be written, and not read.
pub(super) async fn secret(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let before = stage.install(MACHINES).await?;
    let rights = access::without_verb(access::in_seed(), "secrets", "get");
    take_away(stage, &kinds::SECRET, &rights).await?;
    stage.turn_overlay_off().await?;
    stage.until_held("AwaitingRoutes Hold CurrentStateUnreadable Frozen").await?;
    is_untouched(stage, before.generation).await?;
    give_back(stage, &kinds::SECRET).await
}

/// Not even the guard can be deployed, so it is an error and no hold. Nothing moves either.
pub(super) async fn managed_resource(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let before = stage.install(MACHINES).await?;
    let rights = access::without(access::in_seed(), "managedresources");
    take_away(stage, &kinds::MANAGED_RESOURCE, &rights).await?;
    stage.turn_overlay_off().await?;
    let failed = stage.until("an error", |scene| scene.operation == "Reconcile Error 50").await?;
    let names = failed.description.contains("ManagedResource") && failed.description.contains("not allowed (403)");
    stage.check("the error says what is not allowed", names, true);
    is_untouched(stage, before.generation).await?;
    give_back(stage, &kinds::MANAGED_RESOURCE).await
}

/// The extension has only these rights in the seed; every node has a route, and our record is lost, as the Go extension leaves it.
async fn take_away(stage: &mut Stage<'_>, kind: &Kind, rights: &[serde_json::Value]) -> Result<(), Trouble> {
    stage.start_routes(AtFirst::Silence, &[]).await;
    stage.until("every node has a route", |scene| scene.nodes == "4 RouteCreated").await?;
    let seed = stage.seed();
    access::apply(&seed, rights).await?;
    access::until(&seed, kind, BUNDLE, false).await?;
    let lost = json!({"state": null});
    seed.merge_status(&kinds::NETWORK, stage.namespace(), NAME, &lost).await?;
    Ok(())
}

async fn is_untouched(stage: &mut Stage<'_>, generation: i64) -> Result<(), Trouble> {
    let read = stage.look().await?;
    stage.check("generation of the bundle", read.generation, generation);
    stage.check("nodes", &read.nodes, "4 RouteCreated");
    is_overlaid(stage, &read);
    Ok(())
}

/// With its rights back the extension ends what it was asked for.
async fn give_back(stage: &mut Stage<'_>, kind: &Kind) -> Result<(), Trouble> {
    let seed = stage.seed();
    access::apply(&seed, &access::in_seed()).await?;
    access::until(&seed, kind, BUNDLE, true).await?;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    Ok(())
}

pub(super) async fn nodes(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    hold(stage).await?;
    let shoot = stage.shoot();
    access::apply(&shoot, &access::without(access::in_shoot(), "nodes")).await?;
    access::until(&shoot, &kinds::NODE, "", false).await?;
    let held = stage.until_held("AwaitingRoutes Hold NodesUnreadable Held").await?;
    is_overlaid(stage, &held);
    stage.start_routes(AtFirst::Silence, &[]).await;
    let held = stage.until("every node has a route", |scene| scene.nodes == "4 RouteCreated").await?;
    stage.check("switch", &held.switch, "AwaitingRoutes Hold NodesUnreadable Held");
    access::apply(&shoot, &access::in_shoot()).await?;
    access::until(&shoot, &kinds::NODE, "", true).await?;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    Ok(())
}
