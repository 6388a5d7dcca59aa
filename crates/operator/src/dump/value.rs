//! A file that is one document: a configuration named on the command line.

use std::path::Path;

use serde_json::Value;

use super::input;
use crate::diagnostics::{Diagnostic, Sources};
use crate::dump::{Kind, Place};
use crate::yaml;

/// A document that can be pointed into.
#[derive(Debug)]
pub struct Document {
    sources: Sources,
}

impl Document {
    /// Says something about a path of the document.
    #[must_use]
    pub fn about(&self, path: &str, text: impl Into<String>) -> Diagnostic {
        let place = Place { file: 0, document: 0, item: "".into(), kind: Kind::ControllerConfiguration };
        self.sources.diagnose(&place, path, text)
    }
}

/// Reads a file of YAML or JSON with one document; `Null` where it is empty.
///
/// # Errors
/// A file that cannot be read, is not YAML, repeats a key or holds several documents, with the place.
pub fn read_value(path: &Path) -> Result<(Document, Value), Diagnostic> {
    let source = input::read_whole(path)?;
    let text = source.text().to_owned();
    let mut sources = Sources::default();
    sources.push(source);
    let document = Document { sources };
    let mut ranges = yaml::documents(&text);
    let Some(range) = ranges.next() else { return Ok((document, Value::Null)) };
    if ranges.next().is_some() {
        return Err(document.about("", "holds several documents, expected one"));
    }
    let content = text.get(range.clone()).unwrap_or_default();
    let json =
        yaml::to_json(content).map_err(|yaml::YamlError { offset, text }| match (offset, document.sources.get(0)) {
            (Some(offset), Some(source)) => {
                let at = range.start + offset;
                source.diagnose(Some(at..at + 1), None, "", text)
            }
            _ => document.about("", text),
        })?;
    let value = serde_json::from_str(&json).map_err(|error| document.about("", error.to_string()))?;
    Ok((document, value))
}
