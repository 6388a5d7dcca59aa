//! One round with one ManagedResource.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::apply::{Change, Marks, apply};
use super::bundle::{self, Content, Unreadable};
use super::conditions::{HEALTHY, PROGRESSING, Saying, with};
use super::order::rank;
use super::remove::remove;
use super::resource::{Identity, Reference, Resources, strings};
use super::{FINALIZER, OPERATION, Outcome, ResourceManager};
use crate::world::cluster::{condition, kinds, number, text};

/// A deletion makes the ManagedResource unhealthy, and that makes the manager look again.
const EARLY_SECOND_LOOK: std::time::Duration = std::time::Duration::from_millis(100);

impl ResourceManager {
    /// Looks at a ManagedResource and does what it asks for.
    pub(super) async fn round(&self, resources: &Resources, name: &str) -> Outcome {
        self.try_round(resources, name).await.unwrap_or(Outcome::Failed)
    }

    async fn try_round(&self, resources: &Resources, name: &str) -> Result<Outcome, kube::Error> {
        let Some(mut found) = self.seed.get(&kinds::MANAGED_RESOURCE, &self.namespace, name).await? else {
            return Ok(Outcome::Gone);
        };
        if text(&found, "/metadata/annotations/resources.gardener.cloud~1ignore") == "true" {
            let message = "This resource is ignored by annotation.";
            self.say(&mut found, &[Saying::new(super::conditions::APPLIED, "True", "ManagedResourceIgnored", message)])
                .await?;
            return Ok(Outcome::Done);
        }
        if !text(&found, OPERATION).is_empty() {
            let patch = json!({"metadata": {"annotations": {"gardener.cloud/operation": null}}});
            found = self.seed.merge(&kinds::MANAGED_RESOURCE, &self.namespace, name, &patch).await?;
        }
        if text(&found, "/metadata/deletionTimestamp").is_empty() {
            self.keep_up(resources, found).await
        } else {
            self.take_down(resources, found).await
        }
    }

    /// Brings the shoot to what the Secrets say.
    async fn keep_up(&self, resources: &Resources, mut found: Value) -> Result<Outcome, kube::Error> {
        found = self.hold(found).await?;
        let content = match bundle::read(&self.seed, &self.namespace, &found).await {
            Ok(content) => content,
            Err(Unreadable::Damaged) => return Ok(Outcome::Hung),
            Err(Unreadable::Request(error)) => return Err(error),
            Err(Unreadable::Missing(message)) => {
                self.say(&mut found, &[Saying::not_applied("CannotReadSecret", message)]).await?;
                return Ok(Outcome::Failed);
            }
        };
        let marks = Marks { origin: self.key(&found), labels: strings(found.pointer("/spec/injectLabels")) };
        let wanted = self.wanted(resources, &content, &marks).await?;
        let recorded = recorded(&found);
        let mut begin = vec![Saying::applying(&found)];
        let changed = text(&found, "/status/secretsDataChecksum") != content.checksum
            || identities(&wanted) != recorded.keys().cloned().collect();
        if changed {
            begin.extend(Saying::checks_pending());
        }
        if changed || number(&found, "/status/observedGeneration") != number(&found, "/metadata/generation") {
            self.say(&mut found, &begin).await?;
        }

        let old: Vec<Reference> = {
            let wanted = identities(&wanted);
            recorded.iter().filter(|(identity, _)| !wanted.contains(identity)).map(|(_, old)| old.clone()).collect()
        };
        if let Some(pending) = remove(&self.shoot, resources, &old).await? {
            self.say(&mut found, &[Saying::deletion_pending(pending)]).await?;
            return Ok(Outcome::Again(self.timing.deletion_poll));
        }
        for object in &wanted {
            let reference = Reference::of_object(object);
            let change = apply(&self.shoot, resources, object, recorded.get(&reference.identity())).await;
            sleep(if change == Ok(Change::Created) { self.timing.create } else { self.timing.update }).await;
            if let Err(error) = change {
                let message = format!(
                    "Could not apply all new resources: error during apply of object \"{}\": {error}",
                    text_of(&reference)
                );
                self.say(&mut found, &[Saying::not_applied("ApplyFailed", message)]).await?;
                return Ok(Outcome::Failed);
            }
        }
        self.conclude(found, &wanted, &content).await
    }

    /// A full round is over: what is there now is recorded.
    async fn conclude(&self, found: Value, wanted: &[Value], content: &Content) -> Result<Outcome, kube::Error> {
        let (saying, outcome) = if content.problems.is_empty() {
            (Saying::applied(), Outcome::Done)
        } else {
            let problems = content.problems.join(", ");
            let message = format!("Could not decode all new resources: [{problems}]");
            (Saying::not_applied("DecodingFailed", message), Outcome::Settled)
        };
        let mut entries: Vec<Reference> = wanted.iter().map(Reference::of_object).collect();
        entries.sort_by_key(|entry| (entry.api_version.clone(), entry.kind.clone(), entry.key()));
        let mut status = json!({
            "observedGeneration": number(&found, "/metadata/generation"),
            "secretsDataChecksum": content.checksum,
            "resources": entries.iter().map(Reference::entry).collect::<Vec<_>>(),
        });
        // Health is another controller's, which may have spoken meanwhile.
        let found = self.reread(found).await?;
        if let (Some(conditions), Some(fields)) = (with(&found, &[saying], &self.clock), status.as_object_mut()) {
            fields.insert("conditions".to_owned(), conditions);
        }
        let name = text(&found, "/metadata/name");
        self.seed.merge_status(&kinds::MANAGED_RESOURCE, &self.namespace, name, &status).await?;
        Ok(outcome)
    }

