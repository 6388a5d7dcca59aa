//! What is in effect: the encapsulation that nodes use now, from up to three sources, and what a target would remove.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::dataplane::{Dataplane, FamilyDataplane, PoolSource};
use crate::encapsulation::{Backend, Encapsulation, Encapsulations, IpFamily, Pool, PoolMode, sends};
use crate::intent::{IpamType, OverlayIntent};
use crate::reading::{ReadFailure, ReadFailureKind, Reading};

/// A dataplane as it was read back from a bundle or from a live shoot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct ObservedDataplane {
    /// `calico_backend`; `None` where nothing names it.
    pub backend: Option<Backend>,
    /// The IPv4 pool.
    pub ipv4: Option<ObservedPool>,
    /// The IPv6 pool.
    pub ipv6: Option<ObservedPool>,
    /// `FELIX_IPINIPENABLED`.
    pub felix_ipip: Option<bool>,
    /// `FELIX_VXLANENABLED`.
    pub felix_vxlan: Option<bool>,
    /// Address management, from the CNI configuration.
    pub ipam: Option<ObservedIpam>,
    /// `veth_mtu`.
    pub veth_mtu: Option<String>,
    /// Whether calico-kube-controllers run; `None` where nobody looked.
    pub kube_controllers: Option<bool>,
}

/// A pool as it was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct ObservedPool {
    /// Its protocol.
    pub pool: Pool,
    /// Its mode.
    pub mode: PoolMode,
    /// Whether an IPPool says so, or only variables that calico-node may never have used.
    pub source: PoolSource,
}

/// Address management as it was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct ObservedIpam {
    /// Which plugin.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: IpamType,
    /// The ranges, in order.
    pub ranges: Vec<String>,
}

impl ObservedDataplane {
    /// What a bundle of this dataplane reads back as. For whoever has the configuration of the bundle and not the bundle.
    #[must_use]
    pub fn of_bundle(dataplane: &Dataplane) -> Self {
        Self {
            backend: Some(dataplane.backend),
            ipv4: dataplane.ipv4.as_ref().map(ObservedPool::of_bundle),
            ipv6: dataplane.ipv6.as_ref().map(ObservedPool::of_bundle),
            felix_ipip: Some(dataplane.felix_keeps_ipip()),
            felix_vxlan: Some(dataplane.felix.vxlan),
            ipam: Some(ObservedIpam { kind: dataplane.ipam.kind, ranges: dataplane.ipam.ranges.clone() }),
            veth_mtu: Some(dataplane.veth_mtu.clone()),
            kube_controllers: Some(dataplane.kube_controllers),
        }
    }

    /// The pool of one family.
    #[must_use]
    pub const fn pool(&self, family: IpFamily) -> Option<ObservedPool> {
        match family {
            IpFamily::Ipv4 => self.ipv4,
            IpFamily::Ipv6 => self.ipv6,
        }
    }

    /// What nodes send, per family. A backend that nothing names is taken as one that programs routes.
    #[must_use]
    pub fn encapsulations(&self) -> Encapsulations {
        let backend = self.backend.unwrap_or(Backend::Bird);
        let of = |pool: Option<ObservedPool>| pool.map(|pool| sends(backend, pool.pool, pool.mode));
        Encapsulations { ipv4: of(self.ipv4), ipv6: of(self.ipv6) }
    }
}

impl ObservedPool {
    /// An object says what nodes send, whatever the variables beside it say.
    fn of_bundle(family: &FamilyDataplane) -> Self {
        let (pool, mode) = match (family.pool_source, family.sends) {
            (PoolSource::Variable, _) => (family.pool, family.mode),
            (PoolSource::Object, Encapsulation::None) => (family.pool, PoolMode::Never),
            (PoolSource::Object, Encapsulation::IpipAlways) => (Pool::Ipip, PoolMode::Always),
            (PoolSource::Object, Encapsulation::IpipCrossSubnet) => (Pool::Ipip, PoolMode::CrossSubnet),
            (PoolSource::Object, Encapsulation::VxlanAlways) => (Pool::Vxlan, PoolMode::Always),
            (PoolSource::Object, Encapsulation::VxlanCrossSubnet) => (Pool::Vxlan, PoolMode::CrossSubnet),
        };
        Self { pool, mode, source: family.pool_source }
    }
}

/// The sources that were read, in the order in which they are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct Sources {
    /// The bundle last written, from the Secrets of the ManagedResource. Absent: there is no ManagedResource.
    pub bundle: Reading<ObservedDataplane>,
    /// The live shoot. Not read while it sleeps.
    pub live: Reading<ObservedDataplane>,
    /// Our own record in `status.state`. Absent: there is none.
    pub record: Reading<Encapsulations>,
    /// Whether this is the first installation: no operation has ever succeeded and nothing is restored.
    pub history: History,
}

/// What the Network says about earlier operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum History {
    /// No last operation, or a creation that never succeeded; and no restore is asked for.
    NeverInstalled,
    /// Anything else.
    Installed,
}

