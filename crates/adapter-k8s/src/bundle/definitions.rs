//! The custom resource definitions of a process: serialised once, compressed once, shared by every bundle.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use brotli::enc::BrotliEncoderParams;
use calico_manifests::definitions;
use serde_json::Value;

use super::BundleError;

/// The definitions of one release of Calico, and Multus' one. Make one per process and share it.
#[derive(Debug)]
pub struct Definitions {
    yaml: Cow<'static, str>,
    /// `None`: the built-in ones.
    release: Option<Vec<Value>>,
    multus: Value,
    compressed: OnceLock<Result<Arc<[u8]>, BundleError>>,
    verified: OnceLock<Result<(), BundleError>>,
    passes: AtomicUsize,
}

/// Why files are no definitions to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct DefinitionsError {
    /// Which of the documents, from 0; `None` where all of them are meant.
    pub document: Option<usize>,
    /// What is wrong.
    pub problem: DefinitionsProblem,
}

/// What is wrong with definitions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionsProblem {
    /// Another kind of object.
    #[error("expected a CustomResourceDefinition of apiextensions.k8s.io/v1, found `{0}`")]
    OtherKind(String),
    /// No `metadata.name`.
    #[error("the definition has no `metadata.name`")]
    NoName,
    /// The same name twice.
    #[error("`{0}` is defined twice")]
    Duplicate(String),
    /// gardener-resource-manager deletes from the shoot what is no longer in the bundle, and with a definition go its objects.
    #[error(
        "{} missing: without it, gardener-resource-manager would delete it from the shoot with all objects of that kind; add {}",
        .0.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        if .0.len() == 1 { "its definition" } else { "their definitions" }
    )]
    Missing(Vec<String>),
}

/// Better than this costs ten times as long and saves a tenth.
const QUALITY: i32 = 9;
/// The whole text fits into a window of 2^18 bytes; a larger one takes memory for nothing.
const WINDOW: i32 = 18;

impl Definitions {
    /// Those of the Calico release that this program brings.
    #[must_use]
    pub fn built_in() -> Self {
        Self::new(Cow::Borrowed(definitions::CALICO_YAML), None, definitions::multus().to_json())
    }

    /// Those of another release, as its files hold them. One for Multus replaces the built-in one.
    ///
    /// # Errors
    /// [`DefinitionsError`] where a document is no definition, or one that Calico needs is missing.
    pub fn of_release(documents: Vec<Value>) -> Result<Self, DefinitionsError> {
        let mut multus = definitions::multus().to_json();
        let multus_name = definitions::multus().name();
        let mut by_name = BTreeMap::new();
        for (document, value) in documents.into_iter().enumerate() {
            let name =
                name_of(&value).map_err(|problem| DefinitionsError { document: Some(document), problem })?.to_owned();
            if by_name.insert(name.clone(), value).is_some() {
                return Err(DefinitionsError {
                    document: Some(document),
                    problem: DefinitionsProblem::Duplicate(name),
                });
            }
        }
        if let Some(of_release) = by_name.remove(&multus_name) {
            multus = of_release;
        }
        let needed = definitions::calico().into_iter().map(|definition| definition.name());
        let missing: Vec<String> = needed.filter(|name| !by_name.contains_key(name)).collect();
        if !missing.is_empty() {
            return Err(DefinitionsError { document: None, problem: DefinitionsProblem::Missing(missing) });
        }
        let yaml = calico_manifests::yaml::stream(by_name.values());
        Ok(Self::new(Cow::Owned(yaml), Some(by_name.into_values().collect()), multus))
    }

    fn new(yaml: Cow<'static, str>, release: Option<Vec<Value>>, multus: Value) -> Self {
        Self {
            yaml,
            release,
            multus,
            compressed: OnceLock::new(),
            verified: OnceLock::new(),
            passes: AtomicUsize::new(0),
        }
    }

    /// Calico's definitions as one YAML stream.
    #[must_use]
    pub fn yaml(&self) -> &str {
        &self.yaml
    }

