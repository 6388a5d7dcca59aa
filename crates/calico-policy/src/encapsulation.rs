//! How pod traffic between nodes is wrapped, per IP family.

use core::str::FromStr;

use crate::codes::{UnknownCode, closed_set};

closed_set! {
    /// An IP family, spelled as in `Network.spec.ipFamilies`.
    pub enum IpFamily {
        /// IPv4.
        Ipv4 = "IPv4",
        /// IPv6.
        Ipv6 = "IPv6",
    }
}

closed_set! {
    /// What a node sends to a pod on another node: the pool decides.
    pub enum Encapsulation {
        /// The packet as it is; something outside Calico must route it.
        None,
        /// IP in IP, always.
        IpipAlways = "Ipip(Always)",
        /// IP in IP, between subnets only.
        IpipCrossSubnet = "Ipip(CrossSubnet)",
        /// VXLAN, always.
        VxlanAlways = "Vxlan(Always)",
        /// VXLAN, between subnets only.
        VxlanCrossSubnet = "Vxlan(CrossSubnet)",
    }
}

impl Encapsulation {
    /// Whether any packet is wrapped.
    #[must_use]
    pub const fn is_some(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Of two statements about the same family, the one that counts: encapsulated wins over not, and more encapsulated over
    /// less, so that a disagreement between sources never hides an encapsulation.
    #[must_use]
    pub const fn stronger(self, other: Self) -> Self {
        if other.strength() > self.strength() { other } else { self }
    }

    const fn strength(self) -> u8 {
        match self {
            Self::None => 0,
            Self::IpipCrossSubnet | Self::VxlanCrossSubnet => 1,
            Self::IpipAlways | Self::VxlanAlways => 2,
        }
    }
}

/// The encapsulation of each family; `None` where the shoot does not have the family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct Encapsulations {
    /// IPv4.
    pub ipv4: Option<Encapsulation>,
    /// IPv6.
    pub ipv6: Option<Encapsulation>,
}

impl Encapsulations {
    /// The encapsulation of one family.
    #[must_use]
    pub const fn family(&self, family: IpFamily) -> Option<Encapsulation> {
        match family {
            IpFamily::Ipv4 => self.ipv4,
            IpFamily::Ipv6 => self.ipv6,
        }
    }

    /// Whether any family is encapsulated.
    #[must_use]
    pub fn any(&self) -> bool {
        [self.ipv4, self.ipv6].into_iter().flatten().any(Encapsulation::is_some)
    }

    /// Whether every family that exists is encapsulated.
    #[must_use]
    pub fn everywhere(&self) -> bool {
        [self.ipv4, self.ipv6].into_iter().flatten().all(Encapsulation::is_some)
    }
}

closed_set! {
    /// `calico_backend`: who programs routes to other nodes.
    pub enum Backend {
        /// BIRD, by BGP.
        Bird = "bird",
        /// Nobody; VXLAN's routes come from Felix.
        None = "none",
        /// Felix, for VXLAN only.
        Vxlan = "vxlan",
    }
}

closed_set! {
    /// The protocol of a pool.
    pub enum Pool {
        /// IP in IP.
        Ipip = "ipip",
        /// VXLAN.
        Vxlan = "vxlan",
    }
}

closed_set! {
    /// When a pool encapsulates. `Off` is the deprecated spelling of `Never` and is passed on as the user wrote it.
    pub enum PoolMode {
        /// To every other node.
        Always,
        /// To nodes of another subnet.
        CrossSubnet,
        /// Not at all.
        Never,
        /// Not at all.
        Off,
    }
}

/// What a pool of this protocol and mode sends under this backend.
///
/// Backend `none` makes IP in IP ineffective, because nobody programs its routes; VXLAN's come from Felix.
#[must_use]
pub const fn sends(backend: Backend, pool: Pool, mode: PoolMode) -> Encapsulation {
    match (backend, pool, mode) {
        (_, _, PoolMode::Never | PoolMode::Off) | (Backend::None, Pool::Ipip, _) => Encapsulation::None,
        (_, Pool::Ipip, PoolMode::Always) => Encapsulation::IpipAlways,
        (_, Pool::Ipip, PoolMode::CrossSubnet) => Encapsulation::IpipCrossSubnet,
        (_, Pool::Vxlan, PoolMode::Always) => Encapsulation::VxlanAlways,
        (_, Pool::Vxlan, PoolMode::CrossSubnet) => Encapsulation::VxlanCrossSubnet,
    }
}

