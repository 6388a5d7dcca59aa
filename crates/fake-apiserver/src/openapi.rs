//! Just enough of OpenAPI v3 for kubectl: which resources there are, and that they validate fields themselves.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::discovery::{groups, versions};
use crate::resource::Resource;

/// The documents that there are.
pub(crate) fn index(resources: &[Arc<Resource>]) -> Value {
    let mut paths = Map::new();
    for group in groups(resources) {
        for version in versions(resources, group) {
            let path = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
            let document = json!({"serverRelativeURL": format!("/openapi/v3/{path}")});
            paths.insert(path, document);
        }
    }
    json!({"paths": paths})
}

/// The document of one group and version.
pub(crate) fn document(resources: &[Arc<Resource>], group: &str, version: &str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in resources.iter().filter(|resource| resource.group == group && resource.version(version).is_some()) {
        let kind = json!({"group": group, "version": version, "kind": resource.kind});
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let namespace = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("{root}{namespace}/{}/{{name}}", resource.plural);
        let parameters = json!([
            {"name": "dryRun", "in": "query", "schema": {"type": "string"}},
            {"name": "fieldManager", "in": "query", "schema": {"type": "string"}},
            {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}},
        ]);
        let patch = json!({
            "parameters": parameters,
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": kind,
        });
        paths.insert(path, json!({"patch": patch}));
        let name = format!("{}.{version}.{}", if group.is_empty() { "core" } else { group }, resource.kind);
        schemas.insert(
            name,
            json!({
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": true,
                "x-kubernetes-group-version-kind": [kind],
            }),
        );
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}