    /// The same as objects, sorted by name. For showing: what is written is the text.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        match &self.release {
            Some(release) => release.clone(),
            None => definitions::calico().iter().map(definitions::Definition::to_json).collect(),
        }
    }

    /// The definition that a shoot with Multus gets besides.
    #[must_use]
    pub fn multus(&self) -> &Value {
        &self.multus
    }

    /// [`yaml`](Self::yaml) as one Brotli stream, compressed by the first call.
    ///
    /// # Errors
    /// [`BundleError::Compress`].
    pub fn compressed(&self) -> Result<Arc<[u8]>, BundleError> {
        self.compressed
            .get_or_init(|| {
                self.passes.fetch_add(1, Ordering::Relaxed);
                compress(&self.yaml).map(Arc::from)
            })
            .clone()
    }

    /// How often the definitions were gone through: once, however many bundles there are.
    #[must_use]
    pub fn passes(&self) -> usize {
        self.passes.load(Ordering::Relaxed)
    }

    /// Runs `verify` the first time and remembers its answer.
    pub(super) fn verified(&self, verify: impl FnOnce() -> Result<(), BundleError>) -> Result<(), BundleError> {
        self.verified.get_or_init(verify).clone()
    }
}

fn name_of(value: &Value) -> Result<&str, DefinitionsProblem> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let (version, kind) = (text("/apiVersion").unwrap_or_default(), text("/kind").unwrap_or_default());
    if (version, kind) != ("apiextensions.k8s.io/v1", "CustomResourceDefinition") {
        return Err(DefinitionsProblem::OtherKind(format!("{version} {kind}").trim().to_owned()));
    }
    text("/metadata/name").filter(|name| !name.is_empty()).ok_or(DefinitionsProblem::NoName)
}

fn compress(text: &str) -> Result<Vec<u8>, BundleError> {
    let parameters = BrotliEncoderParams {
        quality: QUALITY,
        lgwin: WINDOW,
        size_hint: text.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut text.as_bytes(), &mut compressed, &parameters)
        .map_err(|error| BundleError::Compress(error.to_string()))?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(name: &str) -> Value {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}})
    }

    fn all() -> Vec<Value> {
        definitions::calico().iter().map(definitions::Definition::to_json).collect()
    }

    #[test]
    fn another_release_replaces_the_built_in_one() {
        let mut documents = all();
        documents.push(definition("network-attachment-definitions.k8s.cni.cncf.io"));
        documents.push(definition("new.crd.projectcalico.org"));
        let definitions = Definitions::of_release(documents).unwrap();
        assert_eq!(definitions.multus(), &definition("network-attachment-definitions.k8s.cni.cncf.io"));
        assert!(definitions.yaml().contains("\n  name: new.crd.projectcalico.org\n"));
        assert!(!definitions.yaml().contains("k8s.cni.cncf.io"));
    }

    #[test]
    fn the_same_definitions_give_the_same_text() {
        let definitions = Definitions::of_release(all().into_iter().rev().collect()).unwrap();
        let built_in = Definitions::built_in();
        assert_eq!(
            definitions.yaml(),
            built_in.yaml().strip_prefix("# Generated by `cargo xtask codegen`.\n").unwrap()
        );
        assert_eq!(definitions.objects(), built_in.objects());
        assert_eq!(definitions.multus(), built_in.multus());
    }

    #[track_caller]
    fn refused(documents: Vec<Value>, document: Option<usize>, text: &str) {
        let error = Definitions::of_release(documents).unwrap_err();
        assert_eq!((error.document, error.to_string().as_str()), (document, text));
    }

    #[test]
    fn what_is_no_definition_is_refused() {
        let service = json!({"apiVersion": "v1", "kind": "Service"});
        refused(
            vec![definition("a"), service],
            Some(1),
            "expected a CustomResourceDefinition of apiextensions.k8s.io/v1, found `v1 Service`",
        );
        refused(vec![definition("")], Some(0), "the definition has no `metadata.name`");
        refused(vec![definition("a"), definition("a")], Some(1), "`a` is defined twice");
    }

    #[test]
    fn a_release_that_lacks_a_definition_is_refused() {
        let documents =
            all().into_iter().filter(|value| value["metadata"]["name"] != "ippools.crd.projectcalico.org").collect();
        refused(
            documents,
            None,
            "`ippools.crd.projectcalico.org` missing: without it, gardener-resource-manager would delete it from the \
             shoot with all objects of that kind; add its definition",
        );
    }

    #[test]
    fn definitions_are_compressed_once_whoever_asks() {
        let definitions = Definitions::built_in();
        assert_eq!(definitions.passes(), 0);
        let all: Vec<Arc<[u8]>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| definitions.compressed().unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(all.iter().all(|compressed| Arc::ptr_eq(compressed, &all[0])));
        assert_eq!(definitions.passes(), 1);
    }
}
