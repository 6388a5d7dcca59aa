//! Why there is no answer for one Network, while there is for others.

use gardener_api::validation::ErrorKind;

use crate::diagnostics::Diagnostic;

/// Why a Network has no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError {
    /// The field; below `spec.shoot` for one of the Cluster.
    pub path: String,
    /// The kind of error.
    pub kind: ItemErrorKind,
    /// What is wrong.
    pub text: String,
    /// The same, pointing into the input; one per error.
    pub diagnostics: Vec<Diagnostic>,
}

/// What kind of error kept a Network from being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemErrorKind {
    /// A field is wrong.
    Field(ErrorKind),
    /// The dump lacks the Cluster of the Network.
    ClusterNotFound,
    /// The seed could not be asked about it.
    Unreadable,
    /// The image vector lacks an image for the shoot.
    ImageNotFound,
    /// A defect of this software.
    Internal,
}

impl ItemErrorKind {
    /// The stable code: for a field, the name that Kubernetes gives the kind.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Field(kind) => kind.code(),
            Self::ClusterNotFound => "ClusterNotFound",
            Self::Unreadable => "Unreadable",
            Self::ImageNotFound => "ImageNotFound",
            Self::Internal => "Internal",
        }
    }

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        let fields = ErrorKind::ALL.iter().map(|kind| Self::Field(*kind));
        fields.chain([Self::ClusterNotFound, Self::Unreadable, Self::ImageNotFound, Self::Internal])
    }
}