    /// Takes back what was applied, unless it is to be kept.
    async fn take_down(&self, resources: &Resources, mut found: Value) -> Result<Outcome, kube::Error> {
        if found.pointer("/spec/keepObjects") != Some(&Value::Bool(true)) {
            let message = "The resources are currently being deleted.";
            let is_new = condition(&found, HEALTHY).is_none_or(|healthy| text(healthy, "/reason") != "DeletionPending");
            if is_new {
                let sayings = [
                    Saying::new(HEALTHY, "False", "DeletionPending", message),
                    Saying::new(PROGRESSING, "True", "DeletionPending", message),
                    Saying::deletion_pending(message),
                ];
                self.say(&mut found, &sayings).await?;
            }
            let old: Vec<Reference> = recorded(&found).into_values().collect();
            if let Some(pending) = remove(&self.shoot, resources, &old).await? {
                self.say(&mut found, &[Saying::deletion_pending(pending)]).await?;
                return Ok(Outcome::Again(if is_new { EARLY_SECOND_LOOK } else { self.timing.deletion_poll }));
            }
        }
        let kept: Vec<&Value> = finalizers(&found).filter(|finalizer| finalizer.as_str() != Some(FINALIZER)).collect();
        let patch =
            json!({"metadata": {"finalizers": kept, "resourceVersion": text(&found, "/metadata/resourceVersion")}});
        self.seed.merge(&kinds::MANAGED_RESOURCE, &self.namespace, text(&found, "/metadata/name"), &patch).await?;
        Ok(Outcome::Gone)
    }

    /// The objects that should be there, complete and in the order in which they are applied.
    async fn wanted(&self, resources: &Resources, content: &Content, marks: &Marks) -> Result<Vec<Value>, kube::Error> {
        let mut wanted = Vec::new();
        for document in &content.documents {
            let mut object = document.clone();
            let reference = Reference::of_object(&object);
            // A kind that is not known yet counts as one of namespaces.
            let namespaced = match self.home_unless_unreachable(resources, &reference).await {
                Some(home) => home.namespaced,
                None => true,
            };
            if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
                if !namespaced {
                    metadata.remove("namespace");
                } else if reference.namespace.is_empty() {
                    metadata.insert("namespace".to_owned(), "default".into());
                }
            }
            marks.put_on(&mut object);
            wanted.push(object);
        }
        wanted.sort_by(|one, other| {
            let key = |object: &Value| {
                (text(object, "/metadata/namespace").to_owned(), text(object, "/metadata/name").to_owned())
            };
            rank(text(one, "/kind")).cmp(&rank(text(other, "/kind"))).then_with(|| key(one).cmp(&key(other)))
        });
        Ok(wanted)
    }

    async fn home_unless_unreachable(
        &self,
        resources: &Resources,
        reference: &Reference,
    ) -> Option<super::resource::Home> {
        resources.home(&self.shoot, reference).await.ok().flatten()
    }

    async fn hold(&self, found: Value) -> Result<Value, kube::Error> {
        if finalizers(&found).any(|finalizer| finalizer.as_str() == Some(FINALIZER)) {
            return Ok(found);
        }
        let all: Vec<Value> = finalizers(&found).cloned().chain([Value::from(FINALIZER)]).collect();
        let patch =
            json!({"metadata": {"finalizers": all, "resourceVersion": text(&found, "/metadata/resourceVersion")}});
        self.seed.merge(&kinds::MANAGED_RESOURCE, &self.namespace, text(&found, "/metadata/name"), &patch).await
    }

    async fn say(&self, found: &mut Value, sayings: &[Saying]) -> Result<(), kube::Error> {
        if let Some(conditions) = with(found, sayings, &self.clock) {
            let status = json!({"conditions": conditions});
            let name = text(found, "/metadata/name").to_owned();
            *found = self.seed.merge_status(&kinds::MANAGED_RESOURCE, &self.namespace, &name, &status).await?;
        }
        Ok(())
    }

    /// The object as it is now, with the generation that this round was about.
    async fn reread(&self, found: Value) -> Result<Value, kube::Error> {
        let name = text(&found, "/metadata/name");
        Ok(self.seed.get(&kinds::MANAGED_RESOURCE, &self.namespace, name).await?.unwrap_or(found))
    }

    fn key(&self, found: &Value) -> String {
        format!("{}/{}", self.namespace, text(found, "/metadata/name"))
    }
}

/// What the last successful round has left.
fn recorded(found: &Value) -> BTreeMap<Identity, Reference> {
    let entries = found.pointer("/status/resources").and_then(Value::as_array);
    entries.into_iter().flatten().map(Reference::of_status).map(|entry| (entry.identity(), entry)).collect()
}

fn identities(objects: &[Value]) -> BTreeSet<Identity> {
    objects.iter().map(|object| Reference::of_object(object).identity()).collect()
}

fn finalizers(found: &Value) -> impl Iterator<Item = &Value> {
    found.pointer("/metadata/finalizers").and_then(Value::as_array).into_iter().flatten()
}

/// As messages name an object; one that says nothing of its API is of the core group.
fn text_of(reference: &Reference) -> String {
    if reference.api_version.is_empty() {
        Reference { api_version: "v1".to_owned(), ..reference.clone() }.text()
    } else {
        reference.text()
    }
}
