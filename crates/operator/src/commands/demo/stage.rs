//! Everything that lives while a story is told, and what a story can make happen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use fake_apiserver::world::gardenlet::Gardenlet;
use fake_apiserver::world::nodes::{Nodes, machines};
use fake_apiserver::world::resource_manager::ResourceManager;
use fake_apiserver::world::routes::Routes;
use fake_apiserver::world::{Clock, Cluster, Running, kinds};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::DemoError;
use super::controller::{Controller, Obituary};
use super::folder::Folder;
use super::landscape::{NAME, NAMESPACE, ShootWish, Site};
use super::pace::{IN_VAIN, Pace};
use super::scene::Scene;
use super::view::Screen;
use crate::cli::{DemoArguments, Story};

/// How often the scene is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// A seed with its controller, and gardener-resource-manager in it.
#[derive(Debug)]
pub(super) struct Seed {
    pub(super) site: Site,
    pub(super) gardenlet: Gardenlet,
    name: &'static str,
    controller: Controller,
    manager: Option<Running>,
}

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) wish: ShootWish,
    pub(super) shoot: Site,
    pub(super) pace: Pace,
    screen: Arc<Screen>,
    folder: Folder,
    clock: Clock,
    number: u64,
    configuration: String,
    obituary: Obituary,
    /// The last one has the control plane.
    seeds: Vec<Seed>,
    nodes: Option<Running>,
    routes: Option<Running>,
    looking_at: watch::Sender<Cluster>,
    observer: JoinHandle<()>,
}

impl Stage {
    /// Builds everything; nothing is asked for yet.
    pub(super) async fn build(
        arguments: &DemoArguments,
        screen: Arc<Screen>,
        obituary: Obituary,
    ) -> Result<Self, DemoError> {
        let (pace, number) = (Pace::new(arguments.fast), arguments.seed);
        let wish = match arguments.story {
            Story::NoPolicy => ShootWish { kubernetes: "1.33.5", ..ShootWish::default() },
            _ => ShootWish::default(),
        };
        let configuration = configuration(arguments.story, &pace);
        let (folder, clock) = (Folder::new()?, Clock::system());
        let shoot = Site::shoot(wish.kubernetes, number, &folder).await?;
        screen.say("shoot", &format!("Kubernetes {} listens at {}", wish.kubernetes, shoot.address()));
        let site = Site::seed("seed", number, &folder).await?;
        let looking_at = watch::Sender::new(site.cluster.clone());
        let observer = tokio::spawn(observe(looking_at.subscribe(), shoot.cluster.clone(), Arc::clone(&screen)));
        let mut stage = Self {
            wish,
            shoot,
            pace,
            screen,
            folder,
            clock,
            number,
            configuration,
            obituary,
            seeds: Vec::new(),
            nodes: None,
            routes: None,
            looking_at,
            observer,
        };
        stage.open("seed", site).await?;
        stage.start_machines();
        Ok(stage)
    }

    /// Adds a seed, to which the control plane goes.
    pub(super) async fn add_seed(&mut self, name: &'static str) -> Result<(), DemoError> {
        let site = Site::seed(name, self.number, &self.folder).await?;
        self.looking_at.send_replace(site.cluster.clone());
        self.open(name, site).await
    }

    async fn open(&mut self, name: &'static str, site: Site) -> Result<(), DemoError> {
        site.host(&self.shoot, &self.wish).await?;
        self.screen.say(name, &format!("listens at {}, the controller starts", site.address()));
        let obituary = self.obituary.clone();
        let controller = Controller::start(&self.folder, name, &site.kubeconfig, &self.configuration, obituary)?;
        let gardenlet = Gardenlet::new(site.cluster.clone(), NAMESPACE, NAME, self.pace.patience, self.clock);
        self.seeds.push(Seed { site, gardenlet, name, controller, manager: None });
        self.start_manager();
        Ok(())
    }

    /// The seed that has the control plane.
    pub(super) fn seed(&self) -> Result<&Seed, DemoError> {
        self.seeds.last().ok_or_else(|| DemoError::Controller("there is no seed".to_owned()))
    }

    pub(super) fn first_seed(&self) -> Result<&Seed, DemoError> {
        self.seeds.first().ok_or_else(|| DemoError::Controller("there is no seed".to_owned()))
    }

    pub(super) fn say(&self, actor: &str, text: &str) {
        self.screen.say(actor, text);
    }

    /// A moment for people to read.
    pub(super) async fn pause(&self) {
        sleep(self.pace.pause).await;
    }

    /// gardenlet asks for what is wished, as in the flow of a Shoot.
    pub(super) async fn deploy(&self) -> Result<Value, DemoError> {
        let seed = self.seed()?;
        seed.site.wish(&self.wish).await?;
        Ok(seed.gardenlet.deploy(&self.wish.network()).await?)
    }

    /// The same, and gardenlet waits for it.
    pub(super) async fn deploy_and_wait(&self) -> Result<(), DemoError> {
        let requested = self.deploy().await?;
        self.seed()?.gardenlet.wait_until_ready(&requested).await?;
        self.say("gardenlet", "is satisfied: the operation has succeeded");
        Ok(())
    }