/// What is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InEffect {
    /// Nothing: Calico was never installed here.
    FirstInstallation,
    /// The encapsulation of each family.
    Known {
        /// What nodes send.
        encapsulations: Encapsulations,
        /// The source that can be rendered again while a switch is held; `None` where only the record is known.
        dataplane: Option<ObservedDataplane>,
    },
    /// No source could tell.
    Unreadable(ReadFailure),
}

/// Combines the sources for the question whether `target` removes an encapsulation.
///
/// The bundle answers alone where it settles that nothing is removed. Otherwise the other sources are heard, and where they
/// disagree the one that says *encapsulated* counts. Three things are no proof that nothing is encapsulated: a source that
/// names no family, a record beside a bundle that nobody could read (something else may have written that bundle since), and
/// variables of the bundle while reading the live pool failed (calico-node may never have used them).
#[must_use]
pub fn what_is_in_effect(target: &Dataplane, sources: &Sources) -> InEffect {
    let bundle = sources.bundle.known();
    if let Some(bundle) = bundle.filter(|bundle| settles(bundle, target)) {
        return InEffect::Known { encapsulations: bundle.encapsulations(), dataplane: Some(bundle.clone()) };
    }
    if never_installed(sources) {
        return InEffect::FirstInstallation;
    }
    let live = sources.live.known();
    let of_bundle = bundle.map(ObservedDataplane::encapsulations).filter(names_a_family);
    let of_live = live.map(ObservedDataplane::encapsulations).filter(names_a_family);
    let of_record = sources.record.known().copied().filter(names_a_family);

    let Some(encapsulations) = [of_bundle, of_live, of_record].into_iter().flatten().reduce(strongest) else {
        return InEffect::Unreadable(why_unreadable(sources));
    };
    let proven = match (&sources.bundle, &sources.live) {
        (Reading::Unreadable(_), _) => of_live.is_some(),
        (Reading::Known(_), Reading::Unreadable(failure)) => {
            of_record.is_some() || of_bundle.is_some() && failure.kind == ReadFailureKind::NotGiven
        }
        (Reading::Known(_), Reading::Known(_) | Reading::Absent) | (Reading::Absent, _) => true,
    };
    if !proven && removed_families(encapsulations, target).is_empty() {
        return InEffect::Unreadable(why_unreadable(sources));
    }
    let dataplane =
        bundle.into_iter().chain(live).find(|dataplane| expresses(dataplane, encapsulations, target)).cloned();
    InEffect::Known { encapsulations, dataplane }
}

/// The families in which `target` sends nothing encapsulated although something is.
#[must_use]
pub fn removed_families(current: Encapsulations, target: &Dataplane) -> Vec<IpFamily> {
    let removed = |family: &IpFamily| {
        current.family(*family).is_some_and(Encapsulation::is_some)
            && target.family(*family).is_some_and(|family| !family.sends.is_some())
    };
    IpFamily::ALL.iter().copied().filter(removed).collect()
}

/// Whether the removal of `encapsulation` in `family` exists only on paper: the pool came from variables and would again,
/// calico-node uses them only while no pool exists, and the backend goes on serving the pool.
#[must_use]
pub fn rests_on_variable_alone(
    encapsulation: Encapsulation,
    current: &ObservedDataplane,
    target: &Dataplane,
    family: IpFamily,
) -> bool {
    let (Some(pool), Some(wanted)) = (current.pool(family), target.family(family)) else {
        return false;
    };
    let still_served = match encapsulation {
        Encapsulation::None => false,
        Encapsulation::IpipAlways | Encapsulation::IpipCrossSubnet => target.backend != Backend::None,
        Encapsulation::VxlanAlways | Encapsulation::VxlanCrossSubnet => true,
    };
    pool.source == PoolSource::Variable && wanted.pool_source == PoolSource::Variable && still_served
}

/// `target` rendered with the encapsulation in effect: the held set moves together. `None` where the
/// observed state cannot be expressed.
#[must_use]
pub fn hold_encapsulation(target: &Dataplane, observed: &ObservedDataplane) -> Option<Dataplane> {
    let backend = observed.backend?;
    let mut held = target.clone();
    held.backend = backend;
    held.felix.ipip = observed.felix_ipip.unwrap_or(false);
    held.felix.vxlan = observed.felix_vxlan.unwrap_or(false);
    if held.felix.vxlan && observed.felix_ipip.is_none() {
        // Where VXLAN is explicit the variable for IP in IP is not rendered; the switch behind it is on outside of IPv6.
        held.felix.ipip = held.ipv6.is_none();
    }
    if let Some(ipam) = &observed.ipam {
        held.ipam.kind = ipam.kind;
        held.ipam.ranges.clone_from(&ipam.ranges);
    }
    if let Some(mtu) = &observed.veth_mtu {
        held.veth_mtu.clone_from(mtu);
    }
    held.kube_controllers = observed.kube_controllers.unwrap_or(backend != Backend::None);
    held.snat_to_upstream_dns = false;
    for (family, pool) in [(held.ipv4.as_mut(), observed.ipv4), (held.ipv6.as_mut(), observed.ipv6)] {
        match (family, pool) {
            (Some(family), Some(pool)) => {
                family.set_pool(backend, pool.pool, pool.mode);
                family.pool_source = pool.source;
            }
            // A family that is new keeps its own pool, but the backend that is in effect serves it.
            (Some(family), None) => family.set_pool(backend, family.pool, family.mode),
            (None, _) => {}
        }
    }
    // What belongs to an overlay that is off (the removal of BIRD's routes, the pool without SNAT) must wait as well.
    held.overlay = target.overlay.map(|_| OverlayIntent { enabled: true, create_pod_routes: false });
    (held.encapsulations() == with_target_families(observed.encapsulations(), target)).then_some(held)
}

