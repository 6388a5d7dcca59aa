//! The operations on a Network and what the status says about them (gardener/gardener: docs/extensions/resources/network.md).

/// What is done to a Network; also `lastOperation.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The first installation.
    Create,
    /// Any later one.
    Reconcile,
    /// The control plane has come from another seed.
    Restore,
    /// The control plane goes to another seed.
    Migrate,
    /// The shoot is deleted.
    Delete,
}

impl Operation {
    /// `lastOperation.type`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Reconcile => "Reconcile",
            Self::Restore => "Restore",
            Self::Migrate => "Migrate",
            Self::Delete => "Delete",
        }
    }

    /// The description while it runs.
    #[must_use]
    pub const fn processing(self) -> &'static str {
        match self {
            Self::Create | Self::Reconcile => "Reconciling the Network",
            Self::Restore => "Restoring the Network",
            Self::Migrate => "Migrating the Network",
            Self::Delete => "Deleting the Network",
        }
    }

    /// The description of its success.
    #[must_use]
    pub const fn succeeded(self) -> &'static str {
        match self {
            Self::Create | Self::Reconcile => "Successfully reconciled Network",
            Self::Restore => "Successfully restored Network",
            Self::Migrate => "Successfully migrated Network",
            Self::Delete => "Successfully deleted Network",
        }
    }

    /// What the description of a failure starts with.
    #[must_use]
    pub const fn failed(self) -> &'static str {
        match self {
            Self::Create | Self::Reconcile => "Error reconciling Network",
            Self::Restore => "Error restoring Network",
            Self::Migrate => "Error migrating Network",
            Self::Delete => "Error deleting Network",
        }
    }
}