    /// What the provider's extension does when the overlay is to go: the guard of node conditions, then the route writer.
    pub(super) async fn start_provider(&mut self) -> Result<(), DemoError> {
        let name = "block-calico-network-unavailable";
        let policy =
            json!({"metadata": {"name": name}, "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never"}});
        let binding = json!({"metadata": {"name": format!("{name}-binding")}, "spec": {"policyName": name}});
        self.shoot.cluster.create(&kinds::ADMISSION_POLICY, policy).await?;
        self.shoot.cluster.create(&kinds::ADMISSION_POLICY_BINDING, binding).await?;
        self.start_routes();
        Ok(())
    }

    /// The route writer alone.
    pub(super) fn start_routes(&mut self) {
        self.say("provider", "starts the route writer");
        let script = self.pace.routes(self.number);
        self.routes = Some(Routes::new(self.shoot.cluster.clone(), script, self.clock).start());
    }

    pub(super) fn start_machines(&mut self) {
        let machines = machines(self.pace.machines);
        let shoot = self.shoot.cluster.clone();
        self.nodes = Some(Nodes::new(shoot, machines, self.pace.nodes, self.clock, self.number).start());
    }

    pub(super) fn start_manager(&mut self) {
        let (shoot, timing, clock) = (self.shoot.cluster.clone(), self.pace.manager, self.clock);
        if let Some(seed) = self.seeds.last_mut() {
            let manager = ResourceManager::new(seed.site.cluster.clone(), shoot, NAMESPACE, timing, clock);
            seed.manager = Some(manager.start());
        }
    }

    /// The machines are switched off, and nothing in the seed looks after the shoot.
    pub(super) async fn fall_asleep(&mut self) -> Result<(), DemoError> {
        for part in
            [self.nodes.take(), self.seeds.last_mut().and_then(|seed| seed.manager.take())].into_iter().flatten()
        {
            part.stop().await;
        }
        for (kind, namespace) in [(kinds::POD, "kube-system"), (kinds::NODE, "")] {
            for object in self.shoot.cluster.list(&kind, namespace).await? {
                let name = super::scene::text(&object, "/metadata/name");
                self.shoot.cluster.delete(&kind, namespace, name).await?;
            }
        }
        Ok(())
    }

    /// What there is to see now.
    pub(super) async fn look(&self) -> Result<Scene, DemoError> {
        Ok(Scene::read(&self.seed()?.site.cluster, &self.shoot.cluster).await?)
    }

    /// Waits until the scene is as wanted.
    pub(super) async fn until(&self, what: &'static str, is_so: impl Fn(&Scene) -> bool) -> Result<Scene, DemoError> {
        let started = Instant::now();
        loop {
            let scene = self.look().await?;
            if is_so(&scene) {
                return Ok(scene);
            }
            if started.elapsed() > IN_VAIN {
                let last = format!("{}, {}; {}; {}", scene.operation, scene.description, scene.phase, scene.applied);
                return Err(DemoError::InVain { what, after: IN_VAIN, last });
            }
            sleep(LOOK).await;
        }
    }

    /// Shows the last picture and no more.
    pub(super) async fn curtain(&self) {
        if let Ok(scene) = self.look().await {
            self.screen.show(scene);
        }
        self.screen.close();
    }

    /// How to look around.
    pub(super) fn invitation(&self) -> String {
        let mut text = String::from("\nThe servers are still running. Look around, and end them with Ctrl-C:\n");
        for seed in &self.seeds {
            let _ = writeln!(
                text,
                "  kubectl --kubeconfig {} get networks,managedresources,events -n {NAMESPACE}",
                seed.site.kubeconfig.display()
            );
        }
        let _ = writeln!(
            text,
            "  kubectl --kubeconfig {} get nodes,daemonsets,pods,ippools -A",
            self.shoot.kubeconfig.display()
        );
        for seed in &self.seeds {
            let _ = writeln!(text, "  log of the controller in the {}: {}", seed.name, seed.controller.log().display());
        }
        text
    }

    /// Ends everything, the world first. The folder goes with it unless something in it is worth a look.
    pub(super) async fn strike(mut self, remove_folder: bool) {
        for part in [self.routes.take(), self.nodes.take()].into_iter().flatten() {
            part.stop().await;
        }
        self.observer.abort();
        // It was aborted, and that is what it says.
        let _ = (&mut self.observer).await;
        for Seed { site, controller, manager, .. } in self.seeds {
            if let Some(manager) = manager {
                manager.stop().await;
            }
            controller.stop().await;
            site.close().await;
        }
        self.shoot.close().await;
        if remove_folder {
            self.folder.remove();
        } else {
            super::note(&format!("the logs are in {}", self.folder.path().display()));
        }
    }
}

/// Shows whatever changes.
async fn observe(seed: watch::Receiver<Cluster>, shoot: Cluster, screen: Arc<Screen>) {
    loop {
        let cluster = seed.borrow().clone();
        // A server that is made to fail is part of some stories; this look has its own connection to it.
        if let Ok(scene) = Scene::read(&cluster, &shoot).await {
            screen.show(scene);
        }
        sleep(LOOK).await;
    }
}

fn configuration(story: Story, pace: &Pace) -> String {
    let gates: BTreeMap<&str, bool> = match story {
        Story::Ebpf => BTreeMap::from([("NonPrivilegedCalicoNode", true)]),
        _ => BTreeMap::new(),
    };
    let configuration = json!({
        "apiVersion": gardener_api::controller_configuration::API_VERSION,
        "kind": gardener_api::controller_configuration::KIND,
        "clientConnection": {"qps": 100, "burst": 130},
        "featureGates": gates,
        "overlaySwitch": {"pollInterval": pace.poll_interval},
    });
    format!("{configuration:#}\n")
}
