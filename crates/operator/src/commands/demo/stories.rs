//! The stories: what is done to the landscape, and what must be found at the end. What the controller does is its own affair.

mod delete;
mod ebpf;
mod hibernated;
mod no_policy;
mod restore;
mod switch;
mod unreadable;

use fake_apiserver::world::{Cluster, kinds};
use serde_json::Value;

use super::DemoError;
use super::ending::Check;
use super::scene::{Scene, condition, text};
use super::stage::Stage;
use crate::cli::Story;

/// Tells a story and says what was found at its end.
pub(super) async fn play(story: Story, stage: &mut Stage) -> Result<Vec<Check>, DemoError> {
    install(stage).await?;
    match story {
        Story::Switch => switch::play(stage).await,
        Story::Unreadable => unreadable::play(stage).await,
        Story::NoPolicy => no_policy::play(stage).await,
        Story::Hibernated => hibernated::play(stage).await,
        Story::Ebpf => ebpf::play(stage).await,
        Story::Restore => restore::play(stage).await,
        Story::Delete => delete::play(stage).await,
    }
}

/// How every story begins: a shoot with an overlay on all its machines.
async fn install(stage: &mut Stage) -> Result<(), DemoError> {
    stage.say("gardenlet", "asks for the network of a new shoot, with its overlay");
    stage.deploy_and_wait().await?;
    let machines = usize::from(stage.pace.machines);
    stage
        .until("calico-node runs on every machine", |scene| {
            scene.nodes.len() == machines && scene.is_settled() && scene.pool == "Always"
        })
        .await?;
    stage.pause().await;
    Ok(())
}

/// The overlay is gone, and it went when it could.
async fn is_native(stage: &Stage, operation: &'static str) -> Result<Vec<Check>, DemoError> {
    let scene = stage.look().await?;
    let shoot = &stage.shoot.cluster;
    let mut checks = vec![Check::new("last operation", &scene.operation, operation)];
    checks.extend(has_switched(&scene));
    checks.extend([
        Check::new("nodes with a route", scene.routes(), stage.pace.machines),
        Check::is(
            "calico-node was replaced on each node only after the last route was there",
            rolled_after_routes(shoot).await?,
        ),
    ]);
    checks.push(Check::new("backend of calico-node", backend(shoot).await?, "none"));
    Ok(checks)
}

fn has_switched(scene: &Scene) -> Vec<Check> {
    vec![
        Check::new("phase of the switch", &scene.phase, "Done"),
        Check::new("encapsulation asked for", &scene.to, "None"),
        Check::new("encapsulation in effect", &scene.from, "None"),
        Check::new("mode of the pool in the shoot", &scene.pool, "Never"),
        Check::is("calico-kube-controllers is gone", !scene.kube_controllers),
        Check::is("the bundle is applied and rolled out", scene.is_settled() && scene.applied == "True ApplySucceeded"),
    ]
}

/// The overlay is there as before.
fn is_held(scene: &Scene, reason: &'static str, bundle: &'static str) -> Vec<Check> {
    vec![
        Check::new("verdict", &scene.verdict, "Hold"),
        Check::new("reason", &scene.reason, reason),
        Check::new("bundle", &scene.bundle, bundle),
        Check::new("mode of the pool in the shoot", &scene.pool, "Always"),
    ]
}

async fn backend(shoot: &Cluster) -> Result<String, DemoError> {
    let config = shoot.get(&kinds::CONFIG_MAP, "kube-system", "calico-config").await?.unwrap_or_default();
    Ok(text(&config, "/data/calico_backend").to_owned())
}

/// Whether the oldest pod of calico-node is not older than the youngest route. Kubernetes' times have whole seconds.
async fn rolled_after_routes(shoot: &Cluster) -> Result<bool, DemoError> {
    let nodes = shoot.list(&kinds::NODE, "").await?;
    let pods = shoot.list(&kinds::POD, "kube-system").await?;
    let route = |node: &Value| {
        let found = condition(node, "NetworkUnavailable").filter(|found| text(found, "/reason") == "RouteCreated");
        found.map(|found| text(found, "/lastTransitionTime").to_owned())
    };
    let youngest_route = nodes.iter().filter_map(route).max();
    let oldest_pod = pods.iter().map(|pod| text(pod, "/metadata/creationTimestamp").to_owned()).min();
    Ok(matches!((youngest_route, oldest_pod), (Some(route), Some(pod)) if route <= pod))
}
