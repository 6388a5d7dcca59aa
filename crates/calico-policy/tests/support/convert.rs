//! From the model to the structs of the core: the only place that names both.

use std::collections::BTreeSet;

use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::dataplane::PoolSource;
use calico_policy::decision::NodeList;
use calico_policy::encapsulation::{Encapsulations, IpFamily};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, ObservedIpam, ObservedPool, Sources};
use calico_policy::intent::{FamilyIntent, IpamIntent, IpamType, MultusIntent, NetworkIntent, OverlayIntent};
use calico_policy::nodes::{
    Condition, ConditionReason, ConditionStatus, NetworkUnavailable, NodeFacts, NodeName, NodeUid, PodCidrFamilies,
    Readiness,
};
use calico_policy::phase::{Phase, Rollout};
use calico_policy::settings::{
    GuardRequirement, ImplicitRemovals, OldEvidence, OverlaySwitchSettings, Profile, Settings, Verification,
    WhenUnguarded,
};
use calico_policy::shoot::{Cidr, KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::time::Timestamp;
use calico_policy::version::CalicoVersion;
use calico_policy::{Decision, Observed, ReadFailure, ReadFailureKind, Reading, SwitchStatus, decide};

use super::model::{
    Case, Code, Entries, Guard, Node, Nodes, Overlay, PolicyApi, Record, Requirement, Seen, Source, Wish,
};
use super::steps::Slot;

/// The time of every decision in tests.
pub const NOW: Timestamp = Timestamp(1_000_000);

/// Every argument of the decision, owned, so that a test can change one of them.
#[derive(Clone, Debug)]
pub struct Input {
    pub settings: Settings,
    pub shoot: ShootFacts,
    pub intent: NetworkIntent,
    pub observed: Observed,
    pub previous: Reading<SwitchStatus>,
}

impl Input {
    pub fn decide(&self) -> Decision {
        decide(&self.settings, &self.shoot, &self.intent, &self.observed, &self.previous, NOW).expect("a dataplane")
    }
}

impl From<&Case> for Input {
    fn from(case: &Case) -> Self {
        Self {
            settings: settings(case),
            shoot: shoot(case),
            intent: intent(&case.wish, case.break_glass),
            observed: Observed {
                sources: Sources {
                    bundle: source(&case.before.bundle),
                    live: source(&case.before.live),
                    record: record(case.before.record),
                    history: if case.before.never_installed { History::NeverInstalled } else { History::Installed },
                },
                nodes: nodes(&case.nodes),
                node_list: NodeList::Complete,
                guard: guard(case.guard),
                rollout: Rollout::NotObserved,
                operation_requested: None,
            },
            previous: case.held_for.map_or(Reading::Absent, |seconds| {
                Reading::Known(SwitchStatus { phase: Phase::AwaitingRoutes, since: Some(Timestamp(NOW.0 - seconds)) })
            }),
        }
    }
}

/// The verdict of the core in the words of the oracle.
pub fn answer(case: &Case) -> super::oracle::Answer {
    let decision = Input::from(case).decide();
    (decision.overlay.kind().code(), decision.overlay.reason())
}

pub fn failure(kind: ReadFailureKind) -> ReadFailure {
    ReadFailure::new(kind, "the test says so")
}

pub fn intent(wish: &Wish, break_glass: bool) -> NetworkIntent {
    let families = wish.families.iter().map(|family| family.parse().expect("a family")).collect();
    NetworkIntent {
        ip_families: families,
        backend: wish.backend.map(|code| code.parse().expect("a backend")),
        ipam: IpamIntent { kind: wish.ipam.map(|code| code.parse().expect("an IPAM type")), cidr: None },
        ipv4: FamilyIntent {
            pool: wish.ipv4_pool.map(|code| code.parse().expect("a pool")),
            mode: wish.ipv4_mode.map(|code| code.parse().expect("a mode")),
            auto_detection_method: None,
        },
        ipv6: FamilyIntent::default(),
        ipv6_source_nat: None,
        overlay: match wish.overlay {
            Overlay::Unset => None,
            Overlay::On => Some(OverlayIntent { enabled: true, create_pod_routes: false }),
            Overlay::Off => Some(OverlayIntent { enabled: false, create_pod_routes: false }),
            Overlay::OffWithPodRoutes => Some(OverlayIntent { enabled: false, create_pod_routes: true }),
        },
        vxlan: wish.vxlan,
        ebpf: wish.ebpf,
        wireguard: false,
        typha: None,
        bird_exporter: false,
        multus: MultusIntent::default(),
        veth_mtu: None,
        snat_to_upstream_dns: None,
        service_loop_prevention: None,
        autoscaling: None,
        deprecated_fields: Vec::new(),
        break_glass: break_glass.then(|| "INC-4711".to_string()),
    }
}

pub fn shoot(case: &Case) -> ShootFacts {
    let (version, gate) = match case.api {
        PolicyApi::Fits => ("1.36.1", false),
        PolicyApi::Misfit => ("1.34.2", true),
        PolicyApi::Missing => ("1.33.5", false),
    };
    ShootFacts {
        kubernetes_version: version.parse().expect("a version"),
        api_server: ApiServerSetup {
            mutating_admission_policy_gate: gate,
            runtime_config_v1beta1: false,
            runtime_config_v1alpha1: gate,
        },
        kube_proxy: match case.wish.kube_proxy {
            "on" => KubeProxy::Enabled,
            "nftables" => KubeProxy::Nftables,
            "off" => KubeProxy::Disabled,
            other => panic!("no such kube-proxy: {other}"),
        },
        vertical_pod_autoscaler: false,
        provider_type: "aws".to_string(),
        hibernation_enabled: case.hibernated,
        dual_stack_migration_pending: false,
        node_cidrs: NodeCidrs::default(),
        pod_cidrs: vec![
            Cidr { family: IpFamily::Ipv4, text: "10.0.0.0/16".to_string() },
            Cidr { family: IpFamily::Ipv6, text: "2001:db8::/48".to_string() },
        ],
    }
}

fn settings(case: &Case) -> Settings {
    let verification = |skip| if skip { Verification::Skip } else { Verification::Require };
    let excluded_classes: BTreeSet<_> = case.excluded.iter().map(|class| class.parse().expect("a class")).collect();
    Settings {
        non_privileged_calico_node: false,
        seamless_overlay_switch: case.gate,
        calico_version: CalicoVersion::from_tag(Some("v3.31.6")),
        overlay_switch: OverlaySwitchSettings {
            profile: if case.strict { Profile::Strict } else { Profile::Default },
            when_unguarded: if case.hold_when_unguarded { WhenUnguarded::Hold } else { WhenUnguarded::Proceed },
            implicit_removals: if case.hold_implicit_removals {
                ImplicitRemovals::Hold
            } else {
                ImplicitRemovals::Report
            },
            route_verification: verification(case.skip_route_verification),
            pod_routes: verification(case.skip_pod_routes),
            excluded_classes,
            old_evidence: if case.refresh_evidence { OldEvidence::IsWrittenAgain } else { OldEvidence::Counts },
            guard: match case.requirement {
                Requirement::Disabled => GuardRequirement::Disabled,
                Requirement::WhereObserved => GuardRequirement::WhereObserved,
                Requirement::Always => GuardRequirement::Always,
            },
            ..OverlaySwitchSettings::defaults()
        },
    }
}

pub fn seen(seen: Seen) -> ObservedDataplane {
    let native =
        super::steps::sends(seen.backend, seen.ipv4.unwrap_or(Slot { pool: "ipip", mode: "Never", object: true }));
    ObservedDataplane {
        backend: Some(seen.backend.parse().expect("a backend")),
        ipv4: seen.ipv4.map(pool),
        ipv6: seen.ipv6.map(pool),
        felix_ipip: Some(native.starts_with("Ipip")),
        felix_vxlan: None,
        ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_string()] }),
        veth_mtu: Some("0".to_string()),
        kube_controllers: Some(seen.backend != "none"),
    }
}

