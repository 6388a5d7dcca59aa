//! Which manager owns which fields: the sets of `metadata.managedFields` and what writes do to them.

mod compare;
mod element;
mod entries;
mod layout;
mod lists;
mod set;

pub(crate) use element::Element;
pub(crate) use entries::{Entries, Manager, Operation, strip};
pub(crate) use layout::{Layout, Shape};
pub(crate) use lists::{identify, merge_key};
pub(crate) use set::FieldSet;
