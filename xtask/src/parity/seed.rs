//! The monitoring objects of the seed: which there are in every case, and each field of them.
//!
//! The recorded objects are the same in all cases, so their fields are recorded once; dashboards are our own, and of
//! their ConfigMap only the keys are compared.

use std::collections::BTreeSet;
use std::path::Path;

use calico_manifests::seed::{self, BirdExporter, Seed};
use serde_json::Value;

use super::input::{at, cases, text};
use super::{Case, Compared, Comparison, Difference, dataplane, fields};
use crate::failure::Failure;

/// Says of an object that it is put into the seed.
pub(super) const DEPLOYED: &str = "deployed";

const FIELDS: &str = "seed-monitoring.json";

pub(super) fn compare(directory: &Path) -> Result<Comparison, Failure> {
    let mut compared = vec![each_field(directory)?];
    let mut failed = 0;
    for kind in ["named", "random"] {
        for (id, input, golden) in cases(directory, &format!("cases-{kind}.jsonl"), &format!("golden-{kind}.jsonl"))? {
            if at(&golden, "/ok") != &Value::Bool(true) {
                failed += 1;
                continue;
            }
            let differences = differences(&input, &golden)?;
            compared.push(Compared { case: Case { id, input, golden }, differences });
        }
    }
    let skipped = vec![("the Go extension fails before it gets to the seed", failed)];
    Ok(Comparison { cases: compared, skipped })
}

/// Which objects there are.
fn differences(input: &Value, golden: &Value) -> Result<Vec<Difference>, Failure> {
    // A pod network that the status does not name yet holds back the dataplane, and is no matter of the seed.
    let resolved = dataplane::dataplane(input, None).or_else(|_| dataplane::dataplane(input, Some("2001:db8:1::/56")));
    let dataplane = match resolved {
        Ok(dataplane) => dataplane,
        Err(error) => return Ok(vec![Difference::new("outcome", "done", error)]),
    };
    let ours = ours(BirdExporter::of(&dataplane))?.iter().map(identity).collect();
    let go = at(golden, "/seedObjects").as_object().into_iter().flat_map(|objects| objects.keys().cloned());
    Ok(presence(&go.collect(), &ours))
}

/// All recorded objects beside ours, with everything switched on.
fn each_field(directory: &Path) -> Result<Compared, Failure> {
    let path = directory.join(FIELDS);
    let content = std::fs::read_to_string(&path).map_err(|source| Failure::Read { path, source })?;
    let undecodable = |reason: String| Failure::Decode { what: format!("`{FIELDS}`"), reason };
    let golden: Vec<Value> = serde_json::from_str(&content).map_err(|error| undecodable(error.to_string()))?;
    if golden.is_empty() {
        return Err(undecodable("no object in it".to_owned()));
    }
    let keyed = |objects: Vec<Value>| -> Value {
        objects.into_iter().map(|object| (identity(&object), without_dashboards(object))).collect()
    };
    let mut differences = Vec::new();
    let golden = keyed(golden);
    fields::compare("", &golden, &keyed(ours(BirdExporter::Present)?), &mut differences);
    let case = Case { id: FIELDS.to_owned(), input: Value::Null, golden };
    Ok(Compared { case, differences })
}

fn ours(bird_exporter: BirdExporter) -> Result<Vec<Value>, Failure> {
    let seed = Seed { namespace: "shoot--bar--foo".to_owned(), bird_exporter };
    let objects = seed::render(&seed)
        .map_err(|error| Failure::Decode { what: "our objects of the seed".to_owned(), reason: error.to_string() })?;
    Ok(objects.iter().map(|(_, object)| object.clone()).collect())
}

fn identity(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

/// The keys of a ConfigMap stay, what they hold does not count.
fn without_dashboards(mut object: Value) -> Value {
    if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
        data.values_mut().for_each(|value| *value = Value::from("a dashboard"));
    }
    object
}

fn presence(go: &BTreeSet<String>, ours: &BTreeSet<String>) -> Vec<Difference> {
    let side = |objects: &BTreeSet<String>, name: &str| {
        if objects.contains(name) { Value::from(DEPLOYED) } else { Value::Null }
    };
    go.symmetric_difference(ours).map(|name| Difference::new(name, side(go, name), side(ours, name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_that_only_one_side_deploys_is_found() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            presence(&set(&["A/a", "A/b"]), &set(&["A/b", "A/c"])),
            [Difference::new("A/a", "deployed", Value::Null), Difference::new("A/c", Value::Null, "deployed")]
        );
    }

    #[test]
    fn dashboards_do_not_count_but_their_keys_do() {
        let object = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}});
        assert_eq!(identity(&object), "ConfigMap/a");
        let expected = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "a dashboard"}});
        assert_eq!(without_dashboards(object), expected);
    }
}
