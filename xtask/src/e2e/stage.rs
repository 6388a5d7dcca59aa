//! What lives while a story is told: how it begins, what is waited for and compared, how it ends and is judged. What a story can make
//! happen is in `actions`, the end of a Network in `deletion`.

mod actions;
mod deletion;

use std::path::PathBuf;
use std::time::Duration;

use fake_apiserver::world::gardenlet::{Gardenlet, Patience};
use fake_apiserver::world::nodes::{self, Pool};
use fake_apiserver::world::{Clock, Cluster, Kind, Running, kinds};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::controller::{Controller, SeamlessSwitch, panic_in};
use super::journal::View;
use super::landscape::{self, NAME, ShootWish};
use super::lane::{Charts, Lane};
use super::monitor::judge;
use super::scene::Scene;
use super::servers::EXTENSION;
use super::trouble::Trouble;
use crate::envtest::Release;

/// What a story found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What the story itself has compared.
    pub(super) checks: usize,
    pub(super) problems: Vec<String>,
    /// Counts that are worth a look.
    pub(super) notes: Vec<String>,
    /// Why the story could not be told on this machine.
    pub(super) skipped: Option<String>,
}

/// Seed, shoot and everybody in them, as far as a story deals with them.
pub(super) struct Stage<'a> {
    pub(super) lane: &'a mut Lane,
    pub(super) wish: ShootWish,
    pub(super) gardenlet: Gardenlet,
    pub(super) controllers: Vec<Controller>,
    pub(super) findings: Findings,
    /// How long machines and calico-node on them take.
    pub(super) pace: nodes::Timing,
    /// Off, an overlay goes whatever nodes say, and the monitor must see that.
    pub(super) gate: SeamlessSwitch,
    namespace: String,
    clock: Clock,
    manager: Option<Running>,
    machines: Option<Running>,
    pool: Option<Pool>,
    routes: Option<Running>,
    /// Of every controller that was started, also of those that have ended.
    logs: Vec<PathBuf>,
}

