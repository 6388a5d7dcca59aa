//! Whether a bundle that holds an encapsulation really keeps it: what it puts into effect is read back from its objects.

use calico_manifests::{ObjectKey, Objects};
use calico_policy::dataplane::Dataplane;
use calico_policy::encapsulation::IpFamily;
use calico_policy::in_effect::ObservedDataplane;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::facts::observed_dataplane::{CalicoObjects, KUBE_CONTROLLERS, ObserveError, observe};
use crate::facts::{config_map, daemon_set};

/// Why a bundle would not keep what is in effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inexpressible {
    /// These parts would change.
    #[error("{} would change", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Changes(Vec<HeldPart>),
    /// The objects do not tell.
    #[error("the objects to write do not tell their encapsulation: {0}")]
    Unreadable(#[from] ObserveError),
    /// An object is not what its kind says.
    #[error("the object to write `{0}` does not have the form of its kind")]
    Form(ObjectKey),
}

/// A part of what must stay while an overlay switch is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldPart {
    /// `calico_backend`.
    Backend,
    /// The pool of a family.
    Pool(IpFamily),
    /// `FELIX_IPINIPENABLED`.
    FelixIpip,
    /// `FELIX_VXLANENABLED`.
    FelixVxlan,
    /// Address management.
    Ipam,
    /// `veth_mtu`.
    VethMtu,
    /// calico-kube-controllers.
    KubeControllers,
}

impl std::fmt::Display for HeldPart {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Backend => formatter.write_str("the backend"),
            Self::Pool(family) => write!(formatter, "the {family} pool"),
            Self::FelixIpip => formatter.write_str("`FELIX_IPINIPENABLED`"),
            Self::FelixVxlan => formatter.write_str("`FELIX_VXLANENABLED`"),
            Self::Ipam => formatter.write_str("the address management"),
            Self::VethMtu => formatter.write_str("`veth_mtu`"),
            Self::KubeControllers => formatter.write_str("calico-kube-controllers"),
        }
    }
}

/// What these objects would put into effect, read as a bundle of somebody else would be.
///
/// # Errors
/// [`Inexpressible`] where they do not tell.
pub fn observed(objects: &Objects) -> Result<ObservedDataplane, Inexpressible> {
    let mut told = CalicoObjects { kube_controllers: Some(false), ..CalicoObjects::default() };
    for (key, object) in objects.iter() {
        match key.kind.as_str() {
            "IPPool" => told.ip_pools.push(typed(key, object)?),
            "DaemonSet" if key.name == daemon_set::NAME => told.daemon_set = Some(typed(key, object)?),
            "ConfigMap" if key.name == config_map::NAME => told.config_map = Some(typed(key, object)?),
            "Deployment" if key.name == KUBE_CONTROLLERS => told.kube_controllers = Some(true),
            _ => {}
        }
    }
    Ok(observe(&told)?)
}

/// Whether these objects keep `in_effect` in every family that the shoot still has.
///
/// # Errors
/// [`Inexpressible`] names what would change. Then nothing may be written.
pub fn kept(objects: &Objects, in_effect: &ObservedDataplane, target: &Dataplane) -> Result<(), Inexpressible> {
    let ObservedDataplane { backend, ipv4: _, ipv6: _, felix_ipip, felix_vxlan, ipam, veth_mtu, kube_controllers } =
        in_effect;
    let written = observed(objects)?;
    let mut changes = Vec::new();
    let mut compare = |part, same: bool| {
        if !same {
            changes.push(part);
        }
    };
    compare(HeldPart::Backend, written.backend == *backend);
    for family in IpFamily::ALL.iter().copied().filter(|family| target.family(*family).is_some()) {
        // A family that is new has no pool yet that could be kept.
        if let Some(pool) = in_effect.pool(family) {
            compare(HeldPart::Pool(family), written.pool(family) == Some(pool));
        }
    }
    compare(HeldPart::FelixIpip, written.felix_ipip == *felix_ipip);
    compare(HeldPart::FelixVxlan, written.felix_vxlan == *felix_vxlan);
    compare(HeldPart::Ipam, written.ipam == *ipam);
    compare(HeldPart::VethMtu, written.veth_mtu == *veth_mtu);
    compare(HeldPart::KubeControllers, kube_controllers.is_none() || written.kube_controllers == *kube_controllers);
    if changes.is_empty() { Ok(()) } else { Err(Inexpressible::Changes(changes)) }
}

/// One of our own objects in the form in which one of somebody else is read.
fn typed<T: DeserializeOwned>(key: &ObjectKey, object: &Value) -> Result<T, Inexpressible> {
    T::deserialize(object).map_err(|_| Inexpressible::Form(key.clone()))
}
