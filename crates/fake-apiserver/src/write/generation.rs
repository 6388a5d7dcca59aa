//! When `metadata.generation` is raised.

use serde_json::Value;

use crate::object;
use crate::resource::{Generation, Resource};

/// Sets the generation of a new object.
pub(super) fn initial(resource: &Resource, object: &mut Value) {
    match resource.rules.generation {
        Generation::None => drop(object::metadata(object).remove("generation")),
        _ => object::set_meta(object, "generation", 1),
    }
}

/// Sets the generation of a changed object; the main resource was written.
pub(super) fn next(resource: &Resource, old: &Value, new: &mut Value) {
    object::copy_meta(old, new, "generation");
    let field = |object: &Value, name: &str| object.get(name).cloned();
    let changed = match resource.rules.generation {
        Generation::None => false,
        Generation::Spec => field(old, "spec") != field(new, "spec"),
        Generation::SpecOrAnnotations => {
            let annotations = |object: &Value| object.pointer("/metadata/annotations").cloned();
            field(old, "spec") != field(new, "spec") || annotations(old) != annotations(new)
        }
        Generation::AllButStatus => content(old, resource) != content(new, resource),
    };
    if changed {
        raise(new);
    }
}

/// Raises the generation of an object that has one.
pub(super) fn raise(object: &mut Value) {
    if let Some(generation) = object::generation(object) {
        object::set_meta(object, "generation", generation + 1);
    }
}

fn content<'a>(object: &'a Value, resource: &Resource) -> Vec<(&'a String, &'a Value)> {
    let fields = object.as_object().into_iter().flatten();
    fields
        .filter(|(name, _)| !matches!(name.as_str(), "metadata" | "apiVersion" | "kind"))
        .filter(|(name, _)| !(resource.has_status() && *name == "status"))
        .collect()
}
