//! The end of a Network. Where gardenlet waits for it in vain, whatever is still there is told.

use fake_apiserver::world::kinds;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::discovery::{self, Scope};
use kube::{Client, Error};
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use super::Stage;
use crate::e2e::landscape::{DEFINITION, NAME};
use crate::e2e::scene::text;
use crate::e2e::trouble::Trouble;

/// How long a kind may not be served whose definition is there.
const SERVED_WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

impl Stage<'_> {
    /// gardenlet deletes the Network and waits until it is gone.
    ///
    /// In a shoot the garbage collector of kube-controller-manager watches every kind. Here nobody does, and kube-apiserver makes the
    /// storage of a kind when it is first asked for. Were that its own finalizer of definitions, the definition could stay for five
    /// minutes: the first look fails for want of the storage, the next one, 5 ms later, may rest on an old copy of the definition, and
    /// the conflict that this ends in is taken for a change that will wake the finalizer, which a change of the condition `Terminating`
    /// alone does not (Kubernetes 1.34 and 1.36, `crd_finalizer.go` of apiextensions-apiserver).
    pub(in crate::e2e) async fn delete(&self) -> Result<(), Trouble> {
        if self.lane.shoot.runs() {
            self.ask_for_every_kind().await?;
        }
        self.gardenlet.delete().await?;
        match self.gardenlet.wait_until_deleted().await {
            Ok(()) => Ok(()),
            Err(why) => {
                let left = self.left().await.unwrap_or_else(|trouble| vec![trouble.to_string()]);
                Err(Trouble::Left { why, left })
            }
        }
    }

    async fn ask_for_every_kind(&self) -> Result<(), Trouble> {
        let client = self.lane.shoot.client();
        for definition in self.shoot().list(&DEFINITION, "").await? {
            let started = Instant::now();
            let instances: Api<DynamicObject> = Api::all_with(client.clone(), &stored(&definition));
            // Without a limit, since pages are read past a storage that is still being made.
            while let Err(error) = instances.list_metadata(&ListParams::default()).await {
                if started.elapsed() > SERVED_WITHIN {
                    return Err(error.into());
                }
                sleep(LOOK).await;
            }
        }
        Ok(())
    }

    /// The Network, its ManagedResources, and what those have put into the shoot.
    async fn left(&self) -> Result<Vec<String>, Trouble> {
        let (seed, shoot) = (self.seed(), self.lane.shoot.client());
        let network = seed.get(&kinds::NETWORK, self.namespace(), NAME).await?;
        let bundles = seed.list(&kinds::MANAGED_RESOURCE, self.namespace()).await?;
        let mut left: Vec<String> = network.iter().map(line).collect();
        for bundle in bundles {
            left.push(line(&bundle));
            let applied = bundle.pointer("/status/resources").and_then(Value::as_array);
            for entry in applied.into_iter().flatten() {
                match live(&shoot, entry).await {
                    Ok(found) => left.extend(found.as_ref().map(line)),
                    Err(error) => left.push(format!("{}: {error}", line(entry))),
                }
            }
        }
        Ok(left)
    }
}

/// The kind of a definition, in the version that is stored.
fn stored(definition: &Value) -> ApiResource {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let is_stored = |version: &&Value| version.get("storage") == Some(&Value::Bool(true));
    let version = versions.into_iter().find(is_stored).map_or("", |version| text(version, "/name"));
    let kind = GroupVersionKind::gvk(text(definition, "/spec/group"), version, text(definition, "/spec/names/kind"));
    ApiResource::from_gvk_with_plural(&kind, text(definition, "/spec/names/plural"))
}

/// What an entry of `status.resources` names, as it is in the shoot; `None` where it is gone, with its kind or without.
async fn live(shoot: &Client, entry: &Value) -> Result<Option<Value>, Error> {
    let types = TypeMeta { api_version: text(entry, "/apiVersion").to_owned(), kind: text(entry, "/kind").to_owned() };
    let Ok(kind) = GroupVersionKind::try_from(types) else { return Ok(None) };
    let (resource, capabilities) = match discovery::pinned_kind(shoot, &kind).await {
        Ok(found) => found,
        Err(Error::Api(status)) if status.code == 404 => return Ok(None),
        Err(Error::Discovery(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Cluster => Api::all_with(shoot.clone(), &resource),
        Scope::Namespaced => Api::namespaced_with(shoot.clone(), text(entry, "/namespace"), &resource),
    };
    let found = api.get_opt(text(entry, "/name")).await?;
    Ok(found.and_then(|object| serde_json::to_value(object).ok()))
}

/// An object, with everything that may keep it.
fn line(object: &Value) -> String {
    let name = object.pointer("/metadata/name").or_else(|| object.get("name")).and_then(Value::as_str);
    let mut line = format!("{} `{}`", text(object, "/kind"), name.unwrap_or_default());
    let deleted = text(object, "/metadata/deletionTimestamp");
    if !deleted.is_empty() {
        line.push_str(&format!(", deleted at {deleted}"));
    }
    let array = |pointer: &str| object.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let finalizers: Vec<&str> = array("/metadata/finalizers").filter_map(Value::as_str).collect();
    if !finalizers.is_empty() {
        line.push_str(&format!(", kept by {}", finalizers.join(" ")));
    }
    for condition in array("/status/conditions") {
        let part = |name: &str| text(condition, &format!("/{name}"));
        let (kind, status, reason, message) = (part("type"), part("status"), part("reason"), part("message"));
        line.push_str(&format!("; {kind} {status} {reason} {message}"));
    }
    let error = text(object, "/status/lastError/description");
    if !error.is_empty() {
        line.push_str(&format!("; {error}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_says_what_keeps_it() {
        let definition = json!({
            "kind": "CustomResourceDefinition",
            "metadata": {
                "name": "tiers.example.org", "deletionTimestamp": "2026-11-27T10:06:04Z",
                "finalizers": ["customresourcecleanup.apiextensions.k8s.io"],
            },
            "status": {"conditions": [{
                "type": "Terminating", "status": "True", "reason": "InstanceDeletionFailed",
                "message": "could not list instances: storage is (re)initializing",
            }]},
        });
        assert_eq!(
            line(&definition),
            "CustomResourceDefinition `tiers.example.org`, deleted at 2026-11-27T10:06:04Z, kept by \
             customresourcecleanup.apiextensions.k8s.io; Terminating True InstanceDeletionFailed could not list instances: \
             storage is (re)initializing"
        );
        let network =
            json!({"kind": "Network", "metadata": {"name": "world"}, "status": {"lastError": {"description": "no"}}});
        assert_eq!(line(&network), "Network `world`; no");
        assert_eq!(line(&json!({"kind": "ConfigMap", "name": "calico-config"})), "ConfigMap `calico-config`");
    }

    #[test]
    fn a_kind_is_asked_for_in_the_version_that_is_stored() {
        let definition = json!({"spec": {
            "group": "example.org",
            "names": {"kind": "Tier", "plural": "tiers"},
            "versions": [{"name": "v2", "storage": false}, {"name": "v1", "storage": true}],
        }});
        let found = stored(&definition);
        assert_eq!((found.api_version.as_str(), found.plural.as_str()), ("example.org/v1", "tiers"));
    }
}
