//! `delete`: the shoot goes, and nothing of its network is left behind.

use fake_apiserver::world::{Cluster, Kind, kinds};
use serde_json::Value;

use crate::commands::demo::DemoError;
use crate::commands::demo::ending::Check;
use crate::commands::demo::landscape::{NAME, NAMESPACE};
use crate::commands::demo::scene::text;
use crate::commands::demo::stage::Stage;

const DEFINITIONS: Kind = Kind {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
};
const SCRAPE_CONFIGS: Kind =
    Kind { group: "monitoring.coreos.com", version: "v1alpha1", kind: "ScrapeConfig", plural: "scrapeconfigs" };

pub(super) async fn play(stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    stage.say("owner", "deletes the shoot");
    let seed = stage.seed()?;
    stage.say("gardenlet", "confirms the deletion of the Network and asks for it");
    seed.gardenlet.delete().await?;
    seed.gardenlet.wait_until_deleted().await?;
    stage.say("gardenlet", "is satisfied: the Network is gone");
    stage.until("calico-node is gone from every machine", |scene| scene.rollout.is_none()).await?;

    let (seed, shoot) = (&stage.seed()?.site.cluster, &stage.shoot.cluster);
    let of_the_bundle = |object: &Value| text(object, "/metadata/name").starts_with("managedresource-");
    let everything = |_: &Value| true;
    Ok(vec![
        Check::is("the Network is gone", seed.get(&kinds::NETWORK, NAMESPACE, NAME).await?.is_none()),
        Check::new("ManagedResources", count(seed, &kinds::MANAGED_RESOURCE, NAMESPACE, everything).await?, 0),
        Check::new("Secrets of the bundle", count(seed, &kinds::SECRET, NAMESPACE, of_the_bundle).await?, 0),
        Check::new("ScrapeConfigs", count(seed, &SCRAPE_CONFIGS, NAMESPACE, everything).await?, 0),
        Check::new("dashboards", count(seed, &kinds::CONFIG_MAP, NAMESPACE, everything).await?, 0),
        Check::new("DaemonSets in the shoot", count(shoot, &kinds::DAEMON_SET, "", everything).await?, 0),
        Check::new("Deployments in the shoot", count(shoot, &kinds::DEPLOYMENT, "", everything).await?, 0),
        Check::new("ConfigMaps in the shoot", count(shoot, &kinds::CONFIG_MAP, "", everything).await?, 0),
        Check::new("definitions in the shoot", count(shoot, &DEFINITIONS, "", everything).await?, 0),
    ])
}

async fn count(
    cluster: &Cluster,
    kind: &Kind,
    namespace: &str,
    is_meant: impl Fn(&Value) -> bool,
) -> Result<usize, DemoError> {
    Ok(cluster.list(kind, namespace).await?.iter().filter(|object| is_meant(object)).count())
}
