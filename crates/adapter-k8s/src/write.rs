//! What is written, one file per thing. Every write has a precondition, a fixed name, or is an apply: sent twice it does no
//! harm, and it never undoes what somebody else wrote in the meantime.

pub mod bundle;
pub mod certificates;
pub mod deletion;
pub mod event;
pub mod monitoring;
pub mod network;
pub mod status;
pub mod webhook;