/// Reads the boolean text of a Felix variable as Felix does: true, yes, y, t and 1 in any case. `None` for anything that
/// Felix would not take.
///
/// # Errors
/// [`UnknownCode`] if the text is neither true nor false for Felix.
pub fn felix_flag(text: &str) -> Result<bool, UnknownCode> {
    if ["true", "yes", "y", "t", "1"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        Ok(true)
    } else if ["false", "no", "n", "f", "0"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        Ok(false)
    } else {
        Err(UnknownCode)
    }
}

/// Reads the mode text of a pool object or pool variable; an empty text is `Never`, Calico's default for both fields.
///
/// # Errors
/// [`UnknownCode`] if the text is no mode.
pub fn pool_mode(text: &str) -> Result<PoolMode, UnknownCode> {
    if text.is_empty() { Ok(PoolMode::Never) } else { PoolMode::from_str(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_statements_the_stronger_counts_and_of_equals_the_first() {
        use Encapsulation as E;
        for (first, second, expected) in [
            (E::None, E::IpipCrossSubnet, E::IpipCrossSubnet),
            (E::VxlanCrossSubnet, E::None, E::VxlanCrossSubnet),
            (E::IpipCrossSubnet, E::VxlanAlways, E::VxlanAlways),
            (E::IpipAlways, E::VxlanCrossSubnet, E::IpipAlways),
            (E::IpipAlways, E::VxlanAlways, E::IpipAlways),
            (E::VxlanAlways, E::IpipAlways, E::VxlanAlways),
            (E::VxlanCrossSubnet, E::IpipCrossSubnet, E::VxlanCrossSubnet),
        ] {
            assert_eq!(first.stronger(second), expected, "{first} {second}");
        }
    }

    /// The whole space, one literal per cell; columns are Always, CrossSubnet, Never, Off.
    #[test]
    fn what_a_pool_sends() {
        use Encapsulation as E;
        for (backend, pool, expected) in [
            (Backend::Bird, Pool::Ipip, [E::IpipAlways, E::IpipCrossSubnet, E::None, E::None]),
            (Backend::Vxlan, Pool::Ipip, [E::IpipAlways, E::IpipCrossSubnet, E::None, E::None]),
            (Backend::None, Pool::Ipip, [E::None, E::None, E::None, E::None]),
            (Backend::Bird, Pool::Vxlan, [E::VxlanAlways, E::VxlanCrossSubnet, E::None, E::None]),
            (Backend::Vxlan, Pool::Vxlan, [E::VxlanAlways, E::VxlanCrossSubnet, E::None, E::None]),
            (Backend::None, Pool::Vxlan, [E::VxlanAlways, E::VxlanCrossSubnet, E::None, E::None]),
        ] {
            let modes = [PoolMode::Always, PoolMode::CrossSubnet, PoolMode::Never, PoolMode::Off];
            assert_eq!(modes.map(|mode| sends(backend, pool, mode)), expected, "{backend} {pool}");
        }
    }

    #[test]
    fn codes_round_trip() {
        assert_eq!("Vxlan(CrossSubnet)".parse(), Ok(Encapsulation::VxlanCrossSubnet));
        assert_eq!("none".parse(), Ok(Backend::None));
        assert_eq!("None".parse::<Backend>(), Err(UnknownCode));
    }

    #[test]
    fn the_encapsulated_statement_counts() {
        assert_eq!(Encapsulation::None.stronger(Encapsulation::IpipCrossSubnet), Encapsulation::IpipCrossSubnet);
        assert_eq!(Encapsulation::IpipAlways.stronger(Encapsulation::None), Encapsulation::IpipAlways);
        assert_eq!(Encapsulation::IpipCrossSubnet.stronger(Encapsulation::VxlanAlways), Encapsulation::VxlanAlways);
    }

    #[test]
    fn felix_reads_booleans_in_any_case() {
        assert_eq!(felix_flag("True"), Ok(true));
        assert_eq!(felix_flag("0"), Ok(false));
        assert_eq!(felix_flag("maybe"), Err(UnknownCode));
    }
}
