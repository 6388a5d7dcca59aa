//! calico-node as the Node shows it. While it runs BIRD or Felix' own routes, it says of its node's network that it is up when it
//! starts and down when it stops, over whatever was said before; without a backend it says nothing.

use super::Machine;
use super::kubelet::condition;
use crate::world::cluster::{kinds, text};
use crate::world::guard::CALICO;
use crate::world::{Clock, Cluster};

/// What a start takes from the ConfigMap: the backend, `none` where nothing programs routes.
pub(super) async fn backend(shoot: &Cluster) -> Result<String, kube::Error> {
    let config = shoot.get(&kinds::CONFIG_MAP, "kube-system", "calico-config").await?;
    Ok(config.map(|config| text(&config, "/data/calico_backend").to_owned()).unwrap_or_default())
}

/// What it writes when it has started.
pub(super) async fn started(
    shoot: &Cluster,
    machine: &Machine,
    backend: &str,
    clock: &Clock,
) -> Result<(), kube::Error> {
    say(shoot, machine, backend, ("False", "CalicoIsUp", "calico-node runs on this node"), clock).await
}

/// What it writes when it is stopped. Who has no rights any more, as where its roles went first, stops all the same.
pub(super) async fn stopped(
    shoot: &Cluster,
    machine: &Machine,
    backend: &str,
    clock: &Clock,
) -> Result<(), kube::Error> {
    let down = ("True", "CalicoIsDown", "calico-node is shutting down on this node");
    match say(shoot, machine, backend, down, clock).await {
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(()),
        other => other,
    }
}

async fn say(
    shoot: &Cluster,
    machine: &Machine,
    backend: &str,
    (status, reason, message): (&str, &str, &str),
    clock: &Clock,
) -> Result<(), kube::Error> {
    if backend == "none" {
        return Ok(());
    }
    let condition = condition("NetworkUnavailable", status, reason, message, clock);
    let [account, _] = CALICO;
    shoot.set_node_condition(&machine.name, &condition, Some(account)).await.map(drop)
}
