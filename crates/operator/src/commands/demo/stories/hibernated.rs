//! `hibernated`: a shoot that sleeps cannot be asked. The switch waits for it to wake up, and the operation does not.

use crate::commands::demo::DemoError;
use crate::commands::demo::ending::Check;
use crate::commands::demo::scene::Scene;
use crate::commands::demo::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    stage.wish.hibernated = true;
    stage.say("owner", "puts the shoot to sleep");
    stage.fall_asleep().await?;
    stage.wish.overlay = false;
    stage.say("owner", "turns the overlay off");
    stage.say("gardenlet", "asks for the network without its overlay");
    stage.deploy_and_wait().await?;
    let asleep = stage.look().await?;
    let mut checks = super::is_held(&asleep, "Hibernated", "Held");
    checks.push(Check::new("last operation", &asleep.operation, "Reconcile Succeeded 100 %"));
    stage.pause().await;

    stage.wish.hibernated = false;
    stage.say("owner", "wakes the shoot up");
    stage.start_machines();
    stage.start_manager();
    stage.start_provider().await?;
    stage.deploy_and_wait().await?;
    stage.until("the switch is done", Scene::is_done).await?;
    checks.extend(super::has_switched(&stage.look().await?));
    Ok(checks)
}
