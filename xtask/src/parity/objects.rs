//! The objects of the bundle: every field that the Go extension put into a shoot beside what we render for the same case.
//!
//! Put aside are what is ours to word (scripts and descriptions) and the spelling of the JSON inside of ConfigMaps, whose values
//! are compared. Definitions are compared elsewhere; here only which of them are deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use adapter_k8s::{facts, plan};
use calico_manifests::{Objects, definitions};
use calico_policy::dataplane::Dataplane;
use gardener_api::image_vector::ImageVector;
use serde_json::Value;

use super::input::{at, cases, lines, network, shoot, text};
use super::{Case, Compared, Comparison, Difference, dataplane, fields};
use crate::failure::Failure;

/// What the recorded checksums are of.
pub(super) const OF_TEXT: &str = "SHA-256 of the text of the ConfigMap";
/// What ours are of.
pub(super) const OF_DATA: &str = "SHA-256 of the data of the ConfigMap";
/// Stands for the IPv6 pod network where the shoot's status names none.
pub(super) const IPV6_PODS: &str = "2001:db8:1::/56";

/// The version that the recorded extension was built as.
const EXTENSION_VERSION: &str = "v1.60.0-dev";
const CONFIG_MAP: &str = "ConfigMap/calico-config";

pub(super) fn compare(directory: &Path) -> Result<Comparison, Failure> {
    let recorded = recorded(directory)?;
    let mut checksums = Checksums::default();
    let mut compared = Vec::new();
    let mut failed = 0;
    for kind in ["named", "random"] {
        for (id, input, golden) in cases(directory, &format!("cases-{kind}.jsonl"), &format!("golden-{kind}.jsonl"))? {
            if at(&golden, "/ok") != &Value::Bool(true) {
                failed += 1;
                continue;
            }
            let go = objects_of(&golden, &recorded)?;
            let differences = match rendered(&input) {
                Ok(ours) => differences(&go, &ours, &mut checksums),
                Err(error) => vec![Difference::new("outcome", "done", error)],
            };
            compared.push(Compared { case: Case { id, input, golden }, differences });
        }
    }
    compared.push(checksums.compared());
    let skipped = vec![("the Go extension renders nothing", failed)];
    Ok(Comparison { cases: compared, skipped })
}

/// The recorded objects by number.
fn recorded(directory: &Path) -> Result<BTreeMap<u64, Value>, Failure> {
    let objects = lines(directory, "objects.jsonl")?.into_iter().filter_map(|mut line| {
        let object = line.get_mut("object").map(Value::take)?;
        Some((at(&line, "/n").as_u64()?, object))
    });
    Ok(objects.collect())
}

fn objects_of<'a>(golden: &Value, recorded: &'a BTreeMap<u64, Value>) -> Result<BTreeMap<String, &'a Value>, Failure> {
    let numbers = at(golden, "/objects").as_array().into_iter().flatten();
    let object = |number: &Value| {
        let object = number.as_u64().and_then(|number| recorded.get(&number)).ok_or_else(|| Failure::Decode {
            what: "`objects.jsonl`".to_owned(),
            reason: format!("`{}` names object {number}, which is not there", text(golden, "/id")),
        })?;
        Ok((identity(object), object))
    };
    numbers.map(object).collect()
}

fn identity(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

/// What we render; with a network of the documentation where we would wait until the status names the IPv6 pod network.
fn rendered(case: &Value) -> Result<BTreeMap<String, Value>, String> {
    let dataplane = dataplane::dataplane(case, None).or_else(|_| dataplane::dataplane(case, Some(IPV6_PODS)))?;
    bundle(case, dataplane)
}

/// The objects of a dataplane, definitions by name only.
fn bundle(case: &Value, dataplane: Dataplane) -> Result<BTreeMap<String, Value>, String> {
    let multus = dataplane.multus.enabled;
    let objects = render(case, dataplane)?;
    let objects = objects.iter().map(|(_, object)| (identity(object), without_scripts(object.clone())));
    let definitions = definitions::calico().into_iter().chain(multus.then(definitions::multus));
    let definitions =
        definitions.map(|definition| (format!("CustomResourceDefinition/{}", definition.name()), Value::Null));
    Ok(objects.chain(definitions).collect())
}

/// Renders a dataplane with the images, networks and requests of a case.
pub(super) fn render(case: &Value, dataplane: Dataplane) -> Result<Objects, String> {
    let network = facts::network::facts(&network(case, false)?).map_err(|error| error.to_string())?;
    let shoot = facts::shoot::facts(&shoot(case, "shoot")?).map_err(|error| error.to_string())?;
    let release = plan::release(&image_vector(case)?, shoot.kubernetes_version).map_err(|error| error.to_string())?;
    calico_manifests::render(&plan::plan(dataplane, &network, &shoot, release)).map_err(|error| error.to_string())
}

fn image_vector(case: &Value) -> Result<ImageVector, String> {
    let built_in = ImageVector::built_in(EXTENSION_VERSION);
    match at(case, "/imageVectorOverwrite").as_str() {
        None => Ok(built_in),
        Some(text) => {
            let overwrite = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
            built_in.with_overwrite(overwrite).map_err(|error| error.to_string())
        }
    }
}

/// With the placeholder of the recorded objects where a container runs a script.
fn without_scripts(mut object: Value) -> Value {
    for list in ["/spec/template/spec/containers", "/spec/template/spec/initContainers"] {
        for container in object.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let placeholder = format!("<script:{}>", text(container, "/name"));
            let command = container.pointer_mut("/command/2");
            if let Some(script) = command.filter(|text| text.as_str().is_some_and(|text| text.contains("#!/bin/sh"))) {
                *script = Value::from(placeholder);
            }
        }
    }
    object
}

