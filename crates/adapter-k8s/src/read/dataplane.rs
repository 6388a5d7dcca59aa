//! The dataplane of a living shoot: its pools, its DaemonSet `calico-node` and its ConfigMap `calico-config`.

use calico_policy::in_effect::ObservedDataplane;
use calico_policy::{ReadFailure, ReadFailureKind, Reading};
use gardener_api::calico::{ConfigMap, DaemonSet, IpPool};
use serde::Deserialize;

use crate::client::resource::{CONFIG_MAPS, DAEMON_SETS, IP_POOLS};
use crate::client::{ApiClient, ApiError, Problem, Request, optional};
use crate::facts::observed_dataplane::{CalicoObjects, observe};
use crate::facts::{config_map, daemon_set};

/// Reads what is in effect in the shoot. Absent: Calico is proven not to be there.
pub async fn dataplane(shoot: &ApiClient) -> Reading<ObservedDataplane> {
    let objects = match objects(shoot).await {
        Ok(objects) => objects,
        Err(failure) => return Reading::Unreadable(failure),
    };
    if objects == CalicoObjects::default() {
        return Reading::Absent;
    }
    match observe(&objects) {
        Ok(observed) => Reading::Known(observed),
        Err(error) => Reading::Unreadable(ReadFailure::new(ReadFailureKind::Undecodable, error.to_string())),
    }
}

async fn objects(shoot: &ApiClient) -> Result<CalicoObjects, ReadFailure> {
    let failure = |error: ApiError| error.failure();
    let daemon_set = Request::get(&DAEMON_SETS, daemon_set::NAMESPACE, daemon_set::NAME);
    let daemon_set: Option<DaemonSet> = optional(shoot.json(&daemon_set).await).map_err(failure)?;
    let config_map = Request::get(&CONFIG_MAPS, config_map::NAMESPACE, config_map::NAME);
    let config_map: Option<ConfigMap> = optional(shoot.json(&config_map).await).map_err(failure)?;
    let ip_pools = match pools(shoot).await {
        Ok(pools) => pools,
        // Before Calico's first installation the API server knows no pools.
        Err(ApiError { problem: Problem::NotServed | Problem::Absent, .. })
            if daemon_set.is_none() && config_map.is_none() =>
        {
            Vec::new()
        }
        Err(error) => return Err(error.failure()),
    };
    Ok(CalicoObjects { ip_pools, daemon_set, config_map, kube_controllers: None })
}

#[derive(Deserialize)]
struct Pools {
    #[serde(default)]
    metadata: PoolsMeta,
    items: Vec<IpPool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PoolsMeta {
    r#continue: Option<String>,
}

/// A shoot has a handful of pools, so there is no page size. A server that pages all the same has not told all.
async fn pools(shoot: &ApiClient) -> Result<Vec<IpPool>, ApiError> {
    let request = Request::list(&IP_POOLS, "");
    let Pools { metadata, items } = shoot.json(&request).await?;
    match metadata.r#continue.filter(|token| !token.is_empty()) {
        Some(_) => Err(request.error(Problem::Undecodable("the list goes on".to_owned()))),
        None => Ok(items),
    }
}
