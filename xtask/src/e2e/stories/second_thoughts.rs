//! `called-off`, `hibernated`: the owner changes their mind while a switch is held.

use fake_apiserver::world::routes::AtFirst;

use super::{hold, is_native, is_overlaid};
use crate::e2e::audit::Audit;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

pub(super) async fn called_off(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let audit = Audit::begin(&stage.lane.shoot)?;
    stage.install(MACHINES).await?;
    hold(stage).await?;
    stage.start_routes(AtFirst::NoRoute, &["ip-10-250-0-6", "ip-10-250-0-7"]).await;
    let waiting = "ip-10-250-0-6 NoRouteCreated, ip-10-250-0-7 NoRouteCreated";
    stage.until("two nodes are waited for", |scene| scene.waiting == waiting).await?;
    // Without an overlay that is to go nobody needs routes.
    stage.stop_routes().await;
    stage.wish.overlay = true;
    stage.deploy_and_wait().await?;
    stage.until("the switch is over", |scene| scene.phase() == "Idle" && scene.policies.is_empty()).await?;
    stage.until("no node is tainted", |scene| !scene.nodes.contains("NoRouteCreated")).await?;
    let scene = stage.look().await?;
    stage.check("last operation", &scene.operation, "Reconcile Succeeded 100");
    stage.check("switch", &scene.switch, "Idle Unchanged - Target");
    stage.check("encapsulation", &scene.encapsulation, "Ipip(Always) -> Ipip(Always)");
    stage.check("policies", &scene.policies, "");
    stage.check("calico-node", &scene.rollout, "4/4");
    is_overlaid(stage, &scene);
    stage.check(
        "what the extension asked of the shoot",
        audit.requests()?,
        "get configmaps; get daemonsets; get mutatingadmissionpolicies; get mutatingadmissionpolicybindings; get nodes; \
         list ippools; list nodes; patch nodes/status; patch nodes/status as system:serviceaccount:kube-system:calico-node, dry run; watch nodes",
    );
    Ok(())
}

pub(super) async fn hibernated(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    hold(stage).await?;
    stage.wish.hibernated = true;
    stage.fall_asleep().await?;
    stage.deploy_and_wait().await?;
    let asleep = stage.until("the switch waits for the shoot to wake up", |scene| scene.switch.contains("Hibernated"));
    let asleep = asleep.await?;
    stage.check("last operation", &asleep.operation, "Reconcile Succeeded 100");
    stage.check("switch", &asleep.switch, "AwaitingRoutes Hold Hibernated Held");

    stage.wish.hibernated = false;
    stage.wake_up(MACHINES).await?;
    stage.deploy().await?;
    let awake = stage.until("the switch waits for routes", |scene| scene.switch.contains("RoutesMissing")).await?;
    is_overlaid(stage, &awake);
    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    Ok(())
}
