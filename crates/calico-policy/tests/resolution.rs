//! The resolution over its whole space, enumerated, against its rules written as steps; then
//! every resolution against every encapsulation that may be in effect and every source that may say so.

use crate::support::convert::{Input, intent, shoot};
use crate::support::model::{Before, Case, Code, Overlay, Record, Seen, Source, Wish};
use crate::support::oracle;
use crate::support::steps::{Scratch, Slot, follow, pools, sends};
use calico_policy::dataplane::{Dataplane, FamilyDataplane, PoolSource};
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use calico_policy::resolve;
use calico_policy::resolve::ResolveError;
use calico_policy::warning::WarningCode;

const FAMILIES: [&[Code]; 4] = [&["IPv4"], &["IPv6"], &["IPv4", "IPv6"], &["IPv6", "IPv4"]];
const OVERLAYS: [Overlay; 4] = [Overlay::Unset, Overlay::On, Overlay::Off, Overlay::OffWithPodRoutes];

/// Everything in the configuration that decides encapsulation.
fn wishes() -> Vec<Wish> {
    let mut wishes = Vec::new();
    for families in FAMILIES {
        for overlay in OVERLAYS {
            for backend in [None, Some("bird"), Some("none"), Some("vxlan")] {
                for ipv4_pool in [None, Some("ipip"), Some("vxlan")] {
                    for ipv4_mode in [None, Some("Always"), Some("CrossSubnet"), Some("Never"), Some("Off")] {
                        for vxlan in [false, true] {
                            let base = Wish::overlay(overlay);
                            wishes.push(Wish { families, backend, ipv4_pool, ipv4_mode, vxlan, ..base });
                        }
                    }
                }
            }
        }
    }
    wishes
}

fn resolved(wish: &Wish) -> Result<Dataplane, ResolveError> {
    let case = Case { wish: wish.clone(), ..Case::ready() };
    resolve(&intent(wish, false), &shoot(&case), NodePrivilege::Privileged(PrivilegedBecause::GateDisabled))
}

/// The dataplane in the words of the scratch record.
fn in_words(dataplane: &Dataplane) -> Scratch {
    let slot = |family: &FamilyDataplane| Slot {
        pool: family.pool.code(),
        mode: family.mode.code(),
        object: family.pool_source == PoolSource::Object,
    };
    Scratch {
        backend: dataplane.backend.code(),
        felix_ipip: dataplane.felix.ipip,
        felix_vxlan: dataplane.felix.vxlan,
        felix_bpf: dataplane.felix.bpf,
        felix_kube_proxy_cleanup: dataplane.felix.bpf_kube_proxy_cleanup,
        felix_nftables: dataplane.felix.nftables,
        ipam: dataplane.ipam.kind.code(),
        ranges: dataplane
            .ipam
            .ranges
            .iter()
            .map(|range| match range.as_str() {
                "usePodCidr" => "usePodCidr",
                "usePodCidrIPv6" => "usePodCidrIPv6",
                other => panic!("unexpected range {other}"),
            })
            .collect(),
        kube_controllers: dataplane.kube_controllers,
        snat_to_upstream_dns: dataplane.snat_to_upstream_dns,
        ipv4: dataplane.ipv4.as_ref().map(slot),
        ipv6: dataplane.ipv6.as_ref().map(slot),
    }
}

#[test]
fn every_configuration_resolves_as_the_steps_say() {
    let mut resolved_count = 0;
    let mut refused = 0;
    for wish in wishes() {
        for ebpf in [false, true] {
            for kube_proxy in ["on", "nftables", "off"] {
                for ipam in [None, Some("host-local"), Some("calico-ipam")] {
                    let wish = Wish { ebpf, kube_proxy, ipam, ..wish.clone() };
                    match (resolved(&wish), follow(&wish)) {
                        (Ok(dataplane), Some(expected)) => {
                            assert_eq!(in_words(&dataplane), expected, "{wish:?}");
                            let families = [&dataplane.ipv4, &dataplane.ipv6];
                            for (family, slot) in families.into_iter().zip(pools(&wish, &expected)) {
                                let family =
                                    family.as_ref().map(|family| (family.sends.code(), family.receives.code()));
                                let expected = slot.map(|slot| sends(expected.backend, slot));
                                assert_eq!(family, expected.map(|code| (code, code)), "{wish:?}");
                            }
                            resolved_count += 1;
                        }
                        (Err(ResolveError::KubeProxyDisabledWithoutEbpf), None) => refused += 1,
                        (dataplane, expected) => panic!("{wish:?}: {dataplane:?}, expected {expected:?}"),
                    }
                }
            }
        }
    }
    // 4 families × 4 overlays × 4 backends × 3 pools × 5 modes × 2 vxlan × 3 ipam × (2 eBPF × 3 kube-proxy, less the refused).
    assert_eq!((resolved_count, refused), (28_800, 5_760));
}

