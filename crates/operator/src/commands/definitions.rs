//! The custom resource definitions to render with: the built-in ones, or those of `--crds`.

use std::path::Path;

use adapter_k8s::bundle::Definitions;

use crate::diagnostics::Diagnostic;
use crate::dump;

/// The definitions that the arguments name.
pub(super) fn read(crds: Option<&Path>) -> Result<Definitions, Diagnostic> {
    let Some(path) = crds else { return Ok(Definitions::built_in()) };
    let objects = dump::read_objects(path)?;
    let files: Vec<String> = objects.iter().map(|object| object.file.clone()).collect();
    Definitions::of_release(objects.into_iter().map(|object| object.value).collect()).map_err(|error| {
        let file = error.document.and_then(|document| files.get(document));
        Diagnostic {
            file: file.cloned().unwrap_or_else(|| path.display().to_string()),
            position: None,
            path: String::new(),
            text: error.to_string(),
            excerpt: None,
        }
    })
}
