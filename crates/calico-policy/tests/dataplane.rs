//! Settings of the dataplane that do not decide encapsulation, each with literal values, and the small questions that a
//! dataplane answers.

use crate::support::convert::{Input, failure};
use crate::support::model::{Case, Code, Overlay, Wish};
use calico_policy::dataplane::Dataplane;
use calico_policy::encapsulation::{Encapsulation, Encapsulations, IpFamily, PoolMode, felix_flag, pool_mode};
use calico_policy::intent::{AutoscalingMode, MultusIntent, OverlayIntent};
use calico_policy::nodes::{ConditionReason, PodCidrFamilies};
use calico_policy::{ReadFailureKind, Reading, UnknownCode};

/// The target of a wish after a change of the input.
fn target(families: &'static [Code], overlay: Overlay, change: impl Fn(&mut Input)) -> Dataplane {
    let mut input = Input::from(&Case { wish: Wish { families, ..Wish::overlay(overlay) }, ..Case::ready() });
    change(&mut input);
    input.decide().target
}

const V4: &[Code] = &["IPv4"];
const V6: &[Code] = &["IPv6"];
const DUAL: &[Code] = &["IPv4", "IPv6"];

#[test]
fn what_nobody_set() {
    let bare = target(V4, Overlay::On, |_| ());
    assert_eq!((bare.typha, bare.bird_exporter, bare.veth_mtu.as_str()), (true, false, "0"));
    assert_eq!(bare.multus, MultusIntent { enabled: false, install_cni_plugins: false });
    assert_eq!((bare.felix.service_loop_prevention, bare.autoscaling), (None, AutoscalingMode::ClusterProportional));
    assert_eq!(bare.overlay, Some(OverlayIntent { enabled: true, create_pod_routes: false }));
    let ipv4 = bare.ipv4.unwrap();
    assert_eq!((ipv4.nat_outgoing, ipv4.wireguard, ipv4.pod_cidr), (true, false, None));
}

#[test]
fn what_the_user_set() {
    let set = target(V4, Overlay::On, |input| {
        input.intent.typha = Some(false);
        input.intent.bird_exporter = true;
        input.intent.veth_mtu = Some("8951".into());
        input.intent.multus = MultusIntent { enabled: true, install_cni_plugins: true };
        input.intent.service_loop_prevention = Some("Reject".parse().unwrap());
    });
    assert_eq!((set.typha, set.bird_exporter, set.veth_mtu.as_str()), (false, true, "8951"));
    assert_eq!(set.multus, MultusIntent { enabled: true, install_cni_plugins: true });
    assert_eq!(set.felix.service_loop_prevention.unwrap().code(), "Reject");
}

/// kube-proxy × eBPF: Felix cleans up after kube-proxy, and uses nftables.
#[test]
fn what_follows_from_kube_proxy() {
    use calico_policy::shoot::KubeProxy;
    for (kube_proxy, ebpf, expected) in [
        (KubeProxy::Enabled, false, (false, false)),
        (KubeProxy::Enabled, true, (false, false)),
        (KubeProxy::Nftables, false, (false, true)),
        (KubeProxy::Nftables, true, (false, true)),
        (KubeProxy::Disabled, true, (true, false)),
    ] {
        let felix = target(V4, Overlay::On, |input| {
            input.shoot.kube_proxy = kube_proxy;
            input.intent.ebpf = ebpf;
        })
        .felix;
        assert_eq!((felix.bpf_kube_proxy_cleanup, felix.nftables), expected, "{kube_proxy:?} {ebpf}");
        assert_eq!(felix.bpf, ebpf);
    }
}

#[test]
fn an_own_range_counts_for_host_local_in_single_stack() {
    let ranges = |families, kind: Code| {
        let set = |input: &mut Input| {
            input.intent.ipam.cidr = Some("10.4.0.0/16".into());
            input.intent.ipam.kind = Some(kind.parse().unwrap());
        };
        target(families, Overlay::On, set).ipam.ranges
    };
    assert_eq!(ranges(V4, "host-local"), ["10.4.0.0/16"]);
    assert_eq!(ranges(V4, "calico-ipam"), ["usePodCidr"]);
    assert_eq!(ranges(V6, "calico-ipam"), ["usePodCidrIPv6"]);
    assert_eq!(ranges(DUAL, "host-local"), ["usePodCidrIPv6", "usePodCidr"]);
}

#[test]
fn masquerading_of_ipv6_follows_wireguard_unless_set() {
    for (wireguard, wished, expected) in
        [(false, None, false), (true, None, true), (true, Some(false), false), (false, Some(true), true)]
    {
        let dataplane = target(DUAL, Overlay::On, |input| {
            input.intent.wireguard = wireguard;
            input.intent.ipv6_source_nat = wished;
        });
        let (ipv4, ipv6) = (dataplane.ipv4.unwrap(), dataplane.ipv6.unwrap());
        assert_eq!((ipv6.nat_outgoing, ipv4.nat_outgoing), (expected, true), "{wireguard} {wished:?}");
        assert_eq!((ipv4.wireguard, ipv6.wireguard), (wireguard, wireguard));
    }
}

#[test]
fn masquerading_to_the_upstream_resolver_needs_an_overlay_that_is_off() {
    for (overlay, wished, expected) in [
        (Overlay::Off, None, true),
        (Overlay::Off, Some(false), false),
        (Overlay::OffWithPodRoutes, Some(true), true),
        (Overlay::On, Some(true), false),
        (Overlay::Unset, Some(true), false),
    ] {
        let dataplane = target(V4, overlay, |input| input.intent.snat_to_upstream_dns = wished);
        assert_eq!(dataplane.snat_to_upstream_dns, expected, "{overlay:?} {wished:?}");
    }
}

