//! Warnings, text by text.

use serde_json::{Value, json};

use super::*;

fn landscape(configuration: &Value) -> Landscape {
    Landscape {
        configuration: ControllerConfiguration::from_value(configuration.clone()).unwrap(),
        images: ImageVector::built_in("v0.1.0"),
    }
}

fn defaults() -> Landscape {
    landscape(&Value::Null)
}

/// A shoot with Kubernetes 1.36, changed by a merge patch.
fn shoot(config: &Value, change: &Value) -> Shoot {
    let mut shoot = json!({
        "metadata": {"name": "foo", "namespace": "garden-bar"},
        "spec": {
            "kubernetes": {"version": "1.36.1"},
            "networking": {"type": "calico", "nodes": "10.250.0.0/16", "ipFamilies": ["IPv4"], "providerConfig": config},
            "provider": {"type": "aws", "workers": [{"name": "a"}]},
        },
    });
    merge(&mut shoot, change);
    serde_json::from_str(&shoot.to_string()).unwrap()
}

fn merge(value: &mut Value, change: &Value) {
    match (value, change) {
        (Value::Object(value), Value::Object(change)) => {
            for (key, change) in change {
                merge(value.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
        (value, change) => *value = change.clone(),
    }
}

fn created(config: &Value) -> Vec<String> {
    warnings(&defaults(), &shoot(config, &json!({})), None)
}

fn updated(from: &Value, to: &Value) -> Vec<String> {
    updated_in(&defaults(), from, to, &json!({}))
}

fn updated_in(landscape: &Landscape, from: &Value, to: &Value, change: &Value) -> Vec<String> {
    let lines = warnings(landscape, &shoot(to, change), Some(&shoot(from, change)));
    for line in &lines {
        assert!(line.len() <= 256, "an API server cuts `{line}`");
    }
    lines
}

const SWITCH: &str = "an overlay switch begins: IPv4 `Ipip(Always)` stays in effect until every node has the condition \
                      NetworkUnavailable=False with reason RouteCreated";

#[test]
fn nothing_is_said_of_what_is_as_it_should_be() {
    for config in [json!(null), json!({"overlay": {"enabled": true}}), json!({"overlay": {"enabled": false}})] {
        assert_eq!(created(&config), [""; 0], "{config}");
        assert_eq!(updated(&config, &config), [""; 0], "{config}");
    }
}

#[test]
fn deprecated_fields_are_named_when_they_are_set() {
    let config = json!({"ipip": "Always", "ipAutodetectionMethod": "first-found"});
    let expected =
        ["`ipAutodetectionMethod` has no effect: remove it".to_owned(), "`ipip` has no effect: remove it".to_owned()];
    assert_eq!(created(&config), expected);
    assert_eq!(updated(&json!({}), &config), expected);
    assert_eq!(updated(&config, &config), [""; 0], "once is enough");
}

#[test]
fn a_switch_is_announced_with_what_it_waits_for() {
    let (on, off) = (json!({"overlay": {"enabled": true}}), json!({"overlay": {"enabled": false}}));
    assert_eq!(updated(&on, &off), [SWITCH]);
    assert_eq!(updated(&json!(null), &off), [SWITCH], "the default is an overlay");
    let vxlan = json!({"overlay": {"enabled": true}, "vxlan": {"enabled": true}, "ipam": {"type": "calico-ipam"}});
    let expected = SWITCH.replace("Ipip", "Vxlan");
    assert_eq!(updated(&vxlan, &json!({"overlay": {"enabled": false}, "ipam": {"type": "calico-ipam"}})), [expected]);
}

#[test]
fn a_switch_that_does_not_wait_says_why() {
    let (on, off) = (json!({"overlay": {"enabled": true}}), json!({"overlay": {"enabled": false}}));
    let old = json!({"spec": {"kubernetes": {"version": "1.33.2"}}});
    assert_eq!(
        updated_in(&defaults(), &on, &off, &old),
        [
            "IPv4 `Ipip(Always)` goes without waiting for routes: the shoot has no MutatingAdmissionPolicy API, which Kubernetes 1.36 \
             has, or older ones with that feature gate and its runtimeConfig entry"
        ]
    );
    let gate_off = landscape(&json!({
        "apiVersion": "calico.networking.extensions.config.gardener.cloud/v1alpha1", "kind": "ControllerConfiguration",
        "featureGates": {"SeamlessOverlaySwitch": false},
    }));
    assert_eq!(
        updated_in(&gate_off, &on, &off, &json!({})),
        [
            "IPv4 `Ipip(Always)` goes without waiting for routes: the feature gate SeamlessOverlaySwitch is off, so routes are not \
             looked at"
        ]
    );
    let asleep = json!({"spec": {"hibernation": {"enabled": true}}});
    assert_eq!(
        updated_in(&defaults(), &on, &off, &asleep),
        ["an overlay switch is put off until the shoot wakes up: IPv4 `Ipip(Always)` stays in effect until then"]
    );
}

#[test]
fn a_removal_by_another_field_is_told_from_a_switch() {
    assert_eq!(
        updated(&json!({"overlay": {"enabled": true}}), &json!({"backend": "none"})),
        [
            "encapsulation goes because of another field: set `overlay.enabled: false`, so that the provider starts a route controller"
        ]
    );
}

#[test]
fn transitions_that_are_dangerous_on_a_live_cluster_are_named() {
    let overlay = |extra: Value| {
        let mut config = json!({"overlay": {"enabled": true}});
        merge(&mut config, &extra);
        config
    };
    assert_eq!(
        updated(&overlay(json!({})), &overlay(json!({"ipam": {"type": "calico-ipam"}}))),
        [
            "address management changes from `host-local` to `calico-ipam`: running pods keep addresses that may lie outside of the \
             node's podCIDRs, where no route leads"
        ]
    );
    assert_eq!(
        updated(
            &overlay(json!({"ipam": {"type": "calico-ipam"}})),
            &overlay(json!({"ipam": {"type": "calico-ipam"}, "vxlan": {"enabled": true}}))
        ),
        [
            "IPv4 goes from `Ipip(Always)` to `Vxlan(Always)`: nodes that have rolled and nodes that have not may lose each other's \
             packets"
        ]
    );
    assert_eq!(
        updated(&json!({"overlay": {"enabled": false}}), &overlay(json!({}))),
        [
            "IPv4 goes from `None` to `Ipip(Always)`: running pods keep their MTU, larger packets are lost until they are re-created"
        ]
    );
}

#[test]
fn a_second_family_takes_the_overlay_away() {
    let both = shoot(&json!(null), &json!({"spec": {"networking": {"ipFamilies": ["IPv4", "IPv6"]}}}));
    let lines = warnings(&defaults(), &both, Some(&shoot(&json!(null), &json!({}))));
    assert_eq!(
        lines,
        [
            "encapsulation goes because of another field: set `overlay.enabled: false`, so that the provider starts a route controller"
        ]
    );
}

#[test]
fn non_privileged_mode_warns_of_what_this_shoot_uses() {
    let landscape = landscape(&json!({
        "apiVersion": "calico.networking.extensions.config.gardener.cloud/v1alpha1", "kind": "ControllerConfiguration",
        "featureGates": {"NonPrivilegedCalicoNode": true},
    }));
    let wireguard = shoot(&json!({"wireguardEncryption": true}), &json!({}));
    let expected = "calico-node runs non-privileged: WireGuard for host traffic writes the sysctl src_valid_mark, which fails without \
                    root.";
    assert_eq!(warnings(&landscape, &wireguard, None), [expected]);
    assert_eq!(warnings(&landscape, &shoot(&json!(null), &json!({})), None), [""; 0]);
    let ebpf = json!({"wireguardEncryption": true, "ebpfDataplane": {"enabled": true}});
    assert_eq!(warnings(&landscape, &shoot(&ebpf, &json!({})), None), [""; 0], "eBPF keeps it privileged");
    assert_eq!(warnings(&defaults(), &wireguard, None), [""; 0]);
}

#[test]
fn what_is_not_ours_or_cannot_be_read_gets_no_warning() {
    let config = json!({"ipip": "Always"});
    for change in [
        json!({"metadata": {"deletionTimestamp": "2026-11-27T10:00:00Z"}}),
        json!({"spec": {"networking": {"type": "cilium"}}}),
        json!({"spec": {"provider": {"workers": []}}}),
        json!({"spec": {"kubernetes": {"version": "latest"}}}),
        json!({"spec": {"networking": {"providerConfig": {"no-such-field": 1}}}}),
    ] {
        assert_eq!(warnings(&defaults(), &shoot(&config, &change), None), [""; 0], "{change}");
    }
}
