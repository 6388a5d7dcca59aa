//! `switch`: the overlay is turned off, and goes once every node has its route.

use crate::commands::demo::DemoError;
use crate::commands::demo::ending::Check;
use crate::commands::demo::scene::Scene;
use crate::commands::demo::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    stage.wish.overlay = false;
    stage.say("owner", "turns the overlay off");
    stage.start_provider().await?;
    stage.say("gardenlet", "asks for the network without its overlay");
    stage.deploy_and_wait().await?;
    stage.until("the switch is done", Scene::is_done).await?;
    super::is_native(stage, "Reconcile Succeeded 100 %").await
}
