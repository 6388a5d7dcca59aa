//! The machines of a shoot: kubelets that register Nodes, the DaemonSet controller that rolls calico-node over them, and calico-node
//! itself as far as others see it: what it writes into the Node when it starts and stops.
//!
//! Beside them the controllers that would otherwise leave objects unfinished for ever: Deployments are available at once, and a
//! workload deleted in the foreground goes when its pods have gone.

mod calico_node;
mod daemon_set;
mod deployments;
mod kubelet;

use std::pin::pin;
use std::time::Duration;

use fastrand::Rng;
use futures::StreamExt;
use futures::stream::select_all;
use kube::runtime::watcher::Event;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::{Clock, Cluster, Running, kinds};
use daemon_set::Rollout;
use kubelet::Kubelets;

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From one Node's registration to the next one's.
    pub registration: Duration,
    /// From the creation of a calico-node pod until it is ready.
    pub start: Duration,
    /// From the decision to replace a pod until it has gone.
    pub stop: Duration,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The name of its Node.
    pub name: String,
    /// Its address.
    pub address: String,
    /// The range of its pods.
    pub pod_cidr: String,
}

/// A worker pool that is scaled. Clones scale the same one; what is asked for once the machines were switched off does nothing.
#[derive(Clone, Debug)]
pub struct Pool(UnboundedSender<Scale>);

#[derive(Debug)]
enum Scale {
    Join(Machine),
    Leave(String),
}

/// The machines of a shoot.
#[derive(Debug)]
pub struct Nodes {
    shoot: Cluster,
    machines: Vec<Machine>,
    timing: Timing,
    clock: Clock,
    seed: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { registration: Duration::from_secs(2), start: Duration::from_secs(12), stop: Duration::from_secs(8) }
    }
}

/// So many machines as a worker pool of Gardener has them, with pod ranges of 256 addresses each.
#[must_use]
pub fn machines(count: u8) -> Vec<Machine> {
    (0..count)
        .map(|index| Machine {
            name: format!("ip-10-250-0-{}", u16::from(index) + 4),
            address: format!("10.250.0.{}", u16::from(index) + 4),
            pod_cidr: format!("100.96.{index}.0/24"),
        })
        .collect()
}

impl Nodes {
    /// These machines. `seed` decides in which order their pods are replaced.
    pub fn new(shoot: Cluster, machines: Vec<Machine>, timing: Timing, clock: Clock, seed: u64) -> Self {
        Self { shoot, machines, timing, clock, seed }
    }

    /// Switches them on.
    pub fn start(self) -> Running {
        self.start_scaled().0
    }

    /// Switches them on, and lets others come and go.
    pub fn start_scaled(self) -> (Running, Pool) {
        let (ask, asked) = unbounded_channel();
        (Running::start(self.run(asked)), Pool(ask))
    }

    async fn run(self, mut asked: UnboundedReceiver<Scale>) {
        let changes = [kinds::DAEMON_SET, kinds::DEPLOYMENT]
            .map(|kind| self.shoot.changes(&kind, "").map(move |event| (kind, event)).boxed());
        let mut changes = pin!(select_all(changes));
        let mut kubelets = Kubelets::new(self.machines, self.timing.registration);
        let mut rollout = Rollout::new(self.timing, Rng::with_seed(self.seed));
        let mut unfinished: Vec<Value> = Vec::new();
        loop {
            for deployment in std::mem::take(&mut unfinished) {
                if deployments::finish(&self.shoot, &deployment, &self.clock).await.is_err() {
                    unfinished.push(deployment);
                }
            }
            let now = Instant::now();
            let mut worked = kubelets.register(&self.shoot, &self.clock, now).await;
            if worked.is_ok() {
                worked = rollout.advance(&self.shoot, &kubelets, &self.clock, now).await;
            }
            // What failed may rest on something that has changed meanwhile, so changes are taken before the next try.
            let failed = worked.is_err();
            let again = (failed || !unfinished.is_empty()).then(|| now + RETRY);
            let due = [kubelets.next(), rollout.next()].into_iter().flatten().filter(|_| !failed);
            let next = due.chain(again).min();
            tokio::select! {
                Some((kind, event)) = changes.next() => {
                    if kind == kinds::DAEMON_SET {
                        rollout.note(event);
                    } else if let Event::Apply(deployment) | Event::InitApply(deployment) = event {
                        unfinished.push(deployment);
                    }
                }
                Some(scale) = asked.recv() => kubelets.scale(scale),
                () = sleep_until(next.unwrap_or(now + IDLE)) => {}
            }
        }
    }
}

impl Pool {
    /// A new machine comes. It may have the name of one that has left.
    pub fn join(&self, machine: Machine) {
        // Nobody listens once the machines were switched off.
        let _ = self.0.send(Scale::Join(machine));
    }

    /// A machine goes, with its Node and all that ran on it, and without a word.
    pub fn leave(&self, name: &str) {
        let _ = self.0.send(Scale::Leave(name.to_owned()));
    }
}

const RETRY: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(3600);