fn pool(slot: Slot) -> ObservedPool {
    ObservedPool {
        pool: slot.pool.parse().expect("a pool"),
        mode: slot.mode.parse().expect("a mode"),
        source: if slot.object { PoolSource::Object } else { PoolSource::Variable },
    }
}

pub fn source(source: &Source) -> Reading<ObservedDataplane> {
    match source {
        Source::Known(known) => Reading::Known(seen(*known)),
        Source::Absent => Reading::Absent,
        Source::NotGiven => Reading::Unreadable(failure(ReadFailureKind::NotGiven)),
        Source::Failed => Reading::Unreadable(failure(ReadFailureKind::Refused)),
    }
}

pub fn record(record: Record) -> Reading<Encapsulations> {
    let code = |code: Option<Code>| code.map(|code| code.parse().expect("an encapsulation"));
    match record {
        Record::Known { ipv4, ipv6 } => Reading::Known(Encapsulations { ipv4: code(ipv4), ipv6: code(ipv6) }),
        Record::Absent => Reading::Absent,
        Record::Failed => Reading::Unreadable(failure(ReadFailureKind::Undecodable)),
    }
}

pub fn nodes(nodes: &Nodes) -> Reading<Vec<NodeFacts>> {
    match nodes {
        Nodes::Unreadable => Reading::Unreadable(failure(ReadFailureKind::Incomplete)),
        Nodes::Unreachable => Reading::Unreadable(failure(ReadFailureKind::Unreachable)),
        Nodes::NotThere => Reading::Absent,
        Nodes::Listed(nodes) => Reading::Known(nodes.iter().enumerate().map(|(index, of)| node(index, *of)).collect()),
    }
}

fn node(index: usize, node: Node) -> NodeFacts {
    let created = Timestamp(NOW.0 - node.age);
    let network_unavailable = match node.entries {
        Entries::None => NetworkUnavailable::Missing,
        Entries::Two => NetworkUnavailable::Several,
        Entries::One(status, reason) => NetworkUnavailable::One(Condition {
            status: match status {
                "True" => ConditionStatus::True,
                "False" => ConditionStatus::False,
                _ => ConditionStatus::Unknown,
            },
            reason: ConditionReason::from_text(reason),
            last_transition: Some(Timestamp(created.0 + node.transition_after_creation)),
            last_heartbeat: None,
        }),
    };
    NodeFacts {
        name: NodeName(format!("node-{index:03}").into()),
        uid: NodeUid(format!("uid-{index:03}").into()),
        created: Some(created),
        deleting: node.deleting,
        readiness: match node.ready {
            Some(true) => Readiness::Ready,
            Some(false) => Readiness::NotReady,
            None => Readiness::NotReported,
        },
        pod_cidrs: PodCidrFamilies { ipv4: node.pod_cidr_ipv4, ipv6: node.pod_cidr_ipv6 },
        network_unavailable,
    }
}

fn guard(guard: Guard) -> GuardObservation {
    match guard {
        Guard::Effective => GuardObservation::Effective,
        Guard::NotEffective => GuardObservation::NotEffective,
        Guard::ExistsLongEnough => GuardObservation::ExistsLongEnough,
        Guard::NotProvenYet => GuardObservation::NotProvenYet,
        Guard::NotObserved => GuardObservation::NotObserved,
    }
}
