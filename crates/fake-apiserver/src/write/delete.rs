//! DELETE of one object and of many.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Body, Written, generation, settle};
use crate::admission::Operation;
use crate::api::Api;
use crate::error::ApiError;
use crate::object;
use crate::request::Call;
use crate::resource::Resource;

/// What a deletion is to respect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    uid: Option<String>,
    resource_version: Option<String>,
    propagation: Option<String>,
    grace_seconds: Option<i64>,
    dry_run: bool,
}

/// Seconds that a pod on a node gets, where nobody says otherwise.
const POD_GRACE_SECONDS: i64 = 30;

impl Options {
    /// From the body, which may be empty, and the query.
    pub(crate) fn read(call: &Call, body: Option<&Value>) -> Result<Self, ApiError> {
        let field = |path: &str| body.and_then(|body| body.pointer(path));
        let text = |path: &str| field(path).and_then(Value::as_str).map(str::to_owned);
        let query = |name: &str| call.query.get(name).map(str::to_owned);
        let propagation = text("/propagationPolicy").or_else(|| query("propagationPolicy"));
        if let Some(other) = propagation.as_deref().filter(|p| !matches!(*p, "Foreground" | "Background" | "Orphan")) {
            return Err(ApiError::bad_request(format!("unknown propagationPolicy `{other}`")));
        }
        Ok(Self {
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
            propagation,
            grace_seconds: field("/gracePeriodSeconds")
                .and_then(Value::as_i64)
                .or_else(|| query("gracePeriodSeconds")?.parse().ok()),
            dry_run: call.dry_run() || field("/dryRun").and_then(Value::as_array).is_some_and(|list| !list.is_empty()),
        })
    }
}

/// Deletes an object, or marks it if a finalizer or a grace period holds it.
pub(crate) fn delete(api: &Api, call: &Call, options: &Options) -> Result<Written, ApiError> {
    loop {
        let live = api
            .store
            .get(&call.resource_key(), &call.object_key())
            .ok_or_else(|| ApiError::not_found(&call.resource, &call.name))?;
        if let Some(written) = attempt(api, call, options, &live)? {
            return Ok(written);
        }
    }
}

/// Deletes the objects of these names and returns those that were there.
pub(crate) fn delete_all(
    api: &Api,
    call: &Call,
    options: &Options,
    objects: Vec<Arc<Value>>,
) -> Result<Vec<Arc<Value>>, ApiError> {
    let mut deleted = Vec::new();
    for object in objects {
        let one = Call {
            name: object::name(&object).to_owned(),
            namespace: object::namespace(&object).to_owned(),
            ..call.clone()
        };
        match delete(api, &one, options) {
            Ok(_) => deleted.push(object),
            Err(error) if error.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(deleted)
}

/// One try. Nothing where another write came between.
fn attempt(api: &Api, call: &Call, options: &Options, live: &Arc<Value>) -> Result<Option<Written>, ApiError> {
    check_preconditions(call, options, live)?;
    settle::admit(api, call, Operation::Delete, Some(live), None)?;
    let (key, revision) = (call.object_key(), object::revision(live));
    let marked = mark(api, call, options, live);
    let Some(marked) = marked else {
        if options.dry_run {
            return Ok(Some(gone(call, live)));
        }
        let removed = api.store.remove(&call.resource_key(), &key, revision).ok();
        return Ok(removed.map(|last| {
            crate::definitions::after_delete(api, call, &last);
            gone(call, live)
        }));
    };
    if options.dry_run || marked == **live {
        return Ok(Some(Written::object(200, Arc::new(marked), Vec::new())));
    }
    let written = api.store.replace(&call.resource_key(), &key, revision, marked).ok();
    Ok(written.map(|object| Written::object(200, object, Vec::new())))
}

/// The object as it waits for its end; nothing where nothing holds it.
fn mark(api: &Api, call: &Call, options: &Options, live: &Value) -> Option<Value> {
    let mut object = live.clone();
    let finalizer = match options.propagation.as_deref() {
        Some("Foreground") => Some("foregroundDeletion"),
        Some("Orphan") => Some("orphan"),
        _ => None,
    };
    if let Some(finalizer) = finalizer.filter(|finalizer| !object::finalizers(live).contains(finalizer)) {
        let mut finalizers: Vec<Value> = object::finalizers(live).into_iter().map(Value::from).collect();
        finalizers.push(Value::from(finalizer));
        object::set_meta(&mut object, "finalizers", finalizers);
    }
    let is_namespace = call.resource.is("", "namespaces");
    let held = live.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let grace = grace(call, options, live);
    if object::finalizers(&object).is_empty() && grace == 0 && !(is_namespace && held) {
        return None;
    }
    if is_namespace {
        object::set(&mut object, "status", json!({"phase": "Terminating"}));
    }
    if !object::is_deleting(live) {
        object::set_meta(&mut object, "deletionTimestamp", api.now());
        if !is_namespace {
            object::set_meta(&mut object, "deletionGracePeriodSeconds", grace);
        }
        generation::raise(&mut object);
    } else if grace == 0 && !is_namespace {
        object::set_meta(&mut object, "deletionGracePeriodSeconds", 0);
    }
    Some(object)
}

/// Only pods on a node are given time.
fn grace(call: &Call, options: &Options, live: &Value) -> i64 {
    let on_a_node = live.pointer("/spec/nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty());
    let ended = live.pointer("/status/phase").and_then(Value::as_str);
    if !call.resource.is("", "pods") || !on_a_node || matches!(ended, Some("Succeeded" | "Failed")) {
        return 0;
    }
    let own = live.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
    options.grace_seconds.or(own).unwrap_or(POD_GRACE_SECONDS)
}

fn check_preconditions(call: &Call, options: &Options, live: &Value) -> Result<(), ApiError> {
    // Here the API server names the kind where it names the resource elsewhere.
    let conflict = |why: &str| {
        let Resource { group, kind, .. } = &*call.resource;
        let qualified = if group.is_empty() { kind.clone() } else { format!("{kind}.{group}") };
        let text = format!("Operation cannot be fulfilled on {qualified} \"{}\": {why}", call.name);
        Err(ApiError::new(409, "Conflict", text).about(&call.name, group, kind))
    };
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != object::meta(live, "uid")) {
        return conflict(&format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been \
             deleted and then recreated",
            object::meta(live, "uid")
        ));
    }
    let revision = object::meta(live, "resourceVersion");
    if let Some(wanted) = options.resource_version.as_deref().filter(|wanted| *wanted != revision) {
        return conflict(&format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
             ({revision}). The object might have been modified"
        ));
    }
    Ok(())
}

/// The answer for an object that is no more.
fn gone(call: &Call, live: &Arc<Value>) -> Written {
    if call.resource.rules.deletion_returns_object {
        return Written::object(200, Arc::clone(live), Vec::new());
    }
    let mut details = json!({"name": call.name, "kind": call.resource.plural, "uid": object::meta(live, "uid")});
    if !call.resource.group.is_empty() {
        object::set(&mut details, "group", Value::from(call.resource.group.as_str()));
    }
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    Written { code: 200, body: Body::Status(status), warnings: Vec::new() }
}
