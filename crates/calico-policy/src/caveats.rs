//! What does not work, or not safely, in non-privileged mode: one table, keyed by Calico release and feature in use.
//!
//! `docs/non-privileged.md` is generated from [`TABLE`], and [`of`] reads nothing else.

use alloc::collections::BTreeSet;

use crate::codes::closed_set;
use crate::version::{CalicoRelease, CalicoVersion};

closed_set! {
    /// Something an operator must know before relying on the non-privileged mode.
    pub enum Caveat {
        /// The mode is unsupported for whatever Calico gained after v3.21.
        FeaturesAfterV321,
        /// iptables in the image refuses to run set-user-ID.
        IptablesRefusesSuid,
        /// The image has no set-user-ID bits left.
        NoSuidBits,
        /// The commands of the non-privileged start-up are gone from the image.
        CommandsRemoved,
        /// The release is not known.
        CalicoVersionUnknown,
        /// WireGuard needs a sysctl that the mode cannot write.
        WireguardHostEncryption,
        /// Felix cannot turn `accept_ra` off.
        Ipv6AcceptRa,
        /// nftables was never tried by Calico in this mode.
        NftablesUnproven,
        /// The bird-exporter sidecar is left out.
        BirdExporterLeftOut,
        /// Init containers stay privileged.
        PrivilegedInitContainers,
        /// Whole host directories are mounted.
        WholeHostDirectories,
    }
}

/// The features of a dataplane that caveats depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// The eBPF dataplane.
    pub ebpf: bool,
    /// WireGuard encryption.
    pub wireguard: bool,
    /// IPv6 among the families.
    pub ipv6: bool,
    /// Felix in nftables mode.
    pub nftables: bool,
    /// The bird-exporter sidecar was asked for.
    pub bird_exporter: bool,
}

impl Features {
    /// None of them.
    pub const NONE: Self = Self { ebpf: false, wireguard: false, ipv6: false, nftables: false, bird_exporter: false };
}

/// When a caveat applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// In every release.
    Always,
    /// From this release on; an unknown release counts as newer than any.
    From(CalicoRelease),
    /// Where the release is not known.
    UnknownRelease,
    /// Where WireGuard is on.
    Wireguard,
    /// Where IPv6 is among the families.
    Ipv6,
    /// Where Felix uses nftables.
    Nftables,
    /// Where the bird-exporter was asked for.
    BirdExporter,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is reported.
    pub caveat: Caveat,
    /// When.
    pub applies: Applies,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// Where the fact comes from.
    pub source: &'static str,
}

const CALICO_DOCUMENTATION: &str =
    "[Calico documentation](https://docs.tigera.io/calico/latest/network-policy/non-privileged)";
const GO_EXTENSION: &str = "DaemonSet calico-node of gardener/gardener-extension-networking-calico";

/// Every caveat, in the order of the documents.
pub const TABLE: &[Row] = &[
    Row {
        caveat: Caveat::FeaturesAfterV321,
        applies: Applies::From(CalicoRelease::new(3, 22, 0)),
        meaning: "Calico promises nothing for features that are newer than v3.21, and Felix no longer corrects what it \
                  finds misconfigured.",
        source: CALICO_DOCUMENTATION,
    },
    Row {
        caveat: Caveat::IptablesRefusesSuid,
        applies: Applies::From(CalicoRelease::new(3, 27, 3)),
        meaning: "iptables 1.8.8 and later exits with 111 when real and effective user differ, so Felix cannot program \
                  policies by set-user-ID.",
        source: "projectcalico/calico#8403",
    },
    Row {
        caveat: Caveat::NoSuidBits,
        applies: Applies::From(CalicoRelease::new(3, 32, 0)),
        meaning: "The image carries no set-user-ID bits, so a non-root calico-node has no effective NET_ADMIN.",
        source: "projectcalico/calico#11860",
    },
    Row {
        caveat: Caveat::CommandsRemoved,
        applies: Applies::From(CalicoRelease::new(3, 33, 0)),
        meaning: "The options of calico-node that prepare the host directories became sub-commands of another binary.",
        source: "projectcalico/calico, master: node/pkg/node/command.go",
    },
    Row {
        caveat: Caveat::CalicoVersionUnknown,
        applies: Applies::UnknownRelease,
        meaning: "The image of calico-node has no tag that names a release, so every caveat that depends on the release is \
                  assumed.",
        source: "follows from the rows above",
    },
    Row {
        caveat: Caveat::WireguardHostEncryption,
        applies: Applies::Wireguard,
        meaning: "WireGuard for host traffic writes the sysctl src_valid_mark, which fails without root.",
        source: "projectcalico/calico: felix/wireguard/wireguard.go",
    },
    Row {
        caveat: Caveat::Ipv6AcceptRa,
        applies: Applies::Ipv6,
        meaning: "Felix cannot write accept_ra of pod interfaces without root and says so in its log again and again.",
        source: "projectcalico/calico#5348",
    },
    Row {
        caveat: Caveat::NftablesUnproven,
        applies: Applies::Nftables,
        meaning: "The nftables mode came after v3.21 and nobody documents it for a non-privileged calico-node.",
        source: CALICO_DOCUMENTATION,
    },
    Row {
        caveat: Caveat::BirdExporterLeftOut,
        applies: Applies::BirdExporter,
        meaning: "The bird-exporter sidecar cannot reach BIRD's socket in this mode and is left out: there are no BIRD metrics.",
        source: GO_EXTENSION,
    },
    Row {
        caveat: Caveat::PrivilegedInitContainers,
        applies: Applies::Always,
        meaning: "The init containers install-cni, cleanup-routes and log-mtu-issues stay privileged.",
        source: GO_EXTENSION,
    },
    Row {
        caveat: Caveat::WholeHostDirectories,
        applies: Applies::Always,
        meaning: "The whole of /var/run, /var/lib and /var/log of the host is mounted instead of Calico's directories in them.",
        source: GO_EXTENSION,
    },
];

