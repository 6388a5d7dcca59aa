//! Pure decisions for Calico networking on Gardener shoots.
//!
//! Two questions are answered here, from plain structs and without any I/O:
//!
//! * **Node privilege mode**: may the long-lived `calico-node` container run non-privileged and non-root? See
//!   [`privilege::decide`].
//! * **Overlay-switch readiness**: a shoot turns its overlay off; may the encapsulation go now, or must it stay until every
//!   node has a route? See [`overlay::judge`].
//!
//! [`decide`] composes both with the dataplane that follows from the user's configuration ([`resolve()`]) and names what to
//! do next: actions, warnings and when to look again.
//!
//! The crate reads no clock, no environment and no randomness, writes no log and has no dependency by default. Equal input
//! gives equal output; calling anything twice is harmless. With the feature `serde` every closed set is serialised by the
//! code that [`code`](overlay::HoldReason::code) and its siblings return, and `embedding` holds a call as a document.
//!
//! The first question needs three arguments:
//!
//! ```
//! use calico_policy::caveats::Features;
//! use calico_policy::privilege::{self, NodePrivilege, PrivilegedBecause};
//! use calico_policy::version::CalicoVersion;
//!
//! let calico = CalicoVersion::from_tag(Some("v3.31.6"));
//! let ebpf = Features { ebpf: true, ..Features::NONE };
//! let decision = privilege::decide(true, &calico, ebpf);
//! assert_eq!(decision.mode, NodePrivilege::Privileged(PrivilegedBecause::EbpfDataplane));
//! ```
//!
//! The second rests on everything that was observed; `examples/overlay_switch.rs` asks it. What could not be read is given as
//! [`Reading::Unreadable`] and permits nothing:
//!
//! ```
//! use calico_policy::{ReadFailure, ReadFailureKind, Reading};
//!
//! let nodes: Reading<Vec<u8>> = Reading::Unreadable(ReadFailure::new(ReadFailureKind::Refused, "list nodes: Forbidden"));
//! assert_eq!(nodes.known(), None);
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod codes;

pub mod admission_policy;
pub mod bundles;
pub mod caveats;
pub mod dataplane;
pub mod decision;
#[cfg(feature = "serde")]
pub mod embedding;
pub mod encapsulation;
pub mod guard;
pub mod in_effect;
pub mod intent;
pub mod nodes;
pub mod overlay;
pub mod phase;
pub mod privilege;
pub mod reading;
pub mod resolve;
pub mod settings;
pub mod shoot;
pub mod survey;
pub mod time;
pub mod verification;
pub mod version;
pub mod warning;

pub use codes::UnknownCode;
pub use decision::{Action, Decision, Observed, Requeue, SwitchStatus, decide};
pub use overlay::OverlayVerdict;
pub use reading::{ReadFailure, ReadFailureKind, Reading};
pub use resolve::resolve;
pub use settings::Settings;
pub use survey::RoutesReady;