fn differences(
    go: &BTreeMap<String, &Value>,
    ours: &BTreeMap<String, Value>,
    checksums: &mut Checksums,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let names: BTreeSet<&String> = go.keys().chain(ours.keys()).collect();
    for name in names {
        match (go.get(name), ours.get(name)) {
            (Some(_), Some(_)) if name.starts_with("CustomResourceDefinition/") => {}
            (Some(go), Some(ours)) => fields::compare(name, go, ours, &mut found),
            (go, ours) => {
                let deployed = |present: bool| if present { Value::from("deployed") } else { Value::Null };
                found.push(Difference::new(name.as_str(), deployed(go.is_some()), deployed(ours.is_some())));
            }
        }
    }
    let found: Vec<Difference> = found.into_iter().flat_map(worded).collect();
    let same_config = !found.iter().any(|difference| difference.field.starts_with(CONFIG_MAP));
    found.into_iter().map(|difference| checksums.kind(difference, same_config)).collect()
}

/// Without what is ours to word, and with the values of a JSON text in the place of the text.
fn worded(difference: Difference) -> Vec<Difference> {
    let Difference { field, go, ours } = &difference;
    let (Some(go), Some(ours)) = (go.as_str(), ours.as_str()) else { return vec![difference] };
    if field.ends_with(".gardener.cloud/description") {
        return Vec::new();
    }
    match (json(go), json(ours)) {
        (Some(go), Some(ours)) => {
            let mut found = Vec::new();
            fields::compare(field, &go, &ours, &mut found);
            found
        }
        _ => vec![difference],
    }
}

/// An object in a text. The installer of Calico replaces the one word that is no JSON.
fn json(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(&text.replace("__CNI_MTU__", "\"__CNI_MTU__\"")).ok()?;
    value.is_object().then_some(value)
}

/// Which of our checksums stands where the Go extension has which: pods must restart for the same changes.
#[derive(Default)]
struct Checksums(BTreeSet<(String, String)>);

impl Checksums {
    /// Two checksums differ in kind. `same_config`: they are of ConfigMaps that say the same.
    fn kind(&mut self, difference: Difference, same_config: bool) -> Difference {
        let Difference { field, go, ours } = &difference;
        let (Some(go), Some(ours)) = (checksum(go), checksum(ours)) else { return difference };
        if !field.contains(".annotations.checksum/configmap-") {
            return difference;
        }
        if same_config {
            self.0.insert((go.to_owned(), ours.to_owned()));
        }
        Difference::new(field.as_str(), OF_TEXT, OF_DATA)
    }

    /// A difference for each checksum that does not change together with that of the other side.
    fn compared(self) -> Compared {
        let differences = self.0.iter().filter(|(go, ours)| {
            self.0.iter().filter(|(other_go, other_ours)| go == other_go || ours == other_ours).count() > 1
        });
        let differences = differences.map(|(go, ours)| Difference::new("changes apart", go.as_str(), ours.as_str()));
        let case = Case { id: "checksums of all cases".to_owned(), input: Value::Null, golden: Value::Null };
        Compared { case, differences: differences.collect() }
    }
}

/// 64 hexadecimal digits.
fn checksum(value: &Value) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    value.as_str().filter(|text| text.len() == 64 && text.bytes().all(is_digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_script_counts_as_one_and_another_command_as_itself() {
        let pod = |script: &str| {
            let container = |name: &str, text: &str| json!({"name": name, "command": ["sh", "-c", text]});
            json!({"spec": {"template": {"spec": {
                "initContainers": [container("a", script)],
                "containers": [container("b", "sleep 1")],
            }}}})
        };
        assert_eq!(without_scripts(pod("A=1\n#!/bin/sh\nexit 0\n")), pod("<script:a>"));
    }

    #[test]
    fn the_values_of_a_json_text_are_compared() {
        let texts = |go: &str, ours: &str| worded(Difference::new("ConfigMap/a.data.b", go, ours));
        assert_eq!(texts("{\"a\": __CNI_MTU__, \"b\": 1}", "{\n  \"b\": 1,\n  \"a\": __CNI_MTU__\n}"), []);
        assert_eq!(
            texts("{\"a\": __CNI_MTU__}", "{\"a\": 2}"),
            [Difference::new("ConfigMap/a.data.b.a", "__CNI_MTU__", 2)]
        );
        assert_eq!(texts("x", "{}"), [Difference::new("ConfigMap/a.data.b", "x", "{}")]);
    }

    #[test]
    fn checksums_differ_in_kind_and_must_change_together() {
        let mut checksums = Checksums::default();
        let mut kind = |go: &str, ours: &str| {
            let field = "DaemonSet/a.spec.template.metadata.annotations.checksum/configmap-b";
            let difference = Difference::new(field, go.repeat(64), ours.repeat(64));
            let Difference { go, ours, .. } = checksums.kind(difference, true);
            (go, ours)
        };
        assert_eq!(kind("a", "b"), (json!(OF_TEXT), json!(OF_DATA)));
        assert_eq!(kind("c", "d"), (json!(OF_TEXT), json!(OF_DATA)));
        assert_eq!(kind("a", "x"), (json!("a".repeat(64)), json!("x".repeat(64))));
        let _ = kind("c", "b");
        let apart: Vec<Value> = checksums.compared().differences.into_iter().map(|difference| difference.go).collect();
        assert_eq!(apart, [json!("a".repeat(64)), json!("c".repeat(64)), json!("c".repeat(64))]);
    }
}
