//! What an API server does once the policy is there that keeps Calico from overwriting what a route writer says of a node.
//!
//! This server evaluates no policies. The hook acts as the one policy that matters here would: while any binding of a
//! `MutatingAdmissionPolicy` exists, `NetworkUnavailable` stays as it is where one of Calico's service accounts writes a node's status.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::cluster::text;
use crate::Server;
use crate::admission::{AdmissionRequest, Operation};

/// The service accounts whose writes are neutralised.
pub const CALICO: [&str; 2] =
    ["system:serviceaccount:kube-system:calico-node", "system:serviceaccount:kube-system:calico-kube-controllers"];

/// Makes a server act on bindings. They count from their creation on, which a real server needs a moment for.
pub fn install(server: &Server) {
    let bindings = Mutex::new(BTreeSet::new());
    server.admit(move |request| {
        let mut bindings = bindings.lock().unwrap_or_else(PoisonError::into_inner);
        match (request.resource, request.subresource) {
            ("mutatingadmissionpolicybindings", "") if !request.dry_run => match request.operation {
                Operation::Create => _ = bindings.insert(request.name.to_owned()),
                Operation::Delete => _ = bindings.remove(request.name),
                Operation::Update => {}
            },
            ("nodes", "status") if !bindings.is_empty() && CALICO.contains(&request.user.name.as_str()) => {
                keep(request);
            }
            _ => {}
        }
        Ok(())
    });
}

/// Puts the old condition, or its absence, in the place of the new one.
fn keep(request: &mut AdmissionRequest<'_>) {
    let split = |object: Option<&Value>| -> (Vec<Value>, Vec<Value>) {
        let conditions = object.and_then(|object| object.pointer("/status/conditions")).and_then(Value::as_array);
        let is_ours = |condition: &Value| text(condition, "/type") == "NetworkUnavailable";
        conditions.cloned().unwrap_or_default().into_iter().partition(is_ours)
    };
    let (before, _) = split(request.old);
    let Some(object) = request.object.as_deref_mut() else { return };
    let (written, mut kept) = split(Some(object));
    if written == before {
        return;
    }
    kept.extend(before);
    let Some(object) = object.as_object_mut() else { return };
    match object.get_mut("status").and_then(Value::as_object_mut) {
        Some(status) => _ = status.insert("conditions".to_owned(), kept.into()),
        None => _ = object.insert("status".to_owned(), json!({"conditions": kept})),
    }
}
