//! A resource manager that needs a moment for everything: it gives the shoot the pool of the bundle and says that all is applied.

use std::sync::Arc;
use std::time::Duration;

use fake_apiserver::Operation;
use fake_apiserver::world::{Cluster, kinds};
use serde_json::{Value, json};

use super::BUNDLE;
use super::seed::{Seed, applied, pool_mode};

/// How long it needs.
const MOMENT: Duration = Duration::from_millis(50);

/// Applies every ManagedResource that is written from now on. `pool` is told a shoot's namespace and the mode of its pool.
pub(crate) fn start(seed: &Seed, pool: impl Fn(&str, &str) + Send + Sync + 'static) {
    let (client, pool) = (seed.client(), Arc::new(pool));
    seed.server.admit(move |request| {
        let is_whole = request.resource == "managedresources" && request.subresource.is_empty() && !request.dry_run;
        if is_whole && request.operation != Operation::Delete {
            let (client, pool) = (client.clone(), Arc::clone(&pool));
            let (namespace, name) = (request.namespace.to_owned(), request.name.to_owned());
            tokio::spawn(async move {
                tokio::time::sleep(MOMENT).await;
                if name == BUNDLE
                    && let Some(mode) = mode(&client, &namespace).await
                {
                    pool(&namespace, &mode);
                }
                tell(&client, &namespace, &name).await;
            });
        }
        Ok(())
    });
}

/// Nothing where the bundle has no pool, or is gone in the meantime.
async fn mode(seed: &Cluster, namespace: &str) -> Option<String> {
    let managed_resource = seed.get(&kinds::MANAGED_RESOURCE, namespace, BUNDLE).await.unwrap()?;
    let name = managed_resource["spec"]["secretRefs"][0]["name"].as_str()?.to_owned();
    let secret: Value = seed.get(&kinds::SECRET, namespace, &name).await.unwrap()?;
    pool_mode(&secret)
}

async fn tell(seed: &Cluster, namespace: &str, name: &str) {
    let Some(found) = seed.get(&kinds::MANAGED_RESOURCE, namespace, name).await.unwrap() else { return };
    let status = applied(&found["metadata"]["generation"]);
    // It may be gone by now.
    let _ = seed.merge_status(&kinds::MANAGED_RESOURCE, namespace, name, &json!(status)).await;
}
