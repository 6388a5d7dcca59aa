//! The admission webhook for Shoots: TLS, reviews, certificates, registration, and the process around them.
//!
//! # Expected flow
//! [`review`] turns the bytes of an AdmissionReview into an answer, by the rules that the controller and `validate` share.
//! [`server`] reads them over TLS with the certificate that [`tls`] serves at that moment. [`keeper`] reads certificates from their
//! store, where the leader renews them as [`certificates`] says, and writes the [`registration`] by which API servers find us.
//! [`run`](run()) is all of it as a process.
//!
//! # Guarantees
//! No review is lost to a rotation: API servers trust an authority before anything that it has signed is served, and go on to
//! trust it for a day after. No body crashes the process, and each is answered within [`server::ANSWER_DEADLINE`].

pub mod certificates;
pub mod keeper;
pub mod metrics;
pub mod registration;
pub mod review;
pub mod server;
pub mod settings;
pub mod store;
pub mod tls;

mod endpoints;
mod run;

pub use run::{RunError, run};
