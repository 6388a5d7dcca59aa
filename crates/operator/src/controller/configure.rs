//! Create, reconcile and restore: from facts to the bundle, the monitoring objects and the final status.

use std::time::Duration;

use adapter_k8s::bundle::{self as bundles, Bundle};
use adapter_k8s::facts::network::{self as network_facts, NetworkFacts, SKIP_ROUTE_CHECK};
use adapter_k8s::facts::rollout::{rollout, why_not_applied};
use adapter_k8s::facts::shoot as shoot_facts;
use adapter_k8s::read;
use adapter_k8s::read::bundle::{LiveBundle, LiveManagedResource};
use adapter_k8s::settings::UnobservedGuard;
use adapter_k8s::write::bundle::{Removal, is_there};
use adapter_k8s::write::event::{self, Event};
use adapter_k8s::write::network::Change;
use adapter_k8s::write::status::StatusChange;
use adapter_k8s::write::{bundle, monitoring};
use calico_manifests::Plan;
use calico_manifests::seed::{BirdExporter, Seed};
use calico_policy::decision::{Outcome, Requeue};
use calico_policy::encapsulation::Encapsulations;
use calico_policy::nodes::NodeFacts;
use calico_policy::overlay::{OverlayVerdict, UnverifiedReason};
use calico_policy::phase::{Phase, Rollout};
use calico_policy::shoot::ShootFacts;
use calico_policy::time::Timestamp;
use calico_policy::warning::WarningCode;
use calico_policy::{Action, Decision, Reading};
use gardener_api::managed_resource::ManagedResource;
use gardener_api::network_status::{NetworkStatus, WarningStatus};

use super::evidence::{self, AskedShoot, Evidence, Question};
use super::failure::{ErrorCode, Failure};
use super::memory::{Rendered, Waiting};
use super::pass::Pass;
use super::{Controller, Hearing, Next, digest, events, guard, status};

/// How long an operation waits for the bundle to be applied. Gardener waits three minutes for the whole operation.
const APPLIED_WITHIN: Duration = Duration::from_secs(60);
/// How often it looks: soon at first, because a small change is applied in a second.
const LOOK_SOON: Duration = Duration::from_secs(1);
const LOOK_LATER: Duration = Duration::from_secs(3);
/// How often a bundle that was not applied in time is looked at afterwards.
const LOOK_AT_OVERDUE: Duration = Duration::from_secs(60);

/// What is left to tell once the encapsulation has been dealt with.
struct Answer {
    report: NetworkStatus,
    message: String,
    event: Option<Event>,
    outcome: Outcome,
    requeue: Requeue,
    phase: Phase,
    since: Option<Timestamp>,
    /// What may be in effect until the bundle is applied.
    on_the_way: Encapsulations,
    /// What is in effect then; `None` where the bundle stays as it is.
    to: Option<Encapsulations>,
    families: Vec<&'static str>,
    consume_break_glass: bool,
    /// Whether a switch was open at the last look.
    was_open: bool,
}

impl Controller {
    /// Brings the shoot's network to what the Network asks for.
    pub(super) async fn configure(&self, pass: &mut Pass<'_>) -> Result<Next, Failure> {
        let network = network_facts::facts(&pass.live.object)?;
        let shoot = match &pass.shoot {
            Ok(shoot) => shoot_facts::facts(shoot)?,
            Err(error) => return Err(error.clone().into()),
        };
        let look = self.look(pass, &network, &shoot).await?;
        let second = self.second_bundle(pass, &look, &network, &shoot)?;
        let plan = look.decided.dataplane().map(|dataplane| look.decided.plan(dataplane, &network, &shoot));
        let Evidence { bundle: live, decided, shoot: asked, observed } = look;
        self.watch_nodes(pass, &decided.decision, asked.as_ref(), &observed.nodes);
        let record = network.record.known().copied().unwrap_or_default();
        let to = plan.as_ref().map(|plan| plan.dataplane.encapsulations());
        let break_glass = network.intent.break_glass.as_deref();
        let answer = self.answer(pass, &decided.decision, record, to, break_glass);

        let actions = decided.decision.actions;
        let writes = |action: &Action| matches!(action, Action::WriteBundle(_) | Action::KeepBundle);
        let (before, after) = actions.split_at(actions.iter().position(writes).unwrap_or(actions.len()));
        let guarded = self.guard(pass, before, asked.as_ref(), Some(&answer.record())).await;
        if let (Err(failure), OverlayVerdict::Hold(_)) = (&guarded, &decided.decision.overlay)
            && failure.is_told()
        {
            // The failure says why it goes on; what is held, and by what, only this does.
            let held = StatusChange { provider_status: Some(status::json(&answer.report)), ..StatusChange::default() };
            let _ = pass.tell(held).await;
        }
        guarded?;

        let carrier = match (pass.operation(), plan) {
            (Some(_), Some(plan)) => {
                let exporter = BirdExporter::of(&plan.dataplane);
                let removal = removal(decided.decision.overlay, asked.as_ref());
                let written = self.write(pass, &live, plan, removal, answer.record()).await?;
                self.monitor(pass, exporter).await?;
                Some(written)
            }
            // Nothing is written, so the bundle is not the one decided on where that would take an encapsulation away.
            _ => match (decided.decision.overlay, live.known()) {
                (OverlayVerdict::Unchanged | OverlayVerdict::Hold(_), Some(live)) => {
                    Some(self.confirm(pass, live).await?)
                }
                _ => None,
            },
        };
        if let Some(second) = second {
            self.write_second(pass, &live, second).await?;
        }
        self.guard(pass, after, asked.as_ref(), None).await?;
        if answer.consume_break_glass {
            let reason = pass.live.object.metadata.annotations.get(SKIP_ROUTE_CHECK).cloned().unwrap_or_default();
            let remove = Change { remove_annotation: Some((SKIP_ROUTE_CHECK, &reason)), ..Change::default() };
            pass.change(remove).await?;
        }
        self.conclude(pass, answer, carrier, shoot.hibernation_enabled).await
    }

