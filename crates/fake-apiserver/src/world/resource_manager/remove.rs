//! What is no longer wanted goes: all at once, and nothing else happens before it is gone.

use futures::future::join_all;
use http::Method;
use serde_json::json;

use super::resource::{Reference, Resources};
use crate::world::cluster::{Cluster, JSON, optional, text};

/// Asks every object to go. Returns what the condition says about those that were still there; nothing where none was.
pub(super) async fn remove(
    shoot: &Cluster,
    resources: &Resources,
    objects: &[Reference],
) -> Result<Option<String>, kube::Error> {
    let removals = join_all(objects.iter().map(|object| remove_one(shoot, resources, object))).await;
    let mut pending = Vec::new();
    for (object, removal) in objects.iter().zip(removals) {
        if removal? == Removal::Pending {
            pending.push(format!("deletion of old resource \"{}\" is still pending", object.text()));
        }
    }
    Ok(match pending.as_slice() {
        [] => None,
        [one] => Some(format!("Could not clean all old resources: 1 error occurred: {one}")),
        many => {
            let count = many.len();
            Some(format!("Could not clean all old resources: {count} errors occurred: [{}]", many.join(", ")))
        }
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removal {
    Gone,
    Pending,
}

async fn remove_one(shoot: &Cluster, resources: &Resources, object: &Reference) -> Result<Removal, kube::Error> {
    let kept = object.has_annotation("keep-object", "true")
        || object.has_annotation("mode", "Ignore")
        || object.has_annotation("ignore", "true");
    if kept {
        return Ok(Removal::Gone);
    }
    let (Some(home), Some(live)) = (resources.home(shoot, object).await?, resources.live(shoot, object).await?) else {
        return Ok(Removal::Gone);
    };
    if text(&live, "/metadata/deletionTimestamp").is_empty() {
        let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
        // The pods of a workload go before it does.
        let propagation = if ["apps", "extensions", "batch"].contains(&group) { "Foreground" } else { "Background" };
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation});
        let path = object.path(&home, &object.name);
        optional(shoot.send(Method::DELETE, &path, Some((JSON, &options))).await)?;
    }
    Ok(Removal::Pending)
}
