//! The DaemonSet controller, for calico-node: one pod per node, replaced a few at a time when the template changes.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::kubelet::{self, Kubelets};
use super::{Machine, Timing, calico_node};
use crate::world::cluster::{number, text};
use crate::world::resource_manager::max_unavailable;
use crate::world::{Clock, Cluster, kinds};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "calico-node";

/// The pods of calico-node on their way to the template.
#[derive(Debug)]
pub(super) struct Rollout {
    timing: Timing,
    random: Rng,
    daemon_set: Option<Value>,
    pods: BTreeMap<String, Pod>,
    told: Option<Value>,
}

#[derive(Debug)]
struct Pod {
    name: String,
    machine: Machine,
    template: Value,
    backend: String,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting(Instant),
    Running,
    Stopping(Instant),
}

impl Rollout {
    pub(super) fn new(timing: Timing, random: Rng) -> Self {
        Self { timing, random, daemon_set: None, pods: BTreeMap::new(), told: None }
    }

    pub(super) fn note(&mut self, event: Event<Value>) {
        let is_ours =
            |object: &Value| text(object, "/metadata/namespace") == NAMESPACE && text(object, "/metadata/name") == NAME;
        match event {
            Event::Apply(object) | Event::InitApply(object) if is_ours(&object) => self.daemon_set = Some(object),
            Event::Delete(object) if is_ours(&object) => self.daemon_set = None,
            _ => {}
        }
    }

    /// When the next pod has started or stopped.
    pub(super) fn next(&self) -> Option<Instant> {
        let due = |pod: &Pod| match pod.state {
            State::Starting(at) | State::Stopping(at) => Some(at),
            State::Running => None,
        };
        self.pods.values().filter_map(due).min()
    }

    /// Does whatever is due, and says in the status how far it is.
    pub(super) async fn advance(
        &mut self,
        shoot: &Cluster,
        kubelets: &Kubelets,
        clock: &Clock,
        now: Instant,
    ) -> Result<(), kube::Error> {
        self.forget(shoot, kubelets.registered()).await?;
        self.finish(shoot, clock, now).await?;
        let Some(daemon_set) = self.daemon_set.clone() else {
            self.stop(usize::MAX, None, now);
            return Ok(());
        };
        if !text(&daemon_set, "/metadata/deletionTimestamp").is_empty() {
            self.stop(usize::MAX, None, now);
            if self.pods.is_empty() {
                release(shoot, &kinds::DAEMON_SET, &daemon_set).await?;
            }
            return Ok(());
        }
        let template = daemon_set.pointer("/spec/template").cloned().unwrap_or_default();
        for machine in kubelets.registered() {
            if !self.pods.contains_key(&machine.name) {
                let pod = self.create(shoot, machine, &daemon_set, &template, now).await?;
                self.pods.insert(machine.name.clone(), pod);
            }
        }
        let desired = kubelets.registered().len();
        let running = self.pods.values().filter(|pod| pod.state == State::Running).count();
        let allowed = usize::try_from(max_unavailable(&daemon_set)).unwrap_or(1).max(1);
        self.stop(allowed.saturating_sub(desired.saturating_sub(running)), Some(&template), now);
        self.tell(shoot, &daemon_set, &template, desired).await
    }

    /// What ran on machines that have left is gone with them; so says the garbage collector of pods.
    async fn forget(&mut self, shoot: &Cluster, machines: &[Machine]) -> Result<(), kube::Error> {
        let left: Vec<String> =
            self.pods.keys().filter(|name| machines.iter().all(|machine| machine.name != **name)).cloned().collect();
        for machine in left {
            if let Some(pod) = self.pods.get(&machine) {
                shoot.delete(&kinds::POD, NAMESPACE, &pod.name).await?;
            }
            self.pods.remove(&machine);
        }
        Ok(())
    }

    /// Ends what has had its time.
    async fn finish(&mut self, shoot: &Cluster, clock: &Clock, now: Instant) -> Result<(), kube::Error> {
        let mut gone = Vec::new();
        for pod in self.pods.values_mut() {
            match pod.state {
                State::Starting(at) if at <= now => {
                    match calico_node::started(shoot, &pod.machine, &pod.backend, clock).await {
                        Ok(()) => {}
                        // Without its roles it ends, and is started again.
                        Err(kube::Error::Api(status)) if status.code == 403 => {
                            pod.state = State::Starting(now + self.timing.start);
                            continue;
                        }
                        Err(error) => return Err(error),
                    }
                    kubelet::ready(shoot, &pod.machine, true, clock).await?;
                    shoot.merge_status(&kinds::POD, NAMESPACE, &pod.name, &running(clock)).await?;
                    pod.state = State::Running;
                }
                State::Stopping(at) if at <= now => {
                    calico_node::stopped(shoot, &pod.machine, &pod.backend, clock).await?;
                    shoot.delete(&kinds::POD, NAMESPACE, &pod.name).await?;
                    gone.push(pod.machine.name.clone());
                }
                State::Starting(_) | State::Running | State::Stopping(_) => {}
            }
        }
        self.pods.retain(|machine, _| !gone.contains(machine));
        Ok(())
    }