/// Whether a bundle of `held` reads back with the pools that were observed. A pool object says what nodes send, so none can say how a pool
/// would encapsulate if its backend served it: with backend `none`, IP in IP.
pub(crate) fn keeps_pools(held: &Dataplane, observed: &ObservedDataplane) -> bool {
    IpFamily::ALL.iter().all(|family| match (held.family(*family), observed.pool(*family)) {
        (Some(held), Some(observed)) => {
            let written = ObservedPool::of_bundle(held);
            (written.pool, written.mode) == (observed.pool, observed.mode)
        }
        _ => true,
    })
}

fn with_target_families(observed: Encapsulations, target: &Dataplane) -> Encapsulations {
    let wanted = target.encapsulations();
    Encapsulations {
        ipv4: wanted.ipv4.map(|wanted| observed.ipv4.unwrap_or(wanted)),
        ipv6: wanted.ipv6.map(|wanted| observed.ipv6.unwrap_or(wanted)),
    }
}

/// Whether the bundle alone proves that `target` removes nothing. What its variables say is only assumed, unless the target
/// leaves them and the backend as they are.
fn settles(bundle: &ObservedDataplane, target: &Dataplane) -> bool {
    let encapsulations = bundle.encapsulations();
    let keeps_backend = bundle.backend == Some(target.backend);
    names_a_family(&encapsulations)
        && removed_families(encapsulations, target).is_empty()
        && IpFamily::ALL.iter().all(|family| match (bundle.pool(*family), target.family(*family)) {
            (Some(pool), Some(wanted)) if pool.source == PoolSource::Variable && !wanted.sends.is_some() => {
                keeps_backend && wanted.pool_source == PoolSource::Variable
            }
            _ => true,
        })
}

/// Whether everything that could be read agrees that Calico was never here.
fn never_installed(sources: &Sources) -> bool {
    let live_is_encapsulated = sources.live.known().is_some_and(|live| live.encapsulations().any());
    sources.history == History::NeverInstalled
        && matches!(sources.bundle, Reading::Absent)
        && matches!(sources.record, Reading::Absent)
        && !live_is_encapsulated
}

fn names_a_family(encapsulations: &Encapsulations) -> bool {
    encapsulations.ipv4.is_some() || encapsulations.ipv6.is_some()
}

/// Whether rendering `dataplane` again would keep every encapsulation that is in effect in a family of the target.
fn expresses(dataplane: &ObservedDataplane, in_effect: Encapsulations, target: &Dataplane) -> bool {
    let own = dataplane.encapsulations();
    let encapsulated = |of: Encapsulations, family| of.family(family).is_some_and(Encapsulation::is_some);
    IpFamily::ALL
        .iter()
        .filter(|family| target.family(**family).is_some())
        .all(|family| !encapsulated(in_effect, *family) || encapsulated(own, *family))
}

fn strongest(left: Encapsulations, right: Encapsulations) -> Encapsulations {
    let of = |left: Option<Encapsulation>, right: Option<Encapsulation>| match (left, right) {
        (Some(left), Some(right)) => Some(left.stronger(right)),
        (left, right) => left.or(right),
    };
    Encapsulations { ipv4: of(left.ipv4, right.ipv4), ipv6: of(left.ipv6, right.ipv6) }
}

fn why_unreadable(sources: &Sources) -> ReadFailure {
    use ReadFailureKind::{Incomplete, NotGiven, Undecodable};

    let (missing, kind) = match &sources.bundle {
        Reading::Unreadable(failure) => return failure.clone(),
        Reading::Known(_) => ("the bundle does not tell the encapsulation in effect", Undecodable),
        Reading::Absent => ("the ManagedResource is gone although Calico was installed before", Incomplete),
    };
    match (&sources.record, &sources.live) {
        (Reading::Unreadable(failure), _) => failure.clone(),
        (_, Reading::Unreadable(failure)) if failure.kind != NotGiven => failure.clone(),
        _ => ReadFailure::new(kind, format!("{missing}, and neither the live shoot nor our record tells more")),
    }
}
