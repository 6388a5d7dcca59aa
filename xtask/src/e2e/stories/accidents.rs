//! `server-crash`, `killed`, `leader-change`: what must run does not, for a while.

use std::collections::BTreeSet;
use std::time::Duration;

use fake_apiserver::world::routes::AtFirst;

use super::{hold, is_native, is_overlaid};
use crate::e2e::controller::Election;
use crate::e2e::detour::{Detour, Fault};
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

pub(super) async fn server_crash(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    hold(stage).await?;
    stage.lane.shoot.crash().await?;
    let blind = stage.until_held("AwaitingRoutes Hold ShootUnreachable Held").await?;
    is_overlaid(stage, &blind);
    stage.lane.shoot.start().await?;
    stage.until("the nodes are seen again", |scene| scene.switch.contains("RoutesMissing")).await?;

    stage.start_routes(AtFirst::Silence, &[]).await;
    stage.until("every node has a route", |scene| scene.nodes == "4 RouteCreated").await?;
    // Whatever the controller is doing now fails in the middle.
    stage.lane.seed.crash().await?;
    stage.lane.seed.start().await?;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    Ok(())
}

/// The phases that a status shows before a switch is done.
const PHASES: [&str; 5] = ["Guarding", "Cleaning", "AwaitingRoutes", "Switching", "Verifying"];

pub(super) async fn killed(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    // A roll-out that one cannot miss.
    stage.pace.start = Duration::from_millis(1000);
    let way = Detour::open(stage).await?;
    stage.install(MACHINES).await?;
    // Conditions of Calico are otherwise gone before the guard is effective, and no status shows the phase that cleans.
    way.set(Fault::ErrorsToCleaning);
    stage.turn_overlay_off().await?;
    let mut killed = BTreeSet::new();
    loop {
        let known = killed.clone();
        let scene = stage
            .until("the next phase", |scene| {
                scene.phase() == "Done" || PHASES.contains(&scene.phase()) && !known.contains(scene.phase())
            })
            .await?;
        let phase = scene.phase().to_owned();
        if phase == "Done" {
            break;
        }
        stage.replace_controller().await?;
        if phase == "Cleaning" {
            stage.check("a cleaning failed", way.is_met(), true);
            way.set(Fault::None);
        }
        if phase == "AwaitingRoutes" {
            stage.until_held("AwaitingRoutes Hold RoutesMissing Held").await?;
            stage.start_routes(AtFirst::Silence, &[]).await;
        }
        killed.insert(phase);
    }
    stage.replace_controller().await?;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    stage.check(
        "killed in",
        killed.into_iter().collect::<Vec<_>>().join(", "),
        "AwaitingRoutes, Cleaning, Guarding, Switching, Verifying",
    );
    Ok(())
}

pub(super) async fn leader_change(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.start_controller(Election::On)?;
    stage.start_machines(MACHINES);
    stage.deploy_and_wait().await?;
    stage.until("the overlay runs", |scene| scene.settled && scene.pool == "Always" && scene.rollout == "4/4").await?;
    stage.start_controller(Election::On)?;
    hold(stage).await?;
    let leader = stage.controllers.first();
    leader.ok_or_else(|| Trouble::Other("no controller runs".to_owned()))?.freeze()?;
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    let before = stage.look().await?;
    let leader = stage.controllers.remove(0);
    leader.thaw()?;
    let code = leader.ends().await?;
    stage.check("exit code of the leader that lost its lease", format!("{code:?}"), "Some(1)");
    let after = stage.look().await?;
    stage.check("generation of the bundle", after.generation, before.generation);
    stage.check("switch", &after.switch, "Done Unchanged - Target");
    for controller in &mut stage.controllers {
        controller.still_runs()?;
    }
    Ok(())
}
