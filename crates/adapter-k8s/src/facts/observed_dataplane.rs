//! The dataplane that the objects of a bundle, or of a live shoot, put into effect.

use calico_policy::encapsulation::{Backend, IpFamily, sends};
use calico_policy::in_effect::{ObservedDataplane, ObservedPool};
use gardener_api::calico::{ConfigMap, DaemonSet, IpPool};

use super::config_map::{self, ConfigMapError, ConfigMapFacts};
use super::daemon_set::{self, DaemonSetError, DaemonSetFacts};
use super::ip_pool::{self, IpPoolError};

/// The objects that tell which encapsulation is in effect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalicoObjects {
    /// All pools.
    pub ip_pools: Vec<IpPool>,
    /// `kube-system/calico-node`.
    pub daemon_set: Option<DaemonSet>,
    /// `kube-system/calico-config`.
    pub config_map: Option<ConfigMap>,
    /// Whether the Deployment `kube-system/calico-kube-controllers` is there; `None` where nobody looked.
    pub kube_controllers: Option<bool>,
}

/// Namespace of calico-kube-controllers.
pub const KUBE_CONTROLLERS_NAMESPACE: &str = "kube-system";
/// Name of calico-kube-controllers.
pub const KUBE_CONTROLLERS: &str = "calico-kube-controllers";

