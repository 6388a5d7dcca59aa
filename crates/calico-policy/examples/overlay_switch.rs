//! A shoot turns its overlay off. One of its two nodes has no route yet, so the overlay stays; then the route is there.
//!
//! `cargo run -p calico-policy --example overlay_switch`

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::dataplane::PoolSource;
use calico_policy::decision::NodeList;
use calico_policy::encapsulation::{Backend, Encapsulations, IpFamily, Pool, PoolMode};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, ObservedIpam, ObservedPool, Sources};
use calico_policy::intent::{FamilyIntent, IpamIntent, IpamType, MultusIntent, NetworkIntent, OverlayIntent};
use calico_policy::nodes::{
    Condition, ConditionReason, ConditionStatus, NetworkUnavailable, NodeFacts, NodeName, NodeUid, PodCidrFamilies,
    Readiness,
};
use calico_policy::phase::Rollout;
use calico_policy::settings::{OverlaySwitchSettings, Settings};
use calico_policy::shoot::{Cidr, KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::time::Timestamp;
use calico_policy::version::{CalicoVersion, KubernetesVersion};
use calico_policy::{Decision, Observed, OverlayVerdict, ReadFailure, ReadFailureKind, Reading, decide};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let waiting = ask(vec![node("node-a", RouteIs::There), node("node-b", RouteIs::Missing)])?;
    println!("{}: {}", waiting.overlay.kind(), waiting.overlay.message());
    assert!(matches!(waiting.overlay, OverlayVerdict::Hold(_)));

    let ready = ask(vec![node("node-a", RouteIs::There), node("node-b", RouteIs::There)])?;
    println!("{}: {}", ready.overlay.kind(), ready.overlay.message());
    // Whoever writes the bundle takes the witness out of the verdict, and asks it just before about the nodes of then.
    let OverlayVerdict::Proceed(witness) = ready.overlay else {
        return Err("every node has a route".into());
    };
    let joined_since = NodeUid("uid-of-node-c".into());
    println!("covers a node that joined since: {}", witness.covers([&joined_since]));
    Ok(())
}

/// The decision for these nodes. Every observation is given by whoever asks; nothing is read here.
fn ask(nodes: Vec<NodeFacts>) -> Result<Decision, Box<dyn std::error::Error>> {
    let settings = Settings {
        non_privileged_calico_node: false,
        seamless_overlay_switch: true,
        calico_version: CalicoVersion::from_tag(Some("v3.31.6")),
        overlay_switch: OverlaySwitchSettings::defaults(),
    };
    let observed = Observed {
        sources: Sources {
            bundle: Reading::Known(overlay_in_effect()),
            // What was not read is unreadable, never absent: only absence proves something.
            live: Reading::Unreadable(ReadFailure::new(ReadFailureKind::NotGiven, "the shoot was not asked")),
            record: Reading::<Encapsulations>::Absent,
            history: History::Installed,
        },
        nodes: Reading::Known(nodes),
        node_list: NodeList::Complete,
        guard: GuardObservation::Effective,
        rollout: Rollout::NotObserved,
        operation_requested: None,
    };
    let now = Timestamp(1_795_600_000);
    Ok(decide(&settings, &shoot()?, &overlay_off(), &observed, &Reading::Absent, now)?)
}

fn shoot() -> Result<ShootFacts, Box<dyn std::error::Error>> {
    Ok(ShootFacts {
        kubernetes_version: "1.36.1".parse::<KubernetesVersion>()?,
        api_server: ApiServerSetup::default(),
        kube_proxy: KubeProxy::Enabled,
        vertical_pod_autoscaler: false,
        provider_type: "aws".to_owned(),
        hibernation_enabled: false,
        dual_stack_migration_pending: false,
        node_cidrs: NodeCidrs {
            spec: Some(Cidr { family: IpFamily::Ipv4, text: "10.250.0.0/16".to_owned() }),
            status: Vec::new(),
        },
        pod_cidrs: Vec::new(),
    })
}

/// What the shoot owner asks for: `overlay.enabled: false` and nothing else.
fn overlay_off() -> NetworkIntent {
    NetworkIntent {
        ip_families: vec![IpFamily::Ipv4],
        backend: None,
        ipam: IpamIntent::default(),
        ipv4: FamilyIntent::default(),
        ipv6: FamilyIntent::default(),
        ipv6_source_nat: None,
        overlay: Some(OverlayIntent { enabled: false, create_pod_routes: false }),
        vxlan: false,
        ebpf: false,
        wireguard: false,
        typha: None,
        bird_exporter: false,
        multus: MultusIntent::default(),
        veth_mtu: None,
        snat_to_upstream_dns: None,
        service_loop_prevention: None,
        autoscaling: None,
        deprecated_fields: Vec::new(),
        break_glass: None,
    }
}

/// What runs now: IP in IP between all nodes.
fn overlay_in_effect() -> ObservedDataplane {
    ObservedDataplane {
        backend: Some(Backend::Bird),
        ipv4: Some(ObservedPool { pool: Pool::Ipip, mode: PoolMode::Always, source: PoolSource::Object }),
        ipv6: None,
        felix_ipip: Some(true),
        felix_vxlan: Some(false),
        ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_owned()] }),
        veth_mtu: Some("0".to_owned()),
        kube_controllers: Some(true),
    }
}

#[derive(Clone, Copy)]
enum RouteIs {
    There,
    Missing,
}

fn node(name: &str, route: RouteIs) -> NodeFacts {
    let written = Timestamp(1_795_599_000);
    let network_unavailable = match route {
        RouteIs::There => NetworkUnavailable::One(Condition {
            status: ConditionStatus::False,
            reason: ConditionReason::RouteCreated,
            last_transition: Some(written),
            last_heartbeat: Some(written),
        }),
        RouteIs::Missing => NetworkUnavailable::Missing,
    };
    NodeFacts {
        name: NodeName(name.into()),
        uid: NodeUid(format!("uid-of-{name}").into()),
        created: Some(Timestamp(1_795_000_000)),
        deleting: false,
        readiness: Readiness::Ready,
        pod_cidrs: PodCidrFamilies { ipv4: true, ipv6: false },
        network_unavailable,
    }
}
