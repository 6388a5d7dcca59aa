//! Facts of an IPPool.

use calico_policy::dataplane::PoolSource;
use calico_policy::encapsulation::{IpFamily, Pool, PoolMode, pool_mode};
use calico_policy::in_effect::ObservedPool;
use gardener_api::calico::IpPool;

/// Why an IPPool yields no facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("IPPool `{name}`: `{field}` is `{value}`, which is no mode")]
pub struct IpPoolError {
    /// Its name.
    pub name: String,
    /// The field.
    pub field: &'static str,
    /// What stands there.
    pub value: String,
}

/// The family and the encapsulation of a pool; `None` for a pool that no address comes from: disabled, or without a network.
///
/// # Errors
/// [`IpPoolError`] for a mode that Calico does not define.
pub fn facts(pool: &IpPool) -> Result<Option<(IpFamily, ObservedPool)>, IpPoolError> {
    if pool.spec.disabled || pool.spec.cidr.is_empty() {
        return Ok(None);
    }
    let mode = |field, text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        pool_mode(text).map_err(|_| IpPoolError { name: pool.metadata.name.clone(), field, value: text.to_owned() })
    };
    let ipip = mode("spec.ipipMode", &pool.spec.ipip_mode)?;
    let vxlan = mode("spec.vxlanMode", &pool.spec.vxlan_mode)?;
    let family = if pool.spec.cidr.contains(':') { IpFamily::Ipv6 } else { IpFamily::Ipv4 };
    // Calico refuses a pool with both; whichever encapsulates is the pool's protocol.
    let (pool, mode) = if encapsulates(vxlan) { (Pool::Vxlan, vxlan) } else { (Pool::Ipip, ipip) };
    Ok(Some((family, ObservedPool { pool, mode, source: PoolSource::Object })))
}

const fn encapsulates(mode: PoolMode) -> bool {
    matches!(mode, PoolMode::Always | PoolMode::CrossSubnet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(cidr: &str, ipip: Option<&str>, vxlan: Option<&str>) -> IpPool {
        let mut pool = IpPool::default();
        pool.metadata.name = "default-ipv4-ippool".to_owned();
        pool.spec.cidr = cidr.to_owned();
        pool.spec.ipip_mode = ipip.map(str::to_owned);
        pool.spec.vxlan_mode = vxlan.map(str::to_owned);
        pool
    }

    #[test]
    fn reads_family_protocol_and_mode() {
        for (cidr, ipip, vxlan, expected) in [
            ("100.96.0.0/11", Some("Always"), Some("Never"), (IpFamily::Ipv4, Pool::Ipip, PoolMode::Always)),
            ("100.96.0.0/11", Some("CrossSubnet"), None, (IpFamily::Ipv4, Pool::Ipip, PoolMode::CrossSubnet)),
            ("100.96.0.0/11", Some("Never"), Some("Always"), (IpFamily::Ipv4, Pool::Vxlan, PoolMode::Always)),
            ("2001:db8::/56", None, None, (IpFamily::Ipv6, Pool::Ipip, PoolMode::Never)),
        ] {
            let (family, pool) = facts(&pool(cidr, ipip, vxlan)).unwrap().unwrap();
            assert_eq!((family, pool.pool, pool.mode), expected);
            assert_eq!(pool.source, PoolSource::Object);
        }
    }

    #[test]
    fn a_disabled_pool_does_not_count() {
        let mut pool = pool("10.250.0.0/16", Some("Always"), None);
        pool.spec.disabled = true;
        assert_eq!(facts(&pool), Ok(None));
    }

    #[test]
    fn an_unknown_mode_is_an_error() {
        let error = facts(&pool("100.96.0.0/11", Some("Sometimes"), None)).unwrap_err();
        assert_eq!(error.to_string(), "IPPool `default-ipv4-ippool`: `spec.ipipMode` is `Sometimes`, which is no mode");
    }
}
