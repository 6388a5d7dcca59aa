//! The server as its users see it: built, asked, watched, stopped.

mod builder;
mod http_server;
mod kubeconfig;
mod service;

use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;

pub use builder::{BuildError, Builder};
pub use http_server::Serving;
pub use service::ApiService;

use crate::admission::AdmissionRequest;
use crate::api::Api;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::object;
use crate::request_log::LoggedRequest;
use crate::store::{ObjectKey, ResourceKey};

/// An API server. Clones are the same server.
#[derive(Clone, Debug)]
pub struct Server {
    api: Arc<Api>,
}

impl Server {
    /// A server to be configured.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The server as a service in memory, for `kube::Client::new(server.service(), "default")`.
    pub fn service(&self) -> ApiService {
        ApiService::new(Arc::clone(&self.api), tokio::sync::watch::channel(false).1)
    }

    /// Serves plain HTTP on a listener until the handle is stopped or dropped.
    ///
    /// # Errors
    /// Where the address of the listener cannot be read.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Serving> {
        Serving::start(&self.api, listener)
    }

    /// The rules of what goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.api.faults
    }

    /// Adds a hook that sees every write, may change what is stored and may refuse it.
    pub fn admit(&self, hook: impl Fn(&mut AdmissionRequest<'_>) -> Result<(), ApiError> + Send + Sync + 'static) {
        self.api.hooks.add(hook);
    }

    /// Every request for a resource since the start, in the order in which they came.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.api.log.all()
    }

    /// As [`Server::requests`], and forgets them.
    pub fn take_requests(&self) -> Vec<LoggedRequest> {
        self.api.log.take()
    }

    /// The newest revision.
    pub fn revision(&self) -> u64 {
        self.api.store.revision()
    }

    /// Forgets the changes up to now: who wants to resume before has to list again (410 Gone).
    pub fn compact(&self) {
        self.api.store.compact(self.api.store.revision());
    }

    /// An object as it is stored, without a request.
    pub fn stored(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let resource = ResourceKey { group: group.to_owned(), plural: plural.to_owned() };
        let key = ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() };
        self.api.store.get(&resource, &key)
    }

    /// Stores an object as it is, status, finalizers and deletion timestamp included, as a restored backup would. What
    /// only the server sets (uid, creation time) is added where it is missing. An object that exists is replaced.
    ///
    /// # Errors
    /// Where the object is of no known kind or has no name.
    pub fn restore(&self, mut object: Value) -> Result<Arc<Value>, ApiError> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let resource =
            self.api.registry.find_kind(&api_version, &kind).ok_or_else(|| {
                ApiError::bad_request(format!("no resource has the kind `{kind}` of `{api_version}`"))
            })?;
        let key = ObjectKey {
            namespace: if resource.namespaced { object::namespace(&object).to_owned() } else { String::new() },
            name: object::name(&object).to_owned(),
        };
        if key.name.is_empty() || (resource.namespaced && key.namespace.is_empty()) {
            return Err(ApiError::bad_request(format!("a restored `{kind}` needs its name and namespace")));
        }
        let defaults = [("uid", self.api.uid()), ("creationTimestamp", self.api.now())];
        for (field, value) in defaults {
            if object::meta(&object, field).is_empty() {
                object::set_meta(&mut object, field, value);
            }
        }
        let resource = ResourceKey { group: resource.group.clone(), plural: resource.plural.clone() };
        loop {
            let stored = match self.api.store.get(&resource, &key) {
                Some(known) => self.api.store.replace(&resource, &key, object::revision(&known), object.clone()),
                None => self.api.store.create(&resource, &key, object.clone()),
            };
            if let Ok(stored) = stored {
                return Ok(stored);
            }
        }
    }
}
