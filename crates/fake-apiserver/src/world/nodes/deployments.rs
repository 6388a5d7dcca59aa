//! Every other workload: available as soon as it is asked for, gone as soon as it is to go.

use serde_json::{Value, json};

use super::daemon_set::release;
use crate::world::cluster::{number, text};
use crate::world::resource_manager::replicas;
use crate::world::{Clock, Cluster, kinds};

/// Brings a Deployment to where its controller would have it in the end. Calling it twice is harmless, and so is one that has gone.
pub(super) async fn finish(shoot: &Cluster, deployment: &Value, clock: &Clock) -> Result<(), kube::Error> {
    match try_finish(shoot, deployment, clock).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other,
    }
}

async fn try_finish(shoot: &Cluster, deployment: &Value, clock: &Clock) -> Result<(), kube::Error> {
    if !text(deployment, "/metadata/deletionTimestamp").is_empty() {
        return release(shoot, &kinds::DEPLOYMENT, deployment).await;
    }
    let (generation, replicas) = (number(deployment, "/metadata/generation"), replicas(deployment));
    if number(deployment, "/status/observedGeneration") == generation {
        return Ok(());
    }
    let now = clock.seconds();
    let status = json!({
        "observedGeneration": generation,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "conditions": [{
            "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
            "message": "all replicas are available", "lastTransitionTime": now, "lastUpdateTime": now,
        }],
    });
    let (namespace, name) = (text(deployment, "/metadata/namespace"), text(deployment, "/metadata/name"));
    shoot.merge_status(&kinds::DEPLOYMENT, namespace, name, &status).await.map(drop)
}
