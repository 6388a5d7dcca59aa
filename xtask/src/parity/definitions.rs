//! Our custom resource definitions beside those that the Go extension deploys, field by field and both ways.
//!
//! A field that only theirs has would be pruned by the API server; one that only ours has would promise what Calico does
//! not read. Descriptions do not count: theirs are stripped, ours are our own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use calico_manifests::definitions;
use serde_json::Value;

use crate::failure::{Failure, Problem};

/// A place where two definitions say different things.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The name of the definition, then the path below it.
    pub(crate) path: String,
    /// What the recorded definition has there.
    pub(crate) theirs: Option<Value>,
    /// What ours has there.
    pub(crate) ours: Option<Value>,
}

impl Difference {
    fn to_problem(&self) -> Problem {
        let Self { path, theirs, ours } = self;
        let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), short);
        Problem::new(path, format!("theirs has {}, ours has {}", shown(theirs), shown(ours)))
    }
}

/// The folder of recorded definitions, seen from the folder of recorded cases.
const BESIDE_THE_CASES: &str = "../calico-crds";

/// Every difference is a finding: there are no deviations among definitions.
pub(crate) fn problems(cases: &Path) -> Result<Vec<Problem>, Failure> {
    let differences = compare_definitions(&cases.join(BESIDE_THE_CASES))?;
    println!("definitions: {} compared, {} differences", definitions::all().len(), differences.len());
    Ok(differences.iter().map(Difference::to_problem).collect())
}

/// Compares all our definitions with the `*.json` files of a folder, one definition each.
///
/// # Errors
///
/// A folder or file that cannot be read, or is not a definition: nothing is known about the rest then. A folder without any
/// definition is one of these.
pub(crate) fn compare_definitions(directory: &Path) -> Result<Vec<Difference>, Failure> {
    let theirs = read(directory)?;
    let ours = definitions::all().iter().map(|definition| (definition.name(), definition.to_json())).collect();
    Ok(compare(&theirs, &ours))
}

fn read(directory: &Path) -> Result<BTreeMap<String, Value>, Failure> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::Read { path, source }
    };
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable(directory))? {
        let path = entry.map_err(unreadable(directory))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
        let (name, object) =
            decode(&text).map_err(|reason| Failure::Decode { what: format!("`{}`", path.display()), reason })?;
        found.insert(name, object);
    }
    if found.is_empty() {
        return Err(Failure::Decode {
            what: format!("`{}`", directory.display()),
            reason: "no definition in it".to_owned(),
        });
    }
    Ok(found)
}

/// A definition and its name.
fn decode(text: &str) -> Result<(String, Value), String> {
    let mut object: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if object.get("kind").and_then(Value::as_str) != Some("CustomResourceDefinition") {
        return Err("not a CustomResourceDefinition".to_owned());
    }
    if let Value::Object(fields) = &mut object {
        // The API server's to write, and empty where a file has it.
        fields.remove("status");
    }
    match object.pointer("/metadata/name").and_then(Value::as_str) {
        Some(name) => Ok((name.to_owned(), object)),
        None => Err("has no metadata.name".to_owned()),
    }
}

fn compare(theirs: &BTreeMap<String, Value>, ours: &BTreeMap<String, Value>) -> Vec<Difference> {
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        collect(name, theirs.get(name), ours.get(name), &mut differences);
    }
    differences
}

fn collect(path: &str, theirs: Option<&Value>, ours: Option<&Value>, found: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Some(Value::Object(theirs)), Some(Value::Object(ours))) => {
            let keys: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
            for key in keys {
                let (theirs, ours) = (theirs.get(key), ours.get(key));
                if key == "description" && [theirs, ours].into_iter().flatten().all(Value::is_string) {
                    // Prose. A *field* of that name has a schema, which is an object.
                    continue;
                }
                collect(&format!("{path}.{key}"), theirs, ours, found);
            }
        }
        (Some(Value::Array(theirs)), Some(Value::Array(ours))) => {
            for index in 0..theirs.len().max(ours.len()) {
                collect(&format!("{path}[{index}]"), theirs.get(index), ours.get(index), found);
            }
        }
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => {
            found.push(Difference { path: path.to_owned(), theirs: theirs.cloned(), ours: ours.cloned() });
        }
    }
}

