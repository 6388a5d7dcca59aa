//! The monitoring objects of a shoot in the seed: server-side apply with a field manager of our own, so that labels and
//! annotations of others stay.

use calico_manifests::seed::{self, BirdExporter, Seed, dashboards};
use calico_manifests::{ObjectKey, Objects, RenderError};

use crate::client::resource::{CONFIG_MAPS, Resource, SCRAPE_CONFIGS};
use crate::client::{ApiClient, ApiError, Request, optional};
use crate::read::metadata::PartialObject;
use crate::read::monitoring::{Versions, versions};

/// Who owns the fields that we apply.
pub const FIELD_MANAGER: &str = "networking-calico";

/// The one object that is there only with its exporter.
const BIRD_JOB: &str = "shoot-calico-bird";

/// Why the monitoring objects are not as they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MonitoringError {
    /// A defect of ours.
    #[error("render the monitoring objects: {0}")]
    Render(#[from] RenderError),
    /// Requests failed; the others were sent all the same.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Requests(Vec<ApiError>),
}

/// Makes the objects as they should be, and says in which state they are then. Where that is the state that is `known` from the
/// last call, nothing is written.
///
/// # Errors
/// [`MonitoringError`].
pub async fn reconcile(
    client: &ApiClient,
    wanted: &Seed,
    known: Option<&Versions>,
) -> Result<Versions, MonitoringError> {
    let keys = keys(wanted);
    if let Some(known) = known
        && keys.iter().all(|key| known.contains_key(key) == is_wanted(key, wanted))
        && versions(client, &wanted.namespace, &keys).await.as_ref() == Ok(known)
    {
        return Ok(known.clone());
    }
    write(client, &seed::render(wanted)?, &keys).await
}

/// What is looked at: everything but what no release has written for long, which goes with the shoot.
fn keys(wanted: &Seed) -> Vec<ObjectKey> {
    let is_looked_at = |key: &ObjectKey| key.kind == SCRAPE_CONFIGS.kind || key.name == dashboards::CONFIG_MAP;
    seed::keys(&wanted.namespace).into_iter().filter(is_looked_at).collect()
}

/// Whether an object shall be there. Known without rendering it, which takes longer than everything else here.
fn is_wanted(key: &ObjectKey, wanted: &Seed) -> bool {
    key.name != BIRD_JOB || wanted.bird_exporter == BirdExporter::Present
}

async fn write(client: &ApiClient, objects: &Objects, keys: &[ObjectKey]) -> Result<Versions, MonitoringError> {
    let mut versions = Versions::new();
    let mut errors = Vec::new();
    for key in keys {
        let namespace = key.namespace.as_deref().unwrap_or_default();
        let Some(object) = objects.get(key) else {
            let delete = Request::delete(resource(key), namespace, &key.name, None);
            errors.extend(optional(client.text(&delete).await).err());
            continue;
        };
        let apply = Request::apply(resource(key), namespace, &key.name, object, FIELD_MANAGER).metadata_only();
        match client.json::<PartialObject>(&apply).await {
            Ok(applied) => {
                versions.insert(key.clone(), applied.metadata.resource_version);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(versions) } else { Err(MonitoringError::Requests(errors)) }
}

/// Where the objects of a key are kept.
pub(super) fn resource(key: &ObjectKey) -> &'static Resource {
    if key.kind == SCRAPE_CONFIGS.kind { &SCRAPE_CONFIGS } else { &CONFIG_MAPS }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_wanted_is_what_is_rendered() {
        for bird_exporter in [BirdExporter::Absent, BirdExporter::Present] {
            let wanted = Seed { namespace: "n".to_owned(), bird_exporter };
            let rendered = seed::render(&wanted).unwrap();
            let expected: BTreeSet<ObjectKey> =
                keys(&wanted).into_iter().filter(|key| is_wanted(key, &wanted)).collect();
            let rendered: BTreeSet<ObjectKey> = rendered.iter().map(|(key, _)| key.clone()).collect();
            assert_eq!(expected, rendered, "{bird_exporter:?}");
        }
    }
}