/// The caveats of a release and a set of features.
#[must_use]
pub fn of(version: &CalicoVersion, features: Features) -> BTreeSet<Caveat> {
    TABLE.iter().filter(|row| applies(row.applies, version, features)).map(|row| row.caveat).collect()
}

fn applies(when: Applies, version: &CalicoVersion, features: Features) -> bool {
    match when {
        Applies::Always => true,
        Applies::From(first) => match version {
            CalicoVersion::Known(release) => *release >= first,
            CalicoVersion::NoTag | CalicoVersion::Unrecognised(_) => true,
        },
        Applies::UnknownRelease => !matches!(version, CalicoVersion::Known(_)),
        Applies::Wireguard => features.wireguard,
        Applies::Ipv6 => features.ipv6,
        Applies::Nftables => features.nftables,
        Applies::BirdExporter => features.bird_exporter,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn codes(tag: Option<&str>, features: Features) -> Vec<&'static str> {
        of(&CalicoVersion::from_tag(tag), features).into_iter().map(Caveat::code).collect()
    }

    #[test]
    fn releases_add_caveats_from_the_first_that_has_them() {
        let always = ["PrivilegedInitContainers", "WholeHostDirectories"];
        let with = |first: &[&'static str]| [first, &always].concat();
        assert_eq!(codes(Some("v3.21.6"), Features::NONE), with(&[]));
        assert_eq!(codes(Some("v3.22.0"), Features::NONE), with(&["FeaturesAfterV321"]));
        assert_eq!(codes(Some("v3.27.2"), Features::NONE), with(&["FeaturesAfterV321"]));
        assert_eq!(codes(Some("v3.27.3"), Features::NONE), with(&["FeaturesAfterV321", "IptablesRefusesSuid"]));
        assert_eq!(codes(Some("v3.31.6"), Features::NONE), with(&["FeaturesAfterV321", "IptablesRefusesSuid"]));
        assert_eq!(
            codes(Some("v3.32.0"), Features::NONE),
            with(&["FeaturesAfterV321", "IptablesRefusesSuid", "NoSuidBits"])
        );
        assert_eq!(
            codes(Some("v3.33.0"), Features::NONE),
            with(&["FeaturesAfterV321", "IptablesRefusesSuid", "NoSuidBits", "CommandsRemoved"])
        );
    }

    #[test]
    fn an_unknown_release_has_every_caveat_of_releases() {
        let expected = [
            "FeaturesAfterV321",
            "IptablesRefusesSuid",
            "NoSuidBits",
            "CommandsRemoved",
            "CalicoVersionUnknown",
            "PrivilegedInitContainers",
            "WholeHostDirectories",
        ];
        assert_eq!(codes(None, Features::NONE), expected);
        assert_eq!(codes(Some("latest"), Features::NONE), expected);
    }

    #[test]
    fn each_feature_adds_its_own() {
        let base = ["FeaturesAfterV321", "IptablesRefusesSuid", "PrivilegedInitContainers", "WholeHostDirectories"];
        for (features, added) in [
            (Features { wireguard: true, ..Features::NONE }, "WireguardHostEncryption"),
            (Features { ipv6: true, ..Features::NONE }, "Ipv6AcceptRa"),
            (Features { nftables: true, ..Features::NONE }, "NftablesUnproven"),
            (Features { bird_exporter: true, ..Features::NONE }, "BirdExporterLeftOut"),
        ] {
            let mut seen = codes(Some("v3.31.6"), features);
            seen.retain(|code| !base.contains(code));
            assert_eq!(seen, [added]);
        }
    }

    #[test]
    fn every_caveat_has_exactly_one_row() {
        for caveat in Caveat::ALL {
            assert_eq!(TABLE.iter().filter(|row| row.caveat == *caveat).count(), 1, "{caveat}");
        }
    }
}
