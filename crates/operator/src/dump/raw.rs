//! Objects of any kind as they stand in files, for what is not decided about: definitions, and objects to compare with.

use std::path::Path;

use serde_json::Value;

use super::input;
use crate::diagnostics::{Diagnostic, Format, Source};
use crate::yaml;

/// An object, and where it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct RawObject {
    /// The object.
    pub value: Value,
    /// The file.
    pub file: String,
}

/// Reads the objects of a file, or of the `.yaml`, `.yml` and `.json` files of a directory. Lists are taken apart.
///
/// # Errors
/// A file that cannot be read, or that is neither YAML nor JSON, with the place.
pub fn read_objects(path: &Path) -> Result<Vec<RawObject>, Diagnostic> {
    let mut objects = Vec::new();
    for file in input::expand(path)? {
        let source = input::read_whole(&file)?;
        for value in documents(&source)? {
            take_apart(value, source.name(), &mut objects);
        }
    }
    Ok(objects)
}

fn documents(source: &Source) -> Result<Vec<Value>, Diagnostic> {
    let text = source.text();
    match source.format() {
        Format::Json => {
            let mut values = Vec::new();
            for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
                values.push(value.map_err(|error| {
                    let at = yaml::offset_of(text, error.line() as u64, error.column() as u64);
                    source.diagnose(Some(at..at + 1), None, "", format!("is not JSON: {error}"))
                })?);
            }
            Ok(values)
        }
        Format::Yaml => yaml::documents(text)
            .map(|range| {
                let failed = |offset: usize, error: &str| {
                    let at = range.start + offset;
                    source.diagnose(Some(at..at + 1), None, "", error.to_owned())
                };
                let document = text.get(range.clone()).unwrap_or_default();
                let json = yaml::to_json(document).map_err(|error| failed(error.offset.unwrap_or(0), &error.text))?;
                serde_json::from_str(&json).map_err(|error| failed(0, &error.to_string()))
            })
            .collect(),
    }
}

fn take_apart(mut value: Value, file: &str, objects: &mut Vec<RawObject>) {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => {
            for item in items {
                take_apart(item, file, objects);
            }
        }
        Some(items) => {
            if let Value::Object(fields) = &mut value {
                fields.insert("items".to_owned(), items);
            }
            objects.push(RawObject { value, file: file.to_owned() });
        }
        None => objects.push(RawObject { value, file: file.to_owned() }),
    }
}
