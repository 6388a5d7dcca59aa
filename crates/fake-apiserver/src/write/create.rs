//! POST, and the first apply of an object.

use std::sync::Arc;

use serde_json::Value;

use super::{Written, decode, generation, kinds, settle};
use crate::admission::Operation;
use crate::api::Api;
use crate::error::{ApiError, FieldProblem};
use crate::events;
use crate::object;
use crate::request::Call;
use crate::resource::StatusRule;
use crate::store::{ObjectKey, ResourceKey};

/// Stores the object of a POST request.
pub(crate) fn create(api: &Api, call: &Call, mut body: Value) -> Result<Written, ApiError> {
    let warnings = decode::received(call, &mut body)?;
    store(api, call, body, Ownership::Record, warnings)
}

/// Whether the managed fields are still to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ownership {
    Record,
    /// Apply did it.
    Recorded,
}

/// Stores a new object that was decoded already.
pub(super) fn store(
    api: &Api,
    call: &Call,
    mut object: Value,
    ownership: Ownership,
    warnings: Vec<String>,
) -> Result<Written, ApiError> {
    let resource = &call.resource;
    place(api, call, &mut object)?;
    if !object::meta(&object, "resourceVersion").is_empty() {
        return Err(ApiError::internal("resourceVersion should not be set on objects to be created"));
    }
    let named = Call { name: object::name(&object).to_owned(), ..call.clone() };
    settle::admit(api, &named, Operation::Create, None, Some(&mut object))?;

    if resource.has_status() && resource.rules.status != StatusRule::BuiltinGivenOnCreate {
        object::fields(&mut object).remove("status");
    }
    kinds::prepare_new(resource, &mut object);
    generation::initial(resource, &mut object);
    let metadata = object::metadata(&mut object);
    metadata.remove("deletionTimestamp");
    metadata.remove("deletionGracePeriodSeconds");
    metadata.remove("selfLink");
    metadata.insert("uid".to_owned(), Value::from(api.uid()));
    metadata.insert("creationTimestamp".to_owned(), Value::from(api.now()));
    settle::validate(call, &object, None)?;
    if ownership == Ownership::Record {
        let nothing = serde_json::json!({"apiVersion": call.api_version(), "kind": resource.kind});
        object::metadata(&mut object).remove("managedFields");
        settle::own(api, &named, &nothing, &mut object);
    }

    if call.dry_run() {
        if api.store.get(&call.resource_key(), &named.object_key()).is_some() {
            return Err(ApiError::already_exists(resource, &named.name));
        }
        in_storage_version(call, &mut object);
        return Ok(Written::object(201, Arc::new(object), warnings));
    }
    in_storage_version(call, &mut object);
    let stored = api
        .store
        .create(&call.resource_key(), &named.object_key(), object)
        .map_err(|_| ApiError::already_exists(resource, &named.name))?;
    Ok(Written::object(201, crate::definitions::after_write(api, call, stored), warnings))
}

/// Objects are stored in the preferred version, events in that of the core group.
pub(super) fn in_storage_version(call: &Call, object: &mut Value) {
    if call.resource.rules.face_of_core {
        object::set(object, "apiVersion", call.version.as_str());
        events::to_core(object);
    } else if let Some(version) = call.resource.storage().filter(|version| version.name != call.version) {
        object::set(object, "apiVersion", call.resource.api_version(&version.name));
    }
}

/// Settles name and namespace.
fn place(api: &Api, call: &Call, object: &mut Value) -> Result<(), ApiError> {
    let resource = &call.resource;
    let given = object::namespace(object).to_owned();
    if !given.is_empty() && given != call.namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if resource.namespaced {
        object::set_meta(object, "namespace", call.namespace.as_str());
        check_namespace(api, call, object::name(object))?;
    }
    if !call.name.is_empty() {
        object::set_meta(object, "name", call.name.as_str());
    }
    if object::name(object).is_empty() {
        let prefix = object::meta(object, "generateName").to_owned();
        if prefix.is_empty() {
            let problem = FieldProblem::required("metadata.name", "name or generateName is required");
            return Err(ApiError::invalid(&resource.group, &resource.kind, "", &[problem]));
        }
        object::set_meta(object, "name", format!("{prefix}{}", api.name_suffix()));
    }
    Ok(())
}

/// Nothing is created in a namespace that is missing or going.
fn check_namespace(api: &Api, call: &Call, name: &str) -> Result<(), ApiError> {
    let namespace = call.namespace.as_str();
    let namespaces = ResourceKey { group: String::new(), plural: "namespaces".to_owned() };
    let key = ObjectKey { namespace: String::new(), name: namespace.to_owned() };
    let Some(found) = api.store.get(&namespaces, &key) else {
        return Err(ApiError::new(404, "NotFound", format!("namespaces \"{namespace}\" not found")).about(
            namespace,
            "",
            "namespaces",
        ));
    };
    if object::is_deleting(&found) {
        let text = format!(
            "{} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
            call.resource.qualified()
        );
        let cause = serde_json::json!({
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        });
        return Err(ApiError::new(403, "Forbidden", text)
            .about(name, &call.resource.group, &call.resource.plural)
            .with_causes(vec![cause]));
    }
    Ok(())
}