/// How many machines the shoot has, unless a story wants it otherwise.
pub(super) const MACHINES: u8 = 4;
/// How long anything is waited for before the story counts as failed.
const IN_VAIN: Duration = Duration::from_secs(60);

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl<'a> Stage<'a> {
    /// An empty shoot, and a seed that knows of it.
    pub(super) async fn build(lane: &'a mut Lane, story: &str) -> Result<Self, Trouble> {
        lane.clean().await?;
        let namespace = format!("shoot--e2e--{story}");
        let clock = Clock::system();
        let (kubernetes, beta_policies) = match lane.settings.release {
            Release::V1_36 => ("1.36.3", false),
            Release::V1_34 => ("1.34.4", true),
        };
        let wish = ShootWish { kubernetes, beta_policies, overlay: true, hibernated: false, force_deleted: false };
        let gardenlet = gardenlet(&lane.seed.cluster(), &namespace, clock);
        let mut stage = Self {
            lane,
            wish,
            gardenlet,
            controllers: Vec::new(),
            findings: Findings::default(),
            pace: nodes::Timing { registration: millis(10), start: millis(150), stop: millis(100) },
            gate: SeamlessSwitch::On,
            namespace: String::new(),
            clock,
            manager: None,
            machines: None,
            pool: None,
            routes: None,
            logs: Vec::new(),
        };
        stage.move_to(&namespace).await?;
        Ok(stage)
    }

    /// From now on the control plane is in this namespace.
    pub(super) async fn move_to(&mut self, namespace: &str) -> Result<(), Trouble> {
        let seed = self.seed();
        landscape::namespace(&seed, namespace, &json!({"gardener.cloud/role": "shoot"})).await?;
        let access = json!({
            "metadata": {"name": adapter_k8s::shoot_access::INTERNAL, "namespace": namespace},
            "stringData": {"kubeconfig": self.lane.shoot.kubeconfig(EXTENSION)},
        });
        seed.create(&kinds::SECRET, access).await?;
        seed.create(&kinds::CLUSTER, self.wish.cluster(namespace)).await?;
        self.gardenlet = gardenlet(&seed, namespace, self.clock);
        self.namespace = namespace.to_owned();
        self.stop_manager().await;
        self.start_manager();
        Ok(())
    }

    pub(super) fn seed(&self) -> Cluster {
        self.lane.seed.cluster()
    }

    pub(super) fn shoot(&self) -> Cluster {
        self.lane.shoot.cluster()
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn policy(&self) -> Kind {
        self.lane.policy
    }

    pub(super) fn view(&self) -> View {
        self.lane.journal.view()
    }

    /// What the watches have told last, in one line.
    pub(super) fn last_seen(&self) -> String {
        Scene::watched(&self.view(), &self.namespace, &self.policy()).line()
    }

    /// Waits until the scene is as wanted.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&Scene) -> bool) -> Result<Scene, Trouble> {
        let (view, policy) = (self.view(), self.policy());
        let mut changes = view.changes();
        let started = Instant::now();
        loop {
            let scene = Scene::watched(&view, &self.namespace, &policy);
            if is_so(&scene) {
                return Ok(scene);
            }
            let left = IN_VAIN.saturating_sub(started.elapsed());
            if timeout(left, changes.changed()).await.is_err() {
                return Err(Trouble::InVain { what: what.to_owned(), seen: scene.line() });
            }
        }
    }

    /// Waits until the switch is held like this: phase, verdict, reason and bundle.
    pub(super) async fn until_held(&self, switch: &str) -> Result<Scene, Trouble> {
        self.until(switch, |scene| scene.switch == switch).await
    }

    /// Waits until the switch is done and what was written runs everywhere.
    pub(super) async fn until_done(&self) -> Result<Scene, Trouble> {
        self.until("the switch is done", |scene| scene.phase() == "Done" && scene.settled && scene.pool == "Never")
            .await
    }

    /// What there is to see now, read from the API servers.
    pub(super) async fn look(&self) -> Result<Scene, Trouble> {
        Ok(Scene::read(&self.seed(), &self.shoot(), &self.namespace, &self.policy()).await?)
    }

    /// Compares what was found with a literal.
    #[expect(clippy::needless_pass_by_value, reason = "a story reads better without references to literals")]
    pub(super) fn check(&mut self, what: &str, found: impl ToString, expected: impl ToString) {
        self.findings.checks += 1;
        let (found, expected) = (found.to_string(), expected.to_string());
        if found != expected {
            self.findings.problems.push(format!("{what}: found `{found}`, expected `{expected}`"));
        }
    }

    /// What stories need that install charts.
    pub(super) fn charts(&self) -> Result<&Charts, Trouble> {
        let missing = || Trouble::Other("`Story::installs_charts` does not know that this story does".to_owned());
        self.lane.settings.charts.as_ref().ok_or_else(missing)
    }

    /// The objects of a chart with these values.
    pub(super) fn render(&self, chart: &str, values: &Value) -> Result<Vec<Value>, Trouble> {
        let file = self.lane.folder.join(format!("{chart}-values.yaml"));
        tokio::task::block_in_place(|| Ok(self.charts()?.helm.objects(chart, values, &file)?))
    }

    /// This story cannot be told on this machine, which only a developer may accept.
    pub(super) fn skip(&mut self, why: &str) -> Result<(), Trouble> {
        if std::env::var_os("CI").is_some_and(|value| value == "true") {
            return Err(Trouble::Other(format!("{why}, and with CI=true a skipped story is a failure")));
        }
        self.findings.skipped = Some(why.to_owned());
        Ok(())
    }

    /// Something worth a look, if it is only a count.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.findings.notes.push(text.into());
    }

    /// Ends everything that lives, and judges what happened.
    pub(super) async fn strike(mut self) -> Findings {
        let ended = self.end().await;
        if let Err(trouble) = ended {
            self.findings.problems.push(format!("at the end: {trouble}"));
        }
        let judgement = judge(self.lane.journal.history());
        if judgement.removals > 0 {
            self.note(format!("{} removal(s) over {} node looks", judgement.removals, judgement.nodes));
        }
        match self.gate {
            SeamlessSwitch::On => {
                let violations = judgement.violations.into_iter().map(|found| format!("SAFETY: {found}"));
                self.findings.problems.extend(violations);
            }
            SeamlessSwitch::Off if judgement.violations.is_empty() => {
                self.findings.problems.push("the monitor saw no violation where there must be some".to_owned());
            }
            SeamlessSwitch::Off => {
                self.note(format!("{} violations seen, as they must be", judgement.violations.len()));
            }
        }
        self.findings
    }

    async fn end(&mut self) -> Result<(), Trouble> {
        for part in [self.routes.take(), self.machines.take(), self.manager.take()].into_iter().flatten() {
            part.stop().await;
        }
        for controller in self.controllers.drain(..) {
            // One that the story has started by itself.
            if !self.logs.iter().any(|log| log == controller.log_file()) {
                self.logs.push(controller.log_file().to_owned());
            }
            if let Err(trouble) = controller.stop().await {
                self.findings.problems.push(trouble.to_string());
            }
        }
        self.findings.problems.extend(self.logs.iter().filter_map(|log| panic_in(log)));
        for server in [&mut self.lane.seed, &mut self.lane.shoot] {
            if !server.runs() {
                server.start().await?;
            }
        }
        self.lane.catch_up().await
    }
}

fn gardenlet(seed: &Cluster, namespace: &str, clock: Clock) -> Gardenlet {
    let patience = Patience { poll: millis(100), ..Patience::default() };
    Gardenlet::new(seed.clone(), namespace, NAME, patience, clock)
}
