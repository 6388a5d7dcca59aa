//! The roles in the charts of the admission, as they are rendered, and requests that are held to them.

use std::collections::BTreeSet;
use std::path::Path;

use fake_apiserver::{LoggedRequest, Verb};
use serde_json::Value;

/// The rules of the roles in a chart, each with one resource and one verb: `verb group/resource names`.
pub(crate) fn rules(chart: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/charts");
    let text = std::fs::read_to_string(folder.join(chart).join("default.yaml")).unwrap();
    let documents = text.split("---\n").filter(|document| document.contains("\nrules:\n"));
    let mut lines = BTreeSet::new();
    for document in documents {
        let role: Value = serde_saphyr::from_str(document).unwrap();
        for rule in role["rules"].as_array().unwrap() {
            let words = |field: &str| -> Vec<String> {
                let words = rule[field].as_array().map(Vec::as_slice).unwrap_or_default();
                words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
            };
            let names = words("resourceNames").join(",");
            for group in words("apiGroups") {
                for resource in words("resources") {
                    lines.extend(words("verbs").iter().map(|verb| format!("{verb} {group}/{resource} {names}")));
                }
            }
        }
    }
    assert!(!lines.is_empty(), "{chart} has no role");
    lines
}

/// The rules that these requests need; fails at one that none allows.
pub(crate) fn used(rules: &BTreeSet<String>, requests: &[LoggedRequest]) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for request in requests {
        assert_eq!(request.subresource, "");
        let verb = format!("{:?}", request.verb).to_lowercase();
        let name = if request.verb == Verb::Create { "" } else { &request.name };
        let what = format!("{verb} {}/{}", request.group, request.resource);
        let candidates = [format!("{what} {name}"), format!("{what} ")];
        let rule = candidates.iter().find(|line| rules.contains(*line));
        used.insert(rule.unwrap_or_else(|| panic!("no rule of the chart allows {what} {name}")).clone());
    }
    used
}
