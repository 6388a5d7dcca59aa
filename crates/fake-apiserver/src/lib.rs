//! An in-process Kubernetes API server for the demo and for tests.
//!
//! It speaks HTTP in memory ([`Server::service`]) or on loopback ([`Server::serve`]): create, get, list, watch, update, all
//! kinds of patch, deletion with finalizers, definitions, discovery. Its bounds:
//!
//! * Built-in kinds are those of a table; their fields are neither pruned nor validated nor given defaults, with few
//!   exceptions.
//! * Bodies are JSON or YAML, not protobuf: `kubectl apply` works, `kubectl create configmap` does not.
//! * There is no authorization, no garbage collection and no controller: a deleted namespace stays terminating.
//! * Rules of definitions in the expression language are not evaluated, except `self == oldSelf`.
//!
//! Requests can be made to fail ([`Server::faults`]), are logged ([`Server::requests`]), and writes can be changed or refused
//! by hooks ([`Server::admit`]).

mod admission;
mod answer;
mod api;
mod definitions;
mod discovery;
mod dispatch;
mod error;
mod events;
mod faults;
mod managed_fields;
mod object;
mod openapi;
mod patch;
mod read;
mod request;
mod request_log;
mod resource;
mod schema;
mod server;
mod store;
mod table;
pub mod world;
mod write;

pub use admission::{AdmissionRequest, Operation};
pub use answer::Body;
pub use error::ApiError;
pub use faults::{Effect, Fault, Faults};
pub use request::Verb;
pub use request::user::User;
pub use request_log::LoggedRequest;
pub use resource::definition::DefinitionError;
pub use server::{ApiService, BuildError, Builder, Server, Serving};
