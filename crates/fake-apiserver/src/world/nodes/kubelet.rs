//! kubelets, one after the other: a Node each, ready once a pod network is there.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Machine, Scale};
use crate::world::{Clock, Cluster, kinds};

/// The kubelets of all machines.
#[derive(Debug)]
pub(super) struct Kubelets {
    coming: VecDeque<Machine>,
    registered: Vec<Machine>,
    leaving: Vec<String>,
    interval: Duration,
    due: Instant,
}

impl Kubelets {
    pub(super) fn new(machines: Vec<Machine>, interval: Duration) -> Self {
        Self { coming: machines.into(), registered: Vec::new(), leaving: Vec::new(), interval, due: Instant::now() }
    }

    /// The machines whose Nodes are there.
    pub(super) fn registered(&self) -> &[Machine] {
        &self.registered
    }

    /// When the next one registers.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.coming.is_empty()).then_some(self.due)
    }

    /// Notes that a machine comes or goes.
    pub(super) fn scale(&mut self, scale: Scale) {
        match scale {
            Scale::Join(machine) => self.coming.push_back(machine),
            Scale::Leave(name) => {
                self.coming.retain(|machine| machine.name != name);
                self.registered.retain(|machine| machine.name != name);
                self.leaving.push(name);
            }
        }
        self.due = self.due.max(Instant::now());
    }

    /// Registers whatever is due, once those who leave have left.
    pub(super) async fn register(&mut self, shoot: &Cluster, clock: &Clock, now: Instant) -> Result<(), kube::Error> {
        while let Some(name) = self.leaving.last() {
            shoot.delete(&kinds::NODE, "", name).await?;
            self.leaving.pop();
        }
        while let Some(machine) = self.coming.front().filter(|_| self.due <= now) {
            match shoot.create(&kinds::NODE, node(machine, clock)).await {
                Ok(_) => {}
                // It was there before this world began.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(error) => return Err(error),
            }
            self.registered.extend(self.coming.pop_front());
            self.due += self.interval;
        }
        Ok(())
    }
}

/// Tells that a pod network is there, or is not.
pub(super) async fn ready(
    shoot: &Cluster,
    machine: &Machine,
    has_network: bool,
    clock: &Clock,
) -> Result<(), kube::Error> {
    shoot.set_node_condition(&machine.name, &ready_condition(has_network, clock), None).await.map(drop)
}

fn node(machine: &Machine, clock: &Clock) -> Value {
    let Machine { name, address, pod_cidr } = machine;
    json!({
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "m5.large",
                "topology.kubernetes.io/zone": "eu-west-1a",
                "worker.gardener.cloud/pool": "worker",
            },
        },
        "spec": {
            "podCIDR": pod_cidr,
            "podCIDRs": [pod_cidr],
            "providerID": format!("aws:///eu-west-1a/i-{:0>17}", address.replace('.', "")),
        },
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "capacity": {"cpu": "2", "memory": "8Gi", "pods": "110"},
            "nodeInfo": {
                "kubeletVersion": "v1.36.2", "osImage": "Garden Linux", "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.0", "architecture": "amd64", "operatingSystem": "linux", "machineID": "",
                "systemUUID": "", "bootID": "", "kubeProxyVersion": "",
            },
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "there is enough memory", clock),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "there is enough disk", clock),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "there are enough process IDs", clock),
                ready_condition(false, clock),
            ],
        },
    })
}

fn ready_condition(has_network: bool, clock: &Clock) -> Value {
    if has_network {
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", clock)
    } else {
        condition("Ready", "False", "KubeletNotReady", "the pod network is not ready", clock)
    }
}

/// A condition of a Node that has just changed.
pub(super) fn condition(kind: &str, status: &str, reason: &str, message: &str, clock: &Clock) -> Value {
    let now = clock.seconds();
    json!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    })
}