    /// Reads and decides, and asks the shoot only where the answer depends on it.
    async fn look(&self, pass: &mut Pass<'_>, network: &NetworkFacts, shoot: &ShootFacts) -> Result<Evidence, Failure> {
        let namespace = pass.key.namespace.clone();
        let question = Question {
            namespace: &namespace,
            configuration: &self.configuration,
            images: &self.images,
            network,
            shoot,
            unobserved_guard: UnobservedGuard::Holds,
            now: pass.now,
        };
        let mut look = evidence::from_seed(&self.seed, question, pass.memory.secret.as_ref()).await?;
        if evidence::depends_on_shoot(&look, shoot) {
            // Reading a shoot may take a while.
            pass.begin(None).await?;
            look = evidence::from_shoot(&self.shoots, question, look, Some(&mut pass.memory.guard)).await?;
        } else if look.decided.decision.phase == Phase::Reverting && self.guard_is_gone(&namespace).await? {
            look = evidence::without_guard(&self.shoots, question, look, &mut pass.memory.guard).await?;
        }
        pass.memory.secret = look.bundle.to_remember();
        if let Some(live) = look.bundle.known() {
            if pass.memory.is_older(&live.slice.metadata) {
                return Err(Failure::Outdated("ManagedResource"));
            }
            if pass.memory.managed_resource.is_some() {
                pass.memory.saw(&live.slice.metadata);
            }
        }
        let inputs = digest::of(&(network, shoot, &look.observed));
        self.observer.decided(&pass.key, &inputs, &look.decided.decision);
        Ok(look)
    }

    /// Has the nodes watched that were just read, where the decision waits for them.
    fn watch_nodes(
        &self,
        pass: &mut Pass<'_>,
        decision: &Decision,
        asked: Option<&AskedShoot>,
        nodes: &Reading<Vec<NodeFacts>>,
    ) {
        if let (true, Some(shoot), Reading::Known(nodes)) =
            (decision.actions.contains(&Action::WatchNodes), asked, nodes)
        {
            pass.memory.watches_nodes = true;
            self.watches.watch(&pass.key, &shoot.client, nodes, &shoot.surveyed_at);
        }
    }

    fn answer(
        &self,
        pass: &mut Pass<'_>,
        decision: &Decision,
        record: Encapsulations,
        to: Option<Encapsulations>,
        break_glass: Option<&str>,
    ) -> Answer {
        let news = events::news(&pass.live.object, decision).filter(|news| pass.memory.may_tell(*news));
        Answer {
            report: status::report(decision),
            message: decision.message(),
            event: news.map(|news| events::event(news, decision, break_glass, pass.now)),
            outcome: decision.outcome,
            requeue: guard::requeue(decision),
            phase: decision.phase,
            since: decision.since,
            on_the_way: status::on_the_way(decision.from, record, to),
            to,
            families: status::ip_families(&decision.target),
            consume_break_glass: decision.actions.contains(&Action::ConsumeBreakGlass),
            was_open: network_facts::phase(&pass.live.object).is_some_and(is_open),
        }
    }

