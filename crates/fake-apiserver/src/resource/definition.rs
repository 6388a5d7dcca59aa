//! A CustomResourceDefinition becomes a resource.

use std::sync::Arc;

use serde_json::Value;

use super::{Column, Generation, NameRule, Resource, Rules, StatusRule, Version};
use crate::schema::Schema;

/// The rules of every custom resource; `status` and so the generation depend on the subresource.
const CUSTOM: Rules = Rules {
    generation: Generation::AllButStatus,
    status: StatusRule::None,
    unconditional_update: false,
    create_on_update: false,
    deletion_returns_object: false,
    names: NameRule::Subdomain,
    face_of_core: false,
    custom: true,
};

/// Why a definition cannot be served: the field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// Path of the field, for example `spec.versions[0].schema.openAPIV3Schema.properties.a.pattern`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl std::fmt::Display for DefinitionError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "definition: `{}` {}", self.field, self.problem)
    }
}

impl std::error::Error for DefinitionError {}

/// Reads a definition of `apiextensions.k8s.io/v1`.
pub(crate) fn read(definition: &Value) -> Result<Resource, DefinitionError> {
    let text = |path: &str| {
        definition.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_str).map(str::to_owned)
    };
    let required =
        |path: &str| text(path).filter(|text| !text.is_empty()).ok_or_else(|| problem(path, "is missing or no text"));
    let group = required("spec.group")?;
    let plural = required("spec.names.plural")?;
    let kind = required("spec.names.kind")?;
    let expected = format!("{plural}.{group}");
    let name = required("metadata.name")?;
    if name != expected {
        return Err(problem("metadata.name", &format!("must be `{expected}`, not `{name}`")));
    }
    let namespaced = match required("spec.scope")?.as_str() {
        "Namespaced" => true,
        "Cluster" => false,
        other => return Err(problem("spec.scope", &format!("is `{other}`: write `Namespaced` or `Cluster`"))),
    };
    let served = read_versions(definition)?;
    let status = served.iter().any(|version| version.status);
    Ok(Resource {
        singular: text("spec.names.singular").unwrap_or_else(|| kind.to_lowercase()),
        list_kind: text("spec.names.listKind").unwrap_or_else(|| format!("{kind}List")),
        short_names: texts(definition.pointer("/spec/names/shortNames")),
        categories: texts(definition.pointer("/spec/names/categories")),
        group,
        plural,
        kind,
        namespaced,
        versions: served,
        rules: Rules { status: if status { StatusRule::Isolated } else { StatusRule::None }, ..CUSTOM },
    })
}

/// The served versions, the stored one first.
fn read_versions(definition: &Value) -> Result<Vec<Version>, DefinitionError> {
    let list = definition.pointer("/spec/versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut versions = Vec::new();
    for (index, version) in list.iter().enumerate() {
        let place = format!("spec.versions[{index}]");
        let flag = |name: &str| version.get(name).and_then(Value::as_bool).unwrap_or_default();
        if !flag("served") {
            continue;
        }
        let name = version
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(|| problem(&format!("{place}.name"), "is missing or no text"))?;
        let schema_place = format!("{place}.schema.openAPIV3Schema");
        let schema = version
            .pointer("/schema/openAPIV3Schema")
            .ok_or_else(|| problem(&schema_place, "is missing: schemas are required"))?;
        let read = Version {
            name: name.to_owned(),
            schema: Some(Arc::new(Schema::read(schema, &schema_place)?)),
            status: version.pointer("/subresources/status").is_some(),
            columns: columns(version),
            selectable: version
                .get("selectableFields")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|field| field.get("jsonPath").and_then(Value::as_str))
                .map(|path| path.trim_start_matches('.').to_owned())
                .collect(),
        };
        if flag("storage") { versions.insert(0, read) } else { versions.push(read) }
    }
    if versions.is_empty() {
        return Err(problem("spec.versions", "has no served version"));
    }
    Ok(versions)
}

fn columns(version: &Value) -> Vec<Column> {
    let list = version.get("additionalPrinterColumns").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|column| {
            let text = |key: &str| column.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            Column {
                name: text("name"),
                kind: text("type"),
                priority: column.get("priority").and_then(Value::as_i64).unwrap_or_default(),
                path: text("jsonPath"),
            }
        })
        .collect()
}

fn texts(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(crate) fn problem(field: &str, problem: &str) -> DefinitionError {
    DefinitionError { field: field.to_owned(), problem: problem.to_owned() }
}
