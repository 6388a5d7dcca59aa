//! The world of the model: seed, shoot, resource manager, our controller and the user, small enough to enumerate.
//!
//! Everything in it is finite. What could go on for ever – changes of mind, replaced machines, restarts – is counted down by
//! [`Budget`].

use std::sync::Arc;

use calico_policy::encapsulation::{Backend, Encapsulation, Pool, PoolMode, sends};
use calico_policy::phase::Phase;
use calico_policy::survey::RoutesReady;

/// Names that a node can have.
pub const SLOTS: usize = 2;

/// One state of the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub wish: Wish,
    pub seed: Seed,
    pub shoot: Shoot,
    pub manager: Manager,
    pub controller: Controller,
    /// A leader before the one that leads, which has not noticed.
    pub former: Option<Former>,
    pub budget: Budget,
    /// Something that no state shows, only the step that led to it; kept from then on.
    pub breach: Option<Breach>,
}

impl State {
    /// The same after a fault; `None` where none is left to happen.
    pub fn with_fault(&self) -> Option<Self> {
        let faults = self.budget.faults.checked_sub(1)?;
        Some(Self { budget: Budget { faults, ..self.budget }, ..self.clone() })
    }
}

/// `overlay.enabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    On,
    Off,
}

/// What stands in the seed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seed {
    /// The bundle as we wrote it last.
    pub bundle: Bundle,
    /// Whether the ManagedResource of the guard exists.
    pub guard: bool,
    /// What we reported last; `None` where it got lost.
    pub status: Option<Status>,
    /// The annotation of [`Cleaning::Once`](crate::rules::Cleaning::Once).
    pub cleaned: bool,
}

/// The part of a bundle that a switch changes. Also what of it is applied in the shoot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bundle {
    pub backend: Backend,
    pub felix_ipip: bool,
    pub mode: PoolMode,
    pub kube_controllers: bool,
}

impl Bundle {
    pub const OVERLAY: Self =
        Self { backend: Backend::Bird, felix_ipip: true, mode: PoolMode::Always, kube_controllers: true };

    pub const fn encapsulates(self) -> bool {
        sends(self.backend, Pool::Ipip, self.mode).is_some()
    }
}

/// The parts of the status that decisions read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    pub phase: Phase,
    /// Our record of the encapsulation in effect; `None` where nobody could tell.
    pub record: Option<Encapsulation>,
}

/// What stands in the shoot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shoot {
    pub applied: Bundle,
    pub sleep: Sleep,
    /// Whether writes of Calico are neutralised. It follows the ManagedResource with a lag, both ways.
    pub guard_effective: bool,
    pub route_writer: RouteWriter,
    pub slots: [Slot; SLOTS],
}

impl Shoot {
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.slots.iter().filter_map(|slot| slot.node.as_ref())
    }

    /// Whether every node still sends encapsulated: the pool says so, and nobody has rolled to a backend without it.
    pub fn is_encapsulated(&self) -> bool {
        self.applied.mode == PoolMode::Always && !self.nodes().any(Node::sends_native)
    }

    /// Whether calico-node runs everywhere as the DaemonSet says, and nothing of an older one is left.
    pub fn has_rolled(&self) -> bool {
        self.nodes().all(|node| node.calico == CalicoNode::Up(self.applied.backend) && !node.old_one_stops)
    }
}

/// Whether the shoot is hibernated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sleep {
    Awake,
    /// It has no nodes, and nobody answers for it.
    Asleep,
    /// It answers, and the nodes of these slots are still to come.
    Waking([bool; SLOTS]),
}

/// The provider's route controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouteWriter {
    /// Scaled to zero: the overlay is on.
    Off,
    /// Just started, with an empty cache.
    Cold,
    /// Knows the routes there are.
    Warm,
}

/// A name, and how many machines have borne it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Stands for the UID of the node.
    pub machine: u8,
    pub node: Option<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub condition: Condition,
    /// Whether the cloud has a route to its pods.
    pub route: bool,
    pub calico: CalicoNode,
    /// Whether a container with BIRD is still in its preStop hook.
    pub old_one_stops: bool,
    /// Whether it was there when a write began that took its encapsulation away. Later joiners come to a native shoot.
    pub counted: bool,
}