    /// Writes the bundle, where it is not there already, and says how the ManagedResource looks then.
    async fn write(
        &self,
        pass: &mut Pass<'_>,
        live: &LiveBundle,
        plan: Plan,
        removal: Removal<'_>,
        record: serde_json::Value,
    ) -> Result<ManagedResource, Failure> {
        if let (Some(rendered), Some(known)) = (&pass.memory.rendered, live.known())
            && rendered.plan == plan
            && is_there(live, &rendered.managed_resource, &rendered.secret_name)
        {
            return self.confirm(pass, known).await;
        }
        let objects = bundles::objects(&plan, &self.definitions)?;
        let wanted = Bundle::new(&pass.key.namespace, &objects, &self.definitions)?;
        if let (Some(known), true) = (live.known(), is_there(live, &wanted.managed_resource, wanted.secret.name())) {
            pass.memory.rendered = Some(Box::new(Rendered::new(plan, &wanted)));
            return self.confirm(pass, known).await;
        }
        // Our record must never say less than what may be in effect, so it is written first.
        pass.begin(Some(record)).await?;
        pass.prove().await?;
        let written = bundle::write(&self.seed, &pass.key.namespace, live, &wanted, removal).await?;
        pass.memory.rendered = Some(Box::new(Rendered::new(plan, &wanted)));
        pass.memory.secret = Some(written.secret);
        pass.wrote = pass.wrote || written.changed;
        if written.changed {
            pass.memory.saw(&written.managed_resource.slice.metadata);
        }
        Ok(written.managed_resource.slice)
    }

    /// Makes sure that a ManagedResource is what is stored, where nothing is remembered that an old answer would contradict: it is
    /// written as it is. That changes nothing, and is a conflict where it has changed since.
    async fn confirm(&self, pass: &mut Pass<'_>, read: &LiveManagedResource) -> Result<ManagedResource, Failure> {
        if pass.memory.managed_resource.is_some() {
            return Ok(read.slice.clone());
        }
        let confirmed = bundle::confirm(&self.seed, &pass.key.namespace, read).await?;
        pass.memory.saw(&confirmed.slice.metadata);
        Ok(confirmed.slice)
    }

    async fn monitor(&self, pass: &mut Pass<'_>, bird_exporter: BirdExporter) -> Result<(), Failure> {
        let wanted = Seed { namespace: pass.key.namespace.clone(), bird_exporter };
        let known = pass.memory.monitoring.take();
        pass.memory.monitoring = Some(monitoring::reconcile(&self.seed, &wanted, known.as_ref()).await?);
        Ok(())
    }

    /// Tells how it went, and when to look again. `carrier` is the ManagedResource that carries the bundle decided on.
    async fn conclude(
        &self,
        pass: &mut Pass<'_>,
        mut answer: Answer,
        carrier: Option<ManagedResource>,
        asleep: bool,
    ) -> Result<Next, Failure> {
        let applied = match (&answer.outcome, carrier) {
            (Outcome::Succeed, Some(carrier)) if !asleep => self.applied(pass, carrier).await?,
            _ => Applied::NotAsked,
        };
        if let Applied::Overdue(why) = &applied {
            answer.report.warnings.push(WarningStatus {
                code: WarningCode::BundleNotApplied.code().to_owned(),
                message: format!("the bundle was not applied within {} s: {why}", APPLIED_WITHIN.as_secs()),
            });
            answer.report.warnings.sort_by_key(|warning| status::rank(&warning.code));
        }
        let in_effect = answer.to.filter(|_| applied == Applied::Yes).unwrap_or(answer.on_the_way);
        let told = StatusChange {
            provider_status: Some(status::json(&answer.report)),
            state: Some(status::state(in_effect, answer.phase, answer.since)),
            ip_families: Some(answer.families),
            ..StatusChange::default()
        };
        let after = after(answer.requeue, self.watches.hearing(&pass.key));
        let network = &pass.live.object;
        let (change, next) = match (pass.operation(), answer.outcome, &applied) {
            (None, ..) => (told, after),
            (Some(operation), Outcome::Progressing, _) => {
                let waiting = status::waiting(network, operation, &answer.message, pass.now);
                (StatusChange { last_operation: waiting.last_operation, last_error: waiting.last_error, ..told }, after)
            }
            (Some(operation), Outcome::RetriableError, _) => {
                let text = format!("the overlay switch is held: {}", answer.message);
                let codes = [ErrorCode::RetryableInfraDependencies];
                let failed = status::failed(network, operation, &text, &codes, pass.now);
                let StatusChange { last_operation, last_error, observed_generation, .. } = failed;
                (StatusChange { last_operation, last_error, observed_generation, ..told }, after)
            }
            (Some(operation), Outcome::Succeed, Applied::Wait(delay)) => {
                // An open switch must be found again by whoever looks next, and its end be told once.
                let told = if answer.was_open || is_open(answer.phase) { told } else { StatusChange::default() };
                let begun = status::is_processing(network, operation);
                let processing =
                    if begun { StatusChange::default() } else { status::processing(network, operation, pass.now) };
                let StatusChange { last_operation, last_error, .. } = processing;
                (StatusChange { last_operation, last_error, ..told }, Next::After(*delay))
            }
            (Some(operation), Outcome::Succeed, _) => {
                let succeeded = status::succeeded(network, operation, pass.now);
                let StatusChange { last_operation, last_error, observed_generation, .. } = succeeded;
                (StatusChange { last_operation, last_error, observed_generation, ..told }, after)
            }
        };
        let next = if matches!(applied, Applied::Overdue(_)) { sooner(next, LOOK_AT_OVERDUE) } else { next };
        pass.tell(change).await?;
        if let Some(event) = answer.event {
            // An Event is not worth failing for.
            let _ = event::record(&self.seed, &pass.live.object, &event).await;
        }
        if !matches!(applied, Applied::Wait(_)) && answer.outcome == Outcome::Succeed {
            pass.finish().await?;
        }
        Ok(next)
    }

