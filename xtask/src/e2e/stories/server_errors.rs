//! `server-errors`: the API server of the shoot answers, but with errors only, and then not at all. Neither says that a node has its route,
//! and neither that there is no node.

use fake_apiserver::world::routes::AtFirst;

use super::{hold, is_native, is_overlaid};
use crate::e2e::detour::{Detour, Fault};
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

pub(super) async fn server_errors(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let way = Detour::open(stage).await?;
    stage.install(MACHINES).await?;
    let before = hold(stage).await?;
    let mut routes_are_there = false;
    for (fault, switch) in [
        (Fault::Errors, "AwaitingRoutes Hold NodesUnreadable Held"),
        (Fault::Silence, "AwaitingRoutes Hold ShootUnreachable Held"),
    ] {
        way.set(fault);
        stage.until_held(switch).await?;
        if !routes_are_there {
            stage.start_routes(AtFirst::Silence, &[]).await;
            routes_are_there = true;
        }
        let held = stage.until("every node has a route", |scene| scene.nodes == "4 RouteCreated").await?;
        stage.check("switch", &held.switch, switch);
        let read = stage.look().await?;
        stage.check("generation of the bundle", read.generation, before.generation);
        is_overlaid(stage, &read);
        stage.check(&format!("{fault:?} met a request"), way.is_met(), true);
    }
    way.set(Fault::None);
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    Ok(())
}
