//! PUT and PATCH.

use std::sync::Arc;

use serde_json::Value;

use super::create::{self, Ownership, in_storage_version};
use super::{Written, decode, generation, kinds, settle};
use crate::admission::Operation;
use crate::api::Api;
use crate::error::{ApiError, FieldProblem};
use crate::managed_fields::{Layout, Operation as Claim};
use crate::object;
use crate::patch::apply::{Conflicts, apply};
use crate::patch::{PatchKind, patched};
use crate::read::in_version;
use crate::request::{Call, Part};

/// What the request brings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    /// The whole object.
    Put(&'a Value),
    Patch(PatchKind, &'a Value),
}

/// How often a patch without a resourceVersion is tried again when another write came between.
const ATTEMPTS: usize = 5;

/// Changes an object, or creates it where apply and some resources allow that.
pub(crate) fn update(api: &Api, call: &Call, change: Change<'_>) -> Result<Written, ApiError> {
    check_options(call, change)?;
    for _ in 0..ATTEMPTS {
        let Some(live) = api.store.get(&call.resource_key(), &call.object_key()) else {
            return create_instead(api, call, change);
        };
        if let Some(written) = attempt(api, call, change, &live)? {
            return Ok(written);
        }
    }
    Err(ApiError::modified(&call.resource, &call.name))
}

/// One try. Nothing where another write came between.
fn attempt(api: &Api, call: &Call, change: Change<'_>, stored: &Arc<Value>) -> Result<Option<Written>, ApiError> {
    let resource = &call.resource;
    let live = in_version(stored, call);
    let (mut new, warnings) = proposed(api, call, change, &live)?;
    check_identity(call, &new)?;
    check_revision(call, &live, &mut new)?;
    settle::isolate(call, &live, &mut new);
    settle::admit(api, call, Operation::Update, Some(&live), Some(&mut new))?;
    settle::isolate(call, &live, &mut new);
    kinds::prepare(resource, &mut new);
    for field in ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        object::copy_meta(&live, &mut new, field);
    }
    match call.part {
        Part::Main => generation::next(resource, &live, &mut new),
        Part::Status | Part::Finalize => object::copy_meta(&live, &mut new, "generation"),
    }
    settle::validate(call, &new, Some(&live))?;
    if !matches!(change, Change::Patch(PatchKind::Apply, _)) {
        settle::own(api, call, &live, &mut new);
    }
    if only_times_differ(&live, &new) {
        return Ok(Some(Written::object(200, Arc::clone(stored), warnings)));
    }
    in_storage_version(call, &mut new);
    if call.dry_run() {
        return Ok(Some(Written::object(200, Arc::new(new), warnings)));
    }
    let (key, revision) = (call.object_key(), object::revision(stored));
    if finished(&new) {
        let removed = api.store.remove(&call.resource_key(), &key, revision);
        return Ok(removed.ok().map(|last| {
            crate::definitions::after_delete(api, call, &last);
            Written::object(200, Arc::new(new), warnings)
        }));
    }
    let written = api.store.replace(&call.resource_key(), &key, revision, new);
    Ok(written.ok().map(|object| Written::object(200, crate::definitions::after_write(api, call, object), warnings)))
}

/// The object as the client wants it.
fn proposed(api: &Api, call: &Call, change: Change<'_>, live: &Value) -> Result<(Value, Vec<String>), ApiError> {
    let layout = Layout::of(call.schema());
    match change {
        Change::Put(body) => {
            let mut body = body.clone();
            let warnings = decode::received(call, &mut body)?;
            if call.resource.namespaced && object::namespace(&body).is_empty() {
                object::set_meta(&mut body, "namespace", call.namespace.as_str());
            }
            Ok((body, warnings))
        }
        Change::Patch(PatchKind::Apply, config) => {
            let (config, warnings) = applied_config(call, config)?;
            let manager = settle::manager(call, Claim::Apply);
            let mut new = apply(live, &config, layout, &manager, conflicts(call), &api.now())?;
            decode::conform(call, &mut new);
            Ok((new, warnings))
        }
        Change::Patch(kind, patch) => {
            let mut new = patched(kind, live, patch, layout)?;
            let warnings = decode::received(call, &mut new)?;
            Ok((new, warnings))
        }
    }
}

