//! The kinds that a dump is read for, and how an `apiVersion` and a `kind` become one.

/// A kind in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The shoot's network as gardenlet asks for it.
    Network,
    /// Gardenlet's copy of the Shoot.
    Cluster,
    /// A node of the shoot.
    Node,
    /// A bundle for the shoot.
    ManagedResource,
    /// Holds the objects of a bundle.
    Secret,
    /// A live pool of the shoot.
    IpPool,
    /// The live `calico-node`.
    DaemonSet,
    /// The live `calico-config`.
    ConfigMap,
    /// A guard.
    MutatingAdmissionPolicy,
    /// Puts a guard into force.
    MutatingAdmissionPolicyBinding,
    /// A bare provider config; `validate` only.
    NetworkConfig,
    /// A bare Shoot; `validate` only.
    Shoot,
    /// Our own configuration; `validate` only.
    ControllerConfiguration,
}

/// What an `apiVersion` and a `kind` stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A kind in use, in a version that is understood.
    Used(Kind),
    /// A kind in use in a version that is not understood.
    WrongVersion(Kind),
    /// A kubeconfig, which nobody should hand out.
    Kubeconfig,
    /// Nothing of interest.
    Other,
}

impl Kind {
    /// Every kind in use.
    pub const ALL: [Self; 13] = [
        Self::Network,
        Self::Cluster,
        Self::Node,
        Self::ManagedResource,
        Self::Secret,
        Self::IpPool,
        Self::DaemonSet,
        Self::ConfigMap,
        Self::MutatingAdmissionPolicy,
        Self::MutatingAdmissionPolicyBinding,
        Self::NetworkConfig,
        Self::Shoot,
        Self::ControllerConfiguration,
    ];

    /// The name that `kind` spells.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Cluster => "Cluster",
            Self::Node => "Node",
            Self::ManagedResource => "ManagedResource",
            Self::Secret => "Secret",
            Self::IpPool => "IPPool",
            Self::DaemonSet => "DaemonSet",
            Self::ConfigMap => "ConfigMap",
            Self::MutatingAdmissionPolicy => "MutatingAdmissionPolicy",
            Self::MutatingAdmissionPolicyBinding => "MutatingAdmissionPolicyBinding",
            Self::NetworkConfig => "NetworkConfig",
            Self::Shoot => "Shoot",
            Self::ControllerConfiguration => "ControllerConfiguration",
        }
    }

    /// The `apiVersion`s that are understood.
    pub fn api_versions(self) -> &'static [&'static str] {
        match self {
            Self::Network | Self::Cluster => &["extensions.gardener.cloud/v1alpha1"],
            Self::Node | Self::Secret | Self::ConfigMap => &["v1"],
            Self::ManagedResource => &["resources.gardener.cloud/v1alpha1"],
            Self::IpPool => &["crd.projectcalico.org/v1", "projectcalico.org/v3"],
            Self::DaemonSet => &["apps/v1"],
            Self::MutatingAdmissionPolicy | Self::MutatingAdmissionPolicyBinding => &[
                "admissionregistration.k8s.io/v1",
                "admissionregistration.k8s.io/v1beta1",
                "admissionregistration.k8s.io/v1alpha1",
            ],
            Self::NetworkConfig => &["calico.networking.extensions.gardener.cloud/v1alpha1"],
            Self::Shoot => &["core.gardener.cloud/v1beta1"],
            Self::ControllerConfiguration => &["calico.networking.extensions.config.gardener.cloud/v1alpha1"],
        }
    }

    /// Whether an object of this kind must be named: a configuration file has no `metadata`.
    pub(crate) fn has_name(self) -> bool {
        !matches!(self, Self::NetworkConfig | Self::ControllerConfiguration)
    }
}

/// Matches on group and kind, so that a kind of the same name in someone else's group is none of ours.
///
/// A wrong version, a missing group, or a group next to ours (`apps` for DaemonSet was once `extensions`; a typing error in a
/// Gardener or Calico group) is a mistake that must not pass for an absent object.
pub(crate) fn meaning(api_version: &str, kind: &str) -> Meaning {
    if api_version == "v1" && kind == "Config" {
        return Meaning::Kubeconfig;
    }
    let Some(known) = Kind::ALL.into_iter().find(|known| known.name() == kind) else { return Meaning::Other };
    if known.api_versions().contains(&api_version) {
        return Meaning::Used(known);
    }
    let group = group_of(api_version);
    let related = group.is_empty()
        || group == "extensions"
        || group.ends_with("gardener.cloud")
        || group.ends_with("projectcalico.org")
        || known.api_versions().iter().any(|expected| group_of(expected) == group);
    if related { Meaning::WrongVersion(known) } else { Meaning::Other }
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Meaning, meaning};

    #[test]
    fn every_kind_is_found_in_each_of_its_versions() {
        for kind in Kind::ALL {
            for version in kind.api_versions() {
                assert_eq!(meaning(version, kind.name()), Meaning::Used(kind));
            }
            assert_eq!(meaning("example.org/v1", kind.name()), Meaning::Other);
        }
    }

    #[test]
    fn a_near_miss_is_a_mistake_and_a_namesake_is_not() {
        for (version, kind, expected) in [
            ("extensions.gardener.cloud/v1", "Network", Meaning::WrongVersion(Kind::Network)),
            ("v1", "Network", Meaning::WrongVersion(Kind::Network)),
            ("extension.gardener.cloud/v1alpha1", "Cluster", Meaning::WrongVersion(Kind::Cluster)),
            ("extensions/v1beta1", "DaemonSet", Meaning::WrongVersion(Kind::DaemonSet)),
            ("v2", "Secret", Meaning::WrongVersion(Kind::Secret)),
            ("crd.projectcalico.org/v3", "IPPool", Meaning::WrongVersion(Kind::IpPool)),
            ("cluster.x-k8s.io/v1beta1", "Cluster", Meaning::Other),
            ("longhorn.io/v1beta2", "Node", Meaning::Other),
            ("v1", "Pod", Meaning::Other),
            ("v1", "Config", Meaning::Kubeconfig),
        ] {
            assert_eq!(meaning(version, kind), expected, "{version} {kind}");
        }
    }
}
