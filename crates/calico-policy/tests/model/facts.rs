//! From a state of the world to the arguments of the decision, as an observer would read them at that moment.

use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::dataplane::{Dataplane, PoolSource};
use calico_policy::decision::{NodeList, Observed, SwitchStatus};
use calico_policy::encapsulation::{Encapsulations, Pool};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, ObservedIpam, ObservedPool, Sources};
use calico_policy::intent::{FamilyIntent, IpamIntent, IpamType, MultusIntent, NetworkIntent, OverlayIntent};
use calico_policy::nodes::{
    Condition as NodeCondition, ConditionReason, ConditionStatus, NetworkUnavailable, NodeFacts, NodeName, NodeUid,
    PodCidrFamilies, Readiness,
};
use calico_policy::phase::Rollout;
use calico_policy::reading::{ReadFailure, ReadFailureKind, Reading};
use calico_policy::shoot::{KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::time::Timestamp;

use crate::rules::{GuardProbe, Rules, Unreadable};
use crate::state::{Bundle, Condition, Node, SLOTS, Sleep, State, Wish};

/// The time of every decision: the model has none, so nothing in it may depend on how long something took.
pub const NOW: Timestamp = Timestamp(1_000_000);

/// When every node was created.
const CREATED: Timestamp = Timestamp(900_000);

/// A transition that is old, but not older than the node.
const LONG_AGO: Timestamp = Timestamp(990_000);

/// A transition that belongs to a machine before it.
const BEFORE_CREATION: Timestamp = Timestamp(800_000);

/// What one look of the controller can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reads {
    Everything,
    NoBundle,
    NoNodes,
    NoShoot,
    Nothing,
}

impl Reads {
    pub const ALL: [Self; 5] = [Self::Everything, Self::NoBundle, Self::NoNodes, Self::NoShoot, Self::Nothing];

    const fn bundle(self) -> bool {
        !matches!(self, Self::NoBundle | Self::Nothing)
    }

    const fn nodes(self) -> bool {
        matches!(self, Self::Everything | Self::NoBundle)
    }

    const fn shoot(self) -> bool {
        !matches!(self, Self::NoShoot | Self::Nothing)
    }
}

pub fn name(slot: usize) -> NodeName {
    NodeName(format!("node-{slot}").into())
}

pub fn uid(slot: usize, machine: u8) -> NodeUid {
    NodeUid(format!("uid-{slot}-{machine}").into())
}

/// What the nodes are now, by UID.
pub fn uids(state: &State) -> Vec<NodeUid> {
    let present = state.shoot.slots.iter().enumerate().filter(|(_, slot)| slot.node.is_some());
    present.map(|(index, slot)| uid(index, slot.machine)).collect()
}

pub fn machines(state: &State) -> [Option<u8>; SLOTS] {
    std::array::from_fn(|index| {
        let slot = &state.shoot.slots[index];
        slot.node.as_ref().map(|_| slot.machine)
    })
}

pub fn observed(state: &State, reads: Reads, rules: &Rules) -> Observed {
    let asleep = state.shoot.sleep == Sleep::Asleep;
    Observed {
        sources: sources(state, reads, rules.unreadable),
        nodes: if asleep {
            not_given()
        } else if reads.nodes() {
            Reading::Known(nodes(state))
        } else if reads.shoot() {
            refused()
        } else {
            Reading::Unreadable(ReadFailure::new(ReadFailureKind::Unreachable, "the model says so"))
        },
        node_list: NodeList::Complete,
        guard: guard(state, reads, rules.guard_probe),
        rollout: rollout(state),
        operation_requested: None,
    }
}

pub fn previous(state: &State) -> Reading<SwitchStatus> {
    let status = state.seed.status;
    status.map_or(Reading::Absent, |status| Reading::Known(SwitchStatus { phase: status.phase, since: None }))
}

/// What of a dataplane the model writes.
pub fn bundle(dataplane: &Dataplane) -> Bundle {
    let ipv4 = dataplane.ipv4.as_ref().expect("the shoot of the model has IPv4");
    assert_eq!((ipv4.pool, dataplane.ipam.kind), (Pool::Ipip, IpamType::HostLocal), "the model knows nothing else");
    Bundle {
        backend: dataplane.backend,
        felix_ipip: dataplane.felix_keeps_ipip(),
        mode: ipv4.mode,
        kube_controllers: dataplane.kube_controllers,
    }
}

