//! Facts of the DaemonSet `calico-node`.

use calico_policy::dataplane::PoolSource;
use calico_policy::encapsulation::{Backend, Pool, PoolMode, felix_flag, pool_mode};
use calico_policy::in_effect::ObservedPool;
use gardener_api::calico::{Container, DaemonSet};

/// Namespace of the DaemonSet.
pub const NAMESPACE: &str = "kube-system";
/// Name of the DaemonSet and of its long-lived container.
pub const NAME: &str = "calico-node";

/// What the DaemonSet tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaemonSetFacts {
    /// `CALICO_NETWORKING_BACKEND`, where it is a literal.
    pub backend: Option<Backend>,
    /// `FELIX_IPINIPENABLED`.
    pub felix_ipip: Option<bool>,
    /// `FELIX_VXLANENABLED`.
    pub felix_vxlan: Option<bool>,
    /// The IPv4 pool that calico-node would create.
    pub ipv4: Option<ObservedPool>,
    /// The IPv6 pool that calico-node would create.
    pub ipv6: Option<ObservedPool>,
}

/// Why the DaemonSet yields no facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DaemonSetError {
    /// The long-lived container is missing.
    #[error("DaemonSet `calico-node` has no container `calico-node`")]
    NoContainer,
    /// A variable has a value that Calico does not define.
    #[error("DaemonSet `calico-node`: variable `{name}` is `{value}`, which Calico does not define")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

/// The facts of the DaemonSet. Of two variables with equal names the last wins, as for the kubelet.
///
/// # Errors
/// [`DaemonSetError`] for a missing container or a value that Calico does not define.
pub fn facts(daemon_set: &DaemonSet) -> Result<DaemonSetFacts, DaemonSetError> {
    let containers = &daemon_set.spec.template.spec.containers;
    let container = containers.iter().find(|container| container.name == NAME).ok_or(DaemonSetError::NoContainer)?;
    Ok(DaemonSetFacts {
        backend: parsed(container, "CALICO_NETWORKING_BACKEND", str::parse)?,
        felix_ipip: parsed(container, "FELIX_IPINIPENABLED", felix_flag)?,
        felix_vxlan: parsed(container, "FELIX_VXLANENABLED", felix_flag)?,
        // With VXLAN the variable for IP in IP is there even without IPv4.
        ipv4: pool(container, "CALICO_IPV4POOL_IPIP", "CALICO_IPV4POOL_VXLAN")?
            .filter(|_| last(container, "IP") != Some("none")),
        ipv6: pool(container, "CALICO_IPV6POOL_IPIP", "CALICO_IPV6POOL_VXLAN")?,
    })
}

fn pool(
    container: &Container,
    ipip: &'static str,
    vxlan: &'static str,
) -> Result<Option<ObservedPool>, DaemonSetError> {
    let ipip = parsed(container, ipip, pool_mode)?;
    let vxlan = parsed(container, vxlan, pool_mode)?;
    let encapsulates = |mode: &PoolMode| matches!(mode, PoolMode::Always | PoolMode::CrossSubnet);
    let (pool, mode) = match (ipip, vxlan) {
        (None, None) => return Ok(None),
        (_, Some(vxlan)) if encapsulates(&vxlan) => (Pool::Vxlan, vxlan),
        (Some(ipip), _) => (Pool::Ipip, ipip),
        (None, Some(vxlan)) => (Pool::Vxlan, vxlan),
    };
    Ok(Some(ObservedPool { pool, mode, source: PoolSource::Variable }))
}

fn parsed<T, E>(
    container: &Container,
    name: &'static str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, DaemonSetError> {
    let Some(value) = last(container, name) else { return Ok(None) };
    parse(value).map(Some).map_err(|_| DaemonSetError::Variable { name, value: value.to_owned() })
}

/// The value of a variable, if it is a literal.
fn last<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    container.env.iter().rev().find(|variable| variable.name == name)?.value.as_deref()
}

#[cfg(test)]
mod tests {
    use gardener_api::calico::EnvVar;

    use super::*;

    fn daemon_set(variables: &[(&str, &str)]) -> DaemonSet {
        let variable =
            |(name, value): &(&str, &str)| EnvVar { name: (*name).to_owned(), value: Some((*value).to_owned()) };
        let mut daemon_set = DaemonSet::default();
        daemon_set.spec.template.spec.containers.push(Container {
            name: NAME.to_owned(),
            env: variables.iter().map(variable).collect(),
            ..Container::default()
        });
        daemon_set
    }

    #[test]
    fn reads_flags_and_pools() {
        let facts = facts(&daemon_set(&[
            ("CALICO_IPV4POOL_IPIP", "Always"),
            ("CALICO_IPV6POOL_VXLAN", "Never"),
            ("FELIX_IPINIPENABLED", "True"),
        ]))
        .unwrap();
        assert_eq!(facts.felix_ipip, Some(true));
        assert_eq!(facts.felix_vxlan, None);
        let pool = |pool, mode| Some(ObservedPool { pool, mode, source: PoolSource::Variable });
        assert_eq!(facts.ipv4, pool(Pool::Ipip, PoolMode::Always));
        assert_eq!(facts.ipv6, pool(Pool::Vxlan, PoolMode::Never));
    }

    #[test]
    fn the_last_of_two_equal_names_wins() {
        let facts =
            facts(&daemon_set(&[("CALICO_IPV4POOL_IPIP", "Always"), ("CALICO_IPV4POOL_IPIP", "Never")])).unwrap();
        assert_eq!(facts.ipv4.unwrap().mode, PoolMode::Never);
    }

    #[test]
    fn of_two_protocols_the_one_that_encapsulates_counts() {
        let facts =
            facts(&daemon_set(&[("CALICO_IPV4POOL_VXLAN", "Always"), ("CALICO_IPV4POOL_IPIP", "Never")])).unwrap();
        assert_eq!((facts.ipv4.unwrap().pool, facts.ipv4.unwrap().mode), (Pool::Vxlan, PoolMode::Always));
    }

    #[test]
    fn without_ipv4_its_variables_say_nothing() {
        let facts = facts(&daemon_set(&[("IP", "none"), ("CALICO_IPV4POOL_IPIP", "Never")])).unwrap();
        assert_eq!(facts.ipv4, None);
    }

    #[test]
    fn undefined_values_and_a_missing_container_are_errors() {
        let error = facts(&daemon_set(&[("CALICO_IPV4POOL_IPIP", "Sometimes")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "DaemonSet `calico-node`: variable `CALICO_IPV4POOL_IPIP` is `Sometimes`, which Calico does not define"
        );
        assert_eq!(facts(&DaemonSet::default()), Err(DaemonSetError::NoContainer));
    }
}
