//! `life` and `force-delete`: from the creation of a shoot to its end.

use fake_apiserver::world::{Cluster, Kind, kinds};
use serde_json::{Value, json};

use crate::e2e::landscape::{DEFINITION, NAME};
use crate::e2e::scene::text;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

const SCRAPE_CONFIG: Kind =
    Kind { group: "monitoring.coreos.com", version: "v1alpha1", kind: "ScrapeConfig", plural: "scrapeconfigs" };

pub(super) async fn life(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    let scene = stage.look().await?;
    stage.check("last operation", &scene.operation, "Create Succeeded 100");
    stage.check("description", &scene.description, "Successfully reconciled Network");
    stage.check("switch", &scene.switch, "Idle Unchanged - Target");
    stage.check("encapsulation", &scene.encapsulation, "Ipip(Always) -> Ipip(Always)");
    stage.check("pool", &scene.pool, "Always");
    stage.check("nodes", &scene.nodes, "4 CalicoIsUp");
    stage.check("calico-node", &scene.rollout, "4/4");
    stage.check("policies", &scene.policies, "");
    stage.check("bundle", &scene.applied, "True ApplySucceeded");

    // Within the second in which the first operation ended its status must not be taken for that of the second one.
    stage.deploy_and_wait().await?;
    let again = stage.look().await?;
    stage.check("last operation", &again.operation, "Reconcile Succeeded 100");
    stage.check("generation of the bundle", again.generation, scene.generation);

    // With a switch open there is a second ManagedResource to take back.
    super::hold(stage).await?;
    let held = stage.look().await?;
    stage.check("policies", &held.policies, calico_manifests::guard::NAME);
    stage.delete().await?;
    is_gone(stage).await?;
    let shoot = stage.shoot();
    let everything = |_: &Value| true;
    let calicos = |object: &Value| text(object, "/spec/group") == "crd.projectcalico.org";
    stage.check("DaemonSets in the shoot", count(&shoot, &kinds::DAEMON_SET, "", everything).await?, 0);
    stage.check("Deployments in the shoot", count(&shoot, &kinds::DEPLOYMENT, "", everything).await?, 0);
    stage.check("Calico's definitions in the shoot", count(&shoot, &DEFINITION, "", calicos).await?, 0);
    stage.check("policies", count(&shoot, &stage.policy(), "", everything).await?, 0);
    Ok(())
}

pub(super) async fn force_delete(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    stage.install(MACHINES).await?;
    // Nobody is left who could take the objects out of the shoot.
    stage.stop_manager().await;
    stage.lane.shoot.crash().await?;
    stage.wish.force_deleted = true;
    stage.tell_cluster().await?;
    stage.delete().await?;
    let (seed, namespace) = (stage.seed(), stage.namespace().to_owned());
    stage.check("Networks", usize::from(seed.get(&kinds::NETWORK, &namespace, NAME).await?.is_some()), 0);
    let stays = |object: &Value| text(object, "/metadata/deletionTimestamp").is_empty();
    stage.check("ManagedResources to keep", count(&seed, &kinds::MANAGED_RESOURCE, &namespace, stays).await?, 0);
    // As gardenlet does then.
    for object in seed.list(&kinds::MANAGED_RESOURCE, &namespace).await? {
        let let_go = json!({"metadata": {"finalizers": null}});
        seed.merge(&kinds::MANAGED_RESOURCE, &namespace, text(&object, "/metadata/name"), &let_go).await?;
    }
    stage.lane.shoot.start().await?;
    is_gone(stage).await
}

/// Nothing of the network is left in the seed.
async fn is_gone(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let (seed, namespace) = (stage.seed(), stage.namespace().to_owned());
    let everything = |_: &Value| true;
    let of_bundles = |object: &Value| text(object, "/metadata/name").starts_with("managedresource-");
    // Every namespace has this one.
    let dashboards = |object: &Value| text(object, "/metadata/name") != "kube-root-ca.crt";
    stage.check("Networks", count(&seed, &kinds::NETWORK, &namespace, everything).await?, 0);
    stage.check("ManagedResources", count(&seed, &kinds::MANAGED_RESOURCE, &namespace, everything).await?, 0);
    stage.check("Secrets of bundles", count(&seed, &kinds::SECRET, &namespace, of_bundles).await?, 0);
    stage.check("ScrapeConfigs", count(&seed, &SCRAPE_CONFIG, &namespace, everything).await?, 0);
    stage.check("dashboards", count(&seed, &kinds::CONFIG_MAP, &namespace, dashboards).await?, 0);
    Ok(())
}

async fn count(
    cluster: &Cluster,
    kind: &Kind,
    namespace: &str,
    is_meant: impl Fn(&Value) -> bool,
) -> Result<usize, Trouble> {
    Ok(cluster.list(kind, namespace).await?.iter().filter(|object| is_meant(object)).count())
}