/// Why objects yield no dataplane.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// A pool.
    #[error(transparent)]
    IpPool(#[from] IpPoolError),
    /// The DaemonSet.
    #[error(transparent)]
    DaemonSet(#[from] DaemonSetError),
    /// The ConfigMap.
    #[error(transparent)]
    ConfigMap(#[from] ConfigMapError),
    /// Nothing names a pool: neither an IPPool nor a variable of calico-node.
    #[error("no IPPool and no pool variable of DaemonSet `calico-node` tells the encapsulation")]
    NoPool,
}

/// Reads back what the objects put into effect. Pool objects count; where a family has none, the variables of calico-node do.
/// Of several enabled pools of a family, the one that encapsulates most counts.
///
/// For IPv6 the variable counts beside the object: the object of a bundle says `Never` whatever the overlay, so that only the
/// variable tells whether an overlay is on, and with it whether BIRD's routes go when it is turned off.
///
/// # Errors
/// [`ObserveError`] where the objects make no sense or do not tell. None of them permits anything.
pub fn observe(objects: &CalicoObjects) -> Result<ObservedDataplane, ObserveError> {
    let daemon_set = objects.daemon_set.as_ref().map(daemon_set::facts).transpose()?;
    let config_map = objects.config_map.as_ref().map(config_map::facts).transpose()?;
    let DaemonSetFacts { backend, felix_ipip, felix_vxlan, ipv4, ipv6 } = daemon_set.unwrap_or_default();
    let ConfigMapFacts { backend: configured_backend, ipam, veth_mtu } = config_map.unwrap_or_default();
    let backend = backend.or(configured_backend);

    let (mut ipv4_object, mut ipv6_object) = (None, None);
    for pool in &objects.ip_pools {
        match ip_pool::facts(pool)? {
            Some((IpFamily::Ipv4, pool)) => ipv4_object = Some(stronger(backend, ipv4_object, pool)),
            Some((IpFamily::Ipv6, pool)) => ipv6_object = Some(stronger(backend, ipv6_object, pool)),
            None => {}
        }
    }
    let ipv4 = ipv4_object.or(ipv4);
    let ipv6 = match (ipv6_object, ipv6) {
        (Some(object), Some(variable)) => {
            Some(ObservedPool { source: object.source, ..stronger(backend, Some(object), variable) })
        }
        (object, variable) => object.or(variable),
    };
    if ipv4.is_none() && ipv6.is_none() {
        return Err(ObserveError::NoPool);
    }
    let kube_controllers = objects.kube_controllers;
    Ok(ObservedDataplane { backend, ipv4, ipv6, felix_ipip, felix_vxlan, ipam, veth_mtu, kube_controllers })
}

fn stronger(backend: Option<Backend>, seen: Option<ObservedPool>, pool: ObservedPool) -> ObservedPool {
    let Some(seen) = seen else { return pool };
    let of = |pool: ObservedPool| sends(backend.unwrap_or(Backend::Bird), pool.pool, pool.mode);
    if of(seen).stronger(of(pool)) == of(seen) { seen } else { pool }
}

#[cfg(test)]
mod tests {
    use calico_policy::dataplane::PoolSource;
    use calico_policy::encapsulation::{Encapsulation, Encapsulations};
    use gardener_api::calico::{Container, EnvVar};

    use super::*;

    fn pool(cidr: &str, ipip: &str, vxlan: &str) -> IpPool {
        let mut pool = IpPool::default();
        pool.spec.cidr = cidr.to_owned();
        pool.spec.ipip_mode = Some(ipip.to_owned());
        pool.spec.vxlan_mode = Some(vxlan.to_owned());
        pool
    }

    fn daemon_set(name: &str, value: &str) -> Option<DaemonSet> {
        let mut daemon_set = DaemonSet::default();
        daemon_set.spec.template.spec.containers.push(Container {
            name: daemon_set::NAME.to_owned(),
            env: vec![EnvVar { name: name.to_owned(), value: Some(value.to_owned()) }],
            ..Container::default()
        });
        Some(daemon_set)
    }

    fn config_map(backend: &str) -> Option<ConfigMap> {
        let data = [("calico_backend".to_owned(), backend.to_owned())].into();
        Some(ConfigMap { data, ..ConfigMap::default() })
    }

    #[test]
    fn a_pool_object_counts_over_a_variable() {
        let objects = CalicoObjects {
            ip_pools: vec![pool("100.96.0.0/11", "Never", "Never")],
            daemon_set: daemon_set("CALICO_IPV4POOL_IPIP", "Always"),
            config_map: config_map("bird"),
            ..CalicoObjects::default()
        };
        let observed = observe(&objects).unwrap();
        assert_eq!(observed.encapsulations(), Encapsulations { ipv4: Some(Encapsulation::None), ipv6: None });
        assert_eq!(observed.ipv4.unwrap().source, PoolSource::Object);
    }

    #[test]
    fn for_ipv6_the_variable_counts_beside_the_object() {
        for (object, variable, expected) in [
            ("Never", "Always", Encapsulation::VxlanAlways),
            ("Always", "Never", Encapsulation::VxlanAlways),
            ("Never", "Never", Encapsulation::None),
        ] {
            let objects = CalicoObjects {
                ip_pools: vec![pool("2001:db8:1::/56", "Never", object)],
                daemon_set: daemon_set("CALICO_IPV6POOL_VXLAN", variable),
                config_map: config_map("bird"),
                ..CalicoObjects::default()
            };
            let observed = observe(&objects).unwrap();
            assert_eq!(observed.encapsulations(), Encapsulations { ipv4: None, ipv6: Some(expected) });
            assert_eq!(observed.ipv6.unwrap().source, PoolSource::Object);
        }
    }

    #[test]
    fn without_an_object_the_variable_is_assumed() {
        let objects = CalicoObjects {
            daemon_set: daemon_set("CALICO_IPV4POOL_IPIP", "Always"),
            config_map: config_map("bird"),
            ..CalicoObjects::default()
        };
        let observed = observe(&objects).unwrap();
        assert_eq!(observed.encapsulations().ipv4, Some(Encapsulation::IpipAlways));
        assert_eq!(observed.ipv4.unwrap().source, PoolSource::Variable);
    }

    #[test]
    fn backend_none_makes_ip_in_ip_ineffective() {
        let objects = CalicoObjects {
            ip_pools: vec![pool("100.96.0.0/11", "Always", "Never")],
            config_map: config_map("none"),
            ..CalicoObjects::default()
        };
        assert_eq!(observe(&objects).unwrap().encapsulations().ipv4, Some(Encapsulation::None));
    }

    #[test]
    fn of_several_pools_the_one_that_encapsulates_counts() {
        let never = pool("100.96.0.0/12", "Never", "Never");
        let always = pool("100.112.0.0/12", "Always", "Never");
        for ip_pools in [vec![never.clone(), always.clone()], vec![always, never]] {
            let objects = CalicoObjects { ip_pools, ..CalicoObjects::default() };
            assert_eq!(observe(&objects).unwrap().encapsulations().ipv4, Some(Encapsulation::IpipAlways));
        }
    }

    #[test]
    fn objects_that_name_no_pool_tell_nothing() {
        let objects =
            CalicoObjects { daemon_set: daemon_set("FELIX_IPINIPENABLED", "true"), ..CalicoObjects::default() };
        assert_eq!(observe(&objects), Err(ObserveError::NoPool));
        assert_eq!(observe(&CalicoObjects::default()), Err(ObserveError::NoPool));
    }
}
