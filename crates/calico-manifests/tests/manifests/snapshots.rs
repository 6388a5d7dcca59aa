//! Five whole bundles, reviewed, so that a change of a field is seen in a review.

use calico_manifests::guard::Protection;
use calico_policy::admission_policy::GuardApi;
use calico_policy::encapsulation::IpFamily;
use calico_policy::intent::{AutoscalingMode, MultusIntent, OverlayIntent, ServiceLoopPrevention};
use calico_policy::shoot::{Cidr, KubeProxy};
use serde_json::Value;

use crate::plans::Wish;

/// Scripts are files of their own with tests of their own; here only that a container runs one.
fn without_scripts(mut object: Value) -> Value {
    for pointer in ["/spec/template/spec/containers", "/spec/template/spec/initContainers"] {
        let containers = object.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten();
        for text in containers.filter_map(|container| container.pointer_mut("/command/2")) {
            if text.as_str().is_some_and(|text| text.contains("#!/bin/sh")) {
                *text = Value::from("<script>");
            }
        }
    }
    object
}

fn assert_bundle(name: &str, wish: &Wish) {
    let objects = calico_manifests::render(&wish.plan()).unwrap();
    let objects: Vec<Value> = objects.iter().map(|(_, object)| without_scripts(object.clone())).collect();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, calico_manifests::yaml::stream(&objects));
    });
}

#[test]
fn a_shoot_that_asks_for_nothing() {
    assert_bundle("default", &Wish::default_shoot());
}

#[test]
fn without_overlay() {
    let mut wish = Wish::default_shoot();
    wish.intent.overlay = Some(OverlayIntent { enabled: false, create_pod_routes: false });
    assert_bundle("overlay-off", &wish);
}

#[test]
fn ebpf_in_place_of_kube_proxy() {
    let mut wish = Wish::default_shoot();
    wish.intent.ebpf = true;
    wish.shoot.kube_proxy = KubeProxy::Disabled;
    assert_bundle("ebpf-without-kube-proxy", &wish);
}

#[test]
fn dual_stack_with_everything() {
    let mut wish = Wish::default_shoot();
    wish.intent.ip_families = vec![IpFamily::Ipv4, IpFamily::Ipv6];
    wish.intent.overlay = Some(OverlayIntent { enabled: true, create_pod_routes: false });
    wish.intent.vxlan = true;
    wish.intent.wireguard = true;
    wish.intent.bird_exporter = true;
    wish.intent.multus = MultusIntent { enabled: true, install_cni_plugins: true };
    wish.intent.veth_mtu = Some("1400".to_owned());
    wish.intent.service_loop_prevention = Some(ServiceLoopPrevention::Drop);
    wish.intent.autoscaling = Some(AutoscalingMode::Vpa);
    wish.shoot.vertical_pod_autoscaler = true;
    wish.shoot.kube_proxy = KubeProxy::Nftables;
    wish.shoot.node_cidrs.status = vec![
        Cidr { family: IpFamily::Ipv4, text: "10.250.0.0/16".to_owned() },
        Cidr { family: IpFamily::Ipv6, text: "2001:db8:3::/64".to_owned() },
    ];
    wish.requests.node.cpu = Some("300m".to_owned());
    assert_bundle("dual-stack-with-everything", &wish);
}

#[test]
fn without_privileges() {
    let mut wish = Wish::default_shoot();
    wish.non_privileged = true;
    assert_bundle("non-privileged", &wish);
}

#[test]
fn guard() {
    for (name, protection) in
        [("guard", Protection::FromCalico), ("guard-protecting", Protection::FromCalicoAndUnavailability)]
    {
        let objects = calico_manifests::guard::objects(GuardApi::V1, protection).unwrap();
        insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(name, objects.to_yaml());
        });
    }
}