    /// Whether the bundle has reached the shoot. Not waited for here: the queue calls again.
    async fn applied(&self, pass: &mut Pass<'_>, mut carrier: ManagedResource) -> Result<Applied, Failure> {
        let is_applied =
            |found: &ManagedResource| matches!(rollout(Some(found)), Rollout::Applied | Rollout::RolledOut);
        if pass.wrote && !is_applied(&carrier) {
            let found = read::bundle::status(&self.seed, &pass.key.namespace).await.map_err(Failure::Own)?;
            // Of another generation it tells nothing about the bundle that was written.
            let (uid, generation) = (&carrier.metadata.uid, carrier.metadata.generation);
            if found.metadata.uid == *uid
                && found.metadata.generation == generation
                && !pass.memory.is_older(&found.metadata)
            {
                pass.memory.saw(&found.metadata);
                carrier = found;
            }
        }
        if is_applied(&carrier) {
            pass.memory.stop_waiting();
            return Ok(Applied::Yes);
        }
        if pass.operation().is_none() {
            let warned = network_facts::warns_of_unapplied_bundle(&pass.live.object);
            return Ok(if warned { Applied::Overdue(why_not_applied(&carrier)) } else { Applied::NotAsked });
        }
        let waited = pass
            .memory
            .wait(Waiting::Applied { uid: carrier.metadata.uid.clone(), generation: carrier.metadata.generation });
        Ok(match waited {
            waited if waited >= APPLIED_WITHIN => Applied::Overdue(why_not_applied(&carrier)),
            waited if waited < LOOK_SOON * 5 => Applied::Wait(LOOK_SOON),
            _ => Applied::Wait(LOOK_LATER),
        })
    }
}

impl Answer {
    /// What our own record must say before anything is written: never less than what may be in effect. That a switch is done is told
    /// afterwards, because a crash between the two must not hide it.
    fn record(&self) -> serde_json::Value {
        let ends_now = self.was_open && self.phase == Phase::Done;
        status::state(self.on_the_way, if ends_now { Phase::Verifying } else { self.phase }, self.since)
    }
}

const fn is_open(phase: Phase) -> bool {
    !matches!(phase, Phase::Idle | Phase::Done)
}

/// Whether the bundle has reached the shoot.
#[derive(Debug, PartialEq, Eq)]
enum Applied {
    /// It has.
    Yes,
    /// Not yet: look again after this time.
    Wait(Duration),
    /// Not within its time, for this reason.
    Overdue(String),
    /// The shoot sleeps, or the operation does not depend on it.
    NotAsked,
}

/// What writing the bundle does to the encapsulation in effect.
fn removal(overlay: OverlayVerdict, shoot: Option<&AskedShoot>) -> Removal<'_> {
    match (overlay, shoot) {
        (OverlayVerdict::Proceed(witness), Some(shoot)) => {
            Removal::Verified { witness, shoot: &shoot.client, surveyed_at: shoot.surveyed_at.clone() }
        }
        (OverlayVerdict::ProceedUnverified(UnverifiedReason::NoNodes), Some(shoot)) => {
            Removal::NoNodes { shoot: &shoot.client }
        }
        (OverlayVerdict::ProceedUnverified(reason), _) => Removal::Unverified(reason),
        // A witness comes from nodes that were read, so there is no `Proceed` without a shoot.
        (OverlayVerdict::Unchanged | OverlayVerdict::Hold(_) | OverlayVerdict::Proceed(_), _) => Removal::None,
    }
}

const fn after(requeue: Requeue, hearing: Hearing) -> Next {
    match (requeue, hearing) {
        (Requeue::OnChange, _) => Next::OnChange,
        (Requeue::After(delay), _)
        | (Requeue::OnNodes { watched: delay, .. }, Hearing::Connected)
        | (Requeue::OnNodes { unwatched: delay, .. }, Hearing::Deaf) => Next::After(delay),
    }
}

fn sooner(next: Next, delay: Duration) -> Next {
    match next {
        Next::OnChange => Next::After(delay),
        Next::After(other) => Next::After(other.min(delay)),
    }
}
