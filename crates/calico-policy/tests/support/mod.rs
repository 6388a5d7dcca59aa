//! What the integration tests share: a model of inputs in words, an oracle that answers from the model alone, and the one
//! place that turns a model into structs of the core.

pub mod convert;
pub mod generators;
pub mod model;
pub mod oracle;
pub mod steps;