/// The configuration of an apply request, checked.
fn applied_config(call: &Call, config: &Value) -> Result<(Value, Vec<String>), ApiError> {
    let mut config = config.clone();
    if config.pointer("/metadata/managedFields").is_some_and(|fields| !fields.is_null()) {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    // Defaults are the server's, not the applier's.
    let mut checked = config.clone();
    let warnings = decode::received(call, &mut checked)?;
    if let Some(schema) = call.schema() {
        schema.prune(&mut config);
    }
    settle::claimable(call, &mut config);
    check_identity(call, &config)?;
    Ok((config, warnings))
}

fn create_instead(api: &Api, call: &Call, change: Change<'_>) -> Result<Written, ApiError> {
    let missing = || ApiError::not_found(&call.resource, &call.name);
    match change {
        _ if call.part != Part::Main => Err(missing()),
        Change::Put(body) if call.resource.rules.create_on_update => create::create(api, call, body.clone()),
        Change::Patch(PatchKind::Apply, config) => {
            let (config, warnings) = applied_config(call, config)?;
            let given = object::meta(&config, "uid").to_owned();
            if !given.is_empty() {
                let why = format!(
                    "uid mismatch: the provided object specified uid {given}, and no existing object was found"
                );
                return Err(ApiError::conflict(&call.resource, &call.name, &why));
            }
            let nothing = serde_json::json!({"apiVersion": call.api_version(), "kind": call.resource.kind});
            let manager = settle::manager(call, Claim::Apply);
            let layout = Layout::of(call.schema());
            let mut object = apply(&nothing, &config, layout, &manager, conflicts(call), &api.now())?;
            decode::conform(call, &mut object);
            create::store(api, call, object, Ownership::Recorded, warnings)
        }
        Change::Put(_) | Change::Patch(..) => Err(missing()),
    }
}

fn check_options(call: &Call, change: Change<'_>) -> Result<(), ApiError> {
    let Change::Patch(kind, _) = change else { return Ok(()) };
    let force = call.query.get("force").is_some();
    match kind {
        PatchKind::Apply if call.query.get("fieldManager").is_none_or(str::is_empty) => {
            let problem = FieldProblem::required("fieldManager", "is required for apply patch");
            Err(ApiError::invalid_options("PatchOptions", problem))
        }
        PatchKind::Apply => Ok(()),
        _ if force => {
            let problem = FieldProblem::forbidden("force", "may not be specified for non-apply patch");
            Err(ApiError::invalid_options("PatchOptions", problem))
        }
        _ => Ok(()),
    }
}

/// The body is about the object of the path.
fn check_identity(call: &Call, new: &Value) -> Result<(), ApiError> {
    let (name, namespace) = (object::name(new), object::namespace(new));
    if !name.is_empty() && name != call.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.name
        )));
    }
    if !namespace.is_empty() && namespace != call.namespace {
        return Err(ApiError::bad_request(format!(
            "the namespace of the object ({namespace}) does not match the namespace on the URL ({})",
            call.namespace
        )));
    }
    Ok(())
}

/// The client saw this version of this object, if it says which one it saw.
fn check_revision(call: &Call, live: &Value, new: &mut Value) -> Result<(), ApiError> {
    let resource = &call.resource;
    let given = object::meta(new, "resourceVersion").to_owned();
    if given.is_empty() && !resource.rules.unconditional_update {
        // The plural stands for the kind here, as the API server itself writes it.
        let problem = FieldProblem::invalid("metadata.resourceVersion", 0, "must be specified for an update");
        return Err(ApiError::invalid(&resource.group, &resource.plural, &call.name, &[problem]));
    }
    let uid = object::meta(new, "uid").to_owned();
    let known = object::meta(live, "uid");
    if !uid.is_empty() && uid != known {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {known}");
        return Err(ApiError::conflict(resource, &call.name, &why));
    }
    if !given.is_empty() && given != object::meta(live, "resourceVersion") {
        return Err(ApiError::modified(resource, &call.name));
    }
    object::copy_meta(live, new, "uid");
    object::copy_meta(live, new, "resourceVersion");
    Ok(())
}

/// Whether nothing is left that keeps a deleted object.
fn finished(object: &Value) -> bool {
    let grace = object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or_default();
    let held = object.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let is_namespace = object.get("kind").and_then(Value::as_str) == Some("Namespace");
    object::is_deleting(object) && object::finalizers(object).is_empty() && grace == 0 && !(is_namespace && held)
}

/// Whether two versions are equal but for the times of managed fields.
fn only_times_differ(live: &Value, new: &Value) -> bool {
    let entries = |object: &Value| {
        let list = object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default();
        list.into_iter()
            .map(|mut entry| {
                object::fields(&mut entry).remove("time");
                entry
            })
            .collect::<Vec<Value>>()
    };
    let metadata = |object: &Value| {
        let mut metadata = object.get("metadata").cloned().unwrap_or_default();
        object::fields(&mut metadata).remove("managedFields");
        metadata
    };
    let (Some(before), Some(after)) = (live.as_object(), new.as_object()) else { return live == new };
    before.len() == after.len()
        && before.iter().all(|(name, value)| name == "metadata" || after.get(name) == Some(value))
        && metadata(live) == metadata(new)
        && entries(live) == entries(new)
}

fn conflicts(call: &Call) -> Conflicts {
    if call.query.flag("force") { Conflicts::Force } else { Conflicts::Refuse }
}
