//! Everything that changes objects.

pub(crate) mod create;
mod decode;
pub(crate) mod delete;
mod generation;
mod kinds;
mod metadata;
mod settle;
pub(crate) mod update;

use std::sync::Arc;

use serde_json::Value;

/// What a write is answered with.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) code: u16,
    pub(crate) body: Body,
    /// Texts for `Warning` headers.
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// As stored, in the version of storage.
    Object(Arc<Value>),
    Status(Value),
}

impl Written {
    fn object(code: u16, object: Arc<Value>, warnings: Vec<String>) -> Self {
        Self { code, body: Body::Object(object), warnings }
    }
}
