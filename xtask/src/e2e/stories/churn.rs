//! `churn`: who is waited for changes while a switch is held.

use fake_apiserver::world::nodes::machines;
use fake_apiserver::world::routes::AtFirst;

use super::{hold, is_native, is_overlaid};
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

const LAST: &str = "ip-10-250-0-7";
const FIFTH: &str = "ip-10-250-0-8";

pub(super) async fn churn(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    hold(stage).await?;
    stage.start_routes(AtFirst::Silence, &[LAST, FIFTH]).await;
    let waiting = format!("{LAST} NoRouteCreated");
    stage.until("one node is waited for", |scene| scene.waiting == waiting).await?;

    let machines = machines(MACHINES + 1);
    let [.., fourth, fifth] = machines.as_slice() else { return Err(Trouble::Other("too few machines".to_owned())) };
    stage.join(fifth.clone());
    let both = format!("{LAST} NoRouteCreated, {FIFTH} NoRouteCreated");
    let held = stage.until("a node that joined is waited for too", |scene| scene.waiting == both).await?;
    is_overlaid(stage, &held);

    stage.leave(FIFTH);
    stage.until("a node that left is not waited for", |scene| scene.waiting == waiting).await?;

    // The node that has no route goes, and another one comes under its name.
    stage.leave(LAST);
    stage.join(fourth.clone());
    stage.join(fifth.clone());
    let held = stage.until("both are waited for again", |scene| scene.waiting == both).await?;
    stage.check("switch", &held.switch, "AwaitingRoutes Hold RoutesMissing Held");
    is_overlaid(stage, &held);
    stage.check("nodes", &stage.look().await?.nodes, "2 NoRouteCreated, 3 RouteCreated");

    // The last obstacle leaves for good, and the other one gets its route.
    stage.leave(FIFTH);
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    // Who joins a shoot without an overlay changes nothing.
    stage.join(fifth.clone());
    stage.until("the fifth node runs", |scene| scene.nodes == "5 RouteCreated" && scene.settled).await?;
    is_native(stage, "Reconcile Succeeded 100", MACHINES + 1).await?;
    Ok(())
}
