//! The guard of an open switch: looked at over a settle time, and what was decided about it carried out.
//!
//! Each API server of a shoot learns of a policy on its own, so that one answer proves nothing: the guard counts once every look of a
//! few seconds, each over connections of its own, has found it effective. Nobody waits for that; the queue calls again.

use std::time::Duration;

use adapter_k8s::guard::{self, GuardSeen, Live};
use adapter_k8s::shoot_access::ShootAccess;
use calico_manifests::guard::Protection;
use calico_policy::admission_policy::GuardApi;
use calico_policy::decision::Requeue;
use calico_policy::guard::GuardObservation;
use calico_policy::nodes::NodeFacts;
use calico_policy::phase::Phase;
use calico_policy::time::Timestamp;
use calico_policy::{Action, Decision, Reading};
use serde_json::Value;
use tokio::time::Instant;

use super::Controller;
use super::evidence::AskedShoot;
use super::failure::Failure;
use super::pass::Pass;

/// How long the guard must have been seen effective.
const SETTLE: Duration = Duration::from_secs(5);
/// How long a guard must exist whose effect cannot be asked for.
const EXISTS_LONG_ENOUGH: Duration = Duration::from_secs(30);
/// Over how many connections one look asks.
const CONNECTIONS: usize = 3;
/// How soon a guard that is not effective yet is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Since when the guard has been seen effective.
#[derive(Debug, Default)]
pub struct Settling(Option<Instant>);

impl Settling {
    fn observation(&mut self, seen: &GuardSeen, now: Timestamp) -> GuardObservation {
        if *seen != GuardSeen::Effective {
            self.0 = None;
        }
        match seen {
            GuardSeen::Effective if self.0.get_or_insert_with(Instant::now).elapsed() >= SETTLE => {
                GuardObservation::Effective
            }
            GuardSeen::Effective | GuardSeen::Unproven(_) => GuardObservation::NotProvenYet,
            GuardSeen::NotEffective => GuardObservation::NotEffective,
            GuardSeen::ExistsSince(created) if now.since(*created) >= EXISTS_LONG_ENOUGH => {
                GuardObservation::ExistsLongEnough
            }
            GuardSeen::ExistsSince(_) => GuardObservation::NotProvenYet,
        }
    }
}

/// What is seen of the guard. Without nodes there is nobody to ask for, and no need to.
pub(super) async fn observe(
    shoots: &ShootAccess,
    namespace: &str,
    nodes: &Reading<Vec<NodeFacts>>,
    api: GuardApi,
    settling: &mut Settling,
    now: Timestamp,
) -> GuardObservation {
    let Reading::Known(nodes) = nodes else { return GuardObservation::NotObserved };
    if nodes.is_empty() {
        return GuardObservation::NotObserved;
    }
    let seen = match shoots.fresh(namespace, CONNECTIONS).await {
        Ok(connections) => guard::observe(&connections, nodes, api).await,
        Err(error) => GuardSeen::Unproven(error.failure()),
    };
    settling.observation(&seen, now)
}

/// When to look again at a switch in this phase.
pub(super) fn requeue(decision: &Decision) -> Requeue {
    match decision.requeue {
        Requeue::After(delay) if decision.phase == Phase::Guarding => Requeue::After(delay.min(LOOK_AGAIN)),
        requeue => requeue,
    }
}

impl Controller {
    /// Whether a guard that must go is gone: policy and binding are deleted before their ManagedResource is.
    pub(super) async fn guard_is_gone(&self, namespace: &str) -> Result<bool, Failure> {
        Ok(guard::live(&self.seed, namespace).await.map_err(Failure::Own)? == Live::Absent)
    }

    /// Carries out these actions as far as they concern the guard. `record` is what our own record must say before a guard is there:
    /// one that nobody knows of would not be taken away.
    pub(super) async fn guard(
        &self,
        pass: &mut Pass<'_>,
        actions: &[Action],
        shoot: Option<&AskedShoot>,
        record: Option<&Value>,
    ) -> Result<(), Failure> {
        for action in actions {
            match (action, shoot) {
                (Action::DeployGuard(api), _) => {
                    pass.begin(record.cloned()).await?;
                    pass.prove().await?;
                    self.deploy_guard(pass, *api).await?;
                }
                (Action::UpdateGuard(api), _) if pass.operation().is_some() => self.update_guard(pass, *api).await?,
                (Action::RemoveGuard, _) => {
                    guard::remove(&self.seed, &pass.key.namespace).await?;
                    pass.memory.guard = Settling::default();
                }
                // What is left, or failed, is seen and cleaned by the next look.
                (Action::CleanConditions(nodes), Some(shoot)) => {
                    let _ = guard::clean(&shoot.client, nodes.iter()).await;
                }
                (Action::RefreshEvidence(routes), Some(shoot)) => {
                    let _ = guard::refresh(&shoot.client, routes).await;
                }
                (Action::CleanNoRouteCreated(nodes), Some(shoot)) => {
                    let _ = guard::release(&shoot.client, nodes.iter()).await;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Brings a guard that is there to this version of its API; gardener-resource-manager takes the old one away.
    async fn update_guard(&self, pass: &mut Pass<'_>, api: GuardApi) -> Result<(), Failure> {
        match guard::live(&self.seed, &pass.key.namespace).await.map_err(Failure::Own)? {
            Live::Present => self.deploy_guard(pass, api).await,
            Live::Absent | Live::Leaving => Ok(()),
        }
    }

    async fn deploy_guard(&self, pass: &mut Pass<'_>, api: GuardApi) -> Result<(), Failure> {
        let protect = self.configuration.overlay_switch.guard.protect_route_created;
        let protection = if protect { Protection::FromCalicoAndUnavailability } else { Protection::FromCalico };
        if guard::deploy(&self.seed, &pass.key.namespace, api, protection).await? {
            pass.memory.guard = Settling::default();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use calico_policy::{ReadFailure, ReadFailureKind};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_guard_counts_once_it_was_effective_for_five_seconds() {
        let mut settling = Settling::default();
        let mut after = async |seconds, seen: GuardSeen| {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            settling.observation(&seen, Timestamp(100))
        };
        let unproven = GuardSeen::Unproven(ReadFailure::new(ReadFailureKind::Unreachable, ""));
        assert_eq!(after(0, GuardSeen::NotEffective).await, GuardObservation::NotEffective);
        assert_eq!(after(1, GuardSeen::Effective).await, GuardObservation::NotProvenYet);
        assert_eq!(after(4, GuardSeen::Effective).await, GuardObservation::NotProvenYet);
        assert_eq!(after(1, GuardSeen::Effective).await, GuardObservation::Effective);
        assert_eq!(after(60, unproven).await, GuardObservation::NotProvenYet);
        assert_eq!(after(60, GuardSeen::Effective).await, GuardObservation::NotProvenYet, "it begins anew");
        assert_eq!(after(5, GuardSeen::Effective).await, GuardObservation::Effective);
        assert_eq!(after(0, GuardSeen::ExistsSince(Timestamp(71))).await, GuardObservation::NotProvenYet);
        assert_eq!(after(0, GuardSeen::ExistsSince(Timestamp(70))).await, GuardObservation::ExistsLongEnough);
    }
}
