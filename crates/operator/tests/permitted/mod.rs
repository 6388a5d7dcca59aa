//! Requests that a test server has seen, held to the rules of the charts.

use std::collections::BTreeSet;

use fake_apiserver::{LoggedRequest, Verb};
use operator::permissions::{Asked, CONTROLLER, Part, Rule};

/// What an API server asks RBAC about a request. An apply may create, which is asked as well.
fn asked(request: &LoggedRequest) -> Vec<(String, String, String)> {
    let resource = match request.subresource.as_str() {
        "" => request.resource.clone(),
        subresource => format!("{}/{subresource}", request.resource),
    };
    let one = |verb: &str, name: &str| (resource.clone(), name.to_owned(), verb.to_owned());
    match request.verb {
        Verb::Patch if request.content_type.contains("apply-patch") => {
            vec![one("patch", &request.name), one("create", &request.name)]
        }
        Verb::Create => vec![one("create", "")],
        verb => vec![one(&format!("{verb:?}").to_lowercase(), &request.name)],
    }
}

/// Fails at a request that no rule of the controller allows. Returns `verb resource names` of the rules that were used.
pub(crate) fn held_to_the_rules<'a>(requests: impl IntoIterator<Item = &'a LoggedRequest>) -> BTreeSet<String> {
    held_to(CONTROLLER, requests)
}

/// The same for the rules of a role.
pub(crate) fn held_to<'a>(role: &[Rule], requests: impl IntoIterator<Item = &'a LoggedRequest>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for request in requests {
        for (resource, name, verb) in asked(request) {
            let asked = Asked { group: &request.group, resource: &resource, name: &name, verb: &verb };
            let rules: Vec<_> = role.iter().filter(|rule| rule.allows(asked)).collect();
            assert!(!rules.is_empty(), "no rule in crates/operator/src/permissions.rs allows {asked:?}");
            used.extend(rules.into_iter().map(|rule| line(&verb, &resource, rule.names)));
        }
    }
    used
}

/// All that the rules of a part of the controller allow, in the same words.
pub(crate) fn everything_of(part: Part) -> BTreeSet<String> {
    everything(CONTROLLER.iter().filter(|rule| rule.part == part))
}

/// All that these rules allow, in the same words.
pub(crate) fn everything<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> BTreeSet<String> {
    let rules = rules.into_iter();
    rules
        .flat_map(|rule| {
            rule.resources.iter().flat_map(|resource| rule.verbs.iter().map(|verb| line(verb, resource, rule.names)))
        })
        .collect()
}

fn line(verb: &str, resource: &str, names: &[&str]) -> String {
    format!("{verb} {resource} {}", names.join(","))
}