#[test]
fn autoscaling_by_vpa_needs_a_shoot_with_vpa() {
    for (wished, has_vpa, expected) in [
        (None, true, "cluster-proportional"),
        (Some("cluster-proportional"), true, "cluster-proportional"),
        (Some("vpa"), true, "vpa"),
        (Some("vpa"), false, "cluster-proportional"),
        (Some("static"), false, "static"),
        (Some("static"), true, "static"),
    ] {
        let dataplane = target(V4, Overlay::On, |input| {
            input.intent.autoscaling = wished.map(|mode| mode.parse().unwrap());
            input.shoot.vertical_pod_autoscaler = has_vpa;
        });
        assert_eq!(dataplane.autoscaling.code(), expected, "{wished:?} {has_vpa}");
    }
}

#[test]
fn the_protocol_of_ipv6_is_the_users_and_its_mode_is_not() {
    let dataplane = target(V6, Overlay::On, |input| {
        input.intent.ipv6.pool = Some("ipip".parse().unwrap());
        input.intent.ipv6.mode = Some("CrossSubnet".parse().unwrap());
    });
    let ipv6 = dataplane.ipv6.unwrap();
    assert_eq!((ipv6.pool.code(), ipv6.mode.code()), ("ipip", "Always"));
}

/// While a shoot migrates to dual stack only its first family counts (contract D10).
#[test]
fn a_migration_to_dual_stack_counts_the_first_family() {
    for (families, expected) in [(DUAL, [true, false]), (&["IPv6", "IPv4"][..], [false, true]), (V4, [true, false])] {
        let dataplane = target(families, Overlay::On, |input| input.shoot.dual_stack_migration_pending = true);
        assert_eq!([dataplane.ipv4.is_some(), dataplane.ipv6.is_some()], expected, "{families:?}");
    }
}

#[test]
fn a_dataplane_answers_per_family() {
    let dual = target(DUAL, Overlay::On, |_| ());
    assert_eq!(dual.family(IpFamily::Ipv4).map(|family| family.sends.code()), Some("Ipip(Always)"));
    assert_eq!(dual.family(IpFamily::Ipv6).map(|family| family.sends.code()), Some("Vxlan(Always)"));
    assert_eq!(target(V4, Overlay::On, |_| ()).family(IpFamily::Ipv6), None);
    let none = Some(Encapsulation::None);
    let ipip = Some(Encapsulation::IpipAlways);
    for (ipv4, ipv6, any, everywhere) in [
        (None, None, false, true),
        (none, None, false, false),
        (ipip, None, true, true),
        (ipip, none, true, false),
        (none, ipip, true, false),
        (ipip, ipip, true, true),
    ] {
        let both = Encapsulations { ipv4, ipv6 };
        assert_eq!((both.any(), both.everywhere()), (any, everywhere), "{both:?}");
    }
}

/// With VXLAN explicit, the variable for IP in IP is not rendered.
#[test]
fn felix_keeps_ipip_unless_vxlan_is_explicit() {
    assert!(target(V4, Overlay::On, |_| ()).felix_keeps_ipip());
    assert!(!target(V4, Overlay::Off, |_| ()).felix_keeps_ipip());
    let vxlan = target(V4, Overlay::On, |input| input.intent.vxlan = true);
    assert_eq!((vxlan.felix.ipip, vxlan.felix.vxlan, vxlan.felix_keeps_ipip()), (true, true, false));
}

#[test]
fn texts_of_felix_and_of_pools() {
    for text in ["true", "TRUE", "yes", "Y", "t", "1"] {
        assert_eq!(felix_flag(text), Ok(true), "{text}");
    }
    for text in ["false", "False", "no", "N", "f", "0"] {
        assert_eq!(felix_flag(text), Ok(false), "{text}");
    }
    assert_eq!(felix_flag(""), Err(UnknownCode));
    assert_eq!(pool_mode(""), Ok(PoolMode::Never));
    assert_eq!(pool_mode("CrossSubnet"), Ok(PoolMode::CrossSubnet));
    assert_eq!(pool_mode("always"), Err(UnknownCode));
}

#[test]
fn readings_and_nodes() {
    assert_eq!(Reading::Known(2).map(|value| value + 1), Reading::Known(3));
    assert_eq!(Reading::<i32>::Absent.map(|value| value + 1), Reading::Absent);
    let unreadable = Reading::<i32>::Unreadable(failure(ReadFailureKind::Refused));
    assert_eq!(unreadable.map(|value| value + 1), Reading::Unreadable(failure(ReadFailureKind::Refused)));
    for (ipv4, ipv6) in [(false, false), (true, false), (false, true), (true, true)] {
        let families = PodCidrFamilies { ipv4, ipv6 };
        assert_eq!((families.has(IpFamily::Ipv4), families.has(IpFamily::Ipv6)), (ipv4, ipv6));
        assert_eq!(families.any(), ipv4 || ipv6);
    }
    for (text, expected) in [
        ("RouteCreated", ConditionReason::RouteCreated),
        ("NoRouteCreated", ConditionReason::NoRouteCreated),
        ("CalicoIsUp", ConditionReason::CalicoIsUp),
        ("CalicoIsDown", ConditionReason::CalicoIsDown),
        ("routeCreated", ConditionReason::Other),
        ("", ConditionReason::Other),
    ] {
        assert_eq!(ConditionReason::from_text(text), expected, "{text}");
    }
}
