//! The body of a request becomes an object of the resource: identity checked, unknown fields dropped, defaults set.

use serde_json::Value;

use crate::error::ApiError;
use crate::object;
use crate::request::Call;

/// What to do with fields that the schema does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// Checks and completes an object that a client sent. Returns warnings.
pub(super) fn received(call: &Call, body: &mut Value) -> Result<Vec<String>, ApiError> {
    identify(call, body)?;
    let validation = match call.query.get("fieldValidation") {
        None | Some("" | "Warn") => FieldValidation::Warn,
        Some("Ignore") => FieldValidation::Ignore,
        Some("Strict") => FieldValidation::Strict,
        Some(other) => {
            let text = format!("fieldValidation: Unsupported value: \"{other}\"");
            return Err(ApiError::new(422, "Invalid", text));
        }
    };
    let unknown = conform(call, body);
    if unknown.is_empty() || validation == FieldValidation::Ignore {
        return Ok(Vec::new());
    }
    let texts: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
    if validation == FieldValidation::Strict {
        let kind = &call.resource.kind;
        let text = format!(
            "{kind} in version \"{}\" cannot be handled as a {kind}: strict decoding error: {}",
            call.version,
            texts.join(", ")
        );
        return Err(ApiError::bad_request(text));
    }
    Ok(texts)
}

/// Drops unknown fields, whose paths it returns, and sets defaults. Nothing happens to built-in kinds.
pub(super) fn conform(call: &Call, object: &mut Value) -> Vec<String> {
    let Some(schema) = call.schema() else { return Vec::new() };
    let unknown = schema.prune(object);
    schema.apply_defaults(object);
    unknown
}

/// `apiVersion` and `kind` are those of the path; built-in kinds may leave them out.
fn identify(call: &Call, body: &mut Value) -> Result<(), ApiError> {
    let resource = &call.resource;
    let expected = call.api_version();
    if !body.is_object() {
        return Err(ApiError::bad_request("the object provided is unrecognized (must be of type object)"));
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if resource.rules.custom && kind.is_empty() {
        return Err(ApiError::bad_request("Object 'Kind' is missing in the object provided"));
    }
    if !kind.is_empty() && kind != resource.kind {
        return Err(ApiError::bad_request(format!(
            "{kind} in version \"{}\" cannot be handled as a {}",
            api_version.rsplit('/').next().unwrap_or_default(),
            resource.kind
        )));
    }
    if !api_version.is_empty() && api_version != expected {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({api_version}) does not match the expected API version ({expected})"
        )));
    }
    let fields = object::fields(body);
    fields.insert("apiVersion".to_owned(), Value::from(expected));
    fields.insert("kind".to_owned(), Value::from(resource.kind.as_str()));
    Ok(())
}
