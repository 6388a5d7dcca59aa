//! What a request that fails is answered with: a `Status` with the reason, code and details that clients decide by.

use serde_json::{Map, Value, json};

use crate::object;
use crate::resource::Resource;

/// A refusal, as the body of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason; empty where the API server gives none.
    pub reason: &'static str,
    /// The text for people.
    pub message: String,
    /// Seconds after which the client should try again.
    pub retry_after: Option<u32>,
    pub(crate) details: Map<String, Value>,
    /// The token of a list that cannot be continued consistently any more.
    pub(crate) continue_token: Option<String>,
}

/// What is wrong with one field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    reason: &'static str,
    pub(crate) field: String,
    message: String,
}

impl ApiError {
    /// A refusal with this code, reason and text. Of use for admission hooks and faults.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), retry_after: None, details: Map::new(), continue_token: None }
    }

    /// 403 as an admission plugin denies.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "Forbidden", message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", resource.qualified())).about(
            name,
            &resource.group,
            &resource.plural,
        )
    }

    /// The path leads nowhere.
    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", resource.qualified())).about(
            name,
            &resource.group,
            &resource.plural,
        )
    }

    pub(crate) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        Self::new(
            409,
            "Conflict",
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified()),
        )
        .about(name, &resource.group, &resource.plural)
    }

    pub(crate) fn modified(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    pub(crate) fn invalid(group: &str, kind: &str, name: &str, problems: &[FieldProblem]) -> Self {
        let texts: Vec<String> =
            problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect();
        let text = match texts.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut error = Self::new(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {text}"));
        error = error.about(name, group, kind);
        let causes: Vec<Value> = problems
            .iter()
            .map(|problem| json!({"reason": problem.reason, "message": problem.message, "field": problem.field}))
            .collect();
        error.details.insert("causes".to_owned(), Value::Array(causes));
        error
    }

    /// A query parameter that the options of the request do not allow.
    pub(crate) fn invalid_options(kind: &str, problem: FieldProblem) -> Self {
        Self::invalid("meta.k8s.io", kind, "", &[problem])
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    pub(crate) fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json, application/yaml";
        Self::new(406, "NotAcceptable", message)
    }

    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// The revision asked for is gone.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The revision asked for is still to come.
    pub(crate) fn too_large_revision(asked: u64, current: u64) -> Self {
        let mut error = Self::new(504, "Timeout", format!("Too large resource version: {asked}, current: {current}"));
        error.details.insert(
            "causes".to_owned(),
            json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]),
        );
        error.details.insert("retryAfterSeconds".to_owned(), json!(1));
        error.retry_after = Some(1);
        error
    }

    /// An error without a reason of its own, as Go code that returns a plain error gives.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    pub(crate) fn with_causes(mut self, causes: Vec<Value>) -> Self {
        self.details.insert("causes".to_owned(), Value::Array(causes));
        self
    }

    pub(crate) fn about(mut self, name: &str, group: &str, kind: &str) -> Self {
        for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
            if !value.is_empty() {
                self.details.insert(key.to_owned(), Value::from(value));
            }
        }
        self
    }

    pub(crate) fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if let Some(token) = &self.continue_token {
            object::set(&mut status, "metadata", json!({"continue": token}));
        }
        if !self.reason.is_empty() {
            object::set(&mut status, "reason", Value::from(self.reason));
        }
        if !self.details.is_empty() {
            object::set(&mut status, "details", Value::Object(self.details.clone()));
        }
        status
    }
}

impl FieldProblem {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Self { reason: "FieldValueRequired", field: field.into(), message }
    }

    pub(crate) fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: &str) -> Self {
        Self::with_value("FieldValueInvalid", field.into(), &shown(&value.into()), detail)
    }

    /// Rules of the expression language are not evaluated for an object that is invalid without them.
    pub(crate) fn rules_not_checked() -> Self {
        let text = "some validation rules were not checked because the object was invalid; correct the existing errors to \
             complete validation";
        Self::invalid("<nil>", Value::Null, text)
    }

    /// Whether rules of the expression language are not evaluated because of this problem.
    pub(crate) fn blocks_rules(&self) -> bool {
        self.reason != "FieldValueInvalid" && self.reason != "FieldValueDuplicate"
    }

    pub(crate) fn wrong_type(field: impl Into<String>, found: &str, wanted: &str) -> Self {
        let field = field.into();
        let detail = format!("{field} in body must be of type {wanted}: \"{found}\"");
        Self::with_value("FieldValueTypeInvalid", field, &format!("\"{found}\""), &detail)
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, supported: &[String]) -> Self {
        let supported: Vec<String> = supported.iter().map(|value| format!("\"{value}\"")).collect();
        let message = format!("Unsupported value: {}: supported values: {}", shown(value), supported.join(", "));
        Self { reason: "FieldValueNotSupported", field: field.into(), message }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { reason: "FieldValueForbidden", field: field.into(), message: format!("Forbidden: {detail}") }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self {
            reason: "FieldValueDuplicate",
            field: field.into(),
            message: format!("Duplicate value: {}", shown(value)),
        }
    }

    pub(crate) fn too_long(field: impl Into<String>, limit: u64) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self { reason: "FieldValueTooLong", field: field.into(), message }
    }

    pub(crate) fn too_many(field: impl Into<String>, found: usize, limit: u64) -> Self {
        let message = format!("Too many: {found}: must have at most {limit} items");
        Self { reason: "FieldValueTooMany", field: field.into(), message }
    }

    fn with_value(reason: &'static str, field: String, value: &str, detail: &str) -> Self {
        Self { reason, field, message: format!("Invalid value: {value}: {detail}") }
    }
}

fn shown(value: &Value) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::builtin;

    #[test]
    fn a_missing_object_is_named_with_its_group() {
        let roles = builtin::find("rbac.authorization.k8s.io", "roles");
        let status = ApiError::not_found(&roles, "reader").to_status();
        assert_eq!(
            status,
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "roles.rbac.authorization.k8s.io \"reader\" not found",
                "reason": "NotFound",
                "details": {"name": "reader", "group": "rbac.authorization.k8s.io", "kind": "roles"},
                "code": 404,
            })
        );
    }

    #[test]
    fn several_problems_are_listed_in_brackets() {
        let problems = [FieldProblem::required("spec.type", ""), FieldProblem::invalid("metadata.name", "A", "bad")];
        let error = ApiError::invalid("", "Secret", "A", &problems);
        assert_eq!(
            error.message,
            "Secret \"A\" is invalid: [spec.type: Required value, metadata.name: Invalid value: \"A\": bad]"
        );
        assert_eq!(
            error.to_status()["details"]["causes"],
            json!([
                {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.type"},
                {"reason": "FieldValueInvalid", "message": "Invalid value: \"A\": bad", "field": "metadata.name"},
            ])
        );
    }
}
