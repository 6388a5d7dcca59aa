//! Checks of names, finalizers, labels and what must not change in metadata.

use serde_json::Value;

use crate::error::FieldProblem;
use crate::object;
use crate::resource::{NameRule, Resource};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
     and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
     '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
     used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with the metadata of an object.
pub(super) fn problems(resource: &Resource, object: &Value) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let name = object::name(object);
    if name.is_empty() {
        problems.push(FieldProblem::required("metadata.name", "name or generateName is required"));
    } else if let Some(text) = name_problem(resource.rules.names, name) {
        problems.push(FieldProblem::invalid("metadata.name", name, text));
    }
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if !is_label_value(value) {
            problems.push(FieldProblem::invalid("metadata.labels", value, LABEL_VALUE));
        }
        if key.rsplit('/').next().is_none_or(|name| name.is_empty() || !is_label_value(name)) {
            let text = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
                 an alphanumeric character";
            problems.push(FieldProblem::invalid("metadata.labels", key.as_str(), text));
        }
    }
    problems
}

/// What an update must not do to the metadata of `old`.
pub(super) fn update_problems(old: &Value, new: &Value) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    for field in ["name", "namespace", "uid"] {
        let (before, after) = (object::meta(old, field), object::meta(new, field));
        if before != after {
            problems.push(FieldProblem::invalid(format!("metadata.{field}"), after, "field is immutable"));
        }
    }
    if object::is_deleting(old) {
        let known = object::finalizers(old);
        let added: Vec<String> = object::finalizers(new)
            .into_iter()
            .filter(|finalizer| !known.contains(finalizer))
            .map(|finalizer| format!("\"{finalizer}\""))
            .collect();
        if !added.is_empty() {
            let text = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            problems.push(FieldProblem::forbidden("metadata.finalizers", &text));
        }
    }
    problems
}

fn name_problem(rule: NameRule, name: &str) -> Option<&'static str> {
    let valid_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = label.as_bytes();
        bytes.first().copied().is_some_and(inner)
            && bytes.last().copied().is_some_and(inner)
            && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
    };
    match rule {
        NameRule::Subdomain if name.len() > 253 => Some("must be no more than 253 characters"),
        NameRule::Subdomain => (!name.split('.').all(valid_label)).then_some(SUBDOMAIN),
        NameRule::Label if name.len() > 63 => Some("must be no more than 63 characters"),
        NameRule::Label => (!valid_label(name)).then_some(LABEL),
        NameRule::PathSegment if name == "." || name == ".." => Some("may not be '.' or '..'"),
        NameRule::PathSegment => name.contains(['/', '%']).then_some("may not contain '/' or '%'"),
    }
}

fn is_label_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    value.len() <= 63
        && bytes.first().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.last().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_rule() {
        for (rule, name, valid) in [
            (NameRule::Subdomain, "a.b-c", true),
            (NameRule::Subdomain, "A", false),
            (NameRule::Subdomain, "a..b", false),
            (NameRule::Subdomain, "-a", false),
            (NameRule::Label, "a-b", true),
            (NameRule::Label, "a.b", false),
            (NameRule::PathSegment, "system:node:A", true),
            (NameRule::PathSegment, "a/b", false),
        ] {
            assert_eq!(name_problem(rule, name).is_none(), valid, "{rule:?} {name}");
        }
    }
}
