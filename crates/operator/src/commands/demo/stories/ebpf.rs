//! `ebpf`: calico-node runs without privileges, until the eBPF dataplane needs them.

use crate::commands::demo::DemoError;
use crate::commands::demo::ending::Check;
use crate::commands::demo::scene::Scene;
use crate::commands::demo::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    let mut checks = runs_as(&stage.look().await?, "NonPrivileged", false);
    stage.wish.ebpf = true;
    stage.say("owner", "turns the eBPF dataplane on; the gate NonPrivilegedCalicoNode stays on");
    stage.say("gardenlet", "asks for the network");
    stage.deploy_and_wait().await?;
    stage
        .until("calico-node is privileged on every node", |scene| scene.privileged == Some(true) && scene.is_settled())
        .await?;
    let scene = stage.look().await?;
    checks.extend(runs_as(&scene, "Privileged (EbpfDataplane)", true));
    checks.push(Check::new("last operation", &scene.operation, "Reconcile Succeeded 100 %"));
    Ok(checks)
}

fn runs_as(scene: &Scene, mode: &'static str, privileged: bool) -> Vec<Check> {
    let found = scene.privileged.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
    vec![
        Check::new("privilege mode", &scene.privilege, mode),
        Check::new("calico-node is privileged in the shoot", found, privileged),
    ]
}