fn sources(state: &State, reads: Reads, unreadable: Unreadable) -> Sources {
    if unreadable == Unreadable::TakenForNoSwitch && !reads.bundle() {
        return Sources {
            bundle: Reading::Absent,
            live: Reading::Absent,
            record: Reading::Absent,
            history: History::NeverInstalled,
        };
    }
    let record = state.seed.status.and_then(|status| status.record);
    Sources {
        bundle: if reads.bundle() { Reading::Known(dataplane(state.seed.bundle)) } else { refused() },
        live: if state.shoot.sleep == Sleep::Asleep {
            not_given()
        } else if reads.shoot() {
            Reading::Known(dataplane(state.shoot.applied))
        } else {
            refused()
        },
        record: record
            .map_or(Reading::Absent, |record| Reading::Known(Encapsulations { ipv4: Some(record), ipv6: None })),
        history: History::Installed,
    }
}

fn dataplane(bundle: Bundle) -> ObservedDataplane {
    ObservedDataplane {
        backend: Some(bundle.backend),
        ipv4: Some(ObservedPool { pool: Pool::Ipip, mode: bundle.mode, source: PoolSource::Object }),
        ipv6: None,
        felix_ipip: Some(bundle.felix_ipip),
        felix_vxlan: None,
        ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_string()] }),
        veth_mtu: Some("0".to_string()),
        kube_controllers: Some(bundle.kube_controllers),
    }
}

fn nodes(state: &State) -> Vec<NodeFacts> {
    let slots = state.shoot.slots.iter().enumerate();
    slots.filter_map(|(index, slot)| slot.node.as_ref().map(|of| node(index, slot.machine, of))).collect()
}

fn node(slot: usize, machine: u8, node: &Node) -> NodeFacts {
    use ConditionReason as Reason;
    use ConditionStatus as Status;

    let one = |status, reason, transition| {
        NetworkUnavailable::One(NodeCondition {
            status,
            reason,
            last_transition: Some(transition),
            last_heartbeat: None,
        })
    };
    NodeFacts {
        name: name(slot),
        uid: uid(slot, machine),
        created: Some(CREATED),
        deleting: false,
        readiness: Readiness::Ready,
        pod_cidrs: PodCidrFamilies { ipv4: true, ipv6: false },
        network_unavailable: match node.condition {
            Condition::Missing => NetworkUnavailable::Missing,
            Condition::RouteCreated => one(Status::False, Reason::RouteCreated, NOW),
            Condition::RouteCreatedLongAgo => one(Status::False, Reason::RouteCreated, LONG_AGO),
            Condition::RouteCreatedForPredecessor => one(Status::False, Reason::RouteCreated, BEFORE_CREATION),
            Condition::NoRouteCreated => one(Status::True, Reason::NoRouteCreated, NOW),
            Condition::CalicoIsUp => one(Status::False, Reason::CalicoIsUp, NOW),
            Condition::CalicoIsDown => one(Status::True, Reason::CalicoIsDown, NOW),
        },
    }
}

fn guard(state: &State, reads: Reads, probe: GuardProbe) -> GuardObservation {
    let seen = match probe {
        GuardProbe::Effect => state.shoot.guard_effective,
        GuardProbe::Existence => state.seed.guard,
    };
    match (reads.shoot() && state.shoot.sleep != Sleep::Asleep, seen) {
        (false, _) => GuardObservation::NotObserved,
        (true, true) => GuardObservation::Effective,
        (true, false) => GuardObservation::NotEffective,
    }
}

fn rollout(state: &State) -> Rollout {
    if state.manager.pending || state.manager.round.is_some() {
        Rollout::Written
    } else if state.shoot.has_rolled() {
        Rollout::RolledOut
    } else {
        Rollout::Applied
    }
}

fn refused<T>() -> Reading<T> {
    Reading::Unreadable(ReadFailure::new(ReadFailureKind::Refused, "the model says so"))
}

/// Who sleeps is not asked.
fn not_given<T>() -> Reading<T> {
    Reading::Unreadable(ReadFailure::new(ReadFailureKind::NotGiven, "the shoot is hibernated"))
}

/// A shoot in which the guard is possible.
pub fn shoot(state: &State) -> ShootFacts {
    ShootFacts {
        kubernetes_version: "1.36.1".parse().expect("a version"),
        api_server: ApiServerSetup::default(),
        kube_proxy: KubeProxy::Enabled,
        vertical_pod_autoscaler: false,
        provider_type: "aws".to_string(),
        hibernation_enabled: state.shoot.sleep == Sleep::Asleep,
        dual_stack_migration_pending: false,
        node_cidrs: NodeCidrs::default(),
        pod_cidrs: Vec::new(),
    }
}

pub fn intent(wish: Wish) -> NetworkIntent {
    NetworkIntent {
        ip_families: Vec::new(),
        backend: None,
        ipam: IpamIntent::default(),
        ipv4: FamilyIntent::default(),
        ipv6: FamilyIntent::default(),
        ipv6_source_nat: None,
        overlay: Some(OverlayIntent { enabled: wish == Wish::On, create_pod_routes: false }),
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