/// Enough of a value to know it by.
fn short(value: &Value) -> String {
    const MOST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(name: &str, schema: Value) -> BTreeMap<String, Value> {
        BTreeMap::from([(name.to_owned(), schema)])
    }

    fn shown(differences: &[Difference]) -> Vec<String> {
        differences.iter().map(|difference| difference.to_problem().to_string()).collect()
    }

    #[test]
    fn what_only_one_side_has_is_found_either_way() {
        let less = json!({"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}});
        let more = json!({
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"type": "string", "enum": ["x", "y"]}, "b": {"type": "boolean"}},
        });
        assert_eq!(
            shown(&compare(&one("kinds", more.clone()), &one("kinds", less.clone()))),
            [
                "kinds.properties.a.enum[1]: theirs has `\"y\"`, ours has nothing",
                "kinds.properties.b: theirs has `{\"type\":\"boolean\"}`, ours has nothing",
                "kinds.required: theirs has `[\"a\"]`, ours has nothing",
            ]
        );
        assert_eq!(
            shown(&compare(&one("kinds", less), &one("kinds", more.clone()))),
            [
                "kinds.properties.a.enum[1]: theirs has nothing, ours has `\"y\"`",
                "kinds.properties.b: theirs has nothing, ours has `{\"type\":\"boolean\"}`",
                "kinds.required: theirs has nothing, ours has `[\"a\"]`",
            ]
        );
        assert_eq!(compare(&one("kinds", more.clone()), &one("kinds", more)), []);
    }

    #[test]
    fn a_type_and_a_whole_definition_are_compared() {
        let (text, number) = (json!({"type": "string"}), json!({"type": "integer"}));
        assert_eq!(
            shown(&compare(&one("a", text.clone()), &one("a", number))),
            ["a.type: theirs has `\"string\"`, ours has `\"integer\"`"]
        );
        assert_eq!(
            shown(&compare(&one("a", text.clone()), &one("b", text))),
            [
                "a: theirs has `{\"type\":\"string\"}`, ours has nothing",
                "b: theirs has nothing, ours has `{\"type\":\"string\"}`",
            ]
        );
    }

    #[test]
    fn prose_does_not_count_but_a_field_called_description_does() {
        let theirs = json!({"type": "object", "properties": {"description": {"type": "string"}}});
        let ours = json!({"type": "object", "description": "Ours."});
        assert_eq!(
            shown(&compare(&one("a", theirs), &one("a", ours))),
            ["a.properties: theirs has `{\"description\":{\"type\":\"string\"}}`, ours has nothing"]
        );
        let theirs = json!({"properties": {"description": {"type": "string"}}});
        let ours = json!({"properties": {}, "description": "Ours."});
        assert_eq!(
            shown(&compare(&one("a", theirs), &one("a", ours))),
            ["a.properties.description: theirs has `{\"type\":\"string\"}`, ours has nothing"]
        );
    }

    #[test]
    fn a_recorded_definition_counts_without_its_status() {
        let text = r#"{"kind": "CustomResourceDefinition", "metadata": {"name": "a"}, "status": {"conditions": null}}"#;
        let expected = json!({"kind": "CustomResourceDefinition", "metadata": {"name": "a"}});
        assert_eq!(decode(text).unwrap(), ("a".to_owned(), expected));
        assert_eq!(decode(r#"{"kind": "CustomResourceDefinition"}"#).unwrap_err(), "has no metadata.name");
        assert_eq!(decode(r#"{"kind": "IPPool"}"#).unwrap_err(), "not a CustomResourceDefinition");
        assert!(decode("{").unwrap_err().starts_with("EOF"));
    }

    #[test]
    fn a_folder_without_definitions_is_no_agreement() {
        let missing = compare_definitions(Path::new("no/such/folder")).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read `no/such/folder`: "), "{missing}");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let empty = compare_definitions(&sources).unwrap_err();
        assert!(empty.to_string().ends_with(": no definition in it"), "{empty}");
    }
}
