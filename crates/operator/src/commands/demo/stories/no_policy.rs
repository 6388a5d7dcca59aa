//! `no-policy`: without admission policies nobody could keep Calico from overwriting what a route writer says. By default the overlay
//! then goes as the Go extension lets it go: at once, unverified, before there is any route. It is told.

use crate::commands::demo::DemoError;
use crate::commands::demo::ending::Check;
use crate::commands::demo::scene::Scene;
use crate::commands::demo::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    stage.wish.overlay = false;
    stage.say("owner", "turns the overlay off; Kubernetes 1.33 has admission policies only if asked for");
    stage.start_routes();
    stage.say("gardenlet", "asks for the network without its overlay");
    stage.deploy_and_wait().await?;
    stage.until("the switch is done", Scene::is_done).await?;
    let machines = usize::from(stage.pace.machines);
    let scene = stage.until("every node has a route after all", |scene| scene.routes() == machines).await?;
    let told = |(reason, message): &(String, String)| {
        reason == "OverlaySwitchSwitching" && message.contains("routes are not looked at")
    };
    let mut checks = vec![Check::new("last operation", &scene.operation, "Reconcile Succeeded 100 %")];
    checks.extend(super::has_switched(&scene));
    checks.extend([
        Check::new("nodes with a route in the end", scene.routes(), machines),
        Check::is("an Event says that nothing was verified", scene.events.values().any(told)),
    ]);
    Ok(checks)
}
