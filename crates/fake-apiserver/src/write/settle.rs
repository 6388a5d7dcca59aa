//! The last steps that every write shares: admission, validation, ownership.

use serde_json::{Map, Value};

use super::{decode, kinds, metadata};
use crate::admission::{AdmissionRequest, Operation};
use crate::api::Api;
use crate::error::{ApiError, FieldProblem};
use crate::managed_fields::{Entries, Layout, Manager, Operation as Claim};
use crate::object;
use crate::patch::apply::set_entries;
use crate::request::{Call, Part};

/// Shows a write to the hooks. What they changed is pruned and completed like what a client sends.
pub(super) fn admit(
    api: &Api,
    call: &Call,
    operation: Operation,
    old: Option<&Value>,
    mut object: Option<&mut Value>,
) -> Result<(), ApiError> {
    api.hooks.review(&mut AdmissionRequest {
        operation,
        user: &call.user,
        user_agent: &call.user_agent,
        group: &call.resource.group,
        version: &call.version,
        resource: &call.resource.plural,
        subresource: call.part.name(),
        namespace: &call.namespace,
        name: &call.name,
        old,
        object: object.as_deref_mut(),
        dry_run: call.dry_run(),
    })?;
    if let Some(object) = object {
        decode::conform(call, object);
    }
    Ok(())
}

/// Refuses an object that is invalid in itself or as the successor of `old`.
pub(super) fn validate(call: &Call, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
    let resource = &call.resource;
    let mut problems: Vec<FieldProblem> = metadata::problems(resource, object);
    if let Some(old) = old {
        problems.extend(metadata::update_problems(old, object));
        problems.extend(kinds::update_problems(resource, old, object));
    }
    problems.extend(kinds::problems(resource, object));
    if let Some(schema) = call.schema() {
        problems.extend(schema.validate(object, old));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(&resource.group, &resource.kind, object::name(object), &problems))
}

/// The manager of a write other than apply.
pub(super) fn manager(call: &Call, operation: Claim) -> Manager {
    Manager {
        name: call.manager(),
        operation,
        api_version: call.api_version(),
        subresource: call.part.name().to_owned(),
    }
}

/// Gives the writer what it changed. Entries that the client sent along are taken as given.
pub(super) fn own(api: &Api, call: &Call, live: &Value, new: &mut Value) {
    let sent = Entries::of(new);
    let entries = if sent.is_empty() { Entries::of(live) } else { sent };
    let layout = Layout::of(call.schema());
    let entries = entries.updated(live, new, layout, &manager(call, Claim::Update), &api.now());
    set_entries(new, &entries);
}

/// Leaves alone what this part of the resource does not write.
pub(super) fn isolate(call: &Call, live: &Value, new: &mut Value) {
    match call.part {
        Part::Main if call.resource.has_status() => object::copy_field(live, new, "status"),
        Part::Main => {}
        Part::Status if call.isolates_status() => {
            let status = new.get("status").cloned();
            let fields = new.pointer("/metadata/managedFields").cloned();
            *new = live.clone();
            match status {
                Some(status) => object::fields(new).insert("status".to_owned(), status),
                None => object::fields(new).remove("status"),
            };
            if let Some(fields) = fields {
                object::set_meta(new, "managedFields", fields);
            }
        }
        Part::Status => object::copy_field(live, new, "spec"),
        Part::Finalize => {
            let finalizers = new.pointer("/spec/finalizers").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
            *new = live.clone();
            let spec = object::fields(new).entry("spec").or_insert_with(|| Value::Object(Map::new()));
            object::set(spec, "finalizers", finalizers);
        }
    }
}

/// What an apply to this part may claim.
pub(super) fn claimable(call: &Call, config: &mut Value) {
    match call.part {
        Part::Main if call.resource.has_status() => drop(object::fields(config).remove("status")),
        Part::Main => {}
        Part::Status if call.isolates_status() => {
            object::fields(config)
                .retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
            object::metadata(config).retain(|name, _| matches!(name.as_str(), "name" | "namespace"));
        }
        Part::Status | Part::Finalize => drop(object::fields(config).remove("spec")),
    }
}
