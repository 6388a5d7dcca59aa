//! Label and field selectors.

use serde_json::Value;

use crate::error::ApiError;
use crate::object;
use crate::request::Call;

/// What a list or watch is restricted to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

impl Selector {
    /// The selectors of a request.
    pub(crate) fn of(call: &Call) -> Result<Self, ApiError> {
        let text = |name: &str| call.query.get(name).unwrap_or_default();
        let labels = labels(text("labelSelector")).map_err(|part| {
            ApiError::bad_request(format!("unable to parse requirement: `{part}` is no label requirement"))
        })?;
        let fields = fields(text("fieldSelector"))
            .map_err(|part| ApiError::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'")))?;
        let version = call.resource.version(&call.version);
        let selectable = |key: &str| {
            matches!(key, "metadata.name" | "metadata.namespace")
                || version.is_some_and(|version| version.selectable.iter().any(|field| field == key))
        };
        if let Some(unknown) = fields.iter().find(|requirement| !selectable(&requirement.key)) {
            return Err(ApiError::bad_request(format!("field label not supported: {}", unknown.key)));
        }
        Ok(Self { labels, fields })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| {
            let labels = object.get("metadata").and_then(|metadata| metadata.get("labels"));
            labels.and_then(|labels| labels.get(key)).and_then(Value::as_str)
        };
        self.labels.iter().all(|requirement| requirement.holds(label(&requirement.key)))
            && self.fields.iter().all(|requirement| requirement.holds(Some(&field(object, &requirement.key))))
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let among = |values: &[String]| value.is_some_and(|value| values.iter().any(|known| known == value));
        match &self.test {
            Test::In(values) => among(values),
            Test::NotIn(values) => !among(values),
            Test::Exists => value.is_some(),
            Test::Missing => value.is_none(),
        }
    }
}

/// `a=b,a!=b,a in (b,c),a notin (b),a,!a`; the part that cannot be read is the error.
fn labels(text: &str) -> Result<Vec<Requirement>, String> {
    split(text).into_iter().map(|part| label(part).ok_or_else(|| part.to_owned())).collect()
}

fn label(part: &str) -> Option<Requirement> {
    let requirement = |key: &str, test: Test| {
        let key = key.trim();
        let valid = !key.is_empty() && !key.contains([' ', '(', ')', '=', '!', ',']);
        valid.then(|| Requirement { key: key.to_owned(), test })
    };
    if let Some((key, values)) = part.split_once('(') {
        let values = values.trim().strip_suffix(')')?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let (key, operator) = key.trim().rsplit_once(' ')?;
        return match operator {
            "in" => requirement(key, Test::In(values)),
            "notin" => requirement(key, Test::NotIn(values)),
            _ => None,
        };
    }
    equality(part).map(|(key, test)| requirement(key, test)).unwrap_or_else(|| match part.strip_prefix('!') {
        Some(key) => requirement(key, Test::Missing),
        None => requirement(part, Test::Exists),
    })
}

fn fields(text: &str) -> Result<Vec<Requirement>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, test) = equality(part).ok_or_else(|| part.to_owned())?;
            Ok(Requirement { key: key.trim().to_owned(), test })
        })
        .collect()
}

fn equality(part: &str) -> Option<(&str, Test)> {
    if let Some((key, value)) = part.split_once("!=") {
        return Some((key, Test::NotIn(vec![value.trim().to_owned()])));
    }
    let (key, value) = part.split_once("==").or_else(|| part.split_once('='))?;
    Some((key, Test::In(vec![value.trim().to_owned()])))
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The text of a field, as field selectors compare it.
fn field(object: &Value, key: &str) -> String {
    match key {
        "metadata.name" => object::name(object).to_owned(),
        "metadata.namespace" => object::namespace(object).to_owned(),
        "spec.unschedulable" => {
            object.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or_default().to_string()
        }
        "source" => {
            let source = object.pointer("/source/component").or_else(|| object.get("reportingComponent"));
            source.and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        _ => match object.pointer(&format!("/{}", key.replace('.', "/"))) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn label_requirements() {
        let object = json!({"metadata": {"labels": {"app": "calico", "tier": "node"}}});
        for (text, selected) in [
            ("", true),
            ("app=calico", true),
            ("app==calico,tier!=web", true),
            ("app in (cilium, calico)", true),
            ("app notin (cilium),tier", true),
            ("!missing", true),
            ("missing!=x", true),
            ("missing notin (x)", true),
            ("app", true),
            ("app=cilium", false),
            ("missing", false),
            ("!app", false),
            ("app in (cilium)", false),
        ] {
            let selector = Selector { labels: labels(text).unwrap(), fields: Vec::new() };
            assert_eq!(selector.matches(&object), selected, "{text}");
        }
        assert_eq!(labels("app in calico").unwrap_err(), "app in calico");
    }

    #[test]
    fn field_requirements() {
        let object = json!({"metadata": {"name": "n"}, "spec": {}, "type": "Warning"});
        for (text, selected) in [
            ("metadata.name=n", true),
            ("metadata.name!=n", false),
            ("spec.unschedulable=false", true),
            ("type=Warning,metadata.namespace=", true),
        ] {
            let selector = Selector { labels: Vec::new(), fields: fields(text).unwrap() };
            assert_eq!(selector.matches(&object), selected, "{text}");
        }
        assert!(fields("nonsense").is_err());
    }
}
