//! The bundle as Gardener stores it: a Secret with the objects for the shoot, and the ManagedResource that names it.
//!
//! gardener-resource-manager reads the Secret and applies what is in it to the shoot (gardener/gardener:
//! docs/concepts/resource-manager.md). What differs from shoot to shoot is plain text under [`CONFIG_KEY`], where the Go
//! extension still finds `calico-node` after a rollback. The custom resource definitions, which are most of the bytes and the
//! same everywhere, are compressed once per process under [`DEFINITIONS_KEY`].
//!
//! ```text
//! facts -> decide() -> Decided::dataplane() -> Decided::plan() -> objects() -> Bundle::new() -> write
//! ```
//!
//! [`crate::decide`] is the first half of that chain; `render`, `diff` and the controller share all of it.

mod check;
mod definitions;
mod held;
mod managed_resource;
mod read_back;
mod secret;
mod stored;

pub use definitions::{Definitions, DefinitionsError, DefinitionsProblem};
pub use held::{HeldPart, Inexpressible, kept, observed};
pub use managed_resource::{BundleManagedResource, ORIGIN, REFERENCE_PREFIX};
pub use secret::{BundleSecret, CONFIG_KEY, DEFINITIONS_KEY, GARBAGE_COLLECTABLE};
pub use stored::stored;

use calico_manifests::{Objects, Plan, RenderError};
use calico_policy::in_effect::ObservedDataplane;
use calico_policy::{ReadFailure, ReadFailureKind, Reading};

use crate::write::deletion::GUARD_MANAGED_RESOURCE;

/// What is written to the shoot's namespace in the seed, Secret first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Holds the objects. Never changed once written: other content has another name.
    pub secret: BundleSecret,
    /// Names the Secret.
    pub managed_resource: BundleManagedResource,
    /// The dataplane in it, as whoever reads the Secret will find it; absent in that of the guard.
    pub dataplane: Reading<ObservedDataplane>,
}

/// Why there is no bundle to write. Each of these is a defect of ours: no input leads to one, and nothing may be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The compressor failed.
    #[error("the definitions cannot be compressed: {0}")]
    Compress(String),
    /// What would be written is not what was rendered. A damaged compressed value would hang gardener-resource-manager, and an
    /// object whose document does not decode would be deleted from the shoot.
    #[error("what would be written under `{key}` does not read back: {problem}")]
    Damaged {
        /// The data key.
        key: &'static str,
        /// What is wrong. Never shows contents.
        problem: String,
    },
    /// More than a Secret can hold.
    #[error("the bundle has {size} bytes, and a Secret holds {limit} at most")]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// What Kubernetes accepts.
        limit: usize,
    },
}

/// The objects of a bundle except Calico's definitions, in the order in which they are written.
///
/// # Errors
/// [`RenderError`]: a defect of the renderer.
pub fn objects(plan: &Plan, definitions: &Definitions) -> Result<Objects, RenderError> {
    let mut objects = calico_manifests::render(plan)?;
    if plan.dataplane.multus.enabled {
        objects.add(definitions.multus())?;
    }
    Ok(objects)
}

impl Bundle {
    /// Encodes the objects for a shoot and checks the result by decoding it again, as gardener-resource-manager will.
    /// Equal input gives an equal bundle with an equal name, so writing it twice is harmless.
    ///
    /// # Errors
    /// [`BundleError`]: a defect of ours; nothing may be written.
    pub fn new(namespace: &str, objects: &Objects, definitions: &Definitions) -> Result<Self, BundleError> {
        let secret = BundleSecret::new(namespace, objects.to_yaml(), definitions.compressed()?);
        check::check(&secret, objects, definitions)?;
        let managed_resource = BundleManagedResource::new(namespace, &secret);
        // The Secret holds these objects and no others, which was just checked.
        let dataplane = observed(objects).map_or_else(
            |error| Reading::Unreadable(ReadFailure::new(ReadFailureKind::Undecodable, error.to_string())),
            Reading::Known,
        );
        Ok(Self { secret, managed_resource, dataplane })
    }

    /// The same for the guard, which has a ManagedResource of its own.
    ///
    /// # Errors
    /// [`BundleError`]: a defect of ours; nothing may be written.
    pub fn of_guard(namespace: &str, objects: &Objects) -> Result<Self, BundleError> {
        let secret = BundleSecret::plain(GUARD_MANAGED_RESOURCE, namespace, objects.to_yaml());
        check::check_plain(&secret, objects)?;
        let managed_resource = BundleManagedResource::named(GUARD_MANAGED_RESOURCE, namespace, &secret);
        Ok(Self { secret, managed_resource, dataplane: Reading::Absent })
    }
}

#[cfg(test)]
mod tests;
