//! What a client asks for, read from method, path, query and headers.

pub(crate) mod negotiate;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod user;

use std::sync::Arc;
use std::time::Duration;

use crate::resource::{Resource, StatusRule};
use crate::schema::Schema;
use crate::store::{ObjectKey, ResourceKey};
use negotiate::Answer;
use query::Query;
use user::User;

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read many.
    List,
    /// Follow changes.
    Watch,
    /// POST
    Create,
    /// PUT
    Update,
    /// PATCH of any kind
    Patch,
    /// Delete one object.
    Delete,
    /// Delete many.
    DeleteCollection,
}

/// The part of an object that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Main,
    Status,
    /// `finalize` of namespaces: their `spec.finalizers`.
    Finalize,
}

/// A request for a resource.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) verb: Verb,
    pub(crate) resource: Arc<Resource>,
    pub(crate) version: String,
    /// Empty for resources of the cluster and across namespaces.
    pub(crate) namespace: String,
    /// Empty for a collection.
    pub(crate) name: String,
    pub(crate) part: Part,
    pub(crate) query: Query,
    pub(crate) user: User,
    pub(crate) user_agent: String,
    pub(crate) content_type: String,
    pub(crate) answer: Answer,
    /// How many revisions behind a read is served, by a fault.
    pub(crate) stale_by: u64,
    /// How long behind a read is served, by a fault.
    pub(crate) lag: Duration,
}

impl Verb {
    /// As RBAC spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// Whether a request with it may change something.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

impl Part {
    /// As paths spell it; empty for the main resource.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Status => "status",
            Self::Finalize => "finalize",
        }
    }

    /// The part of a resource that a path names.
    pub(crate) fn of(text: &str, resource: &Resource, version: &str) -> Option<Self> {
        let has_status = resource.has_status() && resource.version(version).is_some_and(|version| version.status);
        match text {
            "" => Some(Self::Main),
            "status" if has_status => Some(Self::Status),
            "finalize" if resource.is("", "namespaces") => Some(Self::Finalize),
            _ => None,
        }
    }
}

impl Call {
    pub(crate) fn resource_key(&self) -> ResourceKey {
        let group = if self.resource.rules.face_of_core { String::new() } else { self.resource.group.clone() };
        ResourceKey { group, plural: self.resource.plural.clone() }
    }

    pub(crate) fn object_key(&self) -> ObjectKey {
        ObjectKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }

    pub(crate) fn api_version(&self) -> String {
        self.resource.api_version(&self.version)
    }

    pub(crate) fn schema(&self) -> Option<&Schema> {
        self.resource.version(&self.version).and_then(|version| version.schema.as_deref())
    }

    pub(crate) fn dry_run(&self) -> bool {
        self.query.get("dryRun").is_some()
    }

    /// The manager that owns what this request changes: the parameter, else the user agent up to its first slash.
    pub(crate) fn manager(&self) -> String {
        let given = self.query.get("fieldManager").filter(|manager| !manager.is_empty());
        let agent = self.user_agent.split('/').next().unwrap_or_default();
        given.unwrap_or(agent).chars().take(128).collect()
    }

    /// Whether a status write leaves everything else alone.
    pub(crate) fn isolates_status(&self) -> bool {
        self.resource.rules.status == StatusRule::Isolated
    }
}