/// Who says what is in effect.
#[derive(Clone, Copy, Debug)]
enum Teller {
    BundleObject,
    BundleVariable,
    LiveAlone,
    RecordAlone,
    /// The bundle says "native", but only by variables; the live pool says otherwise.
    LiveAgainstVariables,
}

fn before(teller: Teller, seen: Seen) -> Before {
    let slots = |object| Seen {
        ipv4: seen.ipv4.map(|slot| Slot { object, ..slot }),
        // The Go extension always writes an object for IPv6.
        ipv6: seen.ipv6,
        ..seen
    };
    let code = |slot: Option<Slot>| slot.map(|slot| sends(seen.backend, slot));
    let record = Record::Known { ipv4: code(seen.ipv4), ipv6: code(seen.ipv6) };
    let nothing =
        Before { bundle: Source::Absent, live: Source::NotGiven, record: Record::Absent, never_installed: false };
    match teller {
        Teller::BundleObject => Before::bundle(slots(true)),
        Teller::BundleVariable => Before::bundle(slots(false)),
        Teller::LiveAlone => Before { bundle: Source::Failed, live: Source::Known(slots(true)), ..nothing },
        Teller::RecordAlone => Before { record, ..nothing },
        Teller::LiveAgainstVariables => Before {
            bundle: Source::Known(Seen { backend: "bird", ..Seen::native(false) }),
            live: Source::Known(slots(true)),
            ..nothing
        },
    }
}

/// Every encapsulation that may be in effect, with a backend that goes with it.
fn encapsulations() -> Vec<Seen> {
    let slot = |pool, mode| Some(Slot { pool, mode, object: true });
    let ipv4 = [
        ("none", slot("ipip", "Never")),
        ("bird", slot("ipip", "Always")),
        ("bird", slot("ipip", "CrossSubnet")),
        ("vxlan", slot("vxlan", "Always")),
        ("none", slot("ipip", "Always")),
        ("bird", None),
    ];
    let ipv6 = [None, slot("vxlan", "Never"), slot("vxlan", "Always")];
    ipv4.into_iter().flat_map(|(backend, ipv4)| ipv6.map(|ipv6| Seen { backend, ipv4, ipv6 })).collect()
}

#[test]
fn every_resolution_against_everything_in_effect() {
    let tellers = [
        Teller::BundleObject,
        Teller::BundleVariable,
        Teller::LiveAlone,
        Teller::RecordAlone,
        Teller::LiveAgainstVariables,
    ];
    let mut gated = 0;
    let mut implicit = 0;
    let mut without_effect = 0;
    for wish in wishes() {
        for seen in encapsulations() {
            for teller in tellers {
                let case = Case { wish: wish.clone(), before: before(teller, seen), ..Case::ready() };
                let decision = Input::from(&case).decide();
                let answer = (decision.overlay.kind().code(), decision.overlay.reason());
                assert_eq!(answer, oracle::verdict(&case), "{teller:?} {seen:?} {wish:?}");
                let warned =
                    decision.warnings.iter().any(|warning| warning.code == WarningCode::PoolSettingWithoutEffect);
                assert_eq!(warned, oracle::is_on_paper(&case.wish, &case.before), "{teller:?} {seen:?} {wish:?}");
                gated += usize::from(answer.0 == "Proceed");
                implicit += usize::from(answer.1 == Some("OverlayNotDisabledExplicitly"));
                without_effect += usize::from(warned);
            }
        }
    }
    assert!(gated > 10_000 && implicit > 10_000 && without_effect > 500, "{gated} {implicit} {without_effect}");
}