    /// Begins to stop so many running pods, of those that are not made from the template; without one also pods that are still starting.
    fn stop(&mut self, count: usize, template: Option<&Value>, now: Instant) {
        let is_old = |pod: &Pod| match (pod.state, template) {
            (State::Stopping(_), _) => false,
            (State::Starting(_) | State::Running, None) => true,
            (State::Starting(_), Some(_)) => false,
            (State::Running, Some(template)) => pod.template != *template,
        };
        let mut old: Vec<&mut Pod> = self.pods.values_mut().filter(|pod| is_old(pod)).collect();
        self.random.shuffle(&mut old);
        for pod in old.into_iter().take(count) {
            pod.state = State::Stopping(now + varied(self.timing.stop, &mut self.random));
        }
    }

    async fn create(
        &mut self,
        shoot: &Cluster,
        machine: &Machine,
        daemon_set: &Value,
        template: &Value,
        now: Instant,
    ) -> Result<Pod, kube::Error> {
        let backend = calico_node::backend(shoot).await?;
        let made = shoot.create(&kinds::POD, pod(machine, daemon_set, template)).await?;
        Ok(Pod {
            name: text(&made, "/metadata/name").to_owned(),
            machine: machine.clone(),
            template: template.clone(),
            backend,
            state: State::Starting(now + varied(self.timing.start, &mut self.random)),
        })
    }

    async fn tell(
        &mut self,
        shoot: &Cluster,
        daemon_set: &Value,
        template: &Value,
        desired: usize,
    ) -> Result<(), kube::Error> {
        let count = |is: &dyn Fn(&Pod) -> bool| self.pods.values().filter(|pod| is(pod)).count();
        let available = count(&|pod| matches!(pod.state, State::Running));
        let status = json!({
            "observedGeneration": number(daemon_set, "/metadata/generation"),
            "desiredNumberScheduled": desired,
            "currentNumberScheduled": self.pods.len(),
            "numberMisscheduled": 0,
            "updatedNumberScheduled": count(&|pod| pod.template == *template),
            "numberReady": available,
            "numberAvailable": available,
            "numberUnavailable": desired.saturating_sub(available),
        });
        let uid = text(daemon_set, "/metadata/uid");
        let told = json!({"uid": uid, "status": status});
        if self.told.as_ref() != Some(&told) {
            shoot.merge_status(&kinds::DAEMON_SET, NAMESPACE, NAME, &status).await?;
            self.told = Some(told);
        }
        Ok(())
    }
}

/// Lets go of a workload that waits for its pods to be gone. One that has gone already is let go of, too.
pub(super) async fn release(shoot: &Cluster, kind: &crate::world::Kind, workload: &Value) -> Result<(), kube::Error> {
    let finalizers = workload.pointer("/metadata/finalizers").and_then(Value::as_array);
    let left: Vec<&Value> =
        finalizers.into_iter().flatten().filter(|finalizer| finalizer.as_str() != Some("foregroundDeletion")).collect();
    if finalizers.is_some_and(|all| all.len() != left.len()) {
        let patch = json!({"metadata": {"finalizers": left}});
        let (namespace, name) = (text(workload, "/metadata/namespace"), text(workload, "/metadata/name"));
        return match shoot.merge(kind, namespace, name, &patch).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => other.map(drop),
        };
    }
    Ok(())
}

/// A time that is not the same for every pod: up to a quarter more.
fn varied(time: Duration, random: &mut Rng) -> Duration {
    time.mul_f64(1.0 + random.f64() / 4.0)
}

fn pod(machine: &Machine, daemon_set: &Value, template: &Value) -> Value {
    let containers = template.pointer("/spec/containers").and_then(Value::as_array);
    let containers: Vec<Value> = containers
        .into_iter()
        .flatten()
        .map(|container| json!({"name": text(container, "/name"), "image": text(container, "/image")}))
        .collect();
    json!({
        "metadata": {
            "generateName": format!("{NAME}-"),
            "namespace": NAMESPACE,
            "labels": template.pointer("/metadata/labels").cloned().unwrap_or_default(),
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "DaemonSet", "name": NAME, "uid": text(daemon_set, "/metadata/uid"),
                "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": {
            "nodeName": machine.name, "hostNetwork": true, "containers": containers, "serviceAccountName": NAME,
            "tolerations": [{"operator": "Exists"}],
        },
    })
}

fn running(clock: &Clock) -> Value {
    json!({
        "phase": "Running",
        "startTime": clock.seconds(),
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": clock.seconds()}],
    })
}
