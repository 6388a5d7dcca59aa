//! The recorded cases: the same answer from the Rust types, from JSON, and as it is recorded.

#![expect(clippy::panic, reason = "a test may fail by panicking, in its helpers too")]

use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::dataplane::PoolSource;
use calico_policy::decision::NodeList;
use calico_policy::embedding::Request;
use calico_policy::encapsulation::{Backend, IpFamily, Pool, PoolMode};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, ObservedIpam, ObservedPool, Sources};
use calico_policy::intent::{FamilyIntent, IpamIntent, IpamType, MultusIntent, NetworkIntent, OverlayIntent};
use calico_policy::nodes::{
    Condition, ConditionReason, ConditionStatus, NetworkUnavailable, NodeFacts, NodeName, NodeUid, PodCidrFamilies,
    Readiness,
};
use calico_policy::phase::{Phase, Rollout};
use calico_policy::settings::{OverlaySwitchSettings, Settings};
use calico_policy::shoot::{Cidr, KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::time::Timestamp;
use calico_policy::version::{CalicoRelease, CalicoVersion, KubernetesVersion};
use calico_policy::{Observed, ReadFailure, ReadFailureKind, Reading, SwitchStatus};
use serde_json::Value;

const NAMES: [&str; 5] = ["held", "no-dataplane", "nodes-unreadable", "non-privileged", "ready"];

fn file(name: &str) -> String {
    let path = format!("{}/tests/cases/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Recorded answers are read by people: a changed one is committed only after a look at it.
#[test]
fn answers_are_as_recorded() {
    for name in NAMES {
        let answer: Value =
            serde_json::from_str(&calico_policy_c::answer(file(&format!("{name}.request")).as_bytes())).unwrap();
        let answer = serde_json::to_string_pretty(&answer).unwrap() + "\n";
        if std::env::var_os("UPDATE_CASES").is_some() {
            let path = format!("{}/tests/cases/{name}.response.json", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, &answer).unwrap();
        }
        assert_eq!(answer, file(&format!("{name}.response")), "{name}: set UPDATE_CASES=1 and look at the difference");
    }
}

#[test]
fn every_case_is_named_here() {
    let folder = format!("{}/tests/cases", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".request.json").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names, NAMES);
}

fn node(name: &str, network_unavailable: NetworkUnavailable) -> NodeFacts {
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

fn condition(reason: ConditionReason) -> NetworkUnavailable {
    NetworkUnavailable::One(Condition {
        status: ConditionStatus::False,
        reason,
        last_transition: Some(Timestamp(1_795_599_000)),
        last_heartbeat: Some(Timestamp(1_795_599_000)),
    })
}

/// The case `held`, in types.
fn held() -> Request {
    let family = || FamilyIntent { pool: None, mode: None, auto_detection_method: None };
    Request {
        settings: Settings {
            non_privileged_calico_node: false,
            seamless_overlay_switch: true,
            calico_version: CalicoVersion::Known(CalicoRelease::new(3, 31, 6)),
            overlay_switch: OverlaySwitchSettings::defaults(),
        },
        shoot: ShootFacts {
            kubernetes_version: KubernetesVersion { major: 1, minor: 36, patch: 1 },
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
        },
        intent: NetworkIntent {
            ip_families: vec![IpFamily::Ipv4],
            backend: None,
            ipam: IpamIntent { kind: None, cidr: None },
            ipv4: family(),
            ipv6: family(),
            ipv6_source_nat: None,
            overlay: Some(OverlayIntent { enabled: false, create_pod_routes: false }),
            vxlan: false,
            ebpf: false,
            wireguard: false,
            typha: None,
            bird_exporter: false,
            multus: MultusIntent { enabled: false, install_cni_plugins: false },
            veth_mtu: None,
            snat_to_upstream_dns: None,
            service_loop_prevention: None,
            autoscaling: None,
            deprecated_fields: Vec::new(),
            break_glass: None,
        },
        observed: Observed {
            sources: Sources {
                bundle: Reading::Known(ObservedDataplane {
                    backend: Some(Backend::Bird),
                    ipv4: Some(ObservedPool { pool: Pool::Ipip, mode: PoolMode::Always, source: PoolSource::Object }),
                    ipv6: None,
                    felix_ipip: Some(true),
                    felix_vxlan: Some(false),
                    ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_owned()] }),
                    veth_mtu: Some("0".to_owned()),
                    kube_controllers: Some(true),
                }),
                live: Reading::Unreadable(ReadFailure::new(ReadFailureKind::NotGiven, "nobody asked the shoot")),
                record: Reading::Absent,
                history: History::Installed,
            },
            nodes: Reading::Known(vec![
                node("node-a", condition(ConditionReason::RouteCreated)),
                node("node-b", condition(ConditionReason::CalicoIsUp)),
                node("node-c", NetworkUnavailable::Missing),
            ]),
            node_list: NodeList::Complete,
            guard: GuardObservation::Effective,
            rollout: Rollout::NotObserved,
            operation_requested: None,
        },
        previous: Reading::Known(SwitchStatus { phase: Phase::AwaitingRoutes, since: Some(Timestamp(1_795_599_900)) }),
        now: Timestamp(1_795_600_000),
    }
}

#[test]
fn the_document_and_the_types_say_the_same() {
    let read: Request = serde_json::from_str(&file("held.request")).unwrap();
    assert_eq!(read, held());
    let decision = held().decide().unwrap();
    assert_eq!(decision.overlay.kind().code(), "Hold");
    assert_eq!(decision.overlay.reason(), Some("RoutesMissing"));
    assert_eq!(decision.phase.code(), "Cleaning");
    assert_eq!(decision.bundle.code(), "Held");
    assert_eq!(decision.privilege.mode.code(), "Privileged");
    let recorded: Value = serde_json::from_str(&file("held.response")).unwrap();
    let recorded = &recorded["decision"];
    assert_eq!(recorded["overlay"]["verdict"], "Hold");
    assert_eq!(recorded["overlay"]["reason"], "RoutesMissing");
    assert_eq!(recorded["phase"], "Cleaning");
    assert_eq!(recorded["bundle"], "Held");
    assert_eq!(recorded["privilege"]["mode"], "Privileged");
}

#[test]
fn a_request_survives_being_written_and_read() {
    for name in NAMES {
        let request: Request = serde_json::from_str(&file(&format!("{name}.request"))).unwrap();
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request, "{name}");
    }
}
