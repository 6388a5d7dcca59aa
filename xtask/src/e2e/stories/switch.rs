//! `switch`, `cold-start`, `zero-nodes`, `ungated`: the overlay goes, under circumstances of its own each time.

use std::time::Duration;

use fake_apiserver::world::routes::AtFirst;

use super::{is_guarded, is_native, is_overlaid};
use crate::e2e::controller::SeamlessSwitch;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

/// The phases that every switch with nodes shows.
const PHASES: [&str; 5] = ["Guarding", "AwaitingRoutes", "Switching", "Verifying", "Done"];

pub(super) async fn provoked(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    // Four of these take several polls, so one look at least falls into the roll.
    stage.pace.start = Duration::from_secs(1);
    stage.install(MACHINES).await?;
    let nuisance = stage.provoke();
    stage.turn_overlay_off().await?;
    let held = stage.until_held("AwaitingRoutes Hold RoutesMissing Held").await?;
    is_overlaid(stage, &held);
    is_guarded(stage, &held);
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    // Once more over a shoot that has settled.
    stage.deploy_and_wait().await?;
    let written = nuisance.stop().await?;
    let native = is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    stage.check("policies", &native.policies, calico_manifests::guard::NAME);
    let missing: Vec<&str> = PHASES.into_iter().filter(|phase| !written.in_each_of(&[phase])).collect();
    stage.check("phases in which calico-node did not write", missing.join(", "), "");
    let by_phase: Vec<String> = written.by_phase.iter().map(|(phase, count)| format!("{phase} {count}")).collect();
    stage.note(format!("{} writes as calico-node ({})", written.total(), by_phase.join(", ")));
    Ok(())
}

pub(super) async fn cold_start(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    stage.deploy_guard_of_provider().await?;
    stage.turn_overlay_off().await?;
    stage.start_routes(AtFirst::NoRoute, &["ip-10-250-0-7"]).await;
    let waiting = "ip-10-250-0-7 NoRouteCreated";
    stage.until_held("AwaitingRoutes Hold RoutesMissing Held").await?;
    let held = stage.until("a hold for the last node", |scene| scene.waiting == waiting).await?;
    stage.check("nodes", &stage.look().await?.nodes, "1 NoRouteCreated, 3 RouteCreated");
    is_overlaid(stage, &held);
    stage.start_routes(AtFirst::Silence, &[]).await;
    let native = is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    let both = format!("block-calico-network-unavailable, {}", calico_manifests::guard::NAME);
    stage.check("policies", &native.policies, both);
    Ok(())
}

pub(super) async fn ungated(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.gate = SeamlessSwitch::Off;
    stage.install(MACHINES).await?;
    stage.turn_overlay_off().await?;
    let done = stage.until_done().await?;
    stage.check("pool", &done.pool, "Never");
    stage.check("nodes with a route", done.nodes.contains("RouteCreated"), false);
    Ok(())
}

pub(super) async fn zero_nodes(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(0).await?;
    stage.wish.overlay = false;
    stage.deploy_and_wait().await?;
    let done = stage.until_done().await?;
    stage.check("switch", &done.switch, "Done Unchanged - Target");
    stage.check("last operation", &stage.look().await?.operation, "Reconcile Succeeded 100");
    Ok(())
}
