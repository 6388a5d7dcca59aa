//! The guard of an open switch: looked at over a settle time, and what was decided about it carried out.
//!
//! Each API server of a shoot learns of a policy on its own, so that one answer proves nothing: the guard counts once every look of a
//! few seconds, each over connections of its own, has found it effective. Nobody waits for that; the queue calls again. Once it counts,
//! looks may be further apart: that nothing happened to it in between is then seen by its objects, which are still the same.

use std::future::{Future, ready};
use std::time::Duration;

use adapter_k8s::guard::{self, GuardObjects, GuardSeen, Live};
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
/// Two looks that are further apart say nothing of the time between them.
const CLOSE: Duration = Duration::from_secs(10);
/// How long a guard must exist whose effect cannot be asked for.
const EXISTS_LONG_ENOUGH: Duration = Duration::from_secs(30);
/// Over how many connections one look asks.
const CONNECTIONS: usize = 3;
/// How soon a guard that is not effective yet is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Since when the guard has been seen effective.
#[derive(Debug, Default)]
pub struct Settling(Option<Effective>);

#[derive(Debug)]
struct Effective {
    since: Instant,
    /// When it was seen last.
    seen: Instant,
    /// Policy and binding at a time at which it counted, or at which it began to settle; `None` where they could not be read.
    objects: Option<GuardObjects>,
}

impl Settling {
    /// What follows from a look. `objects`, which policy and binding there are now, is read only where it counts.
    async fn observation(
        &mut self,
        seen: &GuardSeen,
        objects: impl Future<Output = Option<GuardObjects>>,
        now: Timestamp,
    ) -> GuardObservation {
        if *seen == GuardSeen::Effective {
            return self.settle(objects).await;
        }
        self.0 = None;
        match seen {
            GuardSeen::Effective | GuardSeen::Unproven(_) => GuardObservation::NotProvenYet,
            GuardSeen::NotEffective => GuardObservation::NotEffective,
            GuardSeen::ExistsSince(created) if now.since(*created) >= EXISTS_LONG_ENOUGH => {
                GuardObservation::ExistsLongEnough
            }
            GuardSeen::ExistsSince(_) => GuardObservation::NotProvenYet,
        }
    }

    /// It is effective: for long enough?
    async fn settle(&mut self, objects: impl Future<Output = Option<GuardObjects>>) -> GuardObservation {
        let now = Instant::now();
        let Some(effective) = &mut self.0 else {
            self.0 = Some(Effective { since: now, seen: now, objects: None });
            return GuardObservation::NotProvenYet;
        };
        let unseen = now.duration_since(std::mem::replace(&mut effective.seen, now));
        if unseen > CLOSE {
            let found = objects.await;
            if found.is_none() || found != effective.objects {
                *effective = Effective { since: now, seen: now, objects: found };
            }
        } else if effective.objects.is_none() && now.duration_since(effective.since) >= SETTLE {
            effective.objects = objects.await;
        }
        if now.duration_since(effective.since) >= SETTLE {
            GuardObservation::Effective
        } else {
            GuardObservation::NotProvenYet
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
    let connections = match shoots.fresh(namespace, CONNECTIONS).await {
        Ok(connections) => connections,
        Err(error) => return settling.observation(&GuardSeen::Unproven(error.failure()), ready(None), now).await,
    };
    let seen = guard::observe(&connections, nodes, api).await;
    let objects = async { guard::objects(connections.first()?, api).await.ok() };
    settling.observation(&seen, objects, now).await
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
    use adapter_k8s::guard::ObjectVersion;
    use calico_policy::{ReadFailure, ReadFailureKind};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_guard_counts_once_it_was_effective_for_five_seconds() {
        let mut settling = Settling::default();
        let mut after = async |seconds, seen: GuardSeen| {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            settling.observation(&seen, ready(None), Timestamp(100)).await
        };
        let unproven = GuardSeen::Unproven(ReadFailure::new(ReadFailureKind::Unreachable, ""));
        assert_eq!(after(0, GuardSeen::NotEffective).await, GuardObservation::NotEffective);
        assert_eq!(after(1, GuardSeen::Effective).await, GuardObservation::NotProvenYet);
        assert_eq!(after(4, GuardSeen::Effective).await, GuardObservation::NotProvenYet);
        assert_eq!(after(1, GuardSeen::Effective).await, GuardObservation::Effective);
        assert_eq!(after(10, GuardSeen::Effective).await, GuardObservation::Effective);
        assert_eq!(after(60, unproven).await, GuardObservation::NotProvenYet);
        assert_eq!(after(60, GuardSeen::Effective).await, GuardObservation::NotProvenYet, "it begins anew");
        assert_eq!(after(5, GuardSeen::Effective).await, GuardObservation::Effective);
        assert_eq!(after(0, GuardSeen::ExistsSince(Timestamp(71))).await, GuardObservation::NotProvenYet);
        assert_eq!(after(0, GuardSeen::ExistsSince(Timestamp(70))).await, GuardObservation::ExistsLongEnough);
    }

    /// Looks that are far apart prove nothing of the time between them; objects that are still the same do.
    #[tokio::test(start_paused = true)]
    async fn a_guard_that_was_not_looked_at_for_a_while_counts_if_it_is_the_same() {
        let mut settling = Settling::default();
        let mut after = async |seconds, objects: Option<&GuardObjects>| {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let mut was_asked = false;
            let objects = async {
                was_asked = true;
                objects.cloned()
            };
            let seen = settling.observation(&GuardSeen::Effective, objects, Timestamp(100)).await;
            (seen == GuardObservation::Effective, was_asked)
        };
        let version = |uid: &str, generation| ObjectVersion { uid: uid.to_owned(), generation };
        let first = GuardObjects { policy: version("policy", 1), binding: version("binding", 1) };
        let second = GuardObjects { policy: version("policy", 2), ..first.clone() };
        assert_eq!(after(0, Some(&first)).await, (false, false));
        assert_eq!(after(5, Some(&first)).await, (true, true), "once, for later");
        assert_eq!(after(10, Some(&second)).await, (true, false), "nobody asks where looks are close");
        assert_eq!(after(60, Some(&first)).await, (true, true));
        assert_eq!(after(11, Some(&second)).await, (false, true), "another one, or changed");
        assert_eq!(after(4, Some(&second)).await, (false, false));
        assert_eq!(after(1, Some(&second)).await, (true, false));
        assert_eq!(after(60, Some(&second)).await, (true, true));
        assert_eq!(after(60, None).await, (false, true), "unknown is not the same");
        assert_eq!(after(60, None).await, (false, true), "nor is it the same twice");
        assert_eq!(after(5, None).await, (true, true), "looks that are close do without");
    }
}