impl Node {
    pub const fn joining() -> Self {
        Self {
            condition: Condition::Missing,
            route: false,
            calico: CalicoNode::NotStarted,
            old_one_stops: false,
            counted: false,
        }
    }

    /// Routes in the kernel outlive calico-node, so a stopped one still sends as it did.
    const fn sends_native(&self) -> bool {
        matches!(self.calico, CalicoNode::Up(Backend::None) | CalicoNode::Down(Backend::None))
    }
}

/// The condition `NetworkUnavailable`, by its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    Missing,
    /// False.
    RouteCreated,
    /// False, and nobody has written it since the overlay was off before.
    RouteCreatedLongAgo,
    /// False, and its transition is older than the node.
    RouteCreatedForPredecessor,
    /// True.
    NoRouteCreated,
    /// False.
    CalicoIsUp,
    /// True.
    CalicoIsDown,
}

impl Condition {
    pub const fn is_by_calico(self) -> bool {
        matches!(self, Self::CalicoIsUp | Self::CalicoIsDown)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalicoNode {
    NotStarted,
    Up(Backend),
    Down(Backend),
}

/// The resource manager.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Manager {
    /// Whether the bundle has been written since the last round began.
    pub pending: bool,
    pub round: Option<Round>,
}

/// One pass over a bundle, object by object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Round {
    /// The bundle as it was when the pass began.
    pub bundle: Bundle,
    pub next: Stage,
}

/// What a round does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    Deletions,
    DaemonSet,
    Pool,
}

/// Our controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Controller {
    Idle,
    /// The rest of what a decision said, in order.
    Acting(Vec<Step>),
}

/// A process that has lost the lead, and goes on with what it has decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Former {
    /// What it still does, in order; never empty.
    pub steps: Vec<Step>,
    /// Whether the bundle was written since it was read.
    pub bundle: Since,
    /// Whether something else was asked for since the Network was read.
    pub network: Since,
}

/// Whether an object is still what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Since {
    Unchanged,
    /// A write with the precondition that it is unchanged is refused.
    Changed,
}

/// One request of ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    DeployGuard,
    RemoveGuard,
    /// Deletes conditions that Calico wrote from the nodes of these slots.
    Clean([bool; SLOTS]),
    /// Deletes what was seen on these machines, to have it written again.
    Refresh([Option<(u8, Condition)>; SLOTS]),
    /// Deletes conditions of a stopped route writer from the nodes of these slots.
    CleanRoutes([bool; SLOTS]),
    /// Reads the nodes again before the write that comes next.
    CheckNodes(Permission),
    Write(Bundle),
    Report(Status),
}

/// What lets a write take encapsulation away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Every node of the survey had a route.
    Witness(Witness),
    /// The survey found no node.
    NoNodes,
    /// Nothing that the nodes could contradict.
    NotNeeded,
}

/// The witness of a decision, with the machines that it stands for: the witness itself cannot be hashed.
#[derive(Clone, Debug)]
pub struct Witness {
    pub proof: Arc<RoutesReady>,
    pub machines: [Option<u8>; SLOTS],
}

impl PartialEq for Witness {
    fn eq(&self, other: &Self) -> bool {
        self.machines == other.machines
    }
}

impl Eq for Witness {}

impl std::hash::Hash for Witness {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.machines.hash(state);
    }
}

/// How often things may still happen that could go on for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Changes of the wish.
    pub wishes: u8,
    /// Nodes that join, leave, or are replaced under their name.
    pub churn: u8,
    /// Stops of calico-node that no roll asks for.
    pub stops: u8,
    /// Hibernations.
    pub sleeps: u8,
    /// Changes of the leader.
    pub leaders: u8,
    /// Restarts of the route controller.
    pub writer_restarts: u8,
    /// Reads that fail, a status that gets lost, rounds of the resource manager that end half-way.
    pub faults: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Breach {
    /// In spite of an effective guard a route writer said `NoRouteCreated` of a node that had a route and was said to have it.
    WorkingNodeReported,
    /// A switch that was reported as written was taken back although nobody had changed his mind.
    SwitchTakenBack,
}
