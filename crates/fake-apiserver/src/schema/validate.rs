//! Checks an object against a schema; all problems are collected.

use serde_json::Value;

use super::{Kind, ListKind, Schema};
use crate::error::FieldProblem;

impl Schema {
    /// What is wrong with the object. `old` is what it replaces, for fields that must not change.
    pub(crate) fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        self.validate_at(object, "", &mut problems);
        if self.has_rules && problems.iter().any(FieldProblem::blocks_rules) {
            problems.push(FieldProblem::rules_not_checked());
        } else if let Some(old) = old {
            self.unchanged_at(old, object, "", &mut problems);
        }
        problems
    }

    fn validate_at(&self, value: &Value, path: &str, problems: &mut Vec<FieldProblem>) {
        if value.is_null() && self.nullable {
            return;
        }
        if let Err(problem) = self.check_type(value, path) {
            problems.push(problem);
            return;
        }
        self.check_value(value, path, problems);
        match value {
            Value::Object(map) => {
                for name in &self.checks.required {
                    if !map.contains_key(name) {
                        problems.push(FieldProblem::required(join(path, name), ""));
                    }
                }
                for (name, field) in map {
                    if path.is_empty() && name == "metadata" {
                        continue;
                    }
                    if let Some(schema) = self.field(name) {
                        schema.validate_at(field, &join(path, name), problems);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    for (index, item) in items.iter().enumerate() {
                        schema.validate_at(item, &format!("{path}[{index}]"), problems);
                    }
                }
                self.check_unique(items, path, problems);
            }
            _ => {}
        }
    }

    fn check_type(&self, value: &Value, path: &str) -> Result<(), FieldProblem> {
        if self.int_or_string && (value.is_string() || value.is_i64() || value.is_u64()) {
            return Ok(());
        }
        let Some(kind) = self.kind else { return Ok(()) };
        let matches = match kind {
            Kind::Object => value.is_object(),
            Kind::Array => value.is_array(),
            Kind::String => value.is_string(),
            Kind::Integer => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
            Kind::Number => value.is_number(),
            Kind::Boolean => value.is_boolean(),
        };
        if matches { Ok(()) } else { Err(FieldProblem::wrong_type(path, type_name(value), kind.name())) }
    }

    fn check_value(&self, value: &Value, path: &str, problems: &mut Vec<FieldProblem>) {
        let checks = &self.checks;
        let mut complain = |detail: &str| problems.push(FieldProblem::invalid(path, value.clone(), detail));
        if let Some(number) = value.as_f64() {
            if let Some(minimum) = checks.minimum {
                if checks.exclusive_minimum && number <= minimum {
                    complain(&format!("{path} in body should be greater than {minimum}"));
                } else if number < minimum {
                    complain(&format!("{path} in body should be greater than or equal to {minimum}"));
                }
            }
            if let Some(maximum) = checks.maximum {
                if checks.exclusive_maximum && number >= maximum {
                    complain(&format!("{path} in body should be less than {maximum}"));
                } else if number > maximum {
                    complain(&format!("{path} in body should be less than or equal to {maximum}"));
                }
            }
        }
        if let Some(text) = value.as_str() {
            let length = count(text.chars().count());
            if checks.min_length.is_some_and(|least| length < least) {
                let least = checks.min_length.unwrap_or_default();
                complain(&format!("{path} in body should be at least {least} chars long"));
            }
            if let Some(pattern) = checks.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
                complain(&format!("{path} in body should match '{}'", pattern.as_str()));
            }
            if let Some(format) = checks.format.as_deref().filter(|format| !has_format(text, format)) {
                complain(&format!("{path} in body must be of type {format}: \"{text}\""));
            }
            if let Some(most) = checks.max_length.filter(|most| length > *most) {
                problems.push(FieldProblem::too_long(path, most));
            }
        }
        if let Some(items) = value.as_array() {
            if let Some(least) = checks.min_items.filter(|least| count(items.len()) < *least) {
                let detail = format!("{path} in body should have at least {least} items");
                problems.push(FieldProblem::invalid(path, count(items.len()), &detail));
            }
            if let Some(most) = checks.max_items.filter(|most| count(items.len()) > *most) {
                problems.push(FieldProblem::too_many(path, items.len(), most));
            }
        }
        if let Some(map) = value.as_object() {
            if let Some(least) = checks.min_properties.filter(|least| count(map.len()) < *least) {
                let detail = format!("{path} in body should have at least {least} properties");
                problems.push(FieldProblem::invalid(path, count(map.len()), &detail));
            }
            if let Some(most) = checks.max_properties.filter(|most| count(map.len()) > *most) {
                problems.push(FieldProblem::too_many(path, map.len(), most));
            }
        }
        if !checks.allowed.is_empty() && !checks.allowed.contains(value) {
            let allowed: Vec<String> = checks.allowed.iter().map(plain).collect();
            problems.push(FieldProblem::unsupported(path, value, &allowed));
        }
    }

    fn check_unique(&self, items: &[Value], path: &str, problems: &mut Vec<FieldProblem>) {
        let identity = |item: &Value| -> Option<Value> {
            match &self.list {
                ListKind::Atomic => None,
                ListKind::Set => Some(item.clone()),
                ListKind::Map(keys) => Some(Value::Object(
                    keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone()))).collect(),
                )),
            }
        };
        let mut seen: Vec<Value> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Some(identity) = identity(item) else { return };
            if seen.contains(&identity) {
                problems.push(FieldProblem::duplicate(format!("{path}[{index}]"), &identity));
            } else {
                seen.push(identity);
            }
        }
    }

    /// Fields with the rule `self == oldSelf`; the rule is skipped where a side has no value.
    fn unchanged_at(&self, old: &Value, new: &Value, path: &str, problems: &mut Vec<FieldProblem>) {
        if let Some(message) = self.immutable.as_ref().filter(|_| old != new) {
            problems.push(FieldProblem::invalid(path, new.clone(), message));
        }
        for (name, schema) in &self.properties {
            if let (Some(old), Some(new)) = (old.get(name), new.get(name)) {
                schema.unchanged_at(old, new, &join(path, name), problems);
            }
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn has_format(text: &str, format: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        // Other formats restrict nothing that our definitions use.
        _ => true,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
