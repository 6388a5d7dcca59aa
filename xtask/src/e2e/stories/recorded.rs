//! What the Go extension wrote for a shoot with an overlay, recorded beside the repository, and how it writes that.

use std::path::{Path, PathBuf};

use fake_apiserver::world::kinds;
use serde_json::{Value, json};

use crate::e2e::landscape::{BUNDLE, DEFINITION, NAME, vertical_pod_autoscaler};
use crate::e2e::scene::{Scene, text};
use crate::e2e::stage::Stage;
use crate::e2e::trouble::Trouble;

const RECORDED: &str = "../shared/dumps/held";

/// The recorded shoot.
pub(super) struct Recorded {
    folder: PathBuf,
    /// The Secret of the bundle, under the name that the Go extension gives it.
    pub(super) secret: Value,
    bundle: Value,
}

impl Recorded {
    /// Reads it; `None` where it is not there, and the story is skipped.
    pub(super) async fn read(stage: &mut Stage<'_>) -> Result<Option<Self>, Trouble> {
        let folder = stage.lane.settings.root.join(RECORDED);
        if !folder.is_dir() {
            return stage.skip(&format!("`{RECORDED}` is missing")).map(|()| None);
        }
        // What was recorded has vertical pod autoscaling.
        let definition = vertical_pod_autoscaler();
        let name = text(&definition, "/metadata/name");
        if stage.shoot().get(&DEFINITION, "", name).await?.is_none() {
            stage.shoot().create(&DEFINITION, definition).await?;
        }
        let (secret, bundle) = (object(&folder.join("secret.yaml"))?, object(&folder.join("managedresource.yaml"))?);
        Ok(Some(Self { folder, secret, bundle }))
    }

    /// Another object of the recorded shoot.
    pub(super) fn object(&self, file: &str) -> Result<Value, Trouble> {
        object(&self.folder.join(file))
    }

    /// Writes the bundle as the Go extension does, whatever is there, and waits until it runs. Its status has no record of ours.
    pub(super) async fn write(&self, stage: &Stage<'_>) -> Result<Scene, Trouble> {
        let (seed, namespace) = (stage.seed(), stage.namespace().to_owned());
        let name = text(&self.secret, "/metadata/name");
        if seed.get(&kinds::SECRET, &namespace, name).await?.is_none() {
            let metadata =
                json!({"name": name, "namespace": namespace, "labels": self.secret.pointer("/metadata/labels")});
            let data = self.secret.get("data");
            let secret = json!({"metadata": metadata, "type": "Opaque", "immutable": true, "data": data});
            seed.create(&kinds::SECRET, secret).await?;
        }
        let annotations = self.bundle.pointer("/metadata/annotations");
        let spec = self.bundle.get("spec");
        let written = if seed.get(&kinds::MANAGED_RESOURCE, &namespace, BUNDLE).await?.is_some() {
            let patch = json!({"metadata": {"annotations": annotations}, "spec": spec});
            seed.merge(&kinds::MANAGED_RESOURCE, &namespace, BUNDLE, &patch).await?
        } else {
            let labels = self.bundle.pointer("/metadata/labels");
            let metadata =
                json!({"name": BUNDLE, "namespace": namespace, "labels": labels, "annotations": annotations});
            seed.create(&kinds::MANAGED_RESOURCE, json!({"metadata": metadata, "spec": spec})).await?
        };
        let generation = written.pointer("/metadata/generation").and_then(Value::as_i64);
        // It puts its own record in the place of ours.
        let status = json!({"providerStatus": null, "state": null});
        seed.merge_status(&kinds::NETWORK, &namespace, NAME, &status).await?;
        let runs = |scene: &Scene| scene.settled && Some(scene.generation) == generation;
        stage.until("the bundle of the Go extension runs", runs).await
    }
}

/// The only object in a recorded file, by itself or in a list.
fn object(path: &Path) -> Result<Value, Trouble> {
    let text = std::fs::read_to_string(path).map_err(Trouble::machine(format!("cannot read `{}`", path.display())))?;
    let found: Value = serde_saphyr::from_str(&text).map_err(|error| Trouble::Other(error.to_string()))?;
    match found.get("items").and_then(Value::as_array).map(Vec::as_slice) {
        None => Ok(found),
        Some([object]) => Ok(object.clone()),
        Some(_) => Err(Trouble::Other(format!("`{}` does not hold one object", path.display()))),
    }
}
