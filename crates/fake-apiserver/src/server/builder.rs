//! What a server is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Server;
use crate::admission::{AdmissionRequest, Hooks};
use crate::api::Api;
use crate::error::ApiError;
use crate::faults::Faults;
use crate::request::user::User;
use crate::request_log::RequestLog;
use crate::resource::definition::DefinitionError;
use crate::resource::registry::Registry;
use crate::store::Store;

/// Settings of a server; every one has a default.
#[derive(Debug)]
pub struct Builder {
    definitions: Vec<Value>,
    objects: Vec<Value>,
    hooks: Hooks,
    tokens: BTreeMap<String, User>,
    disabled: BTreeSet<(String, String)>,
    seed: u64,
    history: usize,
    bookmark_interval: Duration,
    git_version: String,
    clock: Clock,
}

/// Why a server cannot be built.
#[derive(Debug)]
pub enum BuildError {
    /// A definition is not usable.
    Definition(DefinitionError),
    /// An initial object is not usable.
    Object(ApiError),
}

struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

/// Namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            definitions: Vec::new(),
            objects: Vec::new(),
            hooks: Hooks::default(),
            tokens: BTreeMap::new(),
            disabled: BTreeSet::new(),
            seed: 0,
            history: 10_000,
            bookmark_interval: Duration::from_secs(60),
            git_version: "v1.36.3".to_owned(),
            clock: Clock(Arc::new(Timestamp::now)),
        }
    }

    /// Serves a CustomResourceDefinition (`apiextensions.k8s.io/v1`). More can be created through the API.
    #[must_use]
    pub fn definition(mut self, definition: Value) -> Self {
        self.definitions.push(definition);
        self
    }

    /// An object that exists from the start, as by [`Server::restore`].
    #[must_use]
    pub fn object(mut self, object: Value) -> Self {
        self.objects.push(object);
        self
    }

    /// A namespace that exists from the start.
    #[must_use]
    pub fn namespace(self, name: &str) -> Self {
        self.object(namespace(name))
    }

    /// A hook as by [`Server::admit`]. It does not see the initial objects.
    #[must_use]
    pub fn admit(
        self,
        hook: impl Fn(&mut AdmissionRequest<'_>) -> Result<(), ApiError> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.add(hook);
        self
    }

    /// Who a bearer token stands for. With the first token, requests without a known one are refused (401); without any,
    /// everyone is the administrator.
    #[must_use]
    pub fn token(mut self, token: &str, user: User) -> Self {
        self.tokens.insert(token.to_owned(), user);
        self
    }

    /// Does not serve a version of a built-in group, for example `admissionregistration.k8s.io` and `v1alpha1`.
    #[must_use]
    pub fn without(mut self, group: &str, version: &str) -> Self {
        self.disabled.insert((group.to_owned(), version.to_owned()));
        self
    }

    /// Seeds generated names, UIDs and faults with a probability. The default is 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many changes are kept for watches to resume from; 10,000 by default.
    #[must_use]
    pub fn history(mut self, changes: usize) -> Self {
        self.history = changes;
        self
    }

    /// How often watches that want bookmarks get one; every minute by default.
    #[must_use]
    pub fn bookmark_interval(mut self, interval: Duration) -> Self {
        self.bookmark_interval = interval;
        self
    }

    /// The version that `/version` tells, for example `v1.33.1`; `v1.36.3` by default.
    #[must_use]
    pub fn version(mut self, git_version: &str) -> Self {
        git_version.clone_into(&mut self.git_version);
        self
    }

    /// The clock of timestamps; the system's by default. Delays use the clock of the runtime.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock(Arc::new(clock));
        self
    }

    /// Builds the server.
    ///
    /// # Errors
    /// Where a definition or an initial object is not usable.
    pub fn build(self) -> Result<Server, BuildError> {
        let api = Api {
            store: Store::new(self.history),
            registry: Registry::new(&self.disabled),
            hooks: self.hooks,
            faults: Faults::new(self.seed),
            log: RequestLog::default(),
            tokens: self.tokens,
            bookmark_interval: self.bookmark_interval,
            git_version: self.git_version,
            clock: self.clock.0,
            random: Mutex::new(Rng::with_seed(self.seed)),
        };
        let server = Server { api: Arc::new(api) };
        for definition in self.definitions {
            server.api.registry.define(&definition).map_err(BuildError::Definition)?;
            server
                .restore(crate::definitions::established(definition, &server.api.now()))
                .map_err(BuildError::Object)?;
        }
        for object in NAMESPACES.map(namespace).into_iter().chain(self.objects) {
            server.restore(object).map_err(BuildError::Object)?;
        }
        Ok(server)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Clock")
    }
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Definition(_) => formatter.write_str("cannot serve a definition"),
            Self::Object(error) => write!(formatter, "cannot store an initial object: {}", error.message),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Definition(error) => Some(error),
            Self::Object(_) => None,
        }
    }
}

fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}
