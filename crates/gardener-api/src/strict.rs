//! Strict decoding: every key must be known, given once and of the right type, and every violation is reported with its path.
//!
//! serde's derived decoders stop at the first problem and name it only in prose. Users of a configuration want all problems at
//! once and tools want to know which kind each is, so the strict documents are read field by field from a tree of the input.

mod document;
mod error;
mod fields;

pub(crate) use document::Document;
pub use error::{DecodeError, DecodeErrorKind, DecodeErrors};
pub(crate) use fields::{Fields, TypeMeta};
