//! `render`: the objects that would be put into the shoot.

use std::io::{self, Write};

use adapter_k8s::bundle::Bundle;
use calico_manifests::seed::{self, BirdExporter, Seed};
use calico_manifests::{ObjectKey, Objects, RenderError, yaml};
use serde::Serialize;
use serde_json::Value;

use super::rendering::{self, Rendering, about_the_input};
use super::{Ending, complain, note};
use crate::cli::{ObjectOutput, RenderArguments};
use crate::diagnostics::Diagnostic;

mod stats;

/// Runs the command.
///
/// # Errors
/// Only where the answer cannot be written.
pub fn run(arguments: &RenderArguments, out: &mut impl Write) -> io::Result<Ending> {
    let rendering = match rendering::of(&arguments.dump, &arguments.rendering) {
        Ok(rendering) => rendering,
        Err(ending) => return Ok(ending),
    };
    if arguments.stats {
        return match bundle(&rendering) {
            Ok(bundle) => stats::write(out, &rendering, &bundle, arguments.output).map(|()| Ending::Fine),
            Err(defect) => Ok(report(&defect)),
        };
    }
    let objects = match objects(arguments, &rendering) {
        Ok(objects) => objects,
        Err(defect) => return Ok(report(&defect)),
    };
    let chosen = match choose(&objects, &arguments.only) {
        Ok(chosen) => chosen,
        Err(diagnostic) => {
            complain(&diagnostic);
            return Ok(Ending::Invalid);
        }
    };
    match arguments.output {
        ObjectOutput::Yaml => {
            for object in chosen {
                write!(out, "---\n{}", yaml::document(object))?;
            }
        }
        ObjectOutput::Json => {
            let list = List { api_version: "v1", kind: "List", items: chosen };
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)?;
        }
    }
    Ok(Ending::Fine)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<&'a Value>,
}

/// A failure of ours, for no input leads to one.
type Defect = Box<dyn std::error::Error>;

fn report(defect: &Defect) -> Ending {
    note(&format!("error: {defect}; please report it"));
    Ending::Invalid
}

fn bundle(rendering: &Rendering) -> Result<Bundle, Defect> {
    Ok(Bundle::new(&rendering.namespace, &rendering.objects, &rendering.definitions)?)
}

/// What was asked for, in the order in which it is printed.
fn objects(arguments: &RenderArguments, rendering: &Rendering) -> Result<Objects, Defect> {
    if arguments.bundle {
        let Bundle { secret, managed_resource, .. } = bundle(rendering)?;
        return Ok(of([serde_json::to_value(secret)?, serde_json::to_value(managed_resource)?])?);
    }
    if arguments.seed {
        let seed =
            Seed { namespace: rendering.namespace.clone(), bird_exporter: BirdExporter::of(&rendering.plan.dataplane) };
        return Ok(seed::render(&seed)?);
    }
    Ok(rendering.whole()?)
}

fn of(values: impl IntoIterator<Item = Value>) -> Result<Objects, RenderError> {
    let mut objects = Objects::default();
    for value in values {
        objects.add(&value)?;
    }
    Ok(objects)
}

/// The objects that `--only` names, in the order of the bundle; all where it names none.
fn choose<'a>(objects: &'a Objects, only: &[String]) -> Result<Vec<&'a Value>, Diagnostic> {
    let is = |key: &ObjectKey, name: &str| key.to_string() == name || format!("{}/{}", key.kind, key.name) == name;
    if let Some(unknown) = only.iter().find(|name| !objects.iter().any(|(key, _)| is(key, name))) {
        return Err(about_the_input(unknown_object(unknown, objects)));
    }
    let wanted = |key: &ObjectKey| only.is_empty() || only.iter().any(|name| is(key, name));
    Ok(objects.iter().filter(|(key, _)| wanted(key)).map(|(_, object)| object).collect())
}

fn unknown_object(name: &str, objects: &Objects) -> String {
    let kind = name.split('/').next().unwrap_or_default();
    let of_kind: Vec<String> =
        objects.iter().filter(|(key, _)| key.kind == kind).map(|(key, _)| format!("`{key}`")).collect();
    if of_kind.is_empty() {
        let mut kinds: Vec<&str> = objects.iter().map(|(key, _)| key.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        format!("`--only {name}`: there is no object of kind `{kind}`; there are {}", kinds.join(", "))
    } else {
        format!("`--only {name}`: there is no such object; there are {}", of_kind.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objects() -> Objects {
        let object = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "n"}});
        of([object("Service", "b"), object("Service", "a"), object("ConfigMap", "a")]).unwrap()
    }

    #[test]
    fn objects_are_chosen_by_kind_and_name() {
        let objects = objects();
        let names = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            let chosen = choose(&objects, &only).map_err(|diagnostic| diagnostic.text)?;
            Ok(chosen.iter().map(|object| ObjectKey::of(object).unwrap().to_string()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(names(&[]), Ok("ConfigMap/n/a Service/n/a Service/n/b".to_owned()));
        assert_eq!(names(&["Service/b", "ConfigMap/n/a"]), Ok("ConfigMap/n/a Service/n/b".to_owned()));
        assert_eq!(
            names(&["Service/c"]),
            Err("`--only Service/c`: there is no such object; there are `Service/n/a`, `Service/n/b`".to_owned())
        );
        assert_eq!(
            names(&["service/a"]),
            Err("`--only service/a`: there is no object of kind `service`; there are ConfigMap, Service".to_owned())
        );
    }
}
