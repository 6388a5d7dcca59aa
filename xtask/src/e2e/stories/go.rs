//! `go`: the landscape operator goes back to the Go extension in a hold, and then comes again. It leaves a bundle in one plain key, a
//! status without our record, and a guard that it knows nothing of.

use fake_apiserver::world::routes::AtFirst;

use super::recorded::Recorded;
use super::{hold, is_native, is_overlaid};
use crate::e2e::controller::Election;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

pub(super) async fn go(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let Some(recorded) = Recorded::read(stage).await? else { return Ok(()) };
    stage.install(MACHINES).await?;
    hold(stage).await?;
    for controller in stage.controllers.drain(..) {
        controller.stop().await?;
    }
    let goes = recorded.write(stage).await?;
    is_overlaid(stage, &goes);

    stage.start_controller(Election::Off)?;
    stage.deploy().await?;
    let held = stage.until_held("AwaitingRoutes Hold RoutesMissing Held").await?;
    is_overlaid(stage, &held);
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    Ok(())
}
